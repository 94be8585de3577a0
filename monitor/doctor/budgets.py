"""Checks of the budgets themselves: do they see anything, is it enough, can they fire, are they of today?"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from headroom.budgets import Budget, Kind, Limit, Measure, Outcome, Reason, Unit
from headroom.checks import Check, State
from headroom.evidence import Histogram, Moments
from headroom.history import Standing
from headroom.judge import ALPHA
from headroom.observation import Observation, Reading, Series
from headroom.sources import Source
from headroom.summary import as_of
from headroom.units import format_duration, format_value
from headroom.whose import Whose

WINDOWS = ("5m", "10m", "15m", "20m", "30m", "1h", "2h", "3h", "6h", "12h", "1d", "2d", "7d", "14d", "31d")
"""What a longer window is rounded up to."""
_SECONDS = {"m": 60, "h": 3600, "d": 86400}
SHARES = frozenset(
    {
        *(Kind.CPU, Kind.MEMORY, Kind.DISK_IO, Kind.IO_PRESSURE, Kind.THROTTLING),
        *(Kind.CONNECTIONS, Kind.MEMORY_LIMIT, Kind.GAUGE),
    }
)
# A pool may grow beyond its size, a CPU burst beyond its limit, a process beyond one core.
"""Kinds whose value is a share of something that cannot be more than whole."""


def reviews(budgets: Iterable[Budget], today: date) -> Iterator[Check]:
    """Yield a check for each budget with a day of review."""
    for budget in budgets:
        if budget.review_by is None:
            continue
        ident, title = f"review:{budget.id}", f"{budget.title}: review"
        late = (today - budget.review_by).days
        if late > 0:
            ago = f"{late} day{'s' * (late > 1)} ago"
            detail = f"its figures were to be looked at again by {budget.review_by}, {ago}"
            fix = f"review_by: {today + timedelta(days=90)}  # once they were"
            yield Check(ident, State.WARN, title, detail, fix)
        else:
            yield Check(ident, State.PASS, title, f"due by {budget.review_by}")


def evidence(budgets: Iterable[Budget], readings: dict[str, Reading]) -> Iterator[Check]:
    """Yield a check for each budget whose source was read: does its measure give anything to judge?"""
    for budget in budgets:
        for measure in budget.measures:
            if measure.source not in readings:
                continue
            suffix = "" if measure == budget.measure else ":second"
            reading = readings[measure.source]
            ident, title = f"evidence:{budget.id}{suffix}", f"{budget.title}: what {measure.source} gives"
            series = Series.of(measure)
            absence = next((one for one in reading.absences if one.series == series), None)
            if absence is not None:
                blind = absence.reason.outcome is Outcome.BLIND
                stood_in = absence.reason is Reason.POLICY and budget.evicting
                state = State.PASS if stood_in else State.FAIL if blind else State.WARN
                yield Check(ident, state, title, f"{absence.reason}: {absence.detail}")
                continue
            events = _events(reading, series)
            if events is None:
                seen = any(one.series == series for one in reading.observations)
                detail = "figures in the newest interval" if seen else "nothing new in the newest interval"
            else:
                detail = (
                    f"{events[0]:,} in the newest {events[1]:.0f} s" if events[0] else "no traffic just now"
                )
            yield Check(ident, State.PASS, title, detail)


def samples(budgets: Iterable[Budget], readings: dict[str, Reading]) -> Iterator[Check]:
    """Yield a check for each percentile: does its window hold what it takes to prove that it is kept?"""
    for budget in budgets:
        if not budget.measure.latency or budget.measure.source not in readings:
            continue
        events = _events(readings[budget.measure.source], Series.of(budget.measure))
        if events is None:
            continue
        for limit in budget.limits:
            if limit.statistic.allowed is not None:
                yield enough(budget, limit, *events)


def enough(budget: Budget, limit: Limit, events: int, seconds: float) -> Check:
    """Return the check of one percentile at the rate of `events` in `seconds`."""
    assert limit.statistic.allowed is not None
    needed = math.ceil(math.log(ALPHA) / math.log(1 - float(limit.statistic.allowed)))
    what = limit.statistic.value.upper()
    ident, title = f"samples:{budget.id}:{limit.name}", f"{budget.title}, {what}: enough in the window?"
    window = budget.window.total_seconds()
    spelled = format_duration(budget.window)
    if not events:
        detail = f"none in {seconds:.0f} s: the rate is not known; a {what} needs {needed} in {spelled}"
        return Check(ident, State.CANNOT_CHECK, title, detail)
    rate = events / seconds
    holds = rate * window
    detail = f"at {rate:.2g} a second {spelled} holds {holds:,.0f}; a {what} needs {needed}"
    if holds >= needed:
        return Check(ident, State.PASS, title, detail)
    longer = next((word for word in WINDOWS if _length(word) * rate >= needed), "")
    fix = f"window: {longer}" if longer else f"replace the {what} by one with more allowed, such as a P95"
    return Check(ident, State.WARN, title, f"{detail}, with nothing slow among them", fix)


def _length(word: str) -> int:
    return int(word[:-1]) * _SECONDS[word[-1]]


def _events(reading: Reading, series: Series) -> tuple[int, float] | None:
    """Return the events of a latency in the newest interval, and its seconds; None where it is none."""
    found = next((one for one in reading.observations if one.series == series), None)
    if found is None or not found.parts:
        return None
    counted = [part.evidence.n for part in found.parts if isinstance(part.evidence, Histogram | Moments)]
    seconds = _seconds(found)
    return (sum(counted), seconds) if counted and seconds > 0 else None


def _seconds(found: Observation) -> float:
    start = min(part.start for part in found.parts)
    return (max(part.end for part in found.parts) - start).total_seconds()


def thresholds(budgets: Iterable[Budget]) -> Iterator[Check]:
    """Yield a check for each limit of a share that can never be broken, or never be kept."""
    for budget in budgets:
        for limit in budget.limits:
            if limit.unit is not Unit.SHARE:
                continue
            ident = f"never:{budget.id}:{limit.name}"
            promised = format_value(limit.threshold, limit.unit)
            title = f"{budget.title}, {limit.name}: {'≥' if limit.at_least else '≤'} {promised}"
            if limit.at_least and limit.threshold > 1:
                yield Check(ident, State.FAIL, title, "can never be kept: no share is above 100%", "min: 90%")
            elif limit.at_least and limit.threshold <= 0:
                yield Check(ident, State.FAIL, title, "can never be over: no share is below 0%", "min: 90%")
            elif not limit.at_least and limit.threshold >= 1 and budget.measure.kind in SHARES:
                yield Check(ident, State.FAIL, title, "can never be over: no share is above 100%", "max: 90%")


def denominators(budgets: Iterable[Budget]) -> Iterator[Check]:
    """Yield a check for each budget of connections: of what are they a share?"""
    for budget in budgets:
        measure = budget.measure
        if measure.kind is not Kind.CONNECTIONS:
            continue
        ident, title = f"denominator:{budget.id}", f"{budget.title}: a share of what?"
        if measure.of == "max_connections":
            detail = (
                "of max_connections: an application's own pool can be exhausted long before (a pool of 20 in "
                "use is a third of 60 connections)"
            )
            fix = f"measure: {{connections: 20, role: YOUR_ROLE, source: {measure.source}}}"
            yield Check(ident, State.WARN, title, detail, fix)
        else:
            told = str(Whose.of(measure.group))
            whose = f", those {told}" if told else ", of all roles"
            yield Check(ident, State.PASS, title, f"of a pool of {measure.of}{whose}")


def standing(
    budgets: Sequence[Budget], sources: Sequence[Source], standings: Iterable[Standing], now: datetime
) -> Iterator[Check]:
    """Yield a check for each budget of which the history's latest verdicts settle nothing."""
    every = {source.name: source.every for source in sources}
    for budget in budgets:
        if budget.measure.source not in every:
            continue  # an audit looks at some of the sources only
        limits = {limit.name for limit in budget.limits}
        latest = [
            as_of(one.verdict, now, every[budget.measure.source])
            for one in standings
            if one.verdict.budget == budget.id and not one.verdict.subject and one.verdict.limit in limits
        ]
        open_ = [one for one in latest if one.outcome in (Outcome.UNDECIDED, Outcome.BLIND)]
        if not latest or any(one.reason is Reason.STALE for one in latest):
            continue  # nobody collects: nothing is known of it
        ident, title = f"verdict:{budget.id}", f"{budget.title}: latest verdicts"
        if open_:
            said = "; ".join(f"{one.limit} is {one.outcome} ({one.reason}): {one.detail}" for one in open_)
            yield Check(ident, State.WARN, title, said)
        else:
            yield Check(ident, State.PASS, title, ", ".join(f"{one.limit} {one.outcome}" for one in latest))


