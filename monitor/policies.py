"""How long what must hold, and when who is told, by what the file says of a budget and of all alerts."""

from __future__ import annotations

from alerts.blind import SightPolicy
from alerts.decide import Policy
from headroom.alerting import Alerting
from headroom.budgets import Budget


def policy_of(budget: Budget, alerting: Alerting) -> Policy:
    """Return what incidents about a budget's limits are held to."""
    return Policy(
        budget.pending_for,
        budget.recover_for,
        remind=alerting.remind,
        steps=alerting.steps,
        flapping=alerting.flapping,
    )


def sight_policy_of(budget: Budget, alerting: Alerting) -> SightPolicy:
    """Return what those about sight of it are held to."""
    return SightPolicy(
        alerting.blind.after,
        alerting.blind.severity,
        budget.recover_for,
        alerting.remind,
        alerting.steps,
        alerting.flapping,
    )
