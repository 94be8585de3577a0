"""What happened in one interval, as figures that add up, and what they prove for certain.

Durations are seconds, shares run from 0 to 1. Nothing here estimates: every answer is an interval that
holds whatever the single values were. Whether a promise is kept is `headroom.judge`'s business.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, pairwise

from headroom.bounds import Bounds, Interval

# Sums of doubles lose their last digits. A bound that leaned on those digits would be a false proof, so every
# distance is shortened, and every count rounded towards "not proven", by this relative amount.
TOLERANCE = 1e-9


@lru_cache(maxsize=1024)  # one layout serves thousands of histograms
def _check(bounds: tuple[float, ...]) -> None:
    if any(upper <= lower for lower, upper in pairwise(bounds)):
        raise ValueError(f"bounds must ascend: {bounds}")
    if not all(math.isfinite(bound) for bound in bounds):
        raise ValueError(f"bounds must be finite: {bounds}")


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of events by duration.

    Attributes:
        bounds: finite upper bounds in seconds, ascending; a value on a bound belongs to that bucket.
        counts: events per bucket, not cumulative; one more than `bounds`, the last above all of them.
        total: sum of the durations in seconds, or None where the source gives none.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float | None = None

    def __post_init__(self) -> None:
        if len(self.counts) != len(self.bounds) + 1:
            raise ValueError(
                f"{len(self.bounds)} bounds need {len(self.bounds) + 1} counts, got {len(self.counts)}"
            )
        _check(self.bounds)
        if any(count < 0 for count in self.counts):
            raise ValueError(f"counts must not be negative: {self.counts}")

    @property
    def n(self) -> int:
        """Number of events."""
        return sum(self.counts)

    def __add__(self, other: Histogram) -> Histogram:
        """Add the counts of two disjoint sets of events with one bucket layout."""
        if other.bounds != self.bounds:
            raise ValueError(
                "histograms with different bounds are parts of their own; add their Bounds instead"
            )
        total = None if self.total is None or other.total is None else self.total + other.total
        counts = tuple(mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True))
        return Histogram(self.bounds, counts, total)

    def over(self, threshold: float) -> Bounds:
        """Return how many events took longer than `threshold` seconds: exact where it is a bucket bound."""
        cumulative = list(accumulate(self.counts, initial=0))
        n = cumulative[-1]
        # cumulative[i] counts the events up to bounds[i - 1]
        below = cumulative[bisect_right(self.bounds, threshold)]
        at = bisect_left(self.bounds, threshold)
        above = cumulative[at + 1] if at < len(self.bounds) else n
        return Bounds(threshold, n, n - above, n - below)

    def quantile(self, share: Fraction) -> Interval | None:
        """Return where the value lies that `share` of the events do not exceed; None without events.

        The value is the order statistic of rank ceil(share * n): a promise "at most 1 - share are slower
        than T" is kept exactly if this value is at most T.
        """
        n = self.n
        if n == 0:
            return None
        rank = max(1, math.ceil(share * n))
        bucket = bisect_left(list(accumulate(self.counts)), rank)
        low = self.bounds[bucket - 1] if bucket else 0.0
        return Interval(low, self.bounds[bucket] if bucket < len(self.bounds) else None)

    def mean(self) -> Interval | None:
        """Return the mean duration: exact where the source gives the sum; None without events."""
        n = self.n
        if n == 0:
            return None
        if self.total is not None:
            return Interval.exactly(self.total / n)
        lows = sum(count * low for count, low in zip(self.counts, (0.0, *self.bounds), strict=True)) / n
        if self.counts[-1]:
            return Interval(lows, None)
        return Interval(
            lows, sum(count * high for count, high in zip(self.counts, self.bounds, strict=False)) / n
        )


@dataclass(frozen=True, slots=True)
class Moments:
    """Number, sum and spread of durations that were not kept singly.

    Attributes:
        n: number of events.
        total: sum of the durations in seconds.
        squares: sum of the squared deviations from the mean, in square seconds; rounding it up is safe,
            since a wider spread only weakens what can be proven.
        cap: no event took longer, in seconds; None where no valid maximum is known.
    """

    n: int
    total: float
    squares: float
    cap: float | None = None

    def __post_init__(self) -> None:
        if self.n < 0 or self.total < 0 or self.squares < 0:
            raise ValueError(
                f"moments must not be negative: n={self.n}, total={self.total}, squares={self.squares}"
            )

    @classmethod
    def of(cls, values: Iterable[float]) -> Moments:
        """Return the moments of known durations in seconds, with their maximum as cap."""
        kept = list(values)
        if not kept:
            return cls(0, 0.0, 0.0)
        mean = math.fsum(kept) / len(kept)
        return cls(len(kept), math.fsum(kept), math.fsum((value - mean) ** 2 for value in kept), max(kept))

    def __add__(self, other: Moments) -> Moments:
        """Add two disjoint sets of events (parallel variance: Chan, Golub and LeVeque 1979)."""
        if not self.n:
            return other
        if not other.n:
            return self
        n = self.n + other.n
        apart = other.total / other.n - self.total / self.n
        squares = self.squares + other.squares + apart * apart * self.n * other.n / n
        cap = None if self.cap is None or other.cap is None else max(self.cap, other.cap)
        return Moments(n, self.total + other.total, squares, cap)

    def over(self, threshold: float) -> Bounds:
        """Return how many events can and must have taken longer than `threshold` seconds.

        At most: Markov, Cantelli, and the cap. At least: the lower tail of Cantelli and reverse Markov
        with the cap, both only where the mean itself is over.
        """
        n = self.n
        if n == 0:
            return Bounds(threshold, 0, 0, 0)
        mean, variance = self.total / n, self.squares / n
        slack = TOLERANCE * max(mean, threshold)
        if n == 1:
            surely, possibly = mean > threshold + slack, mean > threshold - slack
            return Bounds(threshold, 1, int(surely), int(possibly and not self._capped(threshold)))
        if self._capped(threshold):
            return Bounds(threshold, n, 0, 0)
        if mean <= threshold - slack:
            apart = threshold - mean - slack
            share = min(
                variance / (variance + apart * apart) if apart > 0 else 1.0, (mean + slack) / threshold
            )
            return Bounds(threshold, n, 0, min(n - 1, math.floor(n * share * (1 + TOLERANCE) + TOLERANCE)))
        apart = mean - threshold - slack
        if apart <= 0:  # too near to say on which side the mean lies
            return Bounds(threshold, n, 0, n)
        share = apart * apart / (variance + apart * apart)
        cap = self._highest()
        if cap is not None and cap > threshold:
            share = max(share, apart / (cap - threshold))
        return Bounds(threshold, n, max(1, min(n, math.ceil(n * share * (1 - TOLERANCE) - TOLERANCE))), n)

    def _highest(self) -> float | None:
        """Return the cap, unless it is below the mean: a cap that contradicts the sum proves nothing."""
        return None if self.cap is None or self.cap * self.n * (1 + TOLERANCE) < self.total else self.cap

    def _capped(self, threshold: float) -> bool:
        cap = self._highest()
        return cap is not None and cap <= threshold

    def quantile(self, share: Fraction) -> Interval | None:
        """Return where the value lies that `share` of the events do not exceed; None without events.

        The ends are Cantelli's (mean - s·sqrt(q/p), mean + s·sqrt(p/q) with q = 1 - p), Markov's (mean/q) and
        the cap.
        """
        if self.n == 0:
            return None
        mean, deviation = self.total / self.n, math.sqrt(self.squares / self.n)
        if self.n == 1:
            return Interval.exactly(mean)
        # The share really left above the order statistic is a whole number of events.
        rank = max(1, math.ceil(share * self.n))
        above, upto = (self.n - rank + 1) / self.n, rank / self.n
        low = mean - deviation * math.sqrt((1 - upto) / upto)
        high = mean / above
        if above < 1:
            high = min(high, mean + deviation * math.sqrt((1 - above) / above))
        cap = self._highest()
        if cap is not None:
            high = min(high, cap)
        slack = TOLERANCE * max(mean, high)
        return Interval(max(0.0, low - slack), high + slack)

    def mean(self) -> Interval | None:
        """Return the mean duration in seconds; None without events."""
        return Interval.exactly(self.total / self.n) if self.n else None


@dataclass(frozen=True, slots=True)
class Ratio:
    """A part of a whole, both counted or measured over the same interval."""

    part: float
    whole: float

    def __post_init__(self) -> None:
        if self.part < 0 or self.whole < 0:
            raise ValueError(f"a ratio's part and whole must not be negative: {self.part} of {self.whole}")

    def __add__(self, other: Ratio) -> Ratio:
        """Add two disjoint intervals or sets."""
        return Ratio(self.part + other.part, self.whole + other.whole)

    def mean(self) -> Interval | None:
        """Return the share; None where the whole is zero, or next to it: then there is no share."""
        share = self.part / self.whole if self.whole > 0 else math.inf
        return Interval.exactly(share) if math.isfinite(share) else None


@dataclass(frozen=True, slots=True)
class Gauge:
    """A census of samples, each weighted by the seconds it stood for.

    Attributes:
        n: number of samples.
        total: sum of value times seconds.
        low, high, last: the smallest, the largest and the newest sample.
        seconds: sum of the seconds.
    """

    n: int
    total: float
    low: float
    high: float
    last: float
    seconds: float

    @classmethod
    def sample(cls, value: float, seconds: float) -> Gauge:
        """Return the gauge of one sample that stood for `seconds`."""
        return cls(1, value * seconds, value, value, value, seconds)

    def __add__(self, later: Gauge) -> Gauge:
        """Append later samples; only `last` depends on the order."""
        return Gauge(
            self.n + later.n,
            self.total + later.total,
            min(self.low, later.low),
            max(self.high, later.high),
            later.last,
            self.seconds + later.seconds,
        )

    def mean(self) -> Interval | None:
        """Return the mean over time; samples that stood for no time give the last one."""
        return Interval.exactly(self.total / self.seconds if self.seconds > 0 else self.last)


Evidence = Histogram | Moments | Ratio | Gauge


def merged(parts: Sequence[Evidence]) -> Evidence | None:
    """Return the sum of the parts, or None where their kinds or layouts do not add up."""
    if not parts:
        return None
    whole = parts[0]
    for part in parts[1:]:
        match whole, part:
            case Histogram() as mine, Histogram() as other if mine.bounds == other.bounds:
                whole = mine + other
            case Moments() as mine, Moments() as other:
                whole = mine + other
            case Ratio() as mine, Ratio() as other:
                whole = mine + other
            case Gauge() as mine, Gauge() as other:
                whole = mine + other
            case _:
                return None
    return whole
