"""What a chart shows: recorded evidence in at most a few hundred intervals, and the periods of each outcome.

Pure. Intervals are merged by adding their figures and their bounds; nothing is averaged or interpolated. All
times are ours: a source's clock may be elsewhere, and evidence must stand beside the verdicts made of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import pairwise
from operator import add

from headroom.bounds import Bounds
from headroom.budgets import Limit, Outcome, Unit
from headroom.evidence import Gauge, Histogram, Moments, merged
from headroom.history.records import StoredPart, VerdictChange
from headroom.observation import BESIDE
from headroom.standpoint import late_after
from headroom.summary import WORST_FIRST

MOST = 240  # intervals of one chart: each is six points, and the browser draws all of them anew


LIVELY, CALM = timedelta(seconds=15), timedelta(minutes=1)  # between two drawings, at least and at most


@dataclass(frozen=True, slots=True)
class Bin:
    """One interval of a chart.

    Attributes:
        low, high: between which the figure lies for certain, a slow share or a value in the limit's unit; for
            samples the smallest and the largest. None where nothing happened.
        mean: the value of a resource; None for slow shares.
        n: events; 0 for resources.
    """

    start: datetime
    end: datetime
    low: float | None
    high: float | None
    mean: float | None = None
    n: int = 0

    @property
    def rate(self) -> float:
        """Events per second."""
        seconds = (self.end - self.start).total_seconds()
        return self.n / seconds if seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Span:
    """A period with one outcome."""

    start: datetime
    end: datetime
    outcome: Outcome


def step(length: timedelta, every: timedelta) -> timedelta:
    """Return how long the intervals of a chart are: one poll, or as many polls as keep them under MOST."""
    return every * max(1, -(-length // (every * MOST)))


def end(newest: datetime, size: timedelta) -> datetime:
    """Return where a chart ends, as the newest evidence comes in: it moves once in a step, within limits.

    Plotly draws a changed figure anew, with a blink and without the zoom, so that more often would be unrest;
    and long steps are shown while they grow.
    """
    seconds = min(max(size, LIVELY), CALM).total_seconds()
    return datetime.fromtimestamp(newest.timestamp() // seconds * seconds, UTC)


def bins(stored: Iterable[StoredPart], limit: Limit, size: timedelta, every: timedelta) -> list[Bin]:
    """Return the intervals of a series, oldest first.

    Args:
        stored: the series' parts.
        limit: a percentile's limit gives slow shares, any other gives values.
        size: how long an interval is, as `step` says.
        every: the time between two polls. Polls jitter, so on a grid as fine as they are one cell would hold
            two and the next none; there each poll is an interval of its own.
    """
    groups: dict[int, list[StoredPart]] = {}
    for one in stored:
        if one.part.quality in BESIDE:
            continue
        key = one.seq if size <= every else int(one.at.timestamp() // size.total_seconds())
        groups.setdefault(key, []).append(one)
    return sorted((_bin(parts, limit) for parts in groups.values()), key=lambda interval: interval.start)


def _bin(stored: Sequence[StoredPart], limit: Limit) -> Bin:
    start = min(one.at - (one.part.end - one.part.start) for one in stored)
    end = max(one.at for one in stored)
    if limit.statistic.share is not None:
        bounds = [_bounds(one, limit.threshold) for one in stored]
        known = [each for each in bounds if each is not None and each.n]
        if not known:
            return Bin(start, end, None, None)
        whole = reduce(add, known)
        return Bin(start, end, whole.k_low / whole.n, whole.k_high / whole.n, n=whole.n)
    evidence = merged([one.part.evidence for one in stored])
    mean = None if evidence is None else evidence.mean()
    if mean is None:
        return Bin(start, end, None, None)
    n = evidence.n if isinstance(evidence, Histogram | Moments) else 0
    if isinstance(evidence, Gauge):
        return Bin(start, end, evidence.low, evidence.high, mean.high)
    scale = 1000 if limit.unit is Unit.PER_1000_COMMANDS else 1
    low, high = (None if side is None else side * scale for side in (mean.low, mean.high))
    return Bin(start, end, low, high, high, n)


def _bounds(one: StoredPart, threshold: float) -> Bounds | None:
    evidence = one.part.evidence
    if not isinstance(evidence, Histogram | Moments):
        return None
    proven = evidence.over(threshold)
    stored = next((bounds for bounds in one.part.bounds if bounds.threshold == threshold), None)
    return proven if stored is None else stored.tightened(proven)


def silences(polled: Sequence[datetime], since: datetime, until: datetime, every: timedelta) -> list[Span]:
    """Return the periods in which nobody collected: there the last outcome said nothing of the present."""
    moments = sorted(moment for moment in polled if since <= moment <= until)
    return [
        Span(before, after, Outcome.BLIND)
        for before, after in pairwise([since, *moments, until])
        if after - before > late_after(every)
    ]


def spans(
    changes: Iterable[VerdictChange],
    limits: frozenset[str],
    silent: Sequence[Span],
    since: datetime,
    until: datetime,
) -> list[Span]:
    """Return the periods of a row's outcome, the worst of its limits, oldest first.

    Args:
        changes: of the row's budget; those before `since` tell what it began with.
        limits: the names of the row's limits.
        silent: periods in which nothing could be known.
        since: where the chart begins. What is not known there stays empty.
        until: where it ends.
    """
    events: list[tuple[datetime, str, Outcome | None]] = [
        (change.at, change.limit, change.outcome)
        for change in changes
        if change.limit in limits and not change.subject and change.at < until
    ]
    for span in silent:
        events += [(span.start, "", Outcome.BLIND), (span.end, "", None)]
    events.sort(key=lambda event: event[0])
    state: dict[str, Outcome] = {}
    found: list[Span] = []
    for (moment, name, outcome), after in zip(
        events, [*(event[0] for event in events[1:]), until], strict=True
    ):
        if outcome is None:
            state.pop(name, None)
        else:
            state[name] = outcome
        start, end = max(moment, since), min(after, until)
        if end <= start or not state.keys() - {""}:
            continue
        now = state[""] if "" in state else min(state.values(), key=WORST_FIRST.index)
        if found and found[-1].outcome is now and found[-1].end == start:
            start = found.pop().start
        found.append(Span(start, end, now))
    return found
