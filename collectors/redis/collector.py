"""The Redis source as a collector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collectors.redis import snapshot
from collectors.redis.address import address
from collectors.redis.cluster import Tour
from collectors.redis.difference import difference
from collectors.redis.own import ledger
from collectors.redis.snapshot import RedisSnapshot
from headroom.budgets import Measure
from headroom.observation import Reading, Snapshot
from headroom.sources import Source

_DEADLINE = 0.7  # of the polling interval, so that the sentence about a hanging server is ours


@dataclass(slots=True)
class RedisCollector:
    """Polls one server, or the primaries of a cluster; see `headroom.observation.Collector`."""

    source: Source
    measures: Mapping[Measure, tuple[float, ...]]
    _tour: Tour | None = None

    async def fetch(self) -> RedisSnapshot:
        """Read the server once, or raise SourceError."""
        if self._tour is None:
            deadline = _DEADLINE * self.source.every.total_seconds()
            self._tour = Tour(address(self.source), ledger(self.source.name), deadline)
        return await self._tour.read()

    def difference(self, before: Snapshot | None, after: Snapshot) -> Reading:
        """Return what happened between two snapshots."""
        assert isinstance(after, RedisSnapshot)
        return difference(
            self.source, self.measures, before if isinstance(before, RedisSnapshot) else None, after
        )

    def load(self, data: bytes) -> RedisSnapshot | None:
        """Return a dumped snapshot, or None where this version cannot read it."""
        return snapshot.load(data)

    async def close(self) -> None:
        """Close the connections."""
        if self._tour is not None:
            await self._tour.close()


def build(source: Source, measures: Mapping[Measure, tuple[float, ...]]) -> RedisCollector:
    """Return the collector of a server for the measures asked of it."""
    return RedisCollector(source, measures)
