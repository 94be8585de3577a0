"""How long the commands of an interval took inside a Redis server, all together and each by its name. Pure.

Execution only: neither the network nor the wait before it, nor what BLPOP and its like wait for. A script, or
a transaction, counts once itself and once for each command that it ran.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import reduce
from operator import add, sub

from collectors.redis.commands import Command, Commands
from collectors.redis.ladder import MICROS, SECONDS
from headroom.bounds import Bounds
from headroom.budgets import Kind, Measure, Reason, Subject
from headroom.evidence import Histogram, Moments
from headroom.observation import Absence, Observation, Part, Quality, Reading, Series
from headroom.sources import Source
from headroom.span import Span, span

EVERY = 4
"""Polls from one reading of the commands to the next: it is ten times the work of the rest of a poll."""
ALL = "all"
MOST_SUBJECTS = 30
REST = "rest"
"""The commands beyond the MOST_SUBJECTS that took the most time since the server's start."""

ADMINISTRATION = frozenset(
    {
        "info", "config", "slowlog", "commandlog", "latency", "client", "acl", "auth", "hello", "ping",
        "cluster", "command", "memory", "scan", "pttl", "replconf", "psync", "sync",
    }
)  # fmt: skip
"""No cache traffic, ours among them: left out of ALL, whoever sent them."""

_WAITING = frozenset(
    {
        "blpop", "brpop", "blmove", "brpoplpush", "blmpop", "bzpopmin", "bzpopmax", "bzmpop", "xread",
        "xreadgroup", "wait", "waitaof",
    }
)  # fmt: skip
"""A call of these that gave up waiting is counted, and is in no histogram."""

_FIRST = "one reading of the commands so far; they are read every fourth poll, and a difference needs two"
_OTHER = (
    "another server answers here since the commands were read last; a difference needs two readings of one"
)
_RESTARTED = "the server was started anew; what its commands took before that is lost"
_RESET = "the counters were reset; what the commands took before that is lost"
_OFF = "LATENCY HISTOGRAM counts nothing, so that no percentile can be told: CONFIG SET latency-tracking yes"
_UNTIMED = "{:,} calls are in no histogram: latency-tracking was off for a while, and any may have been slow"
_NO_STATISTICS = (
    "INFO commandstats gives neither calls nor time: this server, or something between, leaves it out"
)
_UPTIME = 1.0  # seconds: uptime is told in whole ones


@dataclass(frozen=True, slots=True)
class _Told:
    """What each command did in an interval, and whether the histograms tell of it.

    Attributes:
        names: those with a subject of their own.
    """

    rose: Mapping[str, Command]
    span: Span
    timed: bool
    names: tuple[str, ...]

    def part(self, names: Collection[str], thresholds: Iterable[float], detail: str = "") -> Part | None:
        """Return the evidence of these commands together; None where nothing tells how long they took."""
        some = [self.rose[name] for name in names if name in self.rose]
        evidence = _histogram(some) if self.timed else _moments(some)
        if evidence is None:
            return None
        untimed = sum(_untimed(name, self.rose[name]) for name in names if name in self.rose and self.timed)
        bounds = tuple(_widened(evidence.over(threshold), untimed) for threshold in thresholds)
        details = (self.span.detail, detail, _UNTIMED.format(untimed) if untimed else "")
        told = "; ".join(filter(None, details))
        return Part(self.span.start, self.span.end, evidence, self.span.quality, bounds, told)


def difference(
    source: Source,
    measures: Mapping[Measure, tuple[float, ...]],
    before: Commands | None,
    after: Commands | None,
) -> Reading:
    """Return how long the commands between two readings took.

    Nothing at all where the second reading is the first one still: what was told then holds until the next.
    ALL is told whether asked for or not; only where it is asked for, each command has a subject of its own.
    """
    asked = {one: at for one, at in measures.items() if one.kind is Kind.COMMANDS}
    if after is None:
        return _absent(asked, Reason.BROKEN_INSTRUMENTATION, _NO_STATISTICS)
    if before is None or (before.at == after.at and before.run == after.run):
        return _absent(asked, Reason.NO_DATA, _FIRST) if before is None or after.first else Reading()
    told = _told(before, after, source.every)
    if told is None:
        return _absent(asked, Reason.RESET, _OTHER)
    why = "" if told.timed else after.why or before.why or _OFF
    found = [one for measure, at in asked.items() for one in _observed(measure, at, told, why)]
    total = Measure(source.name, Kind.COMMANDS, ALL)
    if total not in asked:
        whole = next(iter(_observed(total, (), told, why)))
        found += [whole] if isinstance(whole, Observation) else []
    return Reading(
        tuple(one for one in found if isinstance(one, Observation)),
        tuple(one for one in found if isinstance(one, Absence)),
    )


