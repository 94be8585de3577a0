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

WOBBLE = 2.0
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


def began(scrape: Scrape | None) -> float | None:
    """Return when the process began, in Unix seconds by its own clock; None where it does not say."""
    return None if scrape is None else scrape.started or None  # what is no number is kept as 0


def restarted(before: Scrape | None, after: Scrape | None) -> bool | None:
    """Tell whether the target's process is another one; None where it does not say."""
    then, now = began(before), began(after)
    if then is None or now is None:
        return None
    return abs(now - then) > WOBBLE


def grown(
    before: Buckets,
    after: Buckets,
    *,
    restart: bool | None,
    neighbour_fell: bool,
    patience: float,
    stranger: str = "",
    ended: bool = False,
) -> Change:
    """Return what happened between two scrapes of one label set.

    `restart` tells whether the target's process is another one (None: not known), `neighbour_fell` whether a
    count of any label set of the same metric and target fell. An interval longer than `patience` seconds is a
    gap. `stranger` says why the process is none that followed the one before, if so; `ended` tells that
    another one began after the newer scrape, and maybe others before it.
    """
    new_life = fell(before, after) or bool(restart and neighbour_fell)
    if new_life:
        bounds, counts, total = after.bounds, after.counts, after.total
        doubt = "its counters fell though its process did not restart" if restart is False else ""
    else:
        bounds, counts = _difference(before, after)
        total = None if before.total is None or after.total is None else after.total - before.total
        doubt = _doubt(before, after, total, restart=restart, neighbour_fell=neighbour_fell)
        if ended and not doubt and (total is None or total or counts[-1]):
            doubt = (
                "it restarted, and maybe more than once, so that a reset before "
                f"{clock(after.at)} cannot be ruled out"
            )
    doubt = stranger or doubt
    quality, detail = Quality.EXACT, ""
    if doubt:
        quality, detail, total = Quality.SUSPECT, f"{named(after.target)}: {doubt}", None
    elif new_life:
        quality, detail = Quality.RESET, _anew(before, after)
    return _change(
        after, before.at, patience, bounds=bounds, counts=counts, total=total, quality=quality, detail=detail
    )


def replaced(before: Buckets, after: Buckets, *, patience: float) -> Change:
    """Return what a process counted that is known to have begun after the scrape before."""
    return _change(
        after, before.at, patience,
        bounds=after.bounds, counts=after.counts, total=after.total,
        quality=Quality.RESET, detail=_anew(before, after),
    )  # fmt: skip


def born(after: Buckets, absent_at: float, *, patience: float, doubt: str = "") -> Change:
    """Return what a label set counted since its birth, after a scrape at `absent_at` went well without it.

    `doubt` says why it may be older than that, if so.
    """
    quality, detail = Quality.FIRST_SEEN, ""
    if doubt:
        quality, detail = Quality.SUSPECT, f"{named(after.target)}: {doubt}"
    elif after.at - absent_at > patience:
        quality = Quality.GAP
    return Change(
        after,
        absent_at,
        after.at,
        after.bounds,
        after.counts,
        None if doubt else after.total,
        quality,
        detail,
    )


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
    if neighbour_fell:
        return "other counters of it fell though its process did not restart"
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


def _anew(before: Buckets, after: Buckets) -> str:
    return (
        f"the counters of {named(after.target)} began anew after {clock(before.at)}; "
        "what they counted between then and the restart is lost"
    )


def _change(
    after: Buckets,
    start: float,
    patience: float,
    *,
    bounds: tuple[float, ...],
    counts: tuple[int, ...],
    total: float | None,
    quality: Quality = Quality.EXACT,
    detail: str = "",
) -> Change:
    """Return a change, which is a gap where it is too long and not suspect anyway."""
    if quality is not Quality.SUSPECT and after.at - start > patience:
        quality = Quality.GAP
        detail = f"nothing was heard of {named(after.target)} for {after.at - start:.0f} s"
    return Change(after, start, after.at, bounds, counts, total, quality, detail)
