"""The PostgreSQL source as a collector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from collectors.postgres import snapshot
from collectors.postgres.address import address
from collectors.postgres.classify import Classifier
from collectors.postgres.counting import Counting
from collectors.postgres.difference import difference
from collectors.postgres.fetch import Reader
from collectors.postgres.in_flight import smallest
from collectors.postgres.learning import Learning
from collectors.postgres.names import Names
from collectors.postgres.pools import whose_of
from collectors.postgres.session import Session
from collectors.postgres.snapshot import PostgresSnapshot, Statements
from collectors.postgres.watch import Watch
from headroom.budgets import Kind, Measure
from headroom.observation import Reading, Snapshot
from headroom.sources import QueryRules, Source

_PATIENCE = 0.2  # of the polling interval, for the parser of statements, once or twice in a poll
_DEADLINE = 0.7  # of the polling interval, so that the sentence about a hanging server is ours


@dataclass(slots=True)
class PostgresCollector:
    """Polls one cluster over one connection; see `headroom.observation.Collector`."""

    source: Source
    measures: Mapping[Measure, tuple[float, ...]]
    learning: Learning
    names: Names = field(default_factory=Names)
    _session: Session | None = None
    _reader: Reader | None = None

    async def fetch(self) -> PostgresSnapshot:
        """Read the cluster once, or raise SourceError."""
        if self._session is None or self._reader is None:
            place = address(self.source)
            counting = Counting(place, self.learning, self.names) if self._counts() else None
            whose = [whose_of(measure) for measure in self.measures if measure.kind is Kind.CONNECTIONS]
            watch = Watch(self.names, self.learning if counting else None, smallest(self.measures), whose)
            self._reader = Reader(place, bool(whose), counting, {"activity": watch.read})
            self._session = Session(place, _DEADLINE * self.source.every.total_seconds())
        return await self._session.run(self._reader.read)

    def difference(self, before: Snapshot | None, after: Snapshot) -> Reading:
        """Return what happened between two snapshots."""
        assert isinstance(after, PostgresSnapshot)
        return difference(
            self.source, self.measures, before if isinstance(before, PostgresSnapshot) else None, after
        )

    def load(self, data: bytes) -> PostgresSnapshot | None:
        """Return a dumped snapshot, and take over the labels and names that it holds."""
        found = snapshot.load(data)
        if found is not None and isinstance(found.statements, Statements):
            self.learning.recall(found.statements.labels)
            self.names.recall(found.statements.databases, found.statements.roles)
        return found

    def spare(self, *, on: bool) -> None:
        """Read texts a quarter as often, or as often as ever."""
        self.learning.spare(on=on)

    async def close(self) -> None:
        """Close the connection, and end what is being parsed."""
        await self.learning.close()
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
    names = Names()
    patience = _PATIENCE * source.every.total_seconds()
    learning = Learning(Classifier(rules), source=source.name, names=names, patience=patience)
    return PostgresCollector(source, measures, learning, names)
