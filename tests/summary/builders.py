"""Good records, of which each test breaks one thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from headroom.bounds import Interval
from headroom.budgets import (
    Budget,
    Kind,
    Limit,
    Measure,
    Outcome,
    Reason,
    Severity,
    Statistic,
    Unit,
    Verdict,
    Window,
)
from headroom.history import Standing
from headroom.incidents import Incident, State
from headroom.sources import Source, SourceKind

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
EVERY = timedelta(seconds=15)
SOURCES = {"metrics": Source("metrics", SourceKind.PROMETHEUS, None, EVERY)}
REASONS = {
    Outcome.MET: Reason.WITHIN_LIMIT,
    Outcome.OVER: Reason.OVER_LIMIT,
    Outcome.UNDECIDED: Reason.BUCKET,
    Outcome.IDLE: Reason.NO_TRAFFIC,
    Outcome.BLIND: Reason.UNREACHABLE,
}


def latency(name: str = "api.login", title: str = "Authentication (login)") -> Budget:
    """Return a budget with a P95 of 200 ms and a P99 of 500 ms."""
    return Budget(
        id=name,
        title=title,
        guide="API Response Time Targets",
        measure=Measure("metrics", Kind.HISTOGRAM, "http_request_duration_seconds", "endpoints.login"),
        window=timedelta(minutes=5),
        pending_for=timedelta(minutes=1),
        recover_for=timedelta(minutes=2),
        limits=(
            Limit("p95", Statistic.P95, 0.2, Unit.SECONDS, Severity.CRITICAL),
            Limit("p99", Statistic.P99, 0.5, Unit.SECONDS, Severity.CRITICAL),
        ),
    )


def resource(name: str = "resource.cpu", title: str = "CPU") -> Budget:
    """Return a budget with a target of 70 % and an alert threshold of 80 %."""
    return replace(
        latency(name, title),
        measure=Measure("metrics", Kind.CPU),
        limits=(
            Limit("target", Statistic.AVERAGE, 0.7, Unit.SHARE, Severity.WARNING),
            Limit("alert", Statistic.AVERAGE, 0.8, Unit.SHARE, Severity.CRITICAL),
        ),
    )


def verdict(budget: Budget, limit: int, outcome: Outcome, **changed: Any) -> Verdict:
    """Return a verdict that was just made on one of a budget's limits."""
    promised = budget.limits[limit]
    allowed = promised.statistic.allowed
    said = Verdict(
        budget=budget.id,
        limit=promised.name,
        statistic=promised.statistic,
        severity=promised.severity,
        subject=(),
        source=budget.measure.source,
        outcome=outcome,
        reason=REASONS[outcome],
        detail=f"because it is {outcome}",
        unit=promised.unit,
        threshold=promised.threshold,
        window=Window(NOW - budget.window, NOW, 1.0),
        at=NOW,
        allowed=None if allowed is None else float(allowed),
    )
    return replace(said, **changed)


def average(budget: Budget, limit: int, value: float) -> Verdict:
    """Return the verdict on a resource's limit that a value comes to."""
    threshold = budget.limits[limit].threshold
    outcome = Outcome.MET if value <= threshold else Outcome.OVER
    return verdict(budget, limit, outcome, value=Interval.exactly(value), headroom=1 - value / threshold)


def standing(said: Verdict, held: timedelta = timedelta(minutes=10)) -> Standing:
    """Return a verdict as the history keeps it."""
    return Standing(said, said.at - held, 1)


def incident(budget: Budget, statistic: Statistic) -> Incident:
    """Return a firing incident."""
    return Incident(
        id="1",
        budget=budget.id,
        statistic=statistic,
        subject=(),
        state=State.FIRING,
        severity=Severity.CRITICAL,
        limit=statistic.value,
        opened=NOW - timedelta(minutes=9),
        fired=NOW - timedelta(minutes=8),
    )
