"""One statement over time: stretches of polls with what is certain of each. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from operator import add

from dashboard.trace import step
from dashboard.workload import percentile
from headroom.bounds import Bounds, Interval
from headroom.debt import debt
from headroom.evidence import Moments
from headroom.history import StoredPart
from headroom.history.folded import COUNTED
from headroom.observation import Quality


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a statement did from one moment to another, by our clock.

    Attributes:
        moments: of the polls whose figures hold.
        over: how many of them took longer than the class's limit; None without one.
        owed: the budget debt, in seconds; None without a limit.
        qualities: polls by the quality of their figures.
        remarks: what is said of single polls, oldest first.
    """

    start: datetime
    end: datetime
    moments: Moments
    over: Bounds | None
    owed: Interval | None
    qualities: Counter[Quality] = field(default_factory=Counter)
    remarks: tuple[tuple[datetime, Quality, str], ...] = ()

    @property
    def p95(self) -> Interval | None:
        """Where the duration lies for certain that 95 of 100 calls did not exceed."""
        return percentile(self.moments, self.over)


def stretches(
    stored: Iterable[StoredPart], threshold: float | None, length: timedelta, every: timedelta
) -> list[Stretch]:
    """Return at most `trace.MOST` stretches of a statement's polls, oldest first.

    Args:
        stored: its parts.
        threshold: the lowest limit of its class, in seconds; None where none is promised.
        length: of the period.
        every: the time between two polls.
    """
    size = step(length, every)
    groups: dict[int, list[StoredPart]] = {}
    for one in stored:
        key = one.seq if size <= every else int(one.at.timestamp() // size.total_seconds())
        groups.setdefault(key, []).append(one)
    return sorted((_stretch(parts, threshold) for parts in groups.values()), key=lambda one: one.start)


def _stretch(stored: Sequence[StoredPart], threshold: float | None) -> Stretch:
    held = [(one, one.part.evidence) for one in stored if one.part.quality in COUNTED]
    kept = [(one, moments) for one, moments in held if isinstance(moments, Moments)]
    total = reduce(add, (moments for _, moments in kept), Moments(0, 0.0, 0.0))
    over, owed = None, None
    if threshold is not None and kept:
        known = [_over(one, moments, threshold) for one, moments in kept if moments.n]
        over = reduce(add, known) if known else None
        debts = [
            debt(moments, threshold, next((b for b in one.part.bounds if b.threshold == threshold), None))
            for one, moments in kept
        ]
        owed = Interval(sum(one.low or 0.0 for one in debts), sum(one.high or 0.0 for one in debts))
    told = sorted((one for one in stored if one.part.quality is not Quality.EXACT), key=lambda one: one.seq)
    return Stretch(
        min(one.at - (one.part.end - one.part.start) for one in stored),
        max(one.at for one in stored),
        total,
        over,
        owed,
        Counter(one.part.quality for one in stored),
        tuple((one.at, one.part.quality, one.part.detail) for one in told),
    )


def _over(one: StoredPart, moments: Moments, threshold: float) -> Bounds:
    proven = moments.over(threshold)
    stored = next((each for each in one.part.bounds if each.threshold == threshold), None)
    return proven if stored is None else stored.tightened(proven)


@dataclass(frozen=True, slots=True)
class Whole:
    """All stretches of a period together."""

    moments: Moments
    over: Bounds | None
    owed: Interval | None
    qualities: Counter[Quality]

    @classmethod
    def of(cls, found: Iterable[Stretch]) -> Whole:
        """Add up stretches."""
        found = list(found)
        overs = [one.over for one in found if one.over is not None]
        debts = [one.owed for one in found if one.owed is not None]
        return cls(
            reduce(add, (one.moments for one in found), Moments(0, 0.0, 0.0)),
            reduce(add, overs) if overs else None,
            Interval(sum(one.low or 0.0 for one in debts), sum(one.high or 0.0 for one in debts))
            if debts
            else None,
            reduce(add, (one.qualities for one in found), Counter()),
        )
