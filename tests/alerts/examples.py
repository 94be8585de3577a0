"""One good verdict, budget and incident each, to be changed one thing at a time."""

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
from headroom.incidents import Incident, State

AT = datetime(2026, 8, 3, 14, 2, 10, tzinfo=UTC)

LOGIN = Budget(
    id="api.login",
    title="Authentication (login)",
    guide="API Response Time Targets",
    measure=Measure("metrics", Kind.HISTOGRAM, "http_request_duration_seconds", "endpoints.login"),
    window=timedelta(minutes=5),
    pending_for=timedelta(minutes=1),
    recover_for=timedelta(minutes=2),
    limits=(Limit("p95", Statistic.P95, 0.2, Unit.SECONDS, Severity.CRITICAL),),
    owner="Platform team",
    runbook="https://wiki.example/runbooks/login",
    if_broken="scale the login service",
)

_REASONS = {
    Outcome.MET: Reason.WITHIN_LIMIT,
    Outcome.OVER: Reason.OVER_LIMIT,
    Outcome.UNDECIDED: Reason.SAMPLES,
    Outcome.IDLE: Reason.NO_TRAFFIC,
    Outcome.BLIND: Reason.UNREACHABLE,
}


def verdict(outcome: Outcome, **changes: Any) -> Verdict:
    """Return a verdict on the login budget's p95 with this outcome."""
    good = Verdict(
        budget="api.login",
        limit="p95",
        statistic=Statistic.P95,
        severity=Severity.CRITICAL,
        subject=(),
        source="metrics",
        outcome=outcome,
        reason=_REASONS[outcome],
        detail=f"the figures say {outcome.value}",
        unit=Unit.SECONDS,
        threshold=0.2,
        window=Window(AT - timedelta(minutes=5), AT, 1.0),
        at=AT,
        allowed=0.05,
    )
    if outcome is Outcome.OVER:
        good = replace(
            good,
            value=Interval(0.2, 0.5),
            slow=(35, 35),
            slow_share=Interval(0.054, 0.127),
            n=412,
            headroom=-1.54,
            detail="35 of 412 took longer than 200 ms (8.5 %), 5 % allowed; "
            "the rate behind it is at least 5.4 % at 99 % confidence",
            firm=True,
        )
    return replace(good, **changes)


def resource(limit: str, outcome: Outcome, **changes: Any) -> Verdict:
    """Return a verdict on the target or the alert threshold of the CPU budget."""
    target = limit == "target"
    usual: dict[str, Any] = {
        "budget": "resource.cpu",
        "limit": limit,
        "statistic": Statistic.AVERAGE,
        "severity": Severity.WARNING if target else Severity.CRITICAL,
        "unit": Unit.SHARE,
        "threshold": 0.7 if target else 0.8,
        "allowed": None,
        "slow": None,
        "slow_share": None,
        "detail": f"{limit} {outcome.value}",
        "value": Interval.exactly(0.85) if outcome is Outcome.OVER else None,
    }
    return verdict(outcome, **{**usual, **changes})


def incident(state: State, **changes: Any) -> Incident:
    """Return an open incident of the login budget that began five minutes ago."""
    good = Incident(
        id="0123456789abcdef",
        budget="api.login",
        statistic=Statistic.P95,
        subject=(),
        state=state,
        severity=Severity.CRITICAL,
        limit="p95",
        opened=AT - timedelta(minutes=5),
        fired=AT - timedelta(minutes=4) if state is State.FIRING else None,
        over_for=timedelta(minutes=1) if state is State.FIRING else timedelta(0),
        budget_digest="digest",
        worst="1.7 times the limit at 13:58:10 UTC: 35 of 412 took longer than 200 ms",
    )
    return replace(good, **changes)
