"""The reader of the Database pages: what statements did, audits and connections; as `data`, and as short.

Whole stretches of the past are added up once and kept: only the newest one is read again.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

import streamlit as st

from dashboard import data
from dashboard.data import Moment, Unavailable
from dashboard.sessions import Crowd, Seat, crowds
from dashboard.statement_trace import Stretch, stretches
from dashboard.trace import end, step
from dashboard.workload import Key, Line, Sum, column_of, joined, lines, summed
from headroom.budgets import Subject
from headroom.config import Config
from headroom.cost import OWN_TIME
from headroom.debt import limits
from headroom.evidence import Gauge, Ratio
from headroom.history import History, HistoryError, file_of, open_history
from headroom.history.folded import floor
from headroom.history.records import Audit
from headroom.observation import STATES, Series
from headroom.statements import MEASURE, Statement

_SETTLED = timedelta(minutes=1)  # a cycle that began in a stretch of time has been committed by then
_MOST = 100_000  # parts of one statement: two days of polls every 2 s
LOOKED_BACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Period:
    """A period to look back on.

    Attributes:
        length: how long it is; it begins with a whole piece.
        step: what the polls are folded into first.
        column: one mean of the trend.
        piece: what is kept once it is over; None where all of it is read at once.
    """

    length: timedelta
    step: timedelta
    column: timedelta
    piece: timedelta | None = None


PERIODS = {
    "15m": Period(timedelta(minutes=15), timedelta(seconds=15), timedelta(seconds=30)),
    "1h": Period(timedelta(hours=1), timedelta(seconds=30), timedelta(minutes=2)),
    "6h": Period(timedelta(hours=6), timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=15)),
    "24h": Period(timedelta(hours=24), timedelta(minutes=5), timedelta(hours=1), timedelta(hours=1)),
    "2d": Period(timedelta(days=2), timedelta(minutes=5), timedelta(hours=1), timedelta(hours=1)),
}


@dataclass(frozen=True, slots=True)
class Work:
    """What the statements of a source did in a period.

    Attributes:
        found: worst first, the rests of the classes last.
        since: where the period begins: where the evidence does, if that is later.
        until: when the newest poll was.
    """

    found: tuple[Line, ...]
    since: datetime
    until: datetime


def work(config: Config, moment: Moment, source: str, period: str) -> Work:
    """Return what statements did until the newest poll, or raise Unavailable."""
    newest = moment.last_ok.get(source)
    if newest is None:
        return Work((), data.now(), data.now())
    thresholds = tuple(sorted(limits(config.budgets, source).items()))
    try:
        return _work(_file(config.history), source, thresholds, period, newest)
    except HistoryError as error:
        raise Unavailable("No history to show", str(error)) from error


def _file(url: str) -> tuple[str, int]:
    """Return the history with the number of its file: another file under the same name is another history."""
    try:
        return url, file_of(url).stat().st_ino
    except OSError:
        return url, 0


@st.cache_resource(max_entries=16, show_spinner=False)
def _work(
    file: tuple[str, int],
    source: str,
    thresholds: tuple[tuple[str, float], ...],
    period: str,
    newest: datetime,
) -> Work:
    how = PERIODS[period]
    since = start = floor(newest - how.length, how.piece or how.column)
    pieces = []
    with closing(open_history(file[0], collecting=False)) as history:
        while how.piece is not None and start + how.piece + _SETTLED < newest:
            end = start + how.piece
            pieces.append(_kept(history, file, source, thresholds, how.step, how.column, start, end))
            start = end
        # Recorded a moment after it began; and from a clock that was set back nothing is in the future.
        folded = history.folded(source, MEASURE, start, newest + _SETTLED, step=how.step)
        sums = joined([*pieces, summed(folded, dict(thresholds), how.column)])
        known = history.statements(source, {key.fingerprint for key in sums})
    begun = min((place for one in sums.values() for place in one.columns), default=None)
    if begun is not None:
        since = max(since, datetime.fromtimestamp(begun * how.column.total_seconds(), since.tzinfo))
    columns = range(column_of(since, how.column), column_of(newest, how.column) + 1)
    found = lines(sums, dict(thresholds), columns, {one.fingerprint: one for one in known})
    return Work(tuple(found), since, newest)


@st.cache_resource(max_entries=256, show_spinner=False)
def _kept(
    _history: History,
    file: tuple[str, int],  # noqa: ARG001 what the history is known by in the cache
    source: str,
    thresholds: tuple[tuple[str, float], ...],
    step: timedelta,
    column: timedelta,
    start: datetime,
    end: datetime,
) -> dict[Key, Sum]:
    folded = _history.folded(source, MEASURE, start, end, step=step)
    return summed(folded, dict(thresholds), column)


@dataclass(frozen=True, slots=True)
class Past:
    """One statement over a period.

    Attributes:
        known: at each source that has it.
        stretches: by its class and database, oldest first.
    """

    known: tuple[Statement, ...]
    stretches: dict[Key, tuple[Stretch, ...]]
    since: datetime
    until: datetime


def past(
    config: Config, moment: Moment, source: str, fingerprint: str, length: timedelta, every: timedelta
) -> Past:
    """Return what is known of a statement, and what it did until the newest poll, or raise Unavailable."""
    newest = moment.last_ok.get(source, data.now())
    # As in the chart of a row: a figure that changes is drawn anew, with a blink.
    until = end(newest + every, step(length, every))
    thresholds = tuple(sorted(limits(config.budgets, source).items()))
    try:
        return _past(_file(config.history), source, fingerprint, thresholds, length, every, until)
    except HistoryError as error:
        raise Unavailable("No history to show", str(error)) from error


@st.cache_resource(max_entries=16, show_spinner=False)
def _past(
    file: tuple[str, int],
    source: str,
    fingerprint: str,
    thresholds: tuple[tuple[str, float], ...],
    length: timedelta,
    every: timedelta,
    until: datetime,
) -> Past:
    since = until - length
    found: dict[Key, tuple[Stretch, ...]] = {}
    with closing(open_history(file[0], collecting=False)) as history:
        known = tuple(history.statement(fingerprint))
        for series in history.series_of(source, MEASURE):
            labels = dict(series.subject)
            if labels.get("statement") == fingerprint:
                key = Key(labels.get("class", ""), labels.get("database", ""), fingerprint)
                parts = history.points(series, since, until, limit=_MOST)
                threshold = dict(thresholds).get(key.group)
                if parts:
                    found[key] = tuple(stretches(parts, threshold, length, every))
    return Past(known, found, since, until)


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known of a source beside its statements.

    Attributes:
        audit: the newest; None where there was none.
        seats: connections by who holds them, most first.
        own: the time of our own statements of all time in the last hour; None where it was not measured.
        own_said: what the newest poll says of that: calls, connections, temporary blocks.
    """

    audit: Audit | None
    seats: tuple[Seat, ...]
    own: Ratio | None
    own_said: str


