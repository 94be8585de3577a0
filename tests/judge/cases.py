"""One good case; each test changes what it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from headroom.budgets import Budget, Kind, Limit, Measure, Severity, Statistic, Unit
from headroom.evidence import Evidence, Histogram
from headroom.judge import Case
from headroom.observation import Absence, Part, Quality

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVERY = timedelta(seconds=15)
GUIDE = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0)


@dataclass(frozen=True)
class Held:
    """A part and when it was recorded."""

    at: datetime
    part: Part


def cumulative(*counts: int, bounds: tuple[float, ...] = GUIDE) -> Histogram:
    """Return a histogram from cumulative counts, the last of them for +Inf."""
    return Histogram(bounds, tuple(upper - lower for lower, upper in pairwise((0, *counts))))


def held(*evidence: Evidence, quality: Quality = Quality.EXACT, now: datetime = NOW) -> list[Held]:
    """Return one part per interval of 15 s, newest first, the newest ending now."""
    return [
        Held(now - EVERY * i, Part(now - EVERY * (i + 1), now - EVERY * i, one, quality))
        for i, one in enumerate(evidence)
    ]


def limit(
    statistic: Statistic = Statistic.P95,
    threshold: float = 0.2,
    unit: Unit = Unit.SECONDS,
    *,
    at_least: bool = False,
) -> Limit:
    """Return a critical limit named after its statistic."""
    return Limit(statistic.value, statistic, threshold, unit, Severity.CRITICAL, at_least)


def case(
    parts: list[Held],
    one: Limit | None = None,
    *,
    absence: Absence | None = None,
    alpha: float = 0.01,
    window: timedelta = timedelta(minutes=5),
    at: datetime = NOW,
) -> Case:
    """Return the case of the login budget."""
    one = one or limit()
    budget = Budget(
        id="api.login",
        title="Authentication (login)",
        guide="API Response Time Targets",
        measure=Measure("metrics", Kind.HISTOGRAM, "http_request_duration_seconds", "endpoints.login"),
        window=window,
        pending_for=timedelta(minutes=1),
        recover_for=timedelta(minutes=2),
        limits=(one,),
    )
    return Case(budget, one, parts, at, fresh_for=timedelta(seconds=42), absence=absence, alpha=alpha)
