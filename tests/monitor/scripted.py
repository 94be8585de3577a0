"""Cycles on a clock and sources that do what the test says: the faults are the subject, all else is real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from headroom.budgets import Kind, Measure, Reason, Subject
from headroom.config import load
from headroom.evidence import Evidence, Gauge, Ratio
from headroom.history import History, Standing, open_history
from headroom.observation import Absence, Observation, Part, Quality, Reading, Series, Snapshot, SourceError
from headroom.recorded import OUTSIDE
from monitor.clock import Moment
from monitor.cycle import Cycles
from monitor.feeds import Feed
from monitor.writer import Writer

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVERY = 15
MEMORY = Measure("cache", Kind.MEMORY_LIMIT, "maxmemory")
EVICTIONS = Measure("cache", Kind.EVICTIONS)
HITS = Measure("cache", Kind.HIT_RATE, "keyspace")
POLICY = "maxmemory-policy is allkeys-lru"
CONFIG = """
version: 1
history: history.db
sources:
  cache: {kind: redis, url: "redis://127.0.0.1:1", every: 15s}
budgets:
  - id: resource.redis_memory
    title: Redis memory
    measure: {redis_memory: maxmemory, source: cache}
    window: 5m
    for: 15s
    recover_for: 30s
    limits:
      - {name: target, statistic: average, max: 80%, severity: warning}
      - {name: alert, statistic: average, max: 90%, severity: critical}
    evicting:
      - {name: target, statistic: average, max: 1 per 1000 commands, severity: warning}
      - {name: alert, statistic: average, max: 10 per 1000 commands, severity: critical}
"""


@dataclass(frozen=True)
class Still:
    """A snapshot that holds nothing."""

    epoch: str
    at: datetime

    def dump(self) -> bytes:
        """Return next to nothing."""
        return b"still"


@dataclass
class Script:
    """A source that gives what it is told to give next."""

    next: Reading | SourceError = field(default_factory=Reading)
    at: datetime = NOON

    async def fetch(self) -> Snapshot:
        """Return, or raise, what comes next."""
        if isinstance(self.next, SourceError):
            raise self.next
        return Still("life 1", self.at)

    def difference(self, before: Snapshot | None, after: Snapshot) -> Reading:  # noqa: ARG002 the protocol's
        """Return what comes next."""
        assert isinstance(self.next, Reading)
        return self.next

    def load(self, data: bytes) -> Snapshot | None:
        """Return the snapshot that holds nothing."""
        return Still("life 1", self.at) if data == b"still" else None

    async def close(self) -> None:
        """Give nothing back."""


@dataclass
class Hands:
    """A clock that the test moves."""

    seconds: float = 0.0

    def read(self) -> Moment:
        """Read the clock."""
        return Moment(NOON + timedelta(seconds=self.seconds), 1000 + self.seconds)


@dataclass
class Stage:
    """Cycles over a real history."""

    cycles: Cycles
    history: History
    hands: Hands
    script: Script = field(default_factory=Script)
    beside: Script = field(default_factory=Script)

    @property
    def feed(self) -> Feed:
        """The one source."""
        return self.cycles.feeds[0]

    @property
    def seconds(self) -> float:
        """What the clock says."""
        return self.hands.seconds

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.hands.seconds += seconds

    async def poll(self, given: Reading | SourceError | Callable[[float], Reading]) -> dict[str, Standing]:
        """Let an interval pass, poll, and return the verdicts of subject {} by limit."""
        self.wait(EVERY)
        self.script.at = self.hands.read().wall
        self.script.next = given(self.seconds) if callable(given) else given
        self.feed.skip = 0
        await self.cycles.poll(self.feed)
        return self.standings()

    async def poll_beside(self, given: Reading | SourceError | Callable[[float], Reading]) -> None:
        """Poll the second source now."""
        self.beside.at = self.hands.read().wall
        self.beside.next = given(self.seconds) if callable(given) else given
        self.cycles.feeds[1].skip = 0
        await self.cycles.poll(self.cycles.feeds[1])

    def standings(self) -> dict[str, Standing]:
        """Return the newest verdicts of subject {} by limit."""
        return {one.verdict.limit: one for one in self.history.standings() if not one.verdict.subject}


@asynccontextmanager
async def stage(folder: Path, text: str = CONFIG, *, seconds: float = 0.0) -> AsyncIterator[Stage]:
    """Set the stage on the folder's history; a second one is a restart."""
    path = folder / "budgets.yaml"
    path.write_text(text)
    config, writer = load(path), Writer()
    history = await writer(open_history, config.history, collecting=True)
    hands = Hands(seconds)
    cycles = Cycles(config, history, writer, committed=lambda _: None, read_clock=hands.read)
    on = Stage(cycles, history, hands)
    for feed, script in zip(cycles.feeds, (on.script, on.beside), strict=False):
        if feed.collector is not None:
            feed.collector = script
    try:
        await cycles.resume()
        yield on
    finally:
        await cycles.close()
        await asyncio.sleep(0)
        await writer(history.close)
        writer.close()


def part(at: float, evidence: Evidence, quality: Quality = Quality.EXACT) -> Part:
    """Return the part of the interval that ends at a second of the test's clock."""
    end = NOON + timedelta(seconds=at)
    return Part(end - timedelta(seconds=EVERY), end, evidence, quality)


def full(share: float, subject: Subject = ()) -> Callable[[float], Reading]:
    """Return readings of a Redis without eviction that is used by a share."""
    return lambda at: Reading(
        (Observation(Series.of(MEMORY, subject), (part(at, Gauge.sample(share, EVERY)),)),)
    )


def evicting(
    per_thousand: float,
    *,
    hits: tuple[int, int] | None = None,
    outside: float | str | None = None,
) -> Callable[[float], Reading]:
    """Return readings of a full Redis that evicts by policy: hits of look-ups, and its container's share.

    A text in the place of that share says why it is not known.
    """

    def reading(at: float) -> Reading:
        told = {
            Series("cache", f"{MEMORY.key}:evicting"): Gauge.sample(0.99, EVERY),
            Series.of(EVICTIONS): Ratio(per_thousand, 1000),
        }
        if hits is not None:
            told[Series.of(HITS)] = Ratio(*hits)
        absences = [Absence(Series.of(MEMORY), Reason.POLICY, POLICY)]
        if isinstance(outside, str):
            absences.append(Absence(Series("cache", OUTSIDE), Reason.BROKEN_INSTRUMENTATION, outside))
        elif outside is not None:
            told[Series("cache", OUTSIDE)] = Gauge.sample(outside, EVERY)
        return Reading(
            tuple(Observation(series, (part(at, evidence),)) for series, evidence in told.items()),
            tuple(absences),
        )

    return reading


REFUSED = SourceError(Reason.UNREACHABLE, "127.0.0.1:1 refuses connections")
