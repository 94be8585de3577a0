"""Column types that mean the same in SQLite and PostgreSQL: moments, spans, labels and hostile text."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from sqlalchemy import BigInteger, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator

from headroom.budgets import Subject

# In SQLite only an INTEGER key is the row's own number; a BIGINT key would need an index beside the table.
ROW_ID = BigInteger().with_variant(Integer(), "sqlite")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNSTORABLE = {0: "\\x00"} | {code: f"\\u{code:04x}" for code in range(0xD800, 0xE000)}


@lru_cache(maxsize=1_000)  # one poll's moments come with each of its rows
def to_microseconds(moment: datetime) -> int:
    """Return whole microseconds since 1970 UTC, exactly; ValueError for a moment without a time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment needs a time zone: {moment.isoformat()}")
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(count: int) -> datetime:
    """Return the moment in UTC."""
    return _EPOCH + count * _MICROSECOND


@lru_cache(maxsize=10_000)
def labels_to_text(subject: Subject) -> str:
    """Return labels as JSON in plain ASCII, so that any text in them is kept as it was."""
    return json.dumps(subject, separators=(",", ":"))


@lru_cache(maxsize=10_000)
def labels_from_text(text: str) -> Subject:
    """Return the labels of `labels_to_text`."""
    return tuple((name, value) for name, value in json.loads(text))


class Moment(TypeDecorator[datetime]):
    """A moment as microseconds since 1970 UTC: exact, sortable, and never without a time zone."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 the base class's signature
        """Return what is stored."""
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 the base class's signature
        """Return what was stored."""
        return None if value is None else from_microseconds(value)


class Span(TypeDecorator[timedelta]):
    """A length of time as whole microseconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:  # noqa: ARG002 the base class's signature
        """Return what is stored."""
        return None if value is None else value // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:  # noqa: ARG002 the base class's signature
        """Return what was stored."""
        return None if value is None else value * _MICROSECOND


class Labels(TypeDecorator[Subject]):
    """Sorted labels, lossless."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Subject | None, dialect: Dialect) -> str | None:  # noqa: ARG002 the base class's signature
        """Return what is stored."""
        return None if value is None else labels_to_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Subject | None:  # noqa: ARG002 the base class's signature
        """Return what was stored."""
        return None if value is None else labels_from_text(value)


class Words(TypeDecorator[str]):
    r"""Text from anywhere; NUL and lone surrogates, which databases refuse, are kept as `\x00` and `\ud800`.

    One such character in an error message of a source would otherwise lose the whole cycle.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 the base class's signature
        """Return what is stored."""
        if value is None or value.isprintable():
            return value
        return value.translate(_UNSTORABLE)
