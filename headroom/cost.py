"""What Headroom itself costs a source, and whether it must slow down. Pure.

The monitor has a budget of its own: a share of one core of the server's time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from headroom.budgets import Unit
from headroom.evidence import Ratio
from headroom.units import format_value

OWN_TIME = "own:time"
"""The measure of the own statements' execution time as a share of the interval; judged here only."""
LEAST = 4
"""Intervals that must be known before anything is said."""
_BACK = 0.5  # of the budget: nearer to it, going back would only mean to slow down again


@runtime_checkable
class Thrifty(Protocol):
    """A collector that can do with less."""

    def spare(self, *, on: bool) -> None:
        """Leave what can wait for longer, or stop doing so."""
        ...


def sparing(costs: Sequence[Ratio], allowed: float, *, before: bool) -> bool:
    """Tell whether a source is to be read half as often.

    `costs` are those of the last intervals in which it was as it is now, `before`; `allowed` is a share of
    one core. It slows down when their average is over, and goes back when it is under half of that.
    """
    share = _share(costs)
    if share is None or len(costs) < LEAST:
        return before
    return share >= allowed * _BACK if before else share > allowed


def note(costs: Sequence[Ratio], allowed: float) -> str:
    """Return why a source is read half as often."""
    share = _share(costs)
    shown = "" if share is None else f" ({format_value(share, Unit.SHARE)} of one core now)"
    return (
        f"Headroom's own statements took more than the {format_value(allowed, Unit.SHARE)} of one core that "
        f"they may{shown}: it polls half as often and reads texts a quarter as often until they take less "
        "than half of that; a longer every, or a larger cost of the source, mends it for good"
    )


def _share(costs: Sequence[Ratio]) -> float | None:
    seconds = sum(one.whole for one in costs)
    return sum(one.part for one in costs) / seconds if seconds > 0 else None
