"""How far a server's clock is from ours, and whether that shifts what is judged."""

from __future__ import annotations

from datetime import timedelta

from headroom.checks import Check, State
from headroom.units import format_duration

SKEW = 1.0
"""Seconds between two clocks that synchronised machines do not have."""
SHARE_OF_WINDOW = 0.1
"""Share of the shortest window that a skew may shift it by before it is judged on the wrong traffic."""


def skewed(source: str, ahead: tuple[float, float] | None, shortest: timedelta) -> Check:
    """Return the check of two clocks.

    Args:
        source: whose clock it is.
        ahead: between which seconds the server's clock is before ours; None where it does not tell.
        shortest: the shortest window that is judged by it.
    """
    ident, title = f"clock:{source}", f"Clock of {source} and ours"
    if ahead is None:
        return Check(ident, State.CANNOT_CHECK, title, "the server does not tell its time")
    apart = max(ahead[0], -ahead[1], 0.0)
    if apart <= SKEW:
        return Check(ident, State.PASS, title, f"they agree within {SKEW:g} s")
    way = "ahead of" if ahead[0] > 0 else "behind"
    detail = f"the server's clock is {format_duration(timedelta(seconds=round(apart, 1)))} {way} ours"
    fix = "timedatectl set-ntp true  # on both machines"
    if apart > SHARE_OF_WINDOW * shortest.total_seconds():
        detail += (
            f", more than a tenth of the shortest window ({format_duration(shortest)}): what is shown as of "
            "one moment is of another"
        )
        return Check(ident, State.FAIL, title, detail, fix)
    return Check(ident, State.WARN, title, detail, fix)
