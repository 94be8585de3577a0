"""Snapshots as bytes and back."""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType

import pytest

from collectors.postgres.snapshot import Connections, Fault, Label, Labels, PostgresSnapshot, Statements, load
from headroom.budgets import Reason

from .simulation import record

AT = datetime(2026, 11, 22, 19, 36, 22, 503959, tzinfo=UTC)
STATEMENTS = Statements(
    frozenset(
        {record(1, 4, 10.0, 1.0, 4.0, 1.1, births=(7, 7)), record(2, 1, 1.0, 1.0, 1.0, 0.0, births=(7, 8))}
    ),
    Labels("abc", MappingProxyType({"10 5 1": Label("lookup", "f1"), "10 5 2": Label("", "f2")})),
    complete=False,
    nesting=False,
    births=True,
    reset=AT,
    evictions=(3, 4),
    unreadable=37,
    databases=MappingProxyType({5: "erp"}),
    roles=MappingProxyType({10: "clerk"}),
    texts="unread",
)


@pytest.mark.parametrize(
    "snapshot",
    [
        PostgresSnapshot(AT, AT, role="monitor", backend=4711, standby=True),
        PostgresSnapshot(AT, AT, STATEMENTS, Connections(3, 97)),
        PostgresSnapshot(AT, AT, Fault(Reason.NOT_PERMITTED, "no right"), Fault(Reason.NO_DATA, "none")),
        PostgresSnapshot(AT, AT, Statements(frozenset(), Labels("abc"))),
    ],
)
def test_snapshot_survives_the_history(snapshot: PostgresSnapshot) -> None:
    """What is loaded is what was dumped, to the microsecond."""
    assert load(snapshot.dump()) == snapshot


DUMPED = PostgresSnapshot(AT, AT, STATEMENTS).dump()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"format":1,"at":"2026-11-22T00:00:00+00:00","started":"2026-11-22T00:00:00+00:00"}',
        DUMPED[:-1],
        DUMPED + b"x",
        DUMPED.replace(b"\0\0\2", b"\0\0\1", 1),
        DUMPED.replace(b'"at":"2026', b'"at":"soon'),
        DUMPED.replace(b'"evictions":[3,4]', b'"evictions":12345'),
        DUMPED.replace(b'"births":true', b'"births":null'),
        DUMPED.replace(b"lookup\t", b"lookup "),
        DUMPED.replace(b"10 5 1\t", b"10 5 x\t"),
        DUMPED.replace(b"lookup", b"look\xffp"),
    ],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    """Bytes of another version, or rubbish, are no snapshot."""
    assert load(data) is None


def test_epoch_is_the_run_and_the_reset() -> None:
    """A restart and a reset each begin a new epoch."""
    epochs = {
        PostgresSnapshot(AT, AT).epoch,
        PostgresSnapshot(AT, AT, STATEMENTS).epoch,
        PostgresSnapshot(AT, AT.replace(hour=1), STATEMENTS).epoch,
    }

    assert len(epochs) == 3
