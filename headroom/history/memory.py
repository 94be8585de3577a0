"""What the writer remembers of rows that it has seen, so that a cycle need not look them up.

Forgotten whole when a transaction fails: a number that was rolled back would point at nothing, or at
somebody else's row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, select

from headroom.budgets import Outcome, Reason, Subject
from headroom.history.insert import inserted
from headroom.history.tables import configurations, epochs, series, sources, verdict_latest
from headroom.observation import Series

KeyT = TypeVar("KeyT")
LimitKey = tuple[str, str, Subject]
"""Budget, limit and subject."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was last said of a limit and subject, and since when that outcome has held."""

    outcome: Outcome
    reason: Reason
    since: datetime


@dataclass(slots=True)
class Memory:
    """Row numbers by what the rows stand for; empty is always right, only slower."""

    _sources: dict[str, int] = field(default_factory=dict)
    _epochs: dict[tuple[str, str], int] = field(default_factory=dict)
    _series: dict[Series, int] = field(default_factory=dict)
    _configurations: dict[str, int] = field(default_factory=dict)
    _standings: dict[LimitKey, Remembered] | None = None

    def forget(self) -> None:
        """Drop everything; it is read again when it is needed."""
        self._sources.clear()
        self._epochs.clear()
        self._series.clear()
        self._configurations.clear()
        self._standings = None

    def source(self, connection: Connection, name: str) -> int:
        """Return the row of a source, made if need be."""
        return _interned(connection, self._sources, name, sources, {"name": name})

    def epoch(self, connection: Connection, source: str, epoch: str, at: datetime) -> int:
        """Return the row of a source's epoch, made if need be."""
        values = {"source_id": self.source(connection, source), "epoch": epoch}
        return _interned(connection, self._epochs, (source, epoch), epochs, values, {"first_at": at})

    def series(self, connection: Connection, of: Series) -> int:
        """Return the row of a series, made if need be."""
        if of in self._series:
            return self._series[of]
        source_id = self.source(connection, of.source)
        values = {"source_id": source_id, "measure": of.measure, "subject": of.subject}
        return _interned(connection, self._series, of, series, values)

    def configuration(self, connection: Connection, digest: str, at: datetime) -> int:
        """Return the row of a version of the configuration, made without its text if need be."""
        return _interned(
            connection, self._configurations, digest, configurations, {"digest": digest}, {"at": at}
        )

    def standings(self, connection: Connection) -> dict[LimitKey, Remembered]:
        """Return what was last said of every limit and subject, to be kept up by the caller."""
        if self._standings is None:
            rows = connection.execute(
                select(
                    verdict_latest.c.budget,
                    verdict_latest.c.limit,
                    verdict_latest.c.subject,
                    verdict_latest.c.outcome,
                    verdict_latest.c.reason,
                    verdict_latest.c.since,
                )
            )
            self._standings = {
                (budget, limit, subject): Remembered(Outcome(outcome), Reason(reason), since)
                for budget, limit, subject, outcome, reason, since in rows
            }
        return self._standings


def _interned(
    connection: Connection,
    known: dict[KeyT, int],
    key: KeyT,
    table: Table,
    values: Mapping[str, Any],
    when_new: Mapping[str, Any] | None = None,
) -> int:
    if key not in known:
        found = connection.scalar(
            select(table.c.id).where(*(table.c[name] == values[name] for name in values))
        )
        if found is None:
            found = inserted(connection, table, {**values, **(when_new or {})})
        known[key] = int(found)
    return known[key]
