"""The only reader: the configuration and the history, in short read-only connections, shared by all visitors.

A connection that outlives its call would belong to one thread, and Streamlit runs every visitor in another.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import add
from pathlib import Path

import streamlit as st

from dashboard.trace import Bin, Span, bins, silences, spans, step
from headroom import evicting
from headroom.budgets import Budget, Kind, Limit, Measure
from headroom.config import Config, ConfigError, load
from headroom.evidence import Ratio
from headroom.history import HistoryError, Poll, Standing, open_history
from headroom.incidents import Incident
from headroom.observation import Series
from headroom.second import named
from headroom.summary import Row

REFRESH = timedelta(seconds=3)
_SHARED_FOR = timedelta(seconds=1)  # visitors that refresh at the same time share one read
_POINTS = 50_000  # parts of one chart: a day of polls every 2 s


class Unavailable(Exception):  # noqa: N818 a state that passes, not a defect
    """Nothing can be shown; the text says what happened and what to do.

    Attributes:
        title: what is missing, in a few words.
    """

    def __init__(self, title: str, message: str) -> None:
        super().__init__(message)
        self.title = title


def now() -> datetime:
    """Return our clock, UTC; read once per drawing."""
    return datetime.now(UTC)


def config_path(argv: Sequence[str], environ: Mapping[str, str]) -> Path:
    """Return the file that `--config`, HEADROOM_CONFIG or custom names, in this order."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--config")
    named = parser.parse_known_args(list(argv))[0].config
    return Path(named or environ.get("HEADROOM_CONFIG") or "budgets.yaml").absolute()


def configuration() -> Config:
    """Return the configuration in the file as it is now, or raise Unavailable."""
    path = config_path(sys.argv[1:], os.environ)
    try:
        changed = path.stat().st_mtime_ns
    except OSError as error:
        raise Unavailable(
            "No budgets", f"{path} cannot be read ({error.strerror}); name another file with --config"
        ) from error
    try:
        return _load(path, changed)
    except ConfigError as error:
        raise Unavailable("The budgets file has to be corrected", str(error)) from error


@st.cache_resource(max_entries=2, show_spinner=False)
def _load(path: Path, changed: int) -> Config:  # noqa: ARG001 `changed` is the cache's key
    return load(path)


@dataclass(frozen=True, slots=True)
class Moment:
    """What the history says at one moment.

    Attributes:
        unclassified: for each metric or source with classes, its name (`events_of`) and what matches none of
            them, of all.
        notes: what the newest poll of each source said about it as a whole.
    """

    standings: tuple[Standing, ...]
    incidents: tuple[Incident, ...]
    last_ok: Mapping[str, datetime]
    last_polls: Mapping[str, Poll]
    unclassified: tuple[tuple[str, Ratio], ...]
    notes: Mapping[str, tuple[str, ...]]


def moment(config: Config) -> Moment:
    """Return what stands, at most a second old, or raise Unavailable."""
    classed: dict[tuple[str, Kind, str], timedelta] = {}
    names: dict[tuple[str, Kind, str], str] = {}
    for budget in config.budgets:
        for measure in budget.measures:
            if measure.latency:
                key = (measure.source, measure.kind, measure.of)
                classed[key] = min(budget.window, classed.get(key, budget.window))
                names[key] = events_of(measure)
    strays = tuple(
        (names[key], Series(key[0], f"{key[1]}:{key[2]}:unclassified"), window)
        for key, window in classed.items()
    )
    try:
        return _moment(config.history, strays)
    except HistoryError as error:
        raise Unavailable("No history to show", str(error)) from error


def events_of(measure: Measure) -> str:
    """Return what a latency counts, and where: "the requests in http_request_duration_seconds"."""
    if measure.kind in (Kind.STATEMENTS, Kind.COMMANDS):
        return f"the calls in {measure.source}"
    return f"the {'calls' if measure.group.startswith('queries.') else 'requests'} in {measure.of}"


@st.cache_data(ttl=_SHARED_FOR, max_entries=4, show_spinner=False)
def _moment(url: str, strays: tuple[tuple[str, Series, timedelta], ...]) -> Moment:
    with closing(open_history(url, collecting=False)) as history:
        unclassified = []
        for name, series, window in strays:
            parts = [one.part.evidence for one in history.parts(series, now() - window)]
            ratios = [part for part in parts if isinstance(part, Ratio)]
            if ratios:
                unclassified.append((name, reduce(add, ratios)))
        return Moment(
            tuple(history.standings()),
            tuple(history.open_incidents()),
            history.last_ok(),
            history.last_polls(),
            tuple(unclassified),
            history.notes(),
        )


@dataclass(frozen=True, slots=True)
class Trace:
    """What a row's chart shows.

    Attributes:
        measure: which of a budget's two measures it is of; empty where there is only one.
    """

    bins: tuple[Bin, ...]
    spans: tuple[Span, ...]
    since: datetime
    until: datetime
    measure: str = ""


def trace(config: Config, row: Row, length: timedelta, until: datetime) -> Trace:
    """Return the chart of a row over the `length` before `until`, or raise Unavailable."""
    budget, limits = row.budget, tuple(each.limit for each in row.limits)
    measure = measured(budget, limits, judged_by=row.worst.verdict.source)
    every = next((one.every for one in config.sources if one.name == measure.source), timedelta(seconds=15))
    try:
        found = _trace(config.history, Series.of(measure), budget.id, limits, length, every, until)
        return replace(found, measure=named(measure)) if budget.second is not None else found
    except HistoryError as error:
        raise Unavailable("No history to show", str(error)) from error


def measured(budget: Budget, limits: tuple[Limit, ...], *, judged_by: str) -> Measure:
    """Return what the limits in force are held against.

    Evictions where Redis evicts and they stand in; of two measures that of the source which judged last.
    """
    if not all(limit in budget.limits for limit in limits):
        return (evicting.hit_rate if limits[0].at_least else evicting.evictions)(budget.measure)
    return next((one for one in budget.measures if one.source == judged_by), budget.measure)


@st.cache_data(max_entries=64, show_spinner=False)
def _trace(
    url: str,
    series: Series,
    budget: str,
    limits: tuple[Limit, ...],
    length: timedelta,
    every: timedelta,
    until: datetime,
) -> Trace:
    since = until - length
    with closing(open_history(url, collecting=False)) as history:
        parts = history.points(series, since, until, limit=_POINTS)
        changes = history.changes(budget, since, until, in_force=True)
        polled = [poll.at for poll in history.polls(series.source, since, limit=_POINTS)]
    silent = silences(polled, since, until, every)
    found = tuple(bins(parts, limits[0], step(length, every), every))
    periods = tuple(spans(changes, frozenset(limit.name for limit in limits), silent, since, until))
    # A history that is younger than the period fills the chart with what there is.
    begun = min([*(one.start for one in found[:1]), *(span.start for span in periods[:1])], default=since)
    return Trace(found, periods, max(since, begun), until)
