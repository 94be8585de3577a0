"""The reader of what was recorded of several measures over hours and days: as `data`, and as short.

What is over is added up once and kept; only what came since the last full hour is read again.
"""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta

import streamlit as st

from dashboard.added import level
from dashboard.sums import Sums
from headroom.evidence import Evidence
from headroom.history import file_of, open_history
from headroom.history.folded import floor
from headroom.history.records import Audit
from headroom.observation import Series
from headroom.trend import Trend, trend

File = tuple[str, int]
LOOKED_AT = timedelta(days=2)
"""The past that trends are told of: with a day less, the wave of a day would look like a growth."""
_SETTLED = timedelta(minutes=1)  # a cycle that began in a stretch of time has been committed by then
_HOUR = timedelta(hours=1)
_STEP = timedelta(minutes=5)
_OFTEN = timedelta(minutes=15)


def file(url: str) -> File:
    """Return the history with the number of its file: another file under the same name is another history."""
    try:
        return url, file_of(url).stat().st_ino
    except OSError:
        return url, 0


@st.cache_resource(max_entries=16, show_spinner=False)
def sums(
    of: File, source: str, measures: tuple[str, ...], length: timedelta, step: timedelta, newest: datetime
) -> Sums:
    """Return what was recorded until the newest poll, or raise HistoryError."""
    since = floor(newest - length, step)
    settled = max(since, floor(newest - _SETTLED, max(step, _HOUR)))
    columns: dict[Series, dict[datetime, tuple[Evidence, ...]]] = {}
    pieces = [_piece(of, source, measures, since, settled, step)] if settled > since else []
    with closing(open_history(of[0], collecting=False)) as history:
        # Recorded a moment after it began; and from a clock that was set back nothing is in the future.
        recent = history.summed(source, measures, settled, newest + _SETTLED, step=step)
    pieces.append({series: {one.start: one.parts for one in ones} for series, ones in recent.items()})
    for piece in pieces:
        for series, ones in piece.items():
            columns.setdefault(series, {}).update(ones)
    begun = min((start for ones in columns.values() for start in ones), default=since)
    return Sums(columns, max(since, begun), newest, step)


@st.cache_resource(max_entries=16, show_spinner=False)
def _piece(
    of: File, source: str, measures: tuple[str, ...], since: datetime, until: datetime, step: timedelta
) -> dict[Series, dict[datetime, tuple[Evidence, ...]]]:
    with closing(open_history(of[0], collecting=False)) as history:
        found = history.summed(source, measures, since, until, step=step)
    return {series: {one.start: one.parts for one in ones} for series, ones in found.items()}


def trends(
    of: File, source: str, measures: tuple[str, ...], newest: datetime, every: timedelta
) -> dict[Series, Trend | None]:
    """Return the trend of each series over the last LOOKED_AT, or raise HistoryError."""
    return _trends(of, source, measures, floor(newest, _STEP), every)


@st.cache_resource(max_entries=16, show_spinner=False)
def _trends(
    of: File, source: str, measures: tuple[str, ...], until: datetime, every: timedelta
) -> dict[Series, Trend | None]:
    within = min(_STEP, 2 * every)
    with closing(open_history(of[0], collecting=False)) as history:
        found = history.summed(source, measures, until - LOOKED_AT, until, step=_STEP, within=within)
    told: dict[Series, Trend | None] = {}
    for series, ones in found.items():
        points = [
            ((one.start - until).total_seconds(), mean)
            for one in ones
            if (mean := level(one.parts)) is not None
        ]
        # What stopped being recorded grows no more, however steadily it did before.
        alive = bool(ones) and until - ones[-1].start <= _OFTEN
        told[series] = trend(points) if alive else None
    return told


@st.cache_data(ttl=timedelta(seconds=15), max_entries=8, show_spinner=False)
def audits(of: File) -> dict[str, Audit]:
    """Return the newest audit of each source, or raise HistoryError."""
    with closing(open_history(of[0], collecting=False)) as history:
        return {one.source: one for one in history.audits()}
