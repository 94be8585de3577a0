"""Whether the memory of a process only grows: a suspicion from the lows of half hours, never a proof. Pure.

A collector of garbage makes a saw of every heap, so that only what is left after it counts: the lowest sample
of each half hour. They are tried by Mann and Kendall's test for a trend, with the growth by Theil and Sen's
slope and Sen's interval (Gilbert 1987, sections 16.4 and 17.3), widened for the memory that a series has of
itself (lag-1 autocorrelation of what is left of the line). What warms up and comes to rest bends away from
the line, and so resembles itself.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import fmean, median

from headroom.bounds import Interval

BUCKET = 1800.0
"""Seconds."""
SHORTEST = 6 * 3600.0
"""Seconds that a series must span, since the process was last seen to start."""
LEAST = 0.10
"""Growth over the span, as a share of where it began, that is worth a word."""
_FEW = 1 / 3  # of the usual number of samples a half hour must have
_FULL = 0.8  # of the half hours must have samples
_CERTAIN = 3.5  # standard deviations: 1 in 4,300, on one side
_ENDS = 2.58  # the interval of the slope: 99 %
_RESTART = 0.15  # of what was there: what falls by so much was started anew, or let go of it,
_AT_ONCE = 0.85  # if so much of the fall came within half an hour, and not with the evening
_AROUND = 3  # half hours on each side of a fall, of which the middle one counts: a single low may be noise
_WORST_MEMORY = 0.9  # of lag-1 autocorrelation: beyond it there is no telling

Point = tuple[float, float]
"""Seconds, and bytes."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What a series tells.

    Attributes:
        span: seconds since the process was last seen to start, or the series begins.
        low, high: the first and the newest low, in bytes.
        restarts: falls that were taken for starts.
        growth: bytes an hour at 99 % confidence, both ends above 0; None where nothing is suspected.
    """

    span: float
    low: float
    high: float
    restarts: int
    growth: Interval | None = None

    @property
    def enough(self) -> bool:
        """Whether it was watched for long enough to suspect anything."""
        return self.span >= SHORTEST


def watch(samples: Iterable[Point]) -> Watched | None:
    """Return what the memory of one process did; None without samples. `samples` are lows, in any order."""
    lows = _lows(samples)
    if not lows:
        return None
    starts = _starts([value for _, value in lows])
    since = lows[starts[-1] :] if starts else lows
    span = since[-1][0] - since[0][0] + BUCKET
    full = len(since) * BUCKET >= _FULL * span
    grows = _growth(since) if span >= SHORTEST and full else None
    return Watched(span, since[0][1], since[-1][1], len(starts), grows)


def _lows(samples: Iterable[Point]) -> list[Point]:
    """Return the lowest sample of each half hour, the time being its begin."""
    found: dict[int, list[float]] = defaultdict(list)
    for at, value in samples:
        if math.isfinite(value) and value > 0 and math.isfinite(at):
            found[math.floor(at / BUCKET)].append(value)
    usual = median(map(len, found.values())) if found else 0
    # The lowest of a few samples is not as low as that of many.
    return [
        (bucket * BUCKET, min(values))
        for bucket, values in sorted(found.items())
        if len(values) >= _FEW * usual
    ]


def _starts(values: Sequence[float]) -> list[int]:
    """Return the places at which a process was started anew, by the fall of what it holds."""
    found = []
    for place in range(1, len(values)):
        before = median(values[max(0, place - _AROUND) : place])
        fall = before - median(values[place : place + _AROUND])
        if fall > _RESTART * before and values[place - 1] - values[place] > _AT_ONCE * fall:
            found.append(place)
    return found


def _growth(lows: Sequence[Point]) -> Interval | None:
    """Return the growth in bytes an hour where all of it speaks for one that goes on."""
    slopes = _slopes(lows)
    slope = median(slopes)
    begin = median(value - slope * (at - lows[0][0]) for at, value in lows)
    off = [value - begin - slope * (at - lows[0][0]) for at, value in lows]
    span = lows[-1][0] - lows[0][0]
    deviation = _deviation(lows) * _inflation(off)
    low, high = _ends(slopes, deviation)
    if begin <= 0 or low * span < LEAST * begin:
        return None
    if _kendall(lows) < _CERTAIN * deviation:
        return None
    return Interval(low * 3600, high * 3600)


def _slopes(lows: Sequence[Point]) -> list[float]:
    return [(b - a) / (until - since) for (since, a), (until, b) in combinations(lows, 2)]


def _kendall(lows: Sequence[Point]) -> int:
    """Return Mann and Kendall's S: pairs that rise less pairs that fall."""
    return sum((b > a) - (b < a) for (_, a), (_, b) in combinations(lows, 2))


def _deviation(lows: Sequence[Point]) -> float:
    n = len(lows)
    return math.sqrt(n * (n - 1) * (2 * n + 5) / 18)


def _inflation(off: Sequence[float]) -> float:
    """Return by how much wider S spreads where each value resembles the one before."""
    mean = fmean(off)
    whole = sum((value - mean) ** 2 for value in off)
    if not whole:
        return 1.0
    lag = sum((a - mean) * (b - mean) for a, b in pairwise(off)) / whole
    lag = min(_WORST_MEMORY, max(0.0, lag + 1 / len(off)))  # of short series it comes out too small
    return math.sqrt((1 + lag) / (1 - lag))


def _ends(slopes: list[float], deviation: float) -> tuple[float, float]:
    """Return Sen's interval: the slopes so many places below and above the median."""
    slopes.sort()
    apart = _ENDS * deviation
    low = max(0, math.floor((len(slopes) - apart) / 2) - 1)
    high = min(len(slopes) - 1, math.ceil((len(slopes) + apart) / 2))
    return slopes[low], slopes[high]
