"""The reader of the Cache page: what was recorded of a Redis, its audit, and what people confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

import streamlit as st

from dashboard import data
from dashboard.cache_memory import Memory
from dashboard.data import Moment, Unavailable
from dashboard.data_sums import File, audits, file, sums, trends
from dashboard.sums import Sums
from headroom import evicting, recorded
from headroom.audit.by_hand import Confirmation
from headroom.budgets import Kind
from headroom.config import Config
from headroom.evidence import Gauge
from headroom.history import HistoryError, open_history
from headroom.history.records import Audit, StoredPart
from headroom.observation import ASIDE, Series
from headroom.sources import Source
from headroom.trend import Trend

PERIODS = {
    "1h": (timedelta(hours=1), timedelta(minutes=2)),
    "6h": (timedelta(hours=6), timedelta(minutes=15)),
    "2d": (timedelta(days=2), timedelta(hours=1)),
}
"""What can be looked back on, and the stretches of time that it is shown in."""
EVICTIONS = Kind.EVICTIONS.value
HITS = f"{Kind.HIT_RATE}:{evicting.HITS}"
COMMANDS = f"{Kind.COMMANDS}:all"
SHARE = f"{Kind.MEMORY_LIMIT}:maxmemory"
_MEASURES = (
    EVICTIONS, HITS, COMMANDS, recorded.EXPIRED, recorded.REJECTED, recorded.ERRORS, recorded.CLIENTS,
    recorded.MAIN_THREAD, recorded.SLOW_LOG,
)  # fmt: skip
_GROWING = (recorded.USED, recorded.RSS)


@dataclass(frozen=True, slots=True)
class Cached:
    """What is known of a Redis.

    Attributes:
        sums: of the period that was chosen.
        growth: of used and resident memory.
        audit: the newest; None where there was none.
        confirmed: who confirmed what, by the rule's id.
    """

    sums: Sums
    memory: Memory
    growth: Mapping[str, Trend | None]
    audit: Audit | None
    confirmed: Mapping[str, Confirmation]


def cached(config: Config, moment: Moment, source: Source, period: str) -> Cached:
    """Return what was recorded of a Redis until its newest poll, or raise Unavailable."""
    newest = moment.last_ok.get(source.name, data.now())
    length, step = PERIODS[period]
    own = {
        measure.key
        for budget in config.budgets
        for measure in budget.measures
        if measure.source == source.name and measure.kind is Kind.COMMANDS
    }
    measures = tuple(sorted({*_MEASURES, *own}))
    of = file(config.history)
    try:
        grown = trends(of, source.name, _GROWING, newest, source.every)
        return Cached(
            sums(of, source.name, measures, length, step, newest),
            _memory(of, source.name, source.memory_limit, newest, source.every),
            {series.measure: one for series, one in grown.items() if not series.subject},
            audits(of).get(source.name),
            _confirmed(of),
        )
    except HistoryError as error:
        raise Unavailable("No history to show", str(error)) from error


@st.cache_resource(max_entries=8, show_spinner=False)
def _memory(of: File, source: str, container: int | None, newest: datetime, every: timedelta) -> Memory:
    since = newest - 4 * every
    with closing(open_history(of[0], collecting=False)) as history:

        def last(measure: str) -> StoredPart | None:
            return next(iter(history.parts(Series(source, measure), since, limit=1)), None)

        used, rss, limit = last(recorded.USED), last(recorded.RSS), last(recorded.MAXMEMORY)
        outside = last(recorded.OUTSIDE)
        full, evicting_full = last(SHARE), last(f"{SHARE}{ASIDE}")
    told = [one for one in (used, rss, limit, outside, full, evicting_full) if one is not None]
    seq = max((one.seq for one in told), default=0)

    def now(one: StoredPart | None) -> float | None:
        # What was told some polls ago, such as of a limit that was taken away since, says nothing any more.
        evidence = None if one is None or one.seq != seq else one.part.evidence
        return evidence.last if isinstance(evidence, Gauge) else None

    return Memory(
        now(used),
        now(rss),
        now(limit),
        now(evicting_full) is not None,
        container,
        now(outside),
        None if used is None else used.at,
    )


@st.cache_data(ttl=timedelta(seconds=15), max_entries=8, show_spinner=False)
def _confirmed(of: File) -> dict[str, Confirmation]:
    """Return what people confirmed, and did not take back."""
    with closing(open_history(of[0], collecting=False)) as history:
        return history.confirmations()
