"""What is certain of a value or a count: between which ends it lies, and how that adds up.

Durations are seconds, shares run from 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval that certainly holds the value; an open end is None."""

    low: float | None
    high: float | None

    @classmethod
    def exactly(cls, value: float) -> Interval:
        """Return the interval that holds one value only."""
        return cls(value, value)

    def within(self, other: Interval) -> Interval:
        """Return what both intervals allow; where they contradict each other, this one stands."""
        low = max((end for end in (self.low, other.low) if end is not None), default=None)
        high = min((end for end in (self.high, other.high) if end is not None), default=None)
        if low is not None and high is not None and low > high:
            return self
        return Interval(low, high)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of `n` events, at least `k_low` and at most `k_high` took longer than `threshold` seconds.

    Bounds of different parts at one threshold add up; they are what a window is judged on.
    """

    threshold: float
    n: int
    k_low: int
    k_high: int

    def __post_init__(self) -> None:
        if not 0 <= self.k_low <= self.k_high <= self.n:
            raise ValueError(f"impossible bounds: {self.k_low} to {self.k_high} of {self.n}")

    def __add__(self, other: Bounds) -> Bounds:
        """Add the bounds of two disjoint sets of events."""
        if other.threshold != self.threshold:
            raise ValueError(f"bounds at {self.threshold} s and at {other.threshold} s do not add up")
        return Bounds(self.threshold, self.n + other.n, self.k_low + other.k_low, self.k_high + other.k_high)

    def tightened(self, other: Bounds) -> Bounds:
        """Return what both allow for the same events; where they contradict each other, this one stands."""
        low, high = max(self.k_low, other.k_low), min(self.k_high, other.k_high)
        if other.n != self.n or low > high:
            return self
        return Bounds(self.threshold, self.n, low, high)
