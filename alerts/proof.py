"""How many slow events would have proven a limit broken: what a message holds their count against."""

from __future__ import annotations

from dataclasses import dataclass

from headroom.binomial import chance_of_at_least
from headroom.budgets import Outcome, Verdict
from headroom.judge import ALPHA

_STEPS = 40
_NO_BURSTS = 1.01  # a design effect below it moves no count


@dataclass(frozen=True, slots=True)
class Proof:
    """The smallest number of slow events that proves a limit broken, among as many as were judged.

    Attributes:
        slow: that number.
        exact: False where slow events come in bursts: how many fewer of them would burst is not known.
    """

    slow: int
    exact: bool

    def __str__(self) -> str:
        """Return the number in words: "33", "about 37"."""
        return f"{self.slow:,}" if self.exact else f"about {self.slow:,}"


def proof(verdict: Verdict) -> Proof | None:
    """Return what would have sufficed for a percentile that is over; None for all else.

    The design effect is taken from the verdict itself: it is what makes the lower limit of the rate
    (Clopper-Pearson, one-sided) out of the counts.
    """
    if verdict.outcome is not Outcome.OVER or not verdict.slow or not verdict.allowed:
        return None
    low = verdict.slow_share.low if verdict.slow_share else None
    k, n = verdict.slow[0], verdict.n
    if not low or not 0 < k <= n or low <= verdict.allowed:
        return None
    effect = _effect(k, n, low)
    least, most = 1, k
    while least < most:
        middle = (least + most) // 2
        if chance_of_at_least(middle / effect, n / effect, verdict.allowed) <= ALPHA:
            most = middle
        else:
            least = middle + 1
    return Proof(most, effect < _NO_BURSTS)


def _effect(k: int, n: int, low: float) -> float:
    """Return by how much the counts were divided for `low` to be their limit; at least 1."""
    fewest, most = 1.0, float(n)
    for _ in range(_STEPS):
        middle = (fewest + most) / 2
        if chance_of_at_least(k / middle, n / middle, low) < ALPHA:
            fewest = middle
        else:
            most = middle
    return fewest
