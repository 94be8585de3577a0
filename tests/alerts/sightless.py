"""The form of the decision table of incidents about sight."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from alerts.blind import SightPolicy, decide_blind
from alerts.decide import Decision
from headroom.budgets import Outcome, Severity, Statistic, Verdict
from headroom.incidents import About, Incident, State
from tests.alerts.examples import AT, incident, verdict
from tests.alerts.table import (
    BLIND,
    MET,
    POLL,
    ZERO,
    Row,
    compare,
)

TEN = timedelta(minutes=10)
USUAL = SightPolicy(TEN, Severity.WARNING, recover_for=timedelta(seconds=45))
AT_ONCE = SightPolicy(ZERO, Severity.CRITICAL)
NOT_SEEN = "p95, p99: the figures say blind"
P95 = verdict(BLIND)


def p99(outcome: Outcome, **changes: Any) -> Verdict:
    """Return a verdict on the other row of the login budget."""
    return verdict(outcome, limit="p99", statistic=Statistic.P99, **changes)


BREACH = (("breach_firing", True),)
BOTH = (P95, p99(BLIND))
SEEN = (verdict(MET), p99(MET))


def about(state: State, **changes: Any) -> Incident:
    """Return an open incident about sight of the login budget."""
    usual: dict[str, Any] = {"about": About.BLIND, "severity": Severity.WARNING, "worst": NOT_SEEN}
    return incident(state, **{**usual, **changes})


def pending(**changes: Any) -> Incident:
    """Return a pending one."""
    return about(State.PENDING, **changes)


def firing(**changes: Any) -> Incident:
    """Return a firing one."""
    return about(State.FIRING, **changes)


def judged(
    *verdicts: Verdict, incident: Incident | None, policy: SightPolicy = USUAL, **changes: Any
) -> Decision:
    """Decide with the usual clock and policy."""
    usual: dict[str, Any] = {
        "at": AT,
        "elapsed": POLL,
        "budget_digest": "digest",
        "new_id": lambda: "new",
        "source": "metrics",
    }
    return decide_blind(verdicts, incident, policy=policy, **{**usual, **changes})


def hold(row: Row) -> None:
    """Decide as the row says and compare every field that it names."""
    policy = row.policy if isinstance(row.policy, SightPolicy) else USUAL
    compare(judged(*row.verdicts, incident=row.incident, policy=policy, **dict(row.given)), row)
