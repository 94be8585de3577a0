"""What is known of one statement: its class and why, its text, and what it did in the last hour."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import reduce
from operator import add
from typing import Any

from headroom.bounds import Bounds, Interval
from headroom.budgets import Unit
from headroom.config import Config
from headroom.config.problems import quoted
from headroom.debt import debt, limits
from headroom.evidence import Moments
from headroom.history import HistoryError, StoredPart, open_history
from headroom.observation import JUDGED
from headroom.statements import MEASURE, Statement
from headroom.units import format_interval, format_value
from headroom.wording import count
from monitor.explain.asked import UnknownError
from monitor.explain.blocks import Block, Code, Heading, Items, Table, Text, as_markdown, as_terminal

LOOKED_BACK = timedelta(hours=1)
_P95 = Fraction(95, 100)


@dataclass(frozen=True, slots=True)
class Did:
    """What a statement did in one database in the last hour, in the intervals in which it is known alone.

    Attributes:
        limit: the lowest of its class, in seconds; None where none is promised.
        over: how many calls took longer than the limit, at least and at most.
        owed: seconds over the limit, summed.
    """

    database: str
    moments: Moments
    limit: float | None
    over: Bounds | None
    owed: Interval | None


@dataclass(frozen=True, slots=True)
class Known:
    """A statement at one source, and what it did there."""

    statement: Statement
    did: tuple[Did, ...] = ()


def known(config: Config, fingerprint: str, now: datetime) -> list[Known]:
    """Return what each source knows of a statement.

    Raises:
        UnknownError: none knows it.
        HistoryError: there is no history.
    """
    with closing(open_history(config.history, collecting=False)) as history:
        found = [
            Known(
                one,
                tuple(
                    _did(config, one.source, dict(series.subject), parts)
                    for series, parts in history.parts_of_measure(
                        one.source, MEASURE, now - LOOKED_BACK
                    ).items()
                    if dict(series.subject).get("statement") == fingerprint
                ),
            )
            for one in history.statement(fingerprint)
        ]
    if not found:
        raise UnknownError(
            f"no statement {quoted(fingerprint)} is known; the page Database of the dashboard shows those "
            "that are, and --sql explains any text"
        )
    return found


def _did(config: Config, source: str, labels: Mapping[str, str], parts: Sequence[StoredPart]) -> Did:
    limit = limits(config.budgets, source).get(labels.get("class", ""))
    moments, bounds, owed = Moments(0, 0.0, 0.0), [], (0.0, 0.0)
    for part in (one.part for one in parts):
        if part.quality not in JUDGED or not isinstance(part.evidence, Moments):
            continue
        moments += part.evidence
        if limit is not None:
            proven = [one for one in part.bounds if one.threshold == limit]
            bounds += proven
            more = debt(part.evidence, limit, next(iter(proven), None))
            owed = owed[0] + (more.low or 0.0), owed[1] + (more.high or 0.0)
    over = reduce(add, bounds) if bounds else None
    return Did(labels.get("database", ""), moments, limit, over, None if limit is None else Interval(*owed))


async def of_text(config: Config, text: str, role: str, database: str, now: datetime) -> list[Known]:
    """Return the class that any text would have, and why, without asking a server.

    Where the history knows the same statement, what was said of it with the catalogue at hand comes first.

    Raises:
        UnknownError: texts cannot be parsed here.
    """
    from collectors.postgres.classify import why  # noqa: PLC0415 the driver: other commands start without it
    from collectors.postgres.parsing import ParserError  # noqa: PLC0415 as above

    if not text.strip():
        raise UnknownError(
            '--sql is empty; write the statement, e.g. --sql "SELECT * FROM users WHERE id = $1"'
        )
    try:
        label = await why(text, config.queries, role, database)
    except ParserError as error:
        raise UnknownError(str(error)) from None
    of_text = Known(Statement("", label.fingerprint, label.group, label.why, ""))
    try:
        return [*known(config, label.fingerprint, now), of_text]
    except (UnknownError, HistoryError):  # it never ran, or nothing was recorded yet
        return [of_text]


def as_table(found: Sequence[Known]) -> str:
    """Return it for a terminal."""
    return as_terminal(_page(found))


def as_markdown_page(found: Sequence[Known]) -> str:
    """Return it as Markdown."""
    return as_markdown(_page(found))


def _page(found: Sequence[Known]) -> Iterator[Block]:
    for one in found:
        statement = one.statement
        at = f" at {statement.source}" if statement.source else ", by its text alone"
        yield Heading(1, f"statement {statement.fingerprint}{at}: {statement.group or 'in no class'}")
        yield Text(f"Why: {statement.why}.")
        if statement.text:
            yield Code(statement.text.splitlines())
        if statement.traits:
            yield Items([f"{name}: {value}" for name, value in statement.traits])
        if one.did:
            yield Heading(2, "In the last hour, where it is recorded by itself")
            head = ("database", "calls", "mean", "P95", "over the limit", "time over the limit")
            yield Table([head, *(_row(did) for did in one.did)])


def _row(did: Did) -> tuple[str, ...]:
    moments = did.moments
    if not moments.n:
        return did.database, "0", "", "", "", ""
    p95 = moments.quantile(_P95)
    return (
        did.database,
        f"{moments.n:,}",
        format_value(moments.total / moments.n, Unit.SECONDS),
        "" if p95 is None else format_interval(p95, Unit.SECONDS),
        "" if did.over is None else count(did.over.k_low, did.over.k_high),
        "no limit" if did.owed is None else format_interval(did.owed, Unit.SECONDS),
    )


def as_json(found: Sequence[Known]) -> str:
    """Return it as a JSON document."""
    return json.dumps({"statements": [_record(one) for one in found]}, indent=2, allow_nan=False) + "\n"


def _record(one: Known) -> dict[str, Any]:
    statement = one.statement
    return {
        "source": statement.source or None,
        "fingerprint": statement.fingerprint,
        "class": statement.group or None,
        "why": statement.why,
        "text": statement.text or None,
        "traits": dict(statement.traits),
        "last_hour": [
            {
                "database": did.database,
                "n": did.moments.n,
                "seconds": did.moments.total,
                "limit": did.limit,
                "over": None if did.over is None else {"low": did.over.k_low, "high": did.over.k_high},
                "debt": None if did.owed is None else {"low": did.owed.low, "high": did.owed.high},
            }
            for did in one.did
        ],
    }


FORMATS = {"table": as_table, "json": as_json, "markdown": as_markdown_page}
