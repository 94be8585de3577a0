"""What two polls of a Redis server tell, for every measure asked and for evictions always. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from collectors.redis import info
from collectors.redis.snapshot import RedisSnapshot
from headroom.budgets import Kind, Measure, Reason
from headroom.evidence import Gauge, Ratio
from headroom.observation import ASIDE, Absence, Observation, Part, Quality, Reading, Series
from headroom.sources import Source
from headroom.span import Span, span

_FIRST = "one reading so far; a difference needs two"
_OTHER = "another server answers here since the last reading; a difference needs two readings of one server"
_UPTIME = 1.0  # seconds: uptime is told in whole ones


def difference(
    source: Source,
    measures: Mapping[Measure, tuple[float, ...]],
    before: RedisSnapshot | None,
    after: RedisSnapshot,
) -> Reading:
    """Return the evidence of the interval between two snapshots, or why there is none.

    Evictions are told whether asked for or not: while keys are evicted by policy they stand for the memory.
    """
    asked = dict.fromkeys((*measures, Measure(source.name, Kind.EVICTIONS)))
    if before is None:
        return Reading(absences=tuple(Absence(Series.of(one), Reason.NO_DATA, _FIRST) for one in asked))
    between = span(before.at, after.at, source.every)
    counted = _counted(before, after, between)
    told = [one for measure in asked for one in _told(measure, after, between, counted)]
    return Reading(
        observations=tuple(one for one in told if isinstance(one, Observation)),
        absences=tuple(one for one in told if isinstance(one, Absence)),
    )


@dataclass(frozen=True, slots=True)
class _Counted:
    """By how much each counter rose that both polls tell, and over which part of the interval."""

    rose: Mapping[str, int]
    span: Span


def _counted(before: RedisSnapshot, after: RedisSnapshot, between: Span) -> _Counted | None:
    """Return what the counters say of the interval; None where they are another server's.

    After a restart, and after CONFIG RESETSTAT, they count from zero: what they show is the part since then.
    """
    now = {name: after.figures[name] for name in info.COUNTERS if name in after.figures}
    if after.run != before.run:
        uptime = after.figures.get("uptime")
        if uptime is None or uptime > between.seconds + _UPTIME:
            return None
        start = max(between.start, after.at - timedelta(seconds=uptime))
        detail = "the server was started anew; what this interval held before that is lost"
        return _Counted(_less_own(now, before, after, since_zero=True), _since(between, start, detail))
    if any(now[name] < before.figures.get(name, 0) for name in now):
        detail = "the counters were reset; what this interval held before that is lost"
        rose = _less_own(now, before, after, since_zero=True)
        return _Counted(rose, _since(between, between.start, detail))
    rose = {name: count - before.figures[name] for name, count in now.items() if name in before.figures}
    return _Counted(_less_own(rose, before, after, since_zero=False), between)


def _since(between: Span, start: datetime, detail: str) -> Span:
    gap = between.quality is Quality.GAP
    return replace(
        between,
        start=start,
        quality=Quality.GAP if gap else Quality.RESET,
        detail=f"{between.detail}; {detail}" if gap else detail,
    )


def _less_own(
    rose: Mapping[str, int], before: RedisSnapshot, after: RedisSnapshot, *, since_zero: bool
) -> dict[str, int]:
    """Take this collector's own commands out of the number of commands.

    The INFO that gave the earlier counters was counted after them; counters that began again do not hold it.
    """
    own = after.sent - before.sent if after.visitor == before.visitor else after.sent + 1
    commands = rose.get("commands")
    return {**rose} if commands is None else {**rose, "commands": max(0, commands - own + since_zero)}


def _told(
    measure: Measure, after: RedisSnapshot, between: Span, counted: _Counted | None
) -> Iterator[Observation | Absence]:
    if measure.kind is Kind.MEMORY_LIMIT:
        yield from _memory(Series.of(measure), after, between)
    else:
        part, whole = (("evicted",), ("commands",)) if measure.kind is Kind.EVICTIONS else _LOOKUPS
        yield _share(Series.of(measure), part, whole, counted)


_LOOKUPS = (("hits",), ("hits", "misses"))


def _share(
    series: Series, part: tuple[str, ...], whole: tuple[str, ...], counted: _Counted | None
) -> Observation | Absence:
    if counted is None:
        return Absence(series, Reason.RESET, _OTHER)
    if missing := [name for name in dict.fromkeys((*part, *whole)) if name not in counted.rose]:
        return _lacking(series, missing)
    rose, span = counted.rose, counted.span
    evidence = Ratio(sum(rose[name] for name in part), sum(rose[name] for name in whole))
    return Observation(series, (Part(span.start, span.end, evidence, span.quality, detail=span.detail),))


def _memory(series: Series, after: RedisSnapshot, between: Span) -> Iterator[Observation | Absence]:
    """Yield the share of maxmemory that eviction goes by, and why it is not to be judged where it is not."""
    figures = after.figures
    if missing := [name for name in ("used", "maxmemory") if name not in figures]:
        yield _lacking(series, missing)
        return
    limit = figures["maxmemory"]
    if not limit:
        yield Absence(series, Reason.NO_LIMIT, _UNLIMITED)
        return
    used = max(0, figures["used"] - figures.get("uncounted", 0))
    detail = "; ".join(filter(None, (f"{used / 2**20:.1f} of {limit / 2**20:.1f} MiB", between.detail)))
    gauge = Gauge.sample(used / limit, between.seconds)
    part = Part(between.start, between.end, gauge, between.quality, detail=detail)
    if after.policy.startswith(("allkeys-", "volatile-")):
        # In a series of its own: a full cache that is healthy must never be judged as memory that is full,
        # not after a failed poll or a restart either, when nobody remembers the policy.
        yield Observation(Series(series.source, f"{series.measure}{ASIDE}", series.subject), (part,))
        yield Absence(series, Reason.POLICY, _EVICTING.format(policy=after.policy))
    else:
        yield Observation(series, (part,))


_UNLIMITED = (
    "maxmemory is 0: Redis has no limit and grows until the machine or the container stops it; set maxmemory"
)
_EVICTING = "maxmemory-policy is {policy}, under which a full cache is healthy: it is judged by its evictions"


def _lacking(series: Series, names: list[str]) -> Absence:
    fields = " and ".join(info.FIGURES[name].decode() for name in names)
    return Absence(
        series,
        Reason.BROKEN_INSTRUMENTATION,
        f"INFO gives no usable {fields}: this server, or something between, leaves it out",
    )
