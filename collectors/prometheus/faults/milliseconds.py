"""Milliseconds recorded into a histogram of seconds, found from the figures themselves.

Nearly everything then lies above the last bucket, with durations that no API has; or, as the differences of a
clock that ticks in milliseconds, all durations are whole numbers. Real slowness looks alike in one interval:
what the same process counted before tells the two apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from collectors.prometheus.asked import Target, named
from collectors.prometheus.change import Change
from collectors.prometheus.faults.fault import Remedy
from collectors.prometheus.snapshot import Buckets
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
LONGEST = 30.0
"""Seconds: where the buckets reach so far, long durations are expected, often in whole seconds."""
SHARE_SECONDS = 0.05
"""Share of all events of a process in finite buckets, with digits behind the point, that makes it seconds."""
INSTANT = 0.1
"""Events up to here, with digits behind the point, are seconds: as milliseconds they took a tenth of one."""
NEARLY_ALL = 0.95
"""Share of all events of a process above the last bucket where the mean is no tenfold of it."""
MANY = 100
"""Events of a process for that."""
ALIKE = 1.01
"""How far the mean durations of label sets must lie apart: timeouts all take the same time."""
_LATE = frozenset({"408", "499"})
_REFUSED = frozenset({"400", "401", "403", "404", "405", "409", "410", "422"})
_WHOLE = 1e-6
"""How near to a whole number a sum must be to be one; doubles are far more exact than that."""

REMEDY = Remedy(
    node="""
