"""Milliseconds recorded into a histogram of seconds, found from the figures themselves.

Nearly everything then lies above the last bucket, with durations that no API has; or, as the differences of a
clock that ticks in milliseconds, all durations are whole numbers.
"""

from __future__ import annotations

import math
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
    between: int

    @property
    def suspicious(self) -> bool:
        """Most events above the last bucket and their mean far above it, or nothing but whole numbers."""
        return self.far_above or self.only_whole

    @property
    def far_above(self) -> bool:
        """Durations that no API has."""
        if not self.n or self.above < SHARE_ABOVE * self.n:
            return False
        mean = self.seconds / self.n
        return mean > TIMES_ABOVE * self.top or (self.whole and mean > self.top)

    @property
    def only_whole(self) -> bool:
        """Sums in whole numbers, and not one event in a bucket that no whole number falls into.

        Durations measured in seconds have digits behind the point; so many of them do not cancel out.
        """
        return self.whole and self.between == 0 and self.seconds > 0


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
    if not told.far_above:
        return (
            f"{printable(metric)} looks like milliseconds in a histogram of seconds: {told.n} events took "
            "nothing but whole numbers, which seconds never are; fix: divide by 1000 before observing"
        )
    return (
        f"{printable(metric)} looks like milliseconds in a histogram of seconds: {told.above} of {told.n} "
        f"events are above its last bucket of {told.top:g} s, their mean is {told.seconds / told.n:.0f} s"
        f"{', in whole numbers' if told.whole else ''}; fix: divide by 1000 before observing"
    )


def _totals(rows: list[tuple[tuple[float, ...], tuple[int, ...], float | None]]) -> _Totals:
    n = above = between = 0
    seconds = top = 0.0
    whole = True
    for bounds, counts, total in rows:
        if total is None:
            continue
        n += counts[-1]
        above += counts[-1] - counts[-2]
        between += _between_whole_numbers(bounds, counts)
        seconds += total
        top = max(top, bounds[-1])
        whole = whole and abs(total - round(total)) < _WHOLE
    return _Totals(n, above, seconds, top, whole, between)


def _between_whole_numbers(bounds: tuple[float, ...], upto: tuple[int, ...]) -> int:
    """Return how many events lie in a bucket without a whole number, such as 0.1 to 0.5 s."""
    edges, counts = zip((0.0, *bounds), bounds, strict=False), zip((0, *upto), upto, strict=False)
    return sum(
        after - before
        for number, ((low, high), (before, after)) in enumerate(zip(edges, counts, strict=False))
        if math.floor(high) <= low and not (number == 0 and low == 0)  # the first bucket holds 0
    )
