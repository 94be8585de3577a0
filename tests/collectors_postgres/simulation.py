"""A pg_stat_statements in small: durations go in, counters come out as the server writes them."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from collectors.postgres.snapshot import Label, Labels, PostgresSnapshot, Statements

EPOCH = datetime(2026, 11, 1, tzinfo=UTC)
LABELS = Labels(
    "rules", MappingProxyType({f"10 5 {query}": Label("lookup", f"f{query}") for query in range(1, 9)})
)


def record(
    query: int,
    calls: int,
    total: float,
    low: float,
    high: float,
    spread: float,
    *,
    planning: float = 0.0,
    births: tuple[int, ...] = (),
    owner: tuple[int, int] = (10, 5),
) -> bytes:
    """Return an entry as `statements.sql` does; times in milliseconds, `owner` is role and database."""
    counters = struct.pack(">IIqqddddd", *owner, query, calls, total, low, high, spread, planning)
    return counters + struct.pack(f">{len(births)}q", *births)


@dataclass
class Life:
    """One entry from its birth on, with the updates of the server's own code, in milliseconds."""

    born: int
    calls: int = 0
    total: float = 0.0
    mean: float = 0.0
    m2: float = 0.0
    low: float = math.inf
    high: float = 0.0
    executed: list[float] = field(default_factory=list)

    def execute(self, nanoseconds: int) -> None:
        """Count one execution."""
        took = nanoseconds / 1e6
        self.executed.append(took / 1000)
        self.calls += 1
        self.total += took
        apart = took - self.mean
        self.mean += apart / self.calls
        self.m2 += apart * (took - self.mean)
        self.low, self.high = min(self.low, took), max(self.high, took)

    def record(self, query: int, *, births: bool) -> bytes:
        """Return the entry as `statements.sql` does."""
        spread = math.sqrt(self.m2 / self.calls) if self.calls > 1 else 0.0
        born = (self.born, self.born) if births else ()
        return record(query, self.calls, self.total, self.low, self.high, spread, births=born)


@dataclass
class View:
    """The entries of a server of one kind: 17 and later tell births, 14 and later evictions and resets."""

    births: bool = False
    informed: bool = True
    lives: dict[int, Life] = field(default_factory=dict)
    evictions: int = 0
    reset: datetime = EPOCH
    clock: datetime = EPOCH
    lived: int = 0

    def execute(self, query: int, nanoseconds: int) -> None:
        """Count one execution of a statement."""
        if query not in self.lives:
            self.lived += 1
            self.lives[query] = Life(self.lived)
        self.lives[query].execute(nanoseconds)

    def evict(self, queries: Iterable[int]) -> None:
        """Throw entries away."""
        self.evictions += 1
        for query in queries:
            self.lives.pop(query, None)

    def forget_all(self) -> None:
        """Reset."""
        self.clock += timedelta(seconds=1)
        self.lives.clear()
        self.reset, self.evictions = self.clock, 0

    def poll(self) -> tuple[PostgresSnapshot, dict[int, tuple[Life, int]]]:
        """Return what a poll reads, and which life of each entry had made how many calls."""
        self.clock += timedelta(seconds=5)
        read = Statements(
            frozenset(life.record(query, births=self.births) for query, life in self.lives.items()),
            LABELS,
            births=self.births,
            reset=self.reset if self.informed else None,
            evictions=(self.evictions, self.evictions) if self.informed else None,
        )
        lives = {query: (life, len(life.executed)) for query, life in self.lives.items()}
        return PostgresSnapshot(self.clock, EPOCH, read), lives


def executed_between(before: dict[int, tuple[Life, int]], after: dict[int, tuple[Life, int]]) -> list[float]:
    """Return the durations, in seconds, that the second poll can know of and the first did not."""
    found: list[float] = []
    for query, (life, upto) in after.items():
        earlier, already = before.get(query, (None, 0))
        found += life.executed[already if earlier is life else 0 : upto]
    return found
