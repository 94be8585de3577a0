"""The PgBouncer source as a collector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collectors.pgbouncer import snapshot
from collectors.pgbouncer.address import address
from collectors.pgbouncer.difference import difference
from collectors.pgbouncer.fetch import Reader
from collectors.pgbouncer.refusals import CONSOLE_OF_PGBOUNCER
from collectors.pgbouncer.snapshot import PgBouncerSnapshot
from collectors.postgres.session import Session
from headroom.budgets import Measure
from headroom.observation import Reading, Snapshot
from headroom.sources import Source

_DEADLINE = 0.7  # of the polling interval, so that the sentence about a hanging server is ours


@dataclass(slots=True)
class PgBouncerCollector:
    """Polls one PgBouncer over one connection to its console; see `headroom.observation.Collector`."""

    source: Source
    measures: Mapping[Measure, tuple[float, ...]]
    _session: Session | None = None
    _reader: Reader | None = None

    async def fetch(self) -> PgBouncerSnapshot:
        """Read the console once, or raise SourceError."""
        if self._session is None or self._reader is None:
            place = address(self.source)
            deadline = _DEADLINE * self.source.every.total_seconds()
            self._session, self._reader = Session(place, deadline, CONSOLE_OF_PGBOUNCER), Reader(place)
        return await self._session.run(self._reader.read)

    def difference(self, before: Snapshot | None, after: Snapshot) -> Reading:
        """Return what was in use at the end of the interval between two snapshots."""
        assert isinstance(after, PgBouncerSnapshot)
        return difference(
            self.source, self.measures, before if isinstance(before, PgBouncerSnapshot) else None, after
        )

    def load(self, data: bytes) -> PgBouncerSnapshot | None:
        """Return a dumped snapshot, or None where this version cannot read it."""
        return snapshot.load(data)

    async def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            await self._session.close()


def build(source: Source, measures: Mapping[Measure, tuple[float, ...]]) -> PgBouncerCollector:
    """Return the collector of a PgBouncer for the measures asked of it."""
    return PgBouncerCollector(source, measures)
