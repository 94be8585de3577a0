"""What one label set of a histogram counted between two scrapes, in whole numbers, and how sure that is.

The difference of counters is right only within one life of the process that counts. Where a life ended in
between, this module counts since zero; where it cannot tell, it says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from collectors.prometheus.asked import named
from collectors.prometheus.native.native import CUSTOM
from collectors.prometheus.snapshot import Buckets, Scrape
from collectors.prometheus.words import clock
from headroom.observation import Quality

_WOBBLE = 2.0
"""Seconds by which one start may be told differently: exporters derive it from a clock that is adjusted."""

RANK = (Quality.SUSPECT, Quality.GAP, Quality.RESET, Quality.FIRST_SEEN, Quality.EXACT)
"""Which quality is said where several apply: the first."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one label set counted in one interval.

    Attributes:
        start, end: Unix seconds by the server's clock.
        counts: events up to each of `bounds`, and all of them.
        total: sum of the durations in seconds; None where the source gives none.
    """

    series: Buckets
    start: float
    end: float
    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float | None
    quality: Quality
    detail: str = ""

    @property
    def n(self) -> int:
        """Number of events."""
        return self.counts[-1]


def fell(before: Buckets, after: Buckets) -> bool:
    """Tell whether the count of a single bucket fell: counters only do so by starting anew.

    Not the cumulated counts: a few requests after a restart can overtake those, and never a full bucket.
    """
    _, counts = _difference(before, after)
    return any(upper < lower for lower, upper in pairwise((0, *counts)))


def restarted(before: Scrape | None, after: Scrape | None) -> bool | None:
    """Tell whether the target's process is another one; None where it does not say."""
    if before is None or after is None or before.started is None or after.started is None:
        return None
    return abs(after.started - before.started) > _WOBBLE


def grown(
    before: Buckets, after: Buckets, *, restart: bool | None, neighbour_fell: bool, patience: float
) -> Change:
    """Return what happened between two scrapes of one label set.

    `restart` tells whether the target's process is another one (None: not known), `neighbour_fell` whether a
    count of any label set of the same metric and target fell. An interval longer than `patience` seconds is a
    gap.
    """
    new_life = fell(before, after) or bool(restart and neighbour_fell)
    if new_life:
        bounds, counts, total = after.bounds, after.counts, after.total
        doubt = ""
    else:
        bounds, counts = _difference(before, after)
        total = None if before.total is None or after.total is None else after.total - before.total
        doubt = _doubt(before, after, total, restart=restart, neighbour_fell=neighbour_fell)
        total = None if doubt or total is None else total
    gap = after.at - before.at > patience
    quality, detail = Quality.EXACT, ""
    if doubt:
        quality, detail = Quality.SUSPECT, f"{named(after.target)}: {doubt}"
    elif gap:
        quality = Quality.GAP
        detail = f"nothing was heard of {named(after.target)} for {after.at - before.at:.0f} s"
    elif new_life:
        quality = Quality.RESET
        detail = (
            f"the counters of {named(after.target)} began anew after {clock(before.at)}; "
            "what they counted between then and the restart is lost"
        )
    return Change(after, before.at, after.at, bounds, counts, total, quality, detail)


def born(after: Buckets, absent_at: float, *, patience: float) -> Change:
    """Return what a label set counted since its birth, after a scrape at `absent_at` went well without it."""
    gap = after.at - absent_at > patience
    return Change(
        after, absent_at, after.at, after.bounds, after.counts, after.total,
        Quality.GAP if gap else Quality.FIRST_SEEN,
    )  # fmt: skip


def _difference(before: Buckets, after: Buckets) -> tuple[tuple[float, ...], tuple[int, ...]]:
    if before.bounds == after.bounds:
        return after.bounds, tuple(now - then for then, now in zip(before.counts, after.counts, strict=True))
    if after.native:
        return _native_difference(before, after)
    then, now = _by_bound(before), _by_bound(after)
    bounds = tuple(bound for bound in after.bounds if bound in then)
    return bounds, (*(now[bound] - then[bound] for bound in bounds), after.counts[-1] - before.counts[-1])


def _native_difference(before: Buckets, after: Buckets) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Return the difference at all bounds at which both are certain.

    Layouts change within one life: a schema becomes coarser when the buckets are many, and custom bounds show
    up with the first event beside them, but for which it was certain before that nothing lay there.
    """
    bounds, counts = [], []
    for bound in after.bounds if after.schema != CUSTOM else sorted({*before.bounds, *after.bounds}):
        then, now = before.upto(bound), after.upto(bound)
        if then is not None and now is not None:
            bounds.append(bound)
            counts.append(now - then)
    return tuple(bounds), (*counts, after.counts[-1] - before.counts[-1])


def _doubt(
    before: Buckets, after: Buckets, total: float | None, *, restart: bool | None, neighbour_fell: bool
) -> str:
    """Return why the counters may have begun anew although none fell; "" where they did not."""
    if restart:
        return "it restarted, and yet none of its counts fell; a reset cannot be ruled out"
    if total is not None and total < 0:
        return "its sum fell while its counts did not; a restart, or negative durations"
    if restart is None and neighbour_fell:
        return "other counters of it began anew; a reset cannot be ruled out"
    if restart is None and _other_buckets(before, after):
        return "its buckets are others than before; a reset cannot be ruled out"
    return ""


def _other_buckets(before: Buckets, after: Buckets) -> bool:
    """Tell whether the buckets are others than before; native ones only where they became finer."""
    if after.native:
        return any(before.upto(bound) is None for bound in after.bounds)
    return before.bounds != after.bounds


def _by_bound(one: Buckets) -> dict[float, int]:
    return dict(zip((*one.bounds, float("inf")), one.counts, strict=True))
