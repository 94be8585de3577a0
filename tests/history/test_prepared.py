"""Statements that go to the driver by themselves: what they store, how they fail, and for which databases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, insert, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError

from headroom.history import History, HistoryError
from headroom.history.prepared import Prepared
from headroom.history.tables import sources

_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
_INSERT = Prepared(insert(sources).returning(sources.c.id), ("name", "ok_at"))
_UPDATE = Prepared(update(sources).where(sources.c.name == bindparam("of")).values(ok_at=bindparam("ok_at")))


def test_rows_are_stored_as_their_columns_say(history: History) -> None:
    """Moments and hostile text take the same form as on SQLAlchemy's way."""
    with history._writing() as connection:
        number = _INSERT.returned(connection, {"name": "a\0b", "ok_at": _AT})
        changed = _UPDATE.run(connection, {"of": "a\0b", "ok_at": datetime(2026, 3, 2, tzinfo=UTC)})
        missed = _UPDATE.run(connection, {"of": "another", "ok_at": _AT})

    with history._reading() as connection:
        row = connection.execute(sources.select()).one()
    assert (row.id, row.name, row.ok_at) == (number, "a\\x00b", datetime(2026, 3, 2, tzinfo=UTC))
    assert (changed, missed) == (1, 0)


def test_a_refused_row_undoes_the_rest_and_keeps_its_values_to_itself(history: History) -> None:
    """The driver's error is explained like any other, and what was to be stored is not in it."""
    rows = [{"name": "mine", "ok_at": _AT}, {"name": "mine", "ok_at": _AT}]

    with (
        pytest.raises(HistoryError, match="refused rows that do not fit together") as raised,
        history._writing() as connection,
    ):
        Prepared(insert(sources), ("name", "ok_at")).run_each(connection, rows)

    cause = raised.value.__cause__
    assert isinstance(cause, IntegrityError)
    assert "mine" not in f"{raised.value} {cause}"
    with history._reading() as connection:
        assert connection.execute(sources.select()).all() == []


def test_another_database_takes_the_same_values_by_its_own_names() -> None:
    """PostgreSQL's drivers take them by name."""
    made = _UPDATE._compiled(postgresql.dialect())  # type: ignore[no-untyped-call] # SQLAlchemy's own

    assert made.text == "UPDATE sources SET ok_at=%(ok_at)s::BIGINT WHERE sources.name = %(of)s::VARCHAR"
    assert made.values({"of": "a", "ok_at": datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)}) == {
        "of": "a",
        "ok_at": 1_000_000,
    }
