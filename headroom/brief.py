"""How a limit stands, in the few words that a title has room for: one wording for alert and screen."""

from __future__ import annotations

from headroom.budgets import Outcome, Verdict
from headroom.units import format_value
from headroom.wording import figure, share


def standing_now(verdict: Verdict) -> str:
    """Return in a few words how a limit stands, its figure beside what is allowed where it is over."""
    match verdict.outcome:
        case Outcome.OVER:
            return _over(verdict)
        case Outcome.MET:
            return "met now"
        case Outcome.UNDECIDED:
            return "undecided now"
        case Outcome.IDLE:
            return "no traffic now"
        case Outcome.BLIND:
            return "blind now"


def _over(verdict: Verdict) -> str:
    threshold = format_value(verdict.threshold, verdict.unit)
    if verdict.allowed and verdict.slow_share is not None:
        return f"{figure(verdict)}, {share(verdict.allowed)} allowed (limit {threshold})"
    side = "below" if verdict.at_least else "over"
    told = "" if verdict.value is None else f"{figure(verdict)}, "
    return f"{told}{side} the limit of {threshold}"
