"""What the commands of a server took, or those of all primaries of a cluster together. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import reduce
from operator import add

from collectors.redis import work
from collectors.redis.snapshot import RedisSnapshot
from headroom.bounds import Bounds
from headroom.budgets import Kind, Measure, Reason
from headroom.evidence import Histogram, Moments, merged
from headroom.observation import Absence, Observation, Part, Quality, Reading, Series
from headroom.sources import Source


def executed(
    source: Source,
    measures: Mapping[Measure, tuple[float, ...]],
    before: RedisSnapshot | None,
    after: RedisSnapshot,
) -> Reading:
    """Return what `work.difference` tells of the server, or of all primaries of a cluster together.

    Where one of them was not read nothing is told: the one that hangs is the one that is slow.
    """
    if not after.clustered:
        return work.difference(source, measures, "" if before is None else before.work, after.work)
    if after.missing:
        sentence = next(iter(after.missing.values()))
        asked = [one for one in measures if one.kind is Kind.COMMANDS]
        return Reading(absences=tuple(Absence(Series.of(one), Reason.UNREACHABLE, sentence) for one in asked))
    nodes = () if before is None else before.nodes
    earlier = {one.place: one.work for one in nodes} | {one.run: one.work for one in nodes}
    readings = []
    for one in after.nodes:
        known = earlier.get(one.run, earlier.get(one.place, ""))
        readings.append(_of_node(one.place, work.difference(source, measures, known, one.work)))
    return together(readings)


def _of_node(place: str, reading: Reading) -> Reading:
    absences = tuple(replace(one, detail=f"{place}: {one.detail}") for one in reading.absences)
    return replace(reading, absences=absences, notes=tuple(f"{place}: {note}" for note in reading.notes))


def together(readings: Iterable[Reading]) -> Reading:
    """Return the sums; a measure that one of them cannot tell is told of none."""
    parts: dict[Series, list[Part]] = defaultdict(list)
    absences: dict[Series, Absence] = {}
    notes: dict[str, None] = {}
    for reading in readings:
        for seen in reading.observations:
            parts[seen.series] += seen.parts
        absences = {one.series: one for one in reading.absences} | absences
        notes |= dict.fromkeys(reading.notes)
    unknown = {(series.source, series.measure) for series in absences}
    observations = tuple(
        Observation(series, tuple(_summed(some)))
        for series, some in parts.items()
        if (series.source, series.measure) not in unknown
    )
    return Reading(observations, tuple(absences.values()), tuple(notes))


def _summed(parts: Iterable[Part]) -> Iterable[Part]:
    """Yield one part for each quality and kind of evidence: what does not add up stays apart."""
    alike: dict[tuple[Quality, object], list[Part]] = defaultdict(list)
    for part in parts:
        layout = part.evidence.bounds if isinstance(part.evidence, Histogram) else type(part.evidence)
        alike[part.quality, layout].append(part)
    for (quality, _), some in alike.items():
        evidence = merged([part.evidence for part in some])
        if evidence is None:
            yield from some
            continue
        details = dict.fromkeys(part.detail for part in some if part.detail)
        # The latest start and end, for these follow on from one poll to the next without gap or overlap.
        start, end = max(part.start for part in some), max(part.end for part in some)
        bounds = _bounds(some) if isinstance(evidence, Histogram | Moments) else ()
        yield Part(start, end, evidence, quality, bounds, "; ".join(list(details)[:3]))


def _bounds(parts: Iterable[Part]) -> tuple[Bounds, ...]:
    at: dict[float, list[Bounds]] = defaultdict(list)
    for part in parts:
        for one in part.bounds:
            at[one.threshold].append(one)
    return tuple(reduce(add, some) for some in at.values())