def _absent(asked: Iterable[Measure], reason: Reason, detail: str) -> Reading:
    return Reading(absences=tuple(Absence(Series.of(measure), reason, detail) for measure in asked))


def _observed(
    measure: Measure, thresholds: tuple[float, ...], told: _Told, why: str
) -> Iterator[Observation | Absence]:
    traffic = [name for name in told.rose if _command(name) not in ADMINISTRATION]
    detail = why
    if measure.of == ALL:
        names = traffic
    else:
        word = measure.of.lower()
        names = [name for name in told.rose if word in (name, _command(name))]
        if not names:
            detail = f"{word} was not called since the server's counters began: is the name right?"
    part = told.part(names, thresholds, detail)
    if part is None:
        yield Absence(Series.of(measure), Reason.BROKEN_INSTRUMENTATION, _NO_STATISTICS)
        return
    series = Series.of(measure)
    yield Observation(series, (part,))
    if measure.of == ALL:
        for subject, some in _subjects(told, traffic):
            part = told.part(some, thresholds)
            if part is not None:
                yield Observation(Series(series.source, series.measure, subject), (part,))


def _subjects(told: _Told, traffic: list[str]) -> Iterator[tuple[Subject, list[str]]]:
    """Yield the commands one by one, and those that share a subject."""
    own = set(told.names)
    rest = [name for name in traffic if name not in own]
    for name in told.names:
        yield (("command", name),), [name]
    if rest:
        yield (("command", REST),), rest


def _told(before: Commands, after: Commands, every: timedelta) -> _Told | None:
    """Return by how much each command's counters rose; None where they are another server's."""
    between = span(before.at, after.at, EVERY * every)
    if after.run != before.run:
        if after.uptime is None or after.uptime > between.seconds + _UPTIME:
            return None
        start = max(between.start, after.at - timedelta(seconds=after.uptime))
        between, rose = _since(replace(between, start=start), _RESTARTED), dict(after.by_name)
    elif after.since_reset(before):
        between, rose = _since(between, _RESET), dict(after.by_name)
    else:
        rose = {name: _less(now, before.by_name.get(name)) for name, now in after.by_name.items()}
    before_timed = rose == after.by_name or not before.why
    return _Told(rose, between, before_timed and not after.why and _counting(rose), _named(after))


def _since(between: Span, detail: str) -> Span:
    gap = between.quality is Quality.GAP
    quality = Quality.GAP if gap else Quality.RESET
    return replace(between, quality=quality, detail=f"{between.detail}; {detail}" if gap else detail)


def _less(now: Command, before: Command | None) -> Command:
    if before is None:
        return now
    counts = tuple(map(sub, now.counts, before.counts)) if now.counts and before.counts else now.counts
    told = now.micros is not None and before.micros is not None
    micros = max(0, (now.micros or 0) - (before.micros or 0)) if told else None
    return Command(now.calls - before.calls, micros, counts)


def _counting(rose: Mapping[str, Command]) -> bool:
    """Tell whether the server's histograms count what it executes."""
    counted = sum(sum(one.counts) for one in rose.values())
    called = sum(one.calls for name, one in rose.items() if name not in _WAITING)
    return counted > 0 or called == 0


def _untimed(name: str, rose: Command) -> int:
    """Return how many calls of a command took nobody knows how long."""
    return 0 if name in _WAITING else max(0, rose.calls - sum(rose.counts))


def _widened(bounds: Bounds, untimed: int) -> Bounds:
    """Return the bounds of these events, and of more of which nothing is known."""
    return bounds + Bounds(bounds.threshold, untimed, 0, untimed)


def _named(after: Commands) -> tuple[str, ...]:
    """Return the commands that took the most time, all in all, and so the same ones in each interval."""
    traffic = [name for name in after.by_name if _command(name) not in ADMINISTRATION]
    traffic.sort(key=lambda name: (-(after.by_name[name].micros or 0), -after.by_name[name].calls, name))
    return tuple(traffic[:MOST_SUBJECTS])


def _command(name: str) -> str:
    return name.partition("|")[0]


def _histogram(some: list[Command]) -> Histogram:
    """Return the buckets of these commands; their total only where it is of the very calls in the buckets."""
    whole = reduce(add, some) if some else Command(0, 0)
    exact = all(one.calls == sum(one.counts) for one in some)
    total = whole.micros / 1e6 if exact and whole.micros is not None else None
    return Histogram(SECONDS, whole.counts or (0,) * (len(MICROS) + 1), total)


def _moments(some: list[Command]) -> Moments | None:
    """Return calls and time of these commands, and the widest spread that these leave possible."""
    whole = reduce(add, some) if some else Command(0, 0)
    if whole.micros is None:
        return None
    n, total = whole.calls, whole.micros / 1e6
    # One call that took all of the time; rounded up is safe.
    return Moments(n, total, total * total, total) if n else Moments(0, 0.0, 0.0)
