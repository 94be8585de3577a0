"""Which comparison of a percentile's figures gave the outcome, in words."""

from __future__ import annotations

from fractions import Fraction

from headroom.budgets import Reason
from headroom.rate import INTERVALS, Rate


def rule(rate: Rate, reason: Reason, allowed: Fraction, low: str, high: str) -> str:
    """Return the comparison that decided; `low` and `high` are the limits of the rate as printed."""
    doubt, most = rate.doubtful, f"{float(allowed):g}"
    worst, best = (f"{slow} of {everything}" for slow, everything in (rate.at_worst, rate.at_best))
    low_side = f"L = {low} {'<=' if float(low) <= allowed else '>'} {most}"
    high_side = f"U = {high} {'<=' if float(high) <= allowed else '>'} {most}"
    match reason:
        case Reason.WITHIN_LIMIT:
            told = f"{high_side}: even the upper limit keeps the promise, so it is met"
            if doubt:
                told += f"; it is kept also if the {doubt} in doubt were as slow as may be ({worst} slow)"
        case Reason.OVER_LIMIT:
            told = f"{low_side}: even the lower limit breaks the promise, so it is over"
            if doubt:
                told += f"; it is broken also if the {doubt} in doubt were as fast as may be ({best} slow)"
        case Reason.PARTIAL:
            kept = float(high) <= allowed
            side, how, found = (high_side, "slow", worst) if kept else (low_side, "fast", best)
            told = (
                f"{side} would decide, but were the {doubt} in doubt as {how} as may be, "
                f"{found} would be slow, on the other side of {most}: undecided"
            )
        case Reason.BUCKET:
            told = (
                f"{low_side}, {high_side}, and share_low <= {most} < share_high: it hangs on those of which "
                "nobody knows whether they were slow, so it is undecided"
            )
        case _:
            told = (
                f"{low_side} and {high_side}: the limits lie on both sides of what is allowed; more events "
                "bring them together; until then it is undecided"
            )
    return told


def firmness(rate: Rate, allowed: Fraction, low: str) -> str:
    """Return whether an "over" may wake somebody; `low` is the lower limit at the risk that this takes."""
    most = f"{float(allowed):g}"
    sign = ">" if float(low) > allowed else "<="
    firm = rate.hit >= INTERVALS and float(low) > allowed
    return (
        f"an alert fires only where L_firm = {low} {sign} {most} too, and slow ones were in at least "
        f"{INTERVALS} intervals (here in {rate.hit}): {'both hold' if firm else 'not yet'}"
    )