def beside(config: Config, moment: Moment, source: str) -> Beside:
    """Return audit, connections and our own cost, or raise Unavailable."""
    try:
        return _beside(_file(config.history), source, moment.last_ok.get(source, data.now()))
    except HistoryError as error:
        raise Unavailable("No history to show", str(error)) from error


@st.cache_data(ttl=timedelta(seconds=15), max_entries=8, show_spinner=False)
def _beside(file: tuple[str, int], source: str, newest: datetime) -> Beside:
    since = newest - LOOKED_BACK
    with closing(open_history(file[0], collecting=False)) as history:
        audit = next((one for one in history.audits() if one.source == source), None)
        held: dict[Subject, list[Crowd]] = {}
        for series, parts in history.parts_of_measure(source, STATES, since).items():
            held[series.subject] = [
                Crowd(one.seq, one.part.evidence) for one in parts if isinstance(one.part.evidence, Gauge)
            ]
        costs = sorted(history.parts(Series(source, OWN_TIME), since), key=lambda one: one.seq)
    own = [one.part.evidence for one in costs if isinstance(one.part.evidence, Ratio)]
    ratio = Ratio(sum(one.part for one in own), sum(one.whole for one in own)) if own else None
    return Beside(audit, crowds(held), ratio, costs[-1].part.detail if costs else "")
