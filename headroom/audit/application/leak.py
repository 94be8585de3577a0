"""Processes whose memory only grows, by what was recorded of them: suspected, excluded, or no telling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import ROUND_CEILING

from headroom.audit.amounts import clean
from headroom.audit.application.case import ApplicationCase
from headroom.audit.application.growth import DAY, LEAST, SHORTEST, TWO_DAYS, Watched, watch
from headroom.audit.finding import Finding
from headroom.bounds import Interval
from headroom.budgets import Unit
from headroom.checks import State
from headroom.evidence import Gauge
from headroom.observation import Part, Series
from headroom.recorded import HEAP, PROCESS_MEMORY
from headroom.units import format_duration, format_interval, format_value
from headroom.wording import share

_RULE = "memory.leak"
_GUIDE = "Memory Leak Prevention: what nobody needs any more is released"
_WHAT = {PROCESS_MEMORY: "resident memory", HEAP: "heap"}
_COLLECT = (
    "declare a source of kind prometheus that scrapes the application's /metrics, and start `headroom run`"
)
_SNAPSHOT = (
    "take two heap snapshots an hour apart and compare what was added: node --heapsnapshot-signal=SIGUSR2, "
    "then kill -USR2 PID; timers, listeners and maps that are never emptied come first"
)


def leak(case: ApplicationCase) -> Iterator[Finding]:
    """Yield for each process whether its memory only grows."""
    told = [(series, parts) for series, parts in case.parts.items() if series.measure in _WHAT and parts]
    if not told:
        found = "cannot be checked: no memory of processes was recorded in the last two days"
        yield Finding(_RULE, (), State.CANNOT_CHECK, _GUIDE, found, _COLLECT)
    for series, parts in sorted(told, key=lambda each: each[0]):
        yield _of(series, watch(_samples(parts)))


def _samples(parts: Sequence[Part]) -> Iterator[tuple[float, float]]:
    for part in parts:
        if isinstance(part.evidence, Gauge):
            # A part that was made of many belongs to its middle; as short as polls are it is the same.
            middle = part.start + (part.end - part.start) / 2
            yield middle.timestamp(), part.evidence.low


def _of(series: Series, seen: Watched | None) -> Finding:
    what = _WHAT[series.measure]
    labels = {name: clean(value) for name, value in series.subject}
    labels |= {"memory": what, "source": series.source}
    subject = tuple(sorted(labels.items()))
    if seen is None or not seen.enough:
        watched = "not at all" if seen is None else f"for {_hours(seen.span)}"
        since = " since it was last started" if seen is not None and seen.restarts else ""
        found = (
            f"cannot be checked: its {what} was watched {watched}{since}, and {_hours(SHORTEST)} are needed"
        )
        return Finding(_RULE, subject, State.CANNOT_CHECK, _GUIDE, found)
    over = f"over the last {_hours(seen.span)}{_restarts(seen)}"
    ends = f"from {format_value(seen.low, Unit.BYTES)} to {format_value(seen.high, Unit.BYTES)}"
    if seen.growth is None and seen.excluded:
        found = f"its {what} went {ends} {over}; growth of more than {_most(seen)} a day is excluded"
        return Finding(_RULE, subject, State.PASS, _GUIDE, f"{found} (99% confidence)")
    if seen.growth is None:
        found = f"cannot be checked: no telling: its {what} went {ends} {over}, and {_open(seen)}"
        return Finding(_RULE, subject, State.CANNOT_CHECK, _GUIDE, found)
    found = (
        f"suspicion: its {what} went {ends} {over}, at its lowest of each half hour, which is "
        f"{_rate(seen.growth)} an hour (99% confidence)"
    )
    if seen.span < DAY:
        found += "; until a day has passed the rise of a day's load looks the same"
    return Finding(_RULE, subject, State.WARN, _GUIDE, found, _SNAPSHOT)


def _most(seen: Watched) -> str:
    return share(max(seen.most or 0.0, 0.001), ROUND_CEILING)


def _open(seen: Watched) -> str:
    """Return why a leak is neither suspected nor excluded."""
    if not seen.full:
        return "too many half hours of it have no samples"
    if seen.span < DAY:
        return "until a day has passed the fall of a day's load may hide a leak"
    if seen.most is None:
        return "what it began with cannot be told"
    found = f"growth of up to {_most(seen)} a day is not excluded, of which {share(LEAST)} would matter"
    if seen.span < TWO_DAYS:
        found += f"; from {_hours(TWO_DAYS)} on equal hours of the day are compared"
    return found


def _restarts(seen: Watched) -> str:
    if not seen.restarts:
        return ""
    return f", since the last of {seen.restarts} starts" if seen.restarts > 1 else ", since it was started"


def _rate(growth: Interval) -> str:
    return format_interval(growth, Unit.BYTES)


def _hours(seconds: float) -> str:
    return format_duration(timedelta(seconds=round(seconds)))
