"""Milliseconds recorded into a histogram of seconds, found from the figures themselves.

Nearly everything then lies above the last bucket, with durations that no API has, or, as the differences of a
clock that ticks in milliseconds, in whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from collectors.prometheus.change import Change
from collectors.prometheus.words import printable

ENOUGH = 20
"""Events before anything is concluded."""
SHARE_ABOVE = 0.5
"""Share of the events above the last finite bucket."""
TIMES_ABOVE = 10.0
"""How many times the last finite bound the mean must be."""
_WHOLE = 1e-6
"""How near to a whole number a sum must be to be one; doubles are far more exact than that."""


@dataclass(frozen=True, slots=True)
class _Totals:
    n: int
    above: int
    seconds: float
    top: float
    whole: bool

    @property
    def suspicious(self) -> bool:
        """Most events above the last bucket, with a mean far above it, or with a sum in whole numbers."""
        if not self.n or self.above < SHARE_ABOVE * self.n:
            return False
        mean = self.seconds / self.n
        return mean > TIMES_ABOVE * self.top or (self.whole and mean > self.top)


def milliseconds(metric: str, changes: Iterable[Change]) -> str:
    """Return the sentence about milliseconds in a histogram of seconds; "" where nothing speaks for them.

    The interval decides where it holds enough events, otherwise what was counted since the start of each
    process, provided the interval agrees.
    """
    kept = [change for change in changes if change.bounds and change.total is not None]
    now = _totals([(c.bounds, c.counts, c.total) for c in kept if c.n])
    if not now.suspicious:
        return ""
    told = now
    if now.n < ENOUGH:
        sets = [change.series for change in kept]
        told = _totals([(one.bounds, one.counts, one.total) for one in sets if one.bounds and one.counts[-1]])
        if told.n < ENOUGH or not told.suspicious:
            return ""
    return (
        f"{printable(metric)} looks like milliseconds in a histogram of seconds: {told.above} of {told.n} "
        f"events are above its last bucket of {told.top:g} s, their mean is {told.seconds / told.n:.0f} s"
        f"{', in whole numbers' if told.whole else ''}; fix: divide by 1000 before observing"
    )


def _totals(rows: list[tuple[tuple[float, ...], tuple[int, ...], float | None]]) -> _Totals:
    n = above = 0
    seconds = top = 0.0
    whole = True
    for bounds, counts, total in rows:
        if total is None:
            continue
        n += counts[-1]
        above += counts[-1] - counts[-2]
        seconds += total
        top = max(top, bounds[-1])
        whole = whole and abs(total - round(total)) < _WHOLE
    return _Totals(n, above, seconds, top, whole)
