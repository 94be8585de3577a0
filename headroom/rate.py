"""What the slow events of a window say about the rate behind them, and by which rule that is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import add

from headroom.binomial import design_effect, lower_limit, upper_limit
from headroom.bounds import Bounds
from headroom.budgets import Reason
from headroom.evidence import Histogram, Moments, merged
from headroom.window import Held, bounds_per_interval

FIRM = 0.001  # the risk at which somebody may be woken: 2.3 false pages a day become 0.2
INTERVALS = 3  # with slow events in them, before somebody may be woken


@dataclass(frozen=True, slots=True)
class Rate:
    """Slow events among all, interval by interval, and what they say about the rate behind them.

    Attributes:
        intervals: the bounds of each poll, newest first.
        bounds: of the whole window: their sum, or tighter where merged figures prove more.
        unknown: events in intervals that are in doubt, and not among the others.
    """

    intervals: tuple[Bounds, ...]
    bounds: Bounds
    unknown: int = 0

    def effect_low(self, risk: float) -> float:
        """Return the design effect of what was slow for certain."""
        return design_effect([(one.k_low, one.n) for one in self.intervals], risk)

    def effect_high(self, risk: float) -> float:
        """Return the design effect of all that may have been slow."""
        return design_effect([(one.k_high, one.n) for one in self.intervals], risk)

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
        bounds, everything = self.bounds, self.bounds.n + self.unknown
        if high <= allowed:
            # Were all that is in doubt slow, would the promise still be kept?
            kept = bounds.k_high + self.unknown <= allowed * everything
            return Reason.WITHIN_LIMIT if kept else Reason.PARTIAL
        if low > allowed:
            return Reason.OVER_LIMIT if bounds.k_low > allowed * everything else Reason.PARTIAL
        if bounds.k_low <= allowed * bounds.n < bounds.k_high:
            return Reason.BUCKET
        return Reason.SAMPLES

    @property
    def hit(self) -> int:
        """The number of intervals in which something was slow for certain."""
        return sum(one.k_low > 0 for one in self.intervals)

    def firm(self, allowed: Fraction, risk: float) -> bool:
        """Tell whether a limit that is over is so for sure enough to wake somebody.

        One burst lies in one interval or in two neighbours; how bursty a stream is cannot be seen in those.
        """
        return self.hit >= INTERVALS and self.low(min(FIRM, risk)) > allowed


def rate_of(threshold: float, judged: Sequence[Held], unknown: int = 0) -> Rate:
    """Return what the parts of a window, at least one and all of them latencies, say."""
    intervals = bounds_per_interval(threshold, judged)
    bounds = reduce(add, intervals)
    whole = merged([one.part.evidence for one in judged])
    if isinstance(whole, Histogram | Moments):
        bounds = bounds.tightened(whole.over(threshold))
    return Rate(tuple(intervals), bounds, unknown)
