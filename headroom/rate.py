"""What the slow events of a window say about the rate behind them, and by which rule that is judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import reduce
from operator import add

from headroom.binomial import burstiness, design_effect, lower_limit, upper_limit
from headroom.bounds import Bounds
from headroom.budgets import Reason
from headroom.evidence import Histogram, Moments, merged
from headroom.observation import BESIDE, Part, Quality
from headroom.window import Held, bounds_by_poll, proven_by

FIRM = 0.001  # the risk at which somebody may be woken: 2.3 false pages a day become 0.2
BURSTS = 2.0  # times what chance alone does: from here on bursts are worth a word
INTERVALS = 3  # with slow events in them, before somebody may be woken


@dataclass(frozen=True, slots=True)
class Rate:
    """Slow events among all, interval by interval, and what they say about the rate behind them.

    Attributes:
        intervals: the bounds of each poll, newest first.
        bounds: of the whole window: their sum, or tighter where merged figures prove more.
        unknown: events in intervals that are in doubt, and not among the others; and those that were seen
            running over the limit, where they may be among the others.
        unknown_low, unknown_high: how many of them were slow, at least and at most.
        seen: by poll, events that were seen running over the limit and cannot be among those that ended, for
            more were seen than ended slow. They are in `bounds` and `intervals`, as slow.
        uncertain: of `unknown`, those that were seen running.
        strays: events of which it is not known whether they belong here, and how many of them were slow; None
            where there are none.
        lost: of `strays`, those that were thrown away uncounted, at most.
        looks: in how many polls events of `seen` were running over the limit.
    """

    intervals: tuple[Bounds, ...]
    bounds: Bounds
    unknown: int = 0
    unknown_low: int = 0
    unknown_high: int = 0
    seen: tuple[tuple[datetime, Bounds], ...] = ()
    uncertain: int = 0
    strays: Bounds | None = None
    lost: int = 0
    looks: int = 0

    @property
    def running(self) -> int:
        """The number of events in `seen`."""
        return sum(more.n for _, more in self.seen)

    def effect_low(self, risk: float) -> float:
        """Return the design effect of what was slow for certain."""
        return design_effect([(one.k_low, one.n) for one in self.intervals], risk)

    def effect_high(self, risk: float) -> float:
        """Return the design effect of all that may have been slow."""
        return design_effect([(one.k_high, one.n) for one in self.intervals], risk)

    @property
    def bursty(self) -> bool:
        """Whether slow ones are seen to come in bursts: the intervals differ more than by chance."""
        return burstiness([(one.k_high, one.n) for one in self.intervals]) > BURSTS

    @property
    def spread(self) -> bool:
        """Whether slow ones were seen in enough intervals to tell whether they come in bursts."""
        return sum(one.k_high > 0 for one in self.intervals) >= INTERVALS

    def low(self, risk: float) -> float:
        """Return the smallest rate that the events do not rule out at this one-sided risk."""
        effect = self.effect_low(risk)
        return lower_limit(self.bounds.k_low / effect, self.bounds.n / effect, risk)

    def high(self, risk: float) -> float:
        """Return the largest rate that the events do not rule out at this one-sided risk."""
        effect = self.effect_high(risk)
        return upper_limit(self.bounds.k_high / effect, self.bounds.n / effect, risk)

    def reason(self, allowed: Fraction, low: float, high: float) -> Reason:
        """Return whether the promise is kept, or why that cannot be told; `bucket` for moments too.

        `low` and `high` are this rate's limits at the risk that is taken.
        """
        bounds = self.bounds
        if high <= allowed:
            slow, everything = self.at_worst
            return Reason.WITHIN_LIMIT if slow <= allowed * everything else Reason.PARTIAL
        if low > allowed:
            slow, everything = self.at_best
            return Reason.OVER_LIMIT if slow > allowed * everything else Reason.PARTIAL
        if bounds.k_low <= allowed * bounds.n < bounds.k_high:
            return Reason.BUCKET
        return Reason.SAMPLES

    @property
    def at_worst(self) -> tuple[int, int]:
        """How many would be slow, and of how many, were all in doubt as slow as may be.

        Of those that may belong elsewhere, the slow ones do belong here, and the others do not.
        """
        stray = 0 if self.strays is None else self.strays.k_high
        return self.bounds.k_high + self.unknown_high + stray, self.bounds.n + self.unknown + stray

    @property
    def at_best(self) -> tuple[int, int]:
        """How many would be slow, and of how many, were all in doubt as fast as may be.

        Those that were seen running are then among those that ended.
        """
        stray = 0 if self.strays is None else self.strays.n - self.strays.k_low
        unknown, slow = self.unknown - self.uncertain, self.unknown_low - self.uncertain
        return self.bounds.k_low + slow, self.bounds.n + unknown + stray

    @property
    def doubtful(self) -> int:
        """The number of events in doubt, of any kind."""
        return self.unknown + (0 if self.strays is None else self.strays.n)

    @property
    def hit(self) -> int:
        """The number of intervals in which something was slow for certain, or was seen to hang."""
        return max(sum(one.k_low > 0 for one in self.intervals), self.looks)

    def firm(self, allowed: Fraction, risk: float) -> bool:
        """Tell whether a limit that is over is so for sure enough to wake somebody.

        One burst lies in one interval or in two neighbours; how bursty a stream is cannot be seen in those.
        """
        return self.hit >= INTERVALS and self.low(min(FIRM, risk)) > allowed


def rate_of(threshold: float, judged: Sequence[Held], doubtful: Sequence[Held] = ()) -> Rate:
    """Return what the parts of a window, at least one and all of them latencies, say.

    Of events around a suspected reset nothing is known; those of a gap are counted, only their time is wide.
    Those that were seen running over the limit are slow for certain, but may have ended since and be counted
    again: as many as may have ended slow are in doubt, and only what is beyond them counts. Without them a
    statement that is always cancelled, and so never counted by the server, would leave a promise kept.
    Those that may belong elsewhere are in doubt in their own way: the slow ones alone may belong here.
    """
    polls = bounds_by_poll(threshold, judged)
    bounds = reduce(add, polls.values())
    whole = merged([one.part.evidence for one in judged])
    if isinstance(whole, Histogram | Moments):
        bounds = bounds.tightened(whole.over(threshold))
    kinds: dict[Quality, list[tuple[datetime, Bounds]]] = defaultdict(list)
    for one in doubtful:
        if isinstance(one.part.evidence, Histogram | Moments):
            kinds[one.part.quality].append((one.at, _in_doubt(one.part, threshold)))
    over = [(at, seen.k_low) for at, seen in kinds.pop(Quality.UNFINISHED, ())]
    running = {at: seen.k_low for at, seen in kinds.pop(Quality.RUNNING, ()) if seen.k_low}
    if running:  # those that crossed the limit before the window began, and still run in it
        first = min(running)
        over.append((first, max(0, running[first] - sum(count for at, count in over if at == first))))
    lost = [thrown for _, thrown in kinds.pop(Quality.LOST, ())]
    strays = [stray for _, stray in kinds.pop(Quality.UNSORTED, ())] + lost
    unknown = reduce(add, (each for found in kinds.values() for _, each in found), Bounds(threshold, 0, 0, 0))
    total = sum(count for _, count in over)
    left = max(0, total - bounds.k_high)
    rest = total - left
    told = []
    for at, count in over:
        certain = min(count, left)
        if certain:
            more = Bounds(threshold, certain, certain, certain)
            told.append((at, more))
            polls[at] = polls[at] + more if at in polls else more
            bounds += more
            left -= certain
    return Rate(
        tuple(polls.values()),
        bounds,
        unknown.n + rest,
        unknown.k_low + rest,
        unknown.k_high + rest,
        tuple(told),
        rest,
        reduce(add, strays) if strays else None,
        sum(one.n for one in lost),
        len(running) if told else 0,
    )


def _in_doubt(part: Part, threshold: float) -> Bounds:
    assert isinstance(part.evidence, Histogram | Moments)
    if part.quality in (Quality.SUSPECT, Quality.LOST):
        return Bounds(threshold, part.evidence.n, 0, part.evidence.n)
    if part.quality in BESIDE:
        # The figures do not bound these: which of them crossed this limit in this poll is not in there.
        stored = next((bounds for bounds in part.bounds if bounds.threshold == threshold), None)
        return Bounds(threshold, part.evidence.n, 0, part.evidence.n) if stored is None else stored
    return proven_by(part, threshold)
