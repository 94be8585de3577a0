"""Milliseconds recorded into a histogram of seconds, found from the figures themselves.

Nearly everything then lies above the last bucket, with durations that no API has; or, as the differences of a
clock that ticks in milliseconds, all durations are whole numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from collectors.prometheus.change import Change
from collectors.prometheus.faults.fault import Remedy
from collectors.prometheus.words import printable

ID = "milliseconds"

ENOUGH = 20
"""Events before anything is concluded."""
SHARE_ABOVE = 0.5
"""Share of the events above the last finite bucket."""
TIMES_ABOVE = 10.0
"""How many times the last finite bound the mean must be."""
SETS = 3
"""Label sets whose sums must all be whole before that says anything."""
_WHOLE = 1e-6
"""How near to a whole number a sum must be to be one; doubles are far more exact than that."""

REMEDY = Remedy(
    node="""
// the log line may keep its milliseconds, a histogram of seconds must not have them
this.metricsService.recordRequest(
  request.method,
  request.route?.path ?? 'unmatched',
  context.switchToHttp().getResponse().statusCode,
  duration / 1000,
);
""",
    python='''
from time import perf_counter

from prometheus_client import Histogram

DURATION = Histogram("METRIC", "Duration of HTTP requests in seconds.", ["method", "path", "status"])


def record_request(method, path, status, started):
    """Count one request; `started` is what perf_counter() said when it began, which is in seconds."""
    DURATION.labels(method, path, status).observe(perf_counter() - started)
''',
)


@dataclass(frozen=True, slots=True)
class _Totals:
    n: int
    above: int
    seconds: float
    top: float
    whole: bool
    sets: int

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
        """Nothing but whole numbers, in several label sets at once.

        Durations in seconds have digits behind the point. A sum of them, told to the millisecond, is whole
        once in a thousand intervals by chance; those of several label sets at once are not.
        """
        return self.whole and self.sets >= SETS


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
    n = above = sets = 0
    seconds = top = 0.0
    whole = True
    for bounds, counts, total in rows:
        if total is None:
            continue
        n += counts[-1]
        above += counts[-1] - counts[-2]
        seconds += total
        top = max(top, bounds[-1])
        whole = whole and _whole(bounds, counts, total)
        sets += total > 0.5  # noqa: PLR2004 as a whole number, at least 1
    return _Totals(n, above, seconds, top, whole, sets)


def _whole(bounds: tuple[float, ...], upto: tuple[int, ...], total: float) -> bool:
    """Tell whether all events of a label set can have been whole numbers, with this sum, in these buckets.

    Buckets from a second up cannot tell: there, whole numbers are what somebody measures in seconds.
    """
    if abs(total - round(total)) > _WHOLE or bounds[0] >= 1:
        return False
    least = most = 0.0
    edges = zip((0.0, *bounds), (*bounds, math.inf), strict=True)
    for (low, high), (below, above) in zip(edges, pairwise((0, *upto)), strict=True):
        events = above - below
        first = 0.0 if low == 0 else math.floor(low) + 1.0
        if events and first > high:
            return False  # no whole number falls into this bucket
        least += events * first
        most += events * (math.inf if high == math.inf else math.floor(high)) if events else 0.0
    return least - _WHOLE <= total <= most + _WHOLE
