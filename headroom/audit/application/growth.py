"""Whether the memory of a process only grows: a suspicion from the lows of half hours, never a proof. Pure.

A collector of garbage makes a saw of every heap, so that only what is left after it counts: the lowest sample
of each half hour. They are tried by Mann and Kendall's test for a trend, with the growth by Theil and Sen's
slope and Sen's interval (Gilbert 1987, sections 16.4 and 17.3), widened for the memory that a series has of
itself (lag-1 autocorrelation of what is left of the line). What warms up and comes to rest bends away from
the line, and so resembles itself. So does the wave of a day's load: from almost two days on equal hours of
the day are compared, which it leaves alone.

That nothing was suspected proves nothing: only an upper end of the growth excludes a leak, and before a day
has passed the evening may hide it.
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
"""Growth over the span, as a share of where it began, that is worth a word; a day of it is what matters."""
DAY = 86_400.0
"""Seconds: before, nothing is excluded."""
TWO_DAYS = 1.75 * DAY
"""Seconds from which on equal hours of two days are compared; of two whole days the ends may be missing."""
_FEW = 1 / 3  # of the usual number of samples a half hour must have
_FULL = 0.8  # of the half hours must have samples
_CERTAIN = 3.5  # standard deviations: 1 in 4,300, on one side
_ENDS = 2.58  # the interval of the slope: 99 %
_RESTART = 0.15  # of what was there: what falls by so much was started anew, or let go of it,
_AT_ONCE = 0.85  # if so much of the fall came within half an hour, and not with the evening
_AROUND = 3  # half hours on each side of a fall, of which the middle one counts: a single low may be noise
_WORST_MEMORY = 0.9  # of lag-1 autocorrelation: beyond it there is no telling
_PLACES = round(DAY / BUCKET)  # half hours of a day
_EVEN = 0.5  # of the growth from one day to the next nine of ten half hours must show: a busier day does not
_TENTH, _TAIL = 10, 20

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
        most: growth a day beyond which all is excluded (99 %), as a share of where it began; None before a
            day has passed, and where too many half hours lack samples.
        full: whether most half hours have samples.
    """

    span: float
    low: float
    high: float
    restarts: int
    growth: Interval | None = None
    most: float | None = None
    full: bool = True

    @property
    def excluded(self) -> bool:
        """Whether growth of the size that matters is excluded."""
        return self.growth is None and self.most is not None and self.most < LEAST

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
    grows, most = _growth(since) if span >= SHORTEST and full else (None, None)
    if span >= TWO_DAYS and full:
        grows, most = _from_day_to_day(since)
    return Watched(
        span, since[0][1], since[-1][1], len(starts), grows, most if span >= DAY else None, full=full
    )


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


def _growth(lows: Sequence[Point]) -> tuple[Interval | None, float | None]:
    """Return the growth in bytes an hour where all of it speaks for one that goes on, and the most a day.

    The most is a share of where it began; None where nothing can be said.
    """
    slopes = _slopes(lows)
    slope = median(slopes)
    begin = median(value - slope * (at - lows[0][0]) for at, value in lows)
    off = [value - begin - slope * (at - lows[0][0]) for at, value in lows]
    span = lows[-1][0] - lows[0][0]
    deviation = _deviation(lows) * _inflation(off)
    low, high = _ends(slopes, deviation)
    if begin <= 0:
        return None, None
    # Over a part of a wave the line leans by about as much as the wave is high: a leak may hide behind it,
    # and a steady process may seem to grow.
    off.sort()
    wave = off[-1 - len(off) // _TAIL] - off[len(off) // _TAIL]
    grows = low * span >= max(LEAST * begin, wave) and _kendall(lows) >= _CERTAIN * deviation
    return Interval(low * 3600, high * 3600) if grows else None, (high * DAY + wave) / begin


def _from_day_to_day(lows: Sequence[Point]) -> tuple[Interval | None, float | None]:
    """Return the same by what each half hour has more than that of the day before."""
    by_place = {round(at / BUCKET): value for at, value in lows}
    more = [
        value - by_place[place - _PLACES] for place, value in by_place.items() if place - _PLACES in by_place
    ]
    if len(more) < _FULL * (TWO_DAYS - DAY) / BUCKET:
        return None, None
    begin = median(value for _, value in lows[:_PLACES])
    mean = fmean(more)
    spread = math.sqrt(sum((one - mean) ** 2 for one in more) / (len(more) - 1))
    error = spread * _inflation([one - mean for one in more]) / math.sqrt(len(more))
    low, high = mean - _CERTAIN * error, mean + _CERTAIN * error
    least = sorted(more)[len(more) // _TENTH]
    span = (lows[-1][0] - lows[0][0]) / DAY
    grows = low * span >= LEAST * begin and least >= _EVEN * median(more)
    return Interval(low / 24, high / 24) if grows else None, high / begin


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