def moments(budgets: Iterable[Budget], decided: Collection[str]) -> Iterator[Check]:
    """Yield a check for each percentile that is held against pg_stat_statements.

    `decided` holds the ids of the checks of second measures that decide exactly.
    """
    for budget in budgets:
        measure: Measure = budget.measure
        if measure.kind is not Kind.STATEMENTS:
            continue
        for limit in budget.limits:
            ident = f"decidable:{budget.id}:{limit.name}"
            promised = f"{limit.statistic.value.upper()} ≤ {format_value(limit.threshold, limit.unit)}"
            title = f"{budget.title}, {promised}: can pg_stat_statements decide it?"
            if limit.statistic.allowed is None:
                yield Check(ident, State.PASS, title, "decided exactly, from the sum and the count")
                continue
            detail = (
                "decided in part: it keeps no durations, only proofs from their mean, deviation and maximum"
            )
            if budget.second is not None:
                exactly = f"{ident}:second" in decided
                how = "decides it" if exactly else f"does not decide it either, see {ident}:second"
                state = State.PASS if exactly else State.WARN
                yield Check(
                    ident, state, title, f"{detail}; {budget.second.of} of {budget.second.source} {how}"
                )
                continue
            fix = (
                "second: {histogram: db_query_duration_seconds, source: YOUR_PROMETHEUS, "
                f"class: {measure.group}}}"
            )
            yield Check(ident, State.WARN, title, f"{detail}; a histogram would decide it", fix)
