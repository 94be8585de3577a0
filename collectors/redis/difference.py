"""What two polls of a Redis tell: what is asked, evictions and hit rate always, what is recorded. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from collectors.redis import memory, recording, standing
from collectors.redis.counters import Counted, counted, less_probes, together
from collectors.redis.executed import executed
from collectors.redis.snapshot import RedisSnapshot
from headroom import evicting
from headroom.budgets import Kind, Measure, Reason
from headroom.evidence import Ratio
from headroom.observation import Absence, Observation, Part, Quality, Reading, Series
from headroom.sources import Source
from headroom.span import Span, span, worst

_FIRST = "one reading so far; a difference needs two"
_OTHER = "another server answers here since the last reading; a difference needs two readings of one server"
_JOINED = "{place} gives its first reading as a primary of the cluster; a difference needs two"
_NOBODY = "the cluster names no primary that has hash slots: none was made of its nodes yet"
_LEFT = "{place} is no primary any more; what it counted before that is lost"

_LOOKUPS = (("hits",), ("hits", "misses"))
_EVICTED = (("evicted",), ("commands",))
_MOST_NAMED = 20  # primaries


def difference(
    source: Source,
    measures: Mapping[Measure, tuple[float, ...]],
    before: RedisSnapshot | None,
    after: RedisSnapshot,
) -> Reading:
    """Return the evidence of the interval between two snapshots, or why there is none.

    Evictions and the hit rate are told whether asked for or not: while keys are evicted by policy they stand
    for the memory.
    """
    asked = _asked(source.name, tuple(measures))
    if before is None:
        commands = executed(source, measures, None, after)
        first = tuple(Absence(series, Reason.NO_DATA, _FIRST) for _, series in asked)
        return Reading(absences=(*first, *commands.absences), notes=commands.notes)
    between = span(before.at, after.at, source.every)
    seen = _cluster(before, after, between) if after.clustered else _server(before, after, between)
    told = [one for measure, series in asked for one in _told(source, measure, series, seen, between)]
    if seen.complete:
        told += recording.tell(source.name, seen.servers, between, seen.whole)
    commands = executed(source, measures, before, after)
    return Reading(
        observations=(*(one for one in told if isinstance(one, Observation)), *commands.observations),
        absences=(*(one for one in told if isinstance(one, Absence)), *commands.absences),
        notes=(*_notes(before, after, seen), *commands.notes),
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the counters of two polls say.

    Attributes:
        servers: the server, or the primaries of a cluster that answered.
        each: what each counted, in their order; None where that cannot be told.
        whole: all of them together, or None, and then `why` and `because` say the reason.
        missing: the primaries that did not answer: a sentence by host:port.
    """

    servers: tuple[RedisSnapshot, ...]
    each: tuple[Counted | None, ...]
    whole: Counted | None
    why: Reason = Reason.RESET
    because: str = ""
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether all have answered, and so the figures of all together are known."""
        return bool(self.servers) and not self.missing

    @property
    def named(self) -> bool:
        """Whether each is told by itself; each is a stored row for each measure at every poll."""
        return len(self.servers) + len(self.missing) <= _MOST_NAMED


def _server(before: RedisSnapshot, after: RedisSnapshot, between: Span) -> _Seen:
    found = counted(before, after, between)
    if found is None:
        return _Seen((after,), (None,), None, because=_OTHER)
    found = less_probes(found, before, after)
    return _Seen((after,), (found,), found)


def _cluster(before: RedisSnapshot, after: RedisSnapshot, between: Span) -> _Seen:
    """Compare each primary with itself: those that are primaries may be others than the last time."""
    runs, places = ({one.run: one for one in before.nodes}, {one.place: one for one in before.nodes})
    each = []
    for one in after.nodes:
        earlier = runs.get(one.run, places.get(one.place))
        each.append(None if earlier is None else counted(earlier, one, between))
    now = {name for one in after.nodes for name in (one.run, one.place)} | set(after.missing)
    left = [one.place for one in before.nodes if one.run not in now and one.place not in now]
    why, because = Reason.RESET, ""
    if after.missing:
        sentence = next(iter(after.missing.values()))
        several = len(after.nodes) + len(after.missing)
        why = Reason.UNREACHABLE
        because = f"{len(after.missing)} of the cluster's {several} primaries could not be read: {sentence}"
    elif not after.nodes:
        why, because = Reason.UNREACHABLE, _NOBODY
    elif None in each:
        new = next(one.place for one, found in zip(after.nodes, each, strict=True) if found is None)
        because = _JOINED.format(place=new)
    if because:
        return _Seen(after.nodes, tuple(each), None, why, because, after.missing)
    known = [found for found in each if found is not None]
    whole = less_probes(together([one.place for one in after.nodes], known, between), before, after)
    if left:
        lost = "; ".join(filter(None, (whole.span.detail, _LEFT.format(place=left[0]))))
        quality = worst(whole.span.quality, Quality.RESET)
        whole = replace(whole, span=replace(whole.span, quality=quality, detail=lost))
    return _Seen(after.nodes, tuple(each), whole)


@lru_cache(maxsize=1024)
def _asked(source: str, measures: tuple[Measure, ...]) -> tuple[tuple[Measure, Series], ...]:
    """Return what is told at each poll, commands aside: what is asked, evictions and the hit rate."""
    always = (Measure(source, Kind.EVICTIONS), Measure(source, Kind.HIT_RATE, evicting.HITS))
    asked = [one for one in dict.fromkeys((*measures, *always)) if one != evicting.container(one)]
    return tuple((one, Series.of(one)) for one in asked if one.kind is not Kind.COMMANDS)


def _told(
    source: Source, measure: Measure, series: Series, seen: _Seen, between: Span
) -> Iterator[Observation | Absence]:
    if seen.named:
        for place, sentence in seen.missing.items():
            yield Absence(Series.of(measure, memory.node(place)), Reason.UNREACHABLE, sentence)
    if measure.kind is Kind.MEMORY_LIMIT:
        servers = [
            memory.memory(
                one,
                source.memory_limit,
                found.errors.get("OOM", 0) if found else 0,
                found.rose.get("evicted", 0) if found else 0,
            )
            for one, found in zip(seen.servers, seen.each, strict=True)
        ]
        yield from memory.tell(series, servers, between, whole=seen.complete, named=seen.named)
        if not seen.complete:
            yield Absence(series, seen.why, seen.because)
        return
    part, whole = _EVICTED if measure.kind is Kind.EVICTIONS else _LOOKUPS
    yield _share(series, part, whole, seen.whole, (seen.why, seen.because))
    for one, found in zip(seen.servers, seen.each, strict=True):
        if one.place and seen.named:
            new = (Reason.RESET, _JOINED.format(place=one.place))
            yield _share(Series.of(measure, memory.node(one.place)), part, whole, found, new)


def _share(
    series: Series,
    part: Sequence[str],
    whole: Sequence[str],
    counted: Counted | None,
    otherwise: tuple[Reason, str],
) -> Observation | Absence:
    if counted is None:
        return Absence(series, *otherwise)
    if missing := [name for name in dict.fromkeys((*part, *whole)) if name not in counted.rose]:
        return Absence(series, Reason.BROKEN_INSTRUMENTATION, memory.lacking(missing))
    rose, span = counted.rose, counted.span
    evidence = Ratio(sum(rose[name] for name in part), sum(rose[name] for name in whole))
    return Observation(series, (Part(span.start, span.end, evidence, span.quality, detail=span.detail),))


def _notes(before: RedisSnapshot, after: RedisSnapshot, seen: _Seen) -> Iterator[str]:
    if after.clustered:
        yield from standing.of_cluster(after)
    known = {one.run: one for one in (before, *before.nodes)}
    for one, found in zip(seen.servers, seen.each, strict=True):
        yield from standing.notes(known.get(one.run), one, found.errors if found else {})
