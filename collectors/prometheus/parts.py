"""Changes of label sets added up: one part for each quality and bucket layout, since those do not merge."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from collectors.prometheus.change import RANK, Change
from collectors.prometheus.words import moment
from headroom.bounds import Bounds
from headroom.evidence import Evidence, Histogram, Ratio
from headroom.observation import Part, Quality


def idle(
    bounds: tuple[float, ...],
    interval: tuple[float, float],
    thresholds: tuple[float, ...],
    quality: Quality,
    detail: str,
) -> Part:
    """Return the part of an interval in which nothing happened."""
    nothing = Histogram(bounds, (0,) * (len(bounds) + 1), 0.0)
    return _part(interval, nothing, quality, thresholds, detail)


def histograms(changes: list[Change], thresholds: tuple[float, ...], remarks: list[str]) -> Iterator[Part]:
    """Yield one part per quality and bucket layout: within those, merged counts lose nothing."""
    groups: dict[tuple[Quality, tuple[float, ...]], list[Change]] = {}
    for change in changes:
        groups.setdefault((change.quality, change.bounds), []).append(change)
    for (quality, bounds), group in sorted(
        groups.items(), key=lambda item: (RANK.index(item[0][0]), item[0][1])
    ):
        upto = [sum(column) for column in zip(*(change.counts for change in group), strict=True)]
        counts = tuple(upper - lower for lower, upper in pairwise((0, *upto)))
        totals = [change.total for change in group if change.total is not None]
        total = math.fsum(totals) if len(totals) == len(group) else None  # the same in any order
        detail = details(group, remarks)
        yield _part(span(group), Histogram(bounds, counts, total), quality, thresholds, detail)


def ratios(whole: Sequence[Change], some: Sequence[Change]) -> tuple[Part, ...]:
    """Return one part per quality: how many of the events of `whole` are of `some`."""
    parts = []
    for quality in RANK:
        group = [change for change in whole if change.quality is quality]
        if group:
            share = sum(change.n for change in some if change.quality is quality)
            evidence = Ratio(float(share), float(sum(change.n for change in group)))
            parts.append(_part(span(group), evidence, quality, (), details(group, [])))
    return tuple(parts)


def _part(
    interval: tuple[float, float],
    evidence: Evidence,
    quality: Quality,
    thresholds: tuple[float, ...],
    detail: str,
) -> Part:
    bounds = tuple(evidence.over(at) for at in thresholds) if isinstance(evidence, Histogram) else ()
    return Part(moment(interval[0]), moment(interval[1]), evidence, quality, bounds, detail)


def over(change: Change, threshold: float) -> Bounds:
    """Return how many events of one label set took longer than `threshold` seconds."""
    counts = tuple(upper - lower for lower, upper in pairwise((0, *change.counts)))
    return Histogram(change.bounds, counts).over(threshold)


def span(changes: Sequence[Change]) -> tuple[float, float]:
    """Return the interval of many label sets, in Unix seconds.

    Instances are scraped at different moments. The latest start and the latest end follow on from one poll to
    the next without gap or overlap, and so are as long as what they stand for.
    """
    return max(change.start for change in changes), max(change.end for change in changes)


def details(changes: Iterable[Change], remarks: list[str]) -> str:
    """Return what a person should know about these changes, each sentence once."""
    own = list(dict.fromkeys(change.detail for change in changes if change.detail))
    if len(own) > 3:  # noqa: PLR2004 a sentence holds no more
        own = [*own[:3], f"the same of {len(own) - 3} more"]
    return "; ".join((*own, *remarks))