// METRIC stays declared as it is; the log line may keep its milliseconds, a
// histogram of seconds must not
this.metricsService.recordRequest(
  request.method,
  request.route?.path ?? 'unmatched',
  context.switchToHttp().getResponse().statusCode,
  duration / 1000,
);
""",
    python='''
from time import perf_counter


def record_seconds(histogram, labels, started):
    """Count one event; `started` is what perf_counter() said when it began, which is in seconds.

    METRIC stays declared as it is, with its labels and buckets; only what is observed changes.
    """
    histogram.labels(**labels).observe(perf_counter() - started)
''',
)


@dataclass(frozen=True, slots=True)
class _Row:
    """What one label set counted, in one interval or in the whole life of its process."""

    series: Buckets
    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float

    @property
    def n(self) -> int:
        return self.counts[-1]

    @property
    def mean(self) -> float:
        return self.total / self.n

    @property
    def whole(self) -> bool:
        return _whole(self.bounds, self.counts, self.total)

    def upto(self, most: float) -> int:
        """Return the events in the buckets that end at or below a bound."""
        return max(
            (n for bound, n in zip(self.bounds, self.counts, strict=False) if bound <= most), default=0
        )


@dataclass(frozen=True, slots=True)
class _Rows:
    rows: tuple[_Row, ...]

    @property
    def n(self) -> int:
        return sum(row.n for row in self.rows)

    @property
    def above(self) -> int:
        return sum(row.n - row.counts[-2] for row in self.rows)

    @property
    def mean(self) -> float:
        return sum(row.total for row in self.rows) / self.n

    @property
    def top(self) -> float:
        return max(row.bounds[-1] for row in self.rows)

    @property
    def whole(self) -> bool:
        """All label sets can have counted nothing but whole numbers."""
        return all(row.whole for row in self.rows)

    @property
    def differ(self) -> bool:
        """The label sets do not all take the same time, as timeouts do."""
        means = [row.mean for row in self.rows]
        return max(means) > ALIKE * min(means)

    @property
    def suspicious(self) -> bool:
        """They took longer than the buckets were made for, in one of the ways of milliseconds."""
        return bool(self.rows) and (self.far_above or self.only_whole or self.all_above)

    @property
    def far_above(self) -> bool:
        """Durations that no API has."""
        if self.above < SHARE_ABOVE * self.n or self.mean <= self.top:
            return False
        if self.whole:
            constant = not self.differ and self.mean == round(self.mean)
            return self.top < LONGEST and not constant
        return self.differ and self.mean > TIMES_ABOVE * self.top

    @property
    def only_whole(self) -> bool:
        """Nothing but whole numbers, in several label sets at once.

        Durations in seconds have digits behind the point. A sum of them, told to the millisecond, is whole
        once in a thousand intervals by chance; those of several label sets at once are not. Some label set
        must take longer than the last bucket: what fits into the buckets may be timed in whole seconds.
        """
        return (
            self.top < LONGEST
            and any(row.mean > row.bounds[-1] for row in self.rows)
            and self.differ
            and sum(row.total > 0.5 for row in self.rows) >= SETS  # noqa: PLR2004 as a whole number, at least 1
            and self.whole
        )

    @property
    def all_above(self) -> bool:
        """Even refusals take longer than the last bucket, and nothing is ever quick.

        A service of long reports refuses what it does not know at once.
        """
        return (
            self.top <= LONGEST / 2
            and self.mean > self.top
            and self.differ
            and len(self.rows) >= SETS
            and self.above >= NEARLY_ALL * self.n
            and not any(row.counts[-3] for row in self.rows if len(row.bounds) > 1)
            and any(row.series.status in _REFUSED and row.mean > row.bounds[-1] for row in self.rows)
        )

    @property
    def seconds(self) -> bool:
        """Something among them cannot be milliseconds."""
        told = [row for row in self.rows if not row.whole]
        finite = sum(row.counts[-2] for row in told)
        quick = sum(row.upto(INSTANT) for row in told)
        return (
            quick >= ENOUGH
            or finite >= SHARE_SECONDS * self.n
            or any(row.mean < row.bounds[-1] for row in told)
        )


def milliseconds(metric: str, changes: Sequence[Change], sets: Iterable[Buckets]) -> str:
    """Return the sentence about milliseconds in a histogram of seconds; "" where nothing speaks for them.

    `sets` are all label sets of users' traffic. Each target is looked at alone: what one of its intervals
    looks like must hold for all that its process has counted, but for whole numbers, which prove themselves.
    """
    lives: dict[Target, list[_Row]] = {}
    for one in sets:
        if one.bounds and one.counts and one.counts[-1] and one.total is not None:
            lives.setdefault(one.target, []).append(_Row(one, one.bounds, one.counts, one.total))
    intervals: dict[Target, list[_Row]] = {}
    for change in changes:
        if change.bounds and change.n > 0 and change.total is not None:
            row = _Row(change.series, change.bounds, change.counts, change.total)
            intervals.setdefault(change.series.target, []).append(row)
    for target, rows in intervals.items():
        said = _said(rows, lives.get(target, []))
        if said:
            whose = f" of {named(target)}" if len(lives) > 1 else ""
            return f"{printable(metric)}{whose} looks like milliseconds in a histogram of seconds: {said}"
    return ""


def _said(interval: list[_Row], life: list[_Row]) -> str:
    now, whole_life = _Rows(tuple(filter(_tells, interval))), _Rows(tuple(filter(_tells, life)))
    if not now.suspicious:
        return ""
    if now.n >= ENOUGH and now.only_whole:
        return _sentence(now)
    if whole_life.n < ENOUGH or not whole_life.suspicious or _Rows(tuple(life)).seconds:
        return ""
    if not (now.far_above or now.only_whole) and whole_life.n < MANY:
        return ""
    return _sentence(now if now.n >= ENOUGH else whole_life)


def _tells(row: _Row) -> bool:
    """Tell whether its durations are those of work: a failure of the server may have waited for a timeout."""
    status = row.series.status
    return not status.startswith("5") and status not in _LATE


def _sentence(told: _Rows) -> str:
    whole = told.whole
    if not told.above >= SHARE_ABOVE * told.n:
        return (
            f"{told.n} events took nothing but whole numbers, {told.mean:.0f} on average where its last "
            f"bucket ends at {told.top:g} s; fix: divide by 1000 before observing"
        )
    return (
        f"{told.above} of {told.n} events are above its last bucket of {told.top:g} s, their mean is "
        f"{told.mean:.0f} s{', in whole numbers' if whole else ''}; fix: divide by 1000 before observing"
    )


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
