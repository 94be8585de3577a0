"""The PostgreSQL source as a collector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collectors.postgres import snapshot
from collectors.postgres.address import address
from collectors.postgres.classify import Classifier
from collectors.postgres.difference import difference
from collectors.postgres.fetch import Reader
from collectors.postgres.learning import Learning
from collectors.postgres.pools import role_of
from collectors.postgres.session import Session
from collectors.postgres.snapshot import PostgresSnapshot, Statements
from headroom.budgets import Kind, Measure
from headroom.observation import Reading, Snapshot
from headroom.sources import QueryRules, Source

_DEADLINE = 0.7  # of the polling interval, so that the sentence about a hanging server is ours


@dataclass(slots=True)
class PostgresCollector:
    """Polls one cluster over one connection; see `headroom.observation.Collector`."""

    source: Source
    measures: Mapping[Measure, tuple[float, ...]]
    learning: Learning
    _session: Session | None = None
    _reader: Reader | None = None

    async def fetch(self) -> PostgresSnapshot:
        """Read the cluster once, or raise SourceError."""
        if self._session is None or self._reader is None:
            place = address(self.source)
            self._reader = Reader(place, _roles(self.measures), self.learning if self._counts() else None)
            self._session = Session(place, _DEADLINE * self.source.every.total_seconds())
        return await self._session.run(self._reader.read)

    def difference(self, before: Snapshot | None, after: Snapshot) -> Reading:
        """Return what happened between two snapshots."""
        assert isinstance(after, PostgresSnapshot)
        return difference(
            self.source, self.measures, before if isinstance(before, PostgresSnapshot) else None, after
        )

    def load(self, data: bytes) -> PostgresSnapshot | None:
        """Return a dumped snapshot, and take over the labels that it holds."""
        found = snapshot.load(data)
        if found is not None and isinstance(found.statements, Statements):
            self.learning.recall(found.statements.labels)
        return found

    async def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            await self._session.close()

    def _counts(self) -> bool:
        return any(measure.kind is Kind.STATEMENTS for measure in self.measures)


def build(
    source: Source, measures: Mapping[Measure, tuple[float, ...]], rules: QueryRules
) -> PostgresCollector:
    """Return the collector of a cluster for the measures asked of it.

    Each measure comes with the thresholds in seconds at which bounds are wanted; the rules say how statements
    fall into classes.
    """
    return PostgresCollector(source, measures, Learning(Classifier(rules)))


def _roles(measures: Mapping[Measure, tuple[float, ...]]) -> tuple[str, ...] | None:
    """Return the roles whose connections are counted; None where no connections are."""
    pools = [measure for measure in measures if measure.kind is Kind.CONNECTIONS]
    return tuple(sorted({role for pool in pools if (role := role_of(pool))})) if pools else None
