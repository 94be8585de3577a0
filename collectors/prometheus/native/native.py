"""One native histogram as Prometheus tells it: parsed, checked, and counted up to the bounds that are wanted.

Only populated buckets are told, so that the histogram itself has no layout; what it has is a number of events
up to every bound that does not lie inside one of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from collectors.prometheus.counts import BrokenError, count_of, seconds_of
from collectors.prometheus.native.grid import TOLERANCE, schema_of
from collectors.prometheus.words import printable

CUSTOM = -53
"""What Prometheus calls the schema of buckets with bounds of one's own."""
MAX_BUCKETS = 4_096
"""Populated ones; the finest schema has 256 for each doubling, and libraries keep below 160 if asked to."""

_RULES = (0, 1, 2, 3)
"""Which ends belong to a bucket: the upper, the lower, neither, both."""


@dataclass(frozen=True, slots=True)
class Native:
    """One native histogram.

    Attributes:
        buckets: lower bound, upper bound and number of events, ascending; the upper bound belongs to each.
        total: sum of the durations in seconds.
        schema: of exponential buckets; CUSTOM for all others; None where no bucket tells it.
    """

    buckets: tuple[tuple[float, float, int], ...]
    n: int
    total: float
    schema: int | None

    @property
    def edges(self) -> frozenset[float]:
        """The finite bounds of its populated buckets that durations can lie on."""
        ends = {end for lower, upper, _ in self.buckets for end in (lower, upper)}
        return frozenset(end for end in ends if 0 <= end < math.inf)

    def upto(self, bounds: Iterable[float]) -> Iterator[tuple[float, int]]:
        """Yield, of ascending bounds, those up to which the events are known, and their number.

        Exponential bounds are computed anew, and so may differ in their last digits from the server's.
        """
        place = below = 0
        for bound in bounds:
            slack = 0.0 if self.schema == CUSTOM else TOLERANCE * bound
            while place < len(self.buckets) and self.buckets[place][1] <= bound + slack:
                below += self.buckets[place][2]
                place += 1
            if place == len(self.buckets) or self.buckets[place][0] >= bound - slack:
                yield bound, below


def native_of(told: Any) -> Native:
    """Return the histogram that one sample tells, or raise BrokenError where it is unfit."""
    try:
        count, total = told["count"], told["sum"]
        rows = told.get("buckets", [])
        if type(count) is not str or type(total) is not str or type(rows) is not list:
            raise TypeError  # noqa: TRY301 whatever has another form ends alike
        if len(rows) > MAX_BUCKETS:
            raise BrokenError(
                f"{len(rows):,} buckets, and {MAX_BUCKETS:,} are read at most; "
                "set NativeHistogramMaxBucketNumber, or what your library calls it"
            )
        read = [_bucket(*row) for row in rows]
    except (TypeError, KeyError, AttributeError):
        raise BrokenError("a native histogram of another form than Prometheus gives") from None
    buckets = tuple(bucket for bucket in read if bucket[2])
    n, seconds = count_of(count), seconds_of(total)
    _check(buckets, n)
    return Native(buckets, n, seconds, _schema(buckets))


def _bucket(rule: object, lower: object, upper: object, count: object) -> tuple[float, float, int]:
    if rule not in _RULES or not (type(lower) is type(upper) is type(count) is str):
        raise TypeError(rule)
    try:
        low, high = float(lower), float(upper)
    except ValueError:
        low = high = math.nan
    if not low < high:
        raise BrokenError(f"a bucket from {printable(lower, 40)} to {printable(upper, 40)}")
    return low, high, count_of(count)


def _check(buckets: tuple[tuple[float, float, int], ...], n: int) -> None:
    within, end = 0, -math.inf
    for lower, upper, count in buckets:
        if upper < 0:
            raise BrokenError(
                f"{count} events below {upper:g} s; somebody observed negative durations, or it is of no time"
            )
        if lower < end - TOLERANCE * abs(end):
            raise BrokenError("buckets that overlap, or in no order")
        within, end = within + count, upper
    if within != n:
        raise BrokenError(f"{within} events in its buckets and {n} in all; somebody observed NaN")


def _schema(buckets: tuple[tuple[float, float, int], ...]) -> int | None:
    # The bucket around zero has a width of its own; with custom bounds, what begins there begins at -Inf.
    told = [(lower, upper) for lower, upper, _ in buckets if not -upper <= lower <= 0]
    if not told:
        return None
    schema = schema_of(told)
    return CUSTOM if schema is None else schema
