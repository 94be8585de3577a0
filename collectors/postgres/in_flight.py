"""Statements that are still running: what they prove before they end, and if they never end well. Pure.

pg_stat_statements counts a statement when it ends well. One that is cancelled, fails or hangs is in none of
its figures, so what is seen running over a limit is evidence of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from collectors.postgres.activity import MOST_RUNNING, Activity, Execution, age
from headroom.bounds import Bounds
from headroom.budgets import Kind, Measure
from headroom.evidence import Moments
from headroom.observation import Observation, Part, Quality, Series
from headroom.span import Span

_GROUP = "queries."
_LONG = 1.0  # seconds; the guide calls a statement slow from here on
_MOST_TOLD = 3


def smallest(measures: Mapping[Measure, tuple[float, ...]]) -> float:
    """Return the seconds under which nothing that runs is of interest."""
    return min(
        (
            limit
            for measure, limits in measures.items()
            if measure.kind is Kind.STATEMENTS
            for limit in limits
        ),
        default=_LONG,
    )


def beside(
    observations: Iterable[Observation],
    measures: Mapping[Measure, tuple[float, ...]],
    since: datetime,
    seen: Activity,
    span: Span,
) -> tuple[Observation, ...]:
    """Return the observations, those of the classes with what was seen crossing a limit since `since`.

    `since` is the moment of the look before: so every execution crosses every limit in one interval only.
    """
    limits = {Series.of(measure): (measure, at) for measure, at in measures.items()}
    seconds = (seen.at - since).total_seconds()
    running = _by_class(seen.running)
    made = []
    for one in observations:
        parts: tuple[Part, ...] = ()
        if one.series in limits:
            measure, thresholds = limits[one.series]
            found = running.get(measure.group.removeprefix(_GROUP), ())
            parts = tuple(_crossed(found, thresholds, seconds, span))
        made.append(replace(one, parts=one.parts + parts) if parts else one)
    return tuple(made)


def _by_class(running: Iterable[Execution]) -> Mapping[str, Sequence[Execution]]:
    """Return those of which the class is known."""
    found = defaultdict(list)
    for one in running:
        if one.group:
            found[one.group].append(one)
    return found


def _crossed(
    found: Sequence[Execution], thresholds: tuple[float, ...], seconds: float, span: Span
) -> Iterator[Part]:
    """Yield what crossed any of the limits in the last `seconds`, what is over one now, and what may be.

    At each limit the bounds of the first count what crossed that one: what crossed a smaller one earlier was
    counted then. Of a string of several statements only the age of the whole is known.
    """
    interval = _micros(seconds)
    alone = [one for one in found if not one.several]
    crossing = {limit: [one for one in alone if 0 < _beyond(one, limit) <= interval] for limit in thresholds}
    over = {limit: [one for one in alone if _beyond(one, limit) > 0] for limit in thresholds}
    several = [one for one in found if one.several]
    perhaps = {limit: [one for one in several if 0 < _beyond(one, limit) <= interval] for limit in thresholds}
    yield from _part(crossing, span, Quality.UNFINISHED)
    yield from _part(over, span, Quality.RUNNING)
    yield from _part(perhaps, span, Quality.UNSORTED, certain=False)


def _part(
    by_limit: Mapping[float, Sequence[Execution]], span: Span, quality: Quality, *, certain: bool = True
) -> Iterator[Part]:
    """Yield one part of the executions that are slow at their limit, or may be; none where there are none."""
    ages = list({id(one): one.seconds for found in by_limit.values() for one in found}.values())
    if ages:
        bounds = (
            Bounds(limit, len(ages), len(found) if certain else 0, len(found))
            for limit, found in by_limit.items()
        )
        yield Part(span.start, span.end, Moments.of(ages), quality, tuple(bounds))


def _beyond(one: Execution, limit: float) -> int:
    return _micros(one.seconds) - _micros(limit)


def _micros(seconds: float) -> int:
    """Return the server's own steps: with rounding errors between them, two looks could both count one."""
    return round(seconds * 1_000_000)


def notes(measures: Mapping[Measure, tuple[float, ...]], seen: Activity) -> Iterator[str]:
    """Yield what should stand beside the verdicts: what runs over its limit now, and what is in no class."""
    limits = {
        measure.group.removeprefix(_GROUP): min(at)
        for measure, at in measures.items()
        if measure.kind is Kind.STATEMENTS and at
    }
    over = [
        one
        for one in seen.running
        if one.group and not one.several and one.seconds > limits.get(one.group, float("inf"))
    ]
    if over:
        told = "; ".join(map(_told, over[:_MOST_TOLD]))
        more = f"; and {len(over) - _MOST_TOLD} more" if len(over) > _MOST_TOLD else ""
        yield f"{_statements(len(over))} running for longer than allowed now: {told}{more}"
    several = [
        one for one in seen.running if one.several and one.seconds > limits.get(one.group or "", _LONG)
    ]
    unknown = [one for one in seen.running if not one.group and not one.several and one.seconds > _LONG]
    if limits and unknown:
        yield f"{_statements(len(unknown))} running that fall in no class, {_for(unknown)}"
    if limits and several:
        yield (
            f"{_sessions(len(several))} running several statements at once, or one of which the server shows "
            f"only the beginning (track_activity_query_size), {_for(several)}: how long the present one runs "
            "is not known"
        )
    if seen.truncated:
        yield f"more than {MOST_RUNNING} statements run for longer than the smallest limit; not all are read"


def _told(one: Execution) -> str:
    waits = f", waiting for {one.waits}" if one.waits else ""
    return f"{age(one.seconds)} ({one.group}, role {one.role}, database {one.database}{waits})"


def _for(running: Sequence[Execution]) -> str:
    longest = age(max(one.seconds for one in running))
    return f"for up to {longest}" if len(running) > 1 else f"for {longest}"


def _statements(count: int) -> str:
    return f"{count} statements are" if count > 1 else "1 statement is"


def _sessions(count: int) -> str:
    return f"{count} sessions are" if count > 1 else "1 session is"
