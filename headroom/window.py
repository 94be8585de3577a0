"""Which parts belong to the window that is judged, how much of it they cover, and what they prove."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import add
from typing import Protocol, TypeVar

from headroom.bounds import Bounds, Interval
from headroom.budgets import Limit
from headroom.evidence import Histogram, Moments
from headroom.observation import Part

_UNSTEADY = timedelta(seconds=1)  # by so much a poll may be recorded earlier or later than is its turn


class Held(Protocol):
    """A part and the moment, by our clock, at which it was recorded."""

    @property
    def at(self) -> datetime:
        """When it was recorded."""
        ...

    @property
    def part(self) -> Part:
        """What was recorded."""
        ...


HeldT = TypeVar("HeldT", bound=Held)


def in_window(held: Sequence[HeldT], *, at: datetime, length: timedelta) -> list[HeldT]:
    """Return the parts, newest first by sequence, that were recorded in the window that ends at `at`.

    Recording times fall along the sequence unless the clock was set; where one rises, what lies behind it
    was recorded under another time and may be of any age, so it ends the window. A window of n polls holds n
    parts, not sometimes one more: what was recorded at its very beginning is about the time before it.
    """
    kept: list[HeldT] = []
    latest, begin = at, at - length + min(_UNSTEADY, length / 8)
    for one in held:
        if one.at > latest or one.at <= begin:
            break
        latest = one.at
        kept.append(one)
    return kept


def covered_by(parts: Sequence[Part]) -> timedelta:
    """Return how much time the parts stand for together; where they overlap, it counts once."""
    covered, until = timedelta(0), datetime.min.replace(tzinfo=UTC)
    for start, end in sorted({(part.start, part.end) for part in parts}):
        if end > until:
            covered += end - max(start, until)
            until = end
    return covered


def bounds_by_poll(threshold: float, judged: Sequence[Held]) -> dict[datetime, Bounds]:
    """Return the bounds of each poll's parts: the stored ones, or what the figures still prove.

    By poll, not by the end of the interval: instances are scraped at different moments, and a burst that hit
    two of them is one.
    """
    intervals: dict[datetime, Bounds] = {}
    for one in judged:
        proven = proven_by(one.part, threshold)
        intervals[one.at] = intervals[one.at] + proven if one.at in intervals else proven
    return intervals


def proven_by(part: Part, threshold: float) -> Bounds:
    """Return the bounds of one part of a latency: the stored ones, or what its figures still prove."""
    assert isinstance(part.evidence, Histogram | Moments)
    proven = part.evidence.over(threshold)
    stored = next((bounds for bounds in part.bounds if bounds.threshold == threshold), None)
    return proven if stored is None else stored.tightened(proven)


def quantile(limit: Limit, parts: Sequence[Part], bounds: Bounds, *, running: int = 0) -> Interval | None:
    """Return where the percentile of the window lies, never contradicting what the bounds prove of it.

    `running` of the events in `bounds` were seen running and are in no part: how long they took is not known.
    """
    share, allowed = limit.statistic.share, limit.statistic.allowed
    assert share is not None
    assert allowed is not None
    layouts: dict[tuple[float, ...], list[Histogram | Moments]] = {}
    for part in parts:
        assert isinstance(part.evidence, Histogram | Moments)
        layouts.setdefault(part.evidence.bounds if isinstance(part.evidence, Histogram) else (), []).append(
            part.evidence
        )
    # The percentile of a union lies between the smallest and the largest of its pieces.
    pieces = [piece for same in layouts.values() if (piece := reduce(add, same).quantile(share)) is not None]
    if not pieces:
        return Interval(limit.threshold, None) if running else None
    lows = [piece.low for piece in pieces if piece.low is not None]
    highs = [piece.high for piece in pieces if piece.high is not None]
    known = Interval(
        min(lows) if len(lows) == len(pieces) else None,
        max(highs) if len(highs) == len(pieces) and not running else None,
    )
    if bounds.k_high <= allowed * bounds.n:
        return Interval(None, limit.threshold).within(known)
    if bounds.k_low > allowed * bounds.n:
        return Interval(limit.threshold, None).within(known)
    return known
