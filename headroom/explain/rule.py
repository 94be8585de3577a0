"""Which comparison of a percentile's figures gave the outcome, in words."""

from __future__ import annotations

from fractions import Fraction

from headroom.budgets import Reason
from headroom.rate import INTERVALS, Rate


def rule(rate: Rate, reason: Reason, allowed: Fraction, low: str, high: str) -> str:
    """Return the comparison that decided; `low` and `high` are the limits of the rate as printed."""
    bounds, doubt = rate.bounds, rate.unknown
    most, everything = f"{float(allowed):g}", bounds.n + doubt
    low_side = f"L = {low} {'<=' if float(low) <= allowed else '>'} {most}"
    high_side = f"U = {high} {'<=' if float(high) <= allowed else '>'} {most}"
    match reason:
        case Reason.WITHIN_LIMIT:
            told = f"{high_side}: even the upper limit keeps the promise, so it is met"
            if doubt:
                slow = rate.unknown_high
                k = bounds.k_high + slow
                told += f"; it is kept also if {slow} of {doubt} in doubt were slow ({k} of {everything})"
        case Reason.OVER_LIMIT:
            told = f"{low_side}: even the lower limit breaks the promise, so it is over"
            if doubt:
                slow = rate.unknown_low
                k = bounds.k_low + slow
                told += f"; it is broken also if {slow} of {doubt} in doubt were slow ({k} of {everything})"
        case Reason.PARTIAL:
            kept = float(high) <= allowed
            side, slow, k = (
                (high_side, rate.unknown_high, bounds.k_high + rate.unknown_high)
                if kept
                else (low_side, rate.unknown_low, bounds.k_low + rate.unknown_low)
            )
            told = (
                f"{side} would decide, but were {slow} of {doubt} in doubt slow, "
                f"{k} of {everything} would be slow, on the other side of {most}: undecided"
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
