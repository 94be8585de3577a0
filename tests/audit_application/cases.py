"""Cases of an application that is well; a test breaks one thing of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from headroom.audit.application.case import ApplicationCase
from headroom.audit.application.facts import Answer, Doors, Metrics
from headroom.audit.finding import Finding
from headroom.budgets import Budget, Kind, Limit, Measure, Severity, Statistic, Unit
from headroom.policies import Application, Policies
from headroom.sources import Secret

NOW = datetime(2026, 1, 8, 12, tzinfo=UTC)
HOUR = 3600.0
DECLARED = Policies(application=Application(Secret("http://app:3000"), slow_requests=timedelta(seconds=1)))
DECLARE = (
    'application:\n  url: "${HEADROOM_APPLICATION_URL}"\n  live: /health/live\n  ready: /health/ready\n'
    "  payloads: [/bookings]\n  slow_requests: 1s"
)


def case(
    doors: Doors | None = None, *metrics: Metrics, policies: Policies = DECLARED, **more: Any
) -> ApplicationCase:
    """Return a case."""
    return ApplicationCase(policies, doors=doors, metrics=metrics, **more)


def told(**parts: Any) -> Metrics:
    """Return what a Prometheus knows, of the last hour."""
    return Metrics("metrics", NOW, HOUR, **parts)


def ready(said: dict[str, str] | None, status: int = 200, **more: Any) -> Doors:
    """Return the doors with an answer of ready."""
    unreachable = more.pop("unreachable", ())
    answer = Answer("/health/ready", status, said=said, **{"seconds": 0.012, **more})
    return Doors(NOW, ready=answer, unreachable=unreachable)


def live(said: dict[str, str] | None, status: int = 200, **more: Any) -> Doors:
    """Return the doors with an answer of live."""
    return Doors(NOW, live=Answer("/health/live", status, said=said, **{"seconds": 0.004, **more}))


def payload(**more: Any) -> Doors:
    """Return the doors with an answer of a payload path."""
    return Doors(NOW, payloads=(Answer(**{"path": "/bookings", "status": 200, "seconds": 0.05, **more}),))


def budget(ident: str, *limits: float, group: str = "endpoints.read") -> Budget:
    """Return a budget of requests with limits of P95, in seconds."""
    return Budget(
        ident,
        ident,
        "",
        Measure("metrics", Kind.HISTOGRAM, "http_request_duration_seconds", group),
        timedelta(minutes=5),
        timedelta(0),
        timedelta(0),
        tuple(Limit("p95", Statistic.P95, limit, Unit.SECONDS, Severity.CRITICAL) for limit in limits),
    )


def only(rule: Callable[[ApplicationCase], Iterable[Finding]], of: ApplicationCase) -> Finding:
    """Return the one finding of a rule."""
    (finding,) = rule(of)
    return finding
