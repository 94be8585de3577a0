"""A collector polled by hand, and what it says of each interval and of the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from collectors.postgres.collector import PostgresCollector
from headroom.budgets import Budget, Limit, Measure, Severity, Statistic, Unit, Verdict
from headroom.judge import Case, judge
from headroom.observation import Observation, Part, Reading, Series, Snapshot


@dataclass(frozen=True)
class Held:
    """A part and when it was recorded."""

    at: datetime
    part: Part


@dataclass
class Watch:
    """Polls when told to, and keeps all that came."""

    collector: PostgresCollector
    last: Snapshot | None = None
    held: dict[Series, list[Held]] = field(default_factory=dict)

    async def poll(self) -> Reading:
        """Poll once and return what the interval since the last poll gave."""
        snapshot = await self.collector.fetch()
        reading = self.collector.difference(self.last, snapshot)
        self.last = snapshot
        for one in reading.observations:
            self.held.setdefault(one.series, []).extend(Held(snapshot.at, part) for part in one.parts)
        return reading

    def parts(self, measure: Measure) -> list[Part]:
        """Return the parts of a measure, oldest first."""
        return [one.part for one in self.held.get(Series.of(measure), [])]

    def verdict(self, measure: Measure, limit: float, statistic: Statistic = Statistic.P95) -> Verdict:
        """Judge all that was kept as one window."""
        held = self.held.get(Series.of(measure), [])
        at = datetime.now(UTC) if self.last is None else self.last.at
        one = Limit(statistic.value, statistic, limit, Unit.SECONDS, Severity.CRITICAL)
        hour = timedelta(hours=1)
        budget = Budget("db.any", "Any", "", measure, hour, hour, hour, (one,))
        return judge(Case(budget, one, held[::-1], at, fresh_for=hour))


def of(reading: Reading, measure: str) -> Sequence[Observation]:
    """Return all that a reading says under a measure's key, of any subject."""
    return [one for one in reading.observations if one.series.measure == measure]


def at(limits: Sequence[float], measures: Sequence[Measure]) -> dict[Measure, tuple[float, ...]]:
    """Return what a collector is asked for."""
    return {replace(measure): tuple(limits) for measure in measures}


def allowed(statistic: Statistic) -> Fraction:
    """Return the share that a percentile allows to be slow."""
    share = statistic.allowed
    assert share is not None
    return share
