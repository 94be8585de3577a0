"""Shares as they are read at a glance: three digits at most, and never across a border that counts."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext

LEAST = 0.0001  # below it a share is as good as none, but not none
_DIGITS = 3
_PRECISION = 400  # any float with all its digits before the point


def share(value: float, *, against: float | None = None, rounding: str = ROUND_HALF_EVEN) -> str:
    """Return a share as a percentage: "42.5%", "under 0.01%", "over 99.9%", "just over 5%".

    Args:
        value: 0 or more; 1 is 100 %.
        against: what it is held against. Where rounding would lay it on that, or beyond, it says its side.
        rounding: of the `decimal` module.
    """
    if 0 < value < LEAST:
        return "under 0.01%"
    with localcontext() as context:
        context.prec = _PRECISION
        exact = 100 * Decimal(repr(float(value)))
        last = min(0, exact.adjusted() - _DIGITS + 1)
        number = exact.quantize(Decimal(1).scaleb(last), rounding=rounding)
        if value < 1 and number >= 100:  # noqa: PLR2004 percent
            return "over 99.9%"
        if against is not None:
            border = 100 * Decimal(repr(float(against)))
            if exact > border >= number:
                return f"just over {share(against)}"
            if exact < border <= number:
                return f"just under {share(against)}"
        return f"{number.normalize() if number else Decimal(0):f}%"


def shares(low: float, high: float | None, *, against: float | None = None) -> str:
    """Return between which shares one lies, rounded outwards: "2% to 9%", "at most 9%", "40% or more"."""
    if low == high:
        return share(low, against=against)
    least = share(low, against=against, rounding=ROUND_FLOOR)
    if high is None:
        return f"{least} or more"
    most = share(high, against=against, rounding=ROUND_CEILING)
    if least == most:
        return most
    if low < LEAST and most[0].isdigit():
        return f"at most {most}"
    return f"{least} to {most}"


def whole(value: float) -> str:
    """Return a share as a whole percentage; what is not nothing does not read as nothing."""
    return "under 1%" if 0 < value < 0.005 else f"{value:.0%}"  # noqa: PLR2004 rounds to 0 %
