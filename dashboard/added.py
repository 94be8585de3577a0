"""Parts of evidence added up, and where a quantile of all of them lies. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

from headroom.bounds import Interval
from headroom.budgets import Unit
from headroom.evidence import Evidence, Gauge, Histogram, Moments, Ratio, merged
from headroom.units import format_interval

Timed = Histogram | Moments


def added(parts: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Return the sums of what adds up: one of each kind, of histograms one of each layout. Oldest first."""
    alike: dict[tuple[object, ...], list[Evidence]] = {}
    for part in parts:
        layout = part.bounds if isinstance(part, Histogram) else ()
        alike.setdefault((type(part), layout), []).append(part)
    return tuple(whole for ones in alike.values() if (whole := merged(ones)) is not None)


def ratio(parts: Iterable[Evidence]) -> Ratio | None:
    """Return the ratio among sums, or None."""
    return next((part for part in parts if isinstance(part, Ratio)), None)


def gauge(parts: Iterable[Evidence]) -> Gauge | None:
    """Return the gauge among sums, or None."""
    return next((part for part in parts if isinstance(part, Gauge)), None)


def level(parts: Iterable[Evidence]) -> float | None:
    """Return the mean of a gauge or the share of a ratio, or None where there is neither."""
    for part in parts:
        mean = part.mean() if isinstance(part, Ratio | Gauge) else None
        if mean is not None:
            return mean.high
    return None


def timed(parts: Iterable[Evidence]) -> tuple[Timed, ...]:
    """Return the parts that tell of events and how long they took."""
    return tuple(part for part in parts if isinstance(part, Histogram | Moments))


def quantile(parts: Sequence[Timed], share: Fraction) -> Interval | None:
    """Return where the value lies that `share` of the events of all parts do not exceed; None without any."""
    busy = [part for part in parts if part.n]
    if len(busy) <= 1:
        return busy[0].quantile(share) if busy else None
    n = sum(part.n for part in busy)
    above = n - max(1, math.ceil(share * n))
    low, high = 0.0, None
    for bound in sorted({bound for part in busy if isinstance(part, Histogram) for bound in part.bounds}):
        slower = [part.over(bound) for part in busy]
        if sum(one.k_low for one in slower) > above:
            low = bound
        elif high is None and sum(one.k_high for one in slower) <= above:
            high = bound
    return Interval(low, high)


def mean(parts: Sequence[Timed]) -> Interval | None:
    """Return where the mean of the events of all parts lies; None without any."""
    found = [(part.n, part.mean()) for part in parts if part.n]
    n = sum(count for count, _ in found)
    if not n:
        return None
    lows = [count * (one.low or 0.0) for count, one in found if one is not None]
    highs = [None if one.high is None else count * one.high for count, one in found if one is not None]
    most = None if None in highs else math.fsum(one for one in highs if one is not None) / n
    least = math.fsum(lows) / n
    return (
        Interval.exactly(least) if most is not None and math.isclose(least, most) else Interval(least, most)
    )


def lies(interval: Interval | None, unit: Unit = Unit.SECONDS) -> str:
    """Return where a value lies: "between 264 and 528 µs", "at most 16 µs", "over 1 s"; empty for nothing."""
    if interval is None:
        return ""
    said = format_interval(interval, unit)
    least, to, most = said.partition(" to ")
    return f"between {least} and {most}" if to else said
