"""Whether a figure grows or falls steadily, how fast for certain, and when it reaches a threshold. Pure.

Most series deserve no trend, and get none. What falls short: part of a day's wave looks like a steady growth,
so a period shorter than the rhythm of the load may mislead; a staircase of even steps is called a growth; and
of 20 or 30 points of a random walk up to 3 % do.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from headroom.bounds import Interval

FEWEST = 20
"""Points that a trend takes."""
LEAST = 3600.0
"""Seconds that they must span."""
AHEAD = 3.0
"""How many times the span that was looked at a growth is followed into the future, at most."""
_MOST = 240  # means of equal stretches of time that are looked at
_COARSER = (1, 2, 4, 8)  # where short noise is averaged away, noise with a long memory shows
_COARSEST = 15  # means that are looked at, at least
_SHORT = 9  # of so few points the memory cannot be read: it is taken to be this, by their number, at least
_WIDEST_GAP = 0.25  # of the span: two clouds of points far apart prove nothing of the time between
_NOISE = 3.0  # deviations from the line: a smaller change over the span is of no use
_PIECES = 6
_STEP = 0.7  # of the change: more of it within two pieces on end is a step, not a growth
_CLEAR = 20.0  # deviations from the line: a change so large may also be a curve, if it is an even one:
_EVEN = 0.6  # its gentlest piece rises at least so much of what its steepest does
# Student's t at 99.5 %, by degrees of freedom; between two of them the lower holds, which is the wider.
_STUDENT = {
    1: 63.657, 2: 9.925, 3: 5.841, 4: 4.604, 5: 4.032, 6: 3.707, 7: 3.499, 8: 3.355, 10: 3.169, 12: 3.055,
    15: 2.947, 20: 2.845, 30: 2.750, 60: 2.660, 120: 2.617,
}  # fmt: skip
_FREE = tuple(_STUDENT)
_EXACT = 1e-9  # of the largest value: smaller deviations are those of doubles

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Trend:
    """A steady growth or fall.

    Attributes:
        slope: units a second, at 99 % confidence; both ends have the same sign.
        span: seconds that were looked at.
        middle: seconds from the place in time at which `level` was read to the last point.
        level: where the line passes there, at the same confidence.
    """

    slope: Interval
    span: float
    middle: float
    level: Interval

    @property
    def rising(self) -> bool:
        """Whether it grows."""
        return (self.slope.low or 0.0) > 0

    def time_to(self, threshold: float) -> Interval | None:
        """Return the soonest and the latest time at which the line reaches a threshold.

        In seconds from the last point on. None where it leads away from it, may be there already, or could
        take longer than AHEAD times the span.
        """
        (low, high), (least, most) = _ends(self.slope), _ends(self.level)
        if not self.rising:
            low, high, least, most, threshold = -high, -low, -most, -least, -threshold
        soonest = (threshold - most) / high - self.middle
        latest = (threshold - least) / low - self.middle
        if soonest <= 0 or latest > AHEAD * self.span:
            return None
        return Interval(soonest, latest)


def _ends(interval: Interval) -> tuple[float, float]:
    assert interval.low is not None
    assert interval.high is not None
    return interval.low, interval.high


def trend(points: Points, *, least: float = LEAST) -> Trend | None:
    """Return the trend of points (seconds, value), in any order, or None: there is no clear one.

    A line is fitted by least squares to the means of equal stretches of time. The interval of its slope is
    Student's at 99 % with as many points as are independent of each other: n (1 - r) / (1 + r), where r is
    the autocorrelation of neighbouring deviations, with its bias at small n taken off (Marriott and Pope
    1954). It is worked out for several widths of the stretches, and the widest interval holds. A trend is
    told where that leaves 0 out, the change is more than the noise, and no step explains it. A smooth curve
    that is nearly a line is one too; its slope lies between those of its gentlest and its steepest piece.

    Args:
        points: at least FEWEST; those that are not finite are left out.
        least: seconds that they must span.
    """
    kept = sorted((at, value) for at, value in points if math.isfinite(at) and math.isfinite(value))
    if len(kept) < FEWEST:
        return None
    begin, span = kept[0][0], kept[-1][0] - kept[0][0]
    if (
        not max(least, 1e-6) <= span < math.inf
        or max(b[0] - a[0] for a, b in pairwise(kept)) > _WIDEST_GAP * span
    ):
        return None
    # Times and values from 0 to 1, whatever their units: squares of doubles neither overflow nor vanish.
    scale = max(abs(value) for _, value in kept) or 1.0
    scaled = [((at - begin) / span, value / scale) for at, value in kept]
    first = min(_MOST, len(scaled))
    means = _means(scaled, first)
    fine = _line(means, _SHORT / first)
    lines = [fine]
    lines += [
        _line(_means(scaled, first // by), _SHORT / first) for by in _COARSER[1:] if first // by >= _COARSEST
    ]
    worst = max(lines, key=lambda line: line.unsure)
    change, levels = fine.rise, _pieces(means)
    if abs(change) <= max(_NOISE * fine.deviation, _EXACT) or _stepped(levels, change):
        return None
    if abs(worst.rise) > worst.unsure:
        slope = worst.rise - worst.unsure, worst.rise + worst.unsure
        level = worst.level - worst.spread, worst.level + worst.spread
        middle = worst.middle
    elif abs(change) > _CLEAR * fine.deviation and (bent := _bent(levels)) is not None:
        slope, middle = (bent[0] * _PIECES, bent[1] * _PIECES), fine.middle
        level = fine.level - _NOISE * fine.deviation, fine.level + _NOISE * fine.deviation
    else:
        return None
    return Trend(
        Interval(slope[0] / span * scale, slope[1] / span * scale),
        span,
        span * (1 - middle),
        Interval(level[0] * scale, level[1] * scale),
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """A line through points, and how unsure its rise and its level in the middle are at 99 %."""

    middle: float
    level: float
    rise: float
    deviation: float
    unsure: float
    spread: float


def _means(points: Points, count: int) -> list[tuple[float, float]]:
    """Return the means of so many equal stretches of time; empty ones are left out."""
    sums: dict[int, tuple[int, float, float]] = {}
    for at, value in points:
        place = min(int(count * at), count - 1)
        n, whens, values = sums.get(place, (0, 0.0, 0.0))
        sums[place] = n + 1, whens + at, values + value
    return [(whens / n, values / n) for n, whens, values in sums.values()]


def _line(points: Points, least: float) -> _Line:
    n = len(points)
    middle = math.fsum(at for at, _ in points) / n
    level = math.fsum(value for _, value in points) / n
    width = math.fsum((at - middle) ** 2 for at, _ in points)
    rise = math.fsum((at - middle) * (value - level) for at, value in points) / width
    off = [value - level - rise * (at - middle) for at, value in points]
    squares = math.fsum(one * one for one in off)
    memory = math.fsum(a * b for a, b in pairwise(off)) / squares if squares > _EXACT**2 else 0.0
    memory = min(max(least, memory + (1 + 4 * memory) / n), 1.0)
    alone = n * (1 - memory) / (1 + memory)
    free = alone - 2
    deviation = math.sqrt(squares / (n - 2))
    if free < _FREE[0]:
        return _Line(middle, level, rise, deviation, math.inf, math.inf)
    student = _STUDENT[_FREE[bisect_right(_FREE, free) - 1]]
    error = student * math.sqrt(squares / free)
    return _Line(
        middle,
        level,
        rise,
        deviation,
        error / math.sqrt(width * alone / n),
        error / math.sqrt(alone),
    )


def _pieces(means: Points) -> list[float]:
    """Return the mean of each sixth of the time that has one."""
    pieces: list[list[float]] = [[] for _ in range(_PIECES)]
    for at, value in means:
        pieces[min(int(_PIECES * at), _PIECES - 1)].append(value)
    return [math.fsum(piece) / len(piece) for piece in pieces if piece]


def _stepped(levels: Sequence[float], change: float) -> bool:
    """Tell whether most of the change fell into two pieces of time on end: a step, not a growth."""
    whole = levels[-1] - levels[0]
    if whole * change <= 0:
        return True
    return any((after - before) / whole > _STEP for before, after in zip(levels, levels[2:], strict=False))


def _bent(levels: Sequence[float]) -> tuple[float, float] | None:
    """Return the least and the largest rise from piece to piece of what hardly leaves a line, or None.

    A smooth curve leaves the line slowly, so that its deviations look like noise with an endless memory.
    """
    rises = sorted(after - before for before, after in pairwise(levels))
    gentle, steep = sorted((rises[0], rises[-1]), key=abs)
    if len(levels) < _PIECES or gentle * steep <= 0 or abs(gentle) < _EVEN * abs(steep):
        return None
    return rises[0], rises[-1]
