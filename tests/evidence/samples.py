"""Durations as applications produce them, and ways to cut them into parts, for property tests."""

from __future__ import annotations

from bisect import bisect_left
from fractions import Fraction
from math import ceil

from hypothesis import strategies as st

from headroom.evidence import Histogram, Moments

GUIDE_BOUNDS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0)
LIMITS = (0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)

# Values on the bounds and next to them are where a wrong "<" shows.
_EDGES = [edge * factor for edge in LIMITS for factor in (1.0, 1 - 1e-6, 1 + 1e-6)]
durations = st.one_of(
    st.floats(0, 20, allow_subnormal=False), st.sampled_from(_EDGES), st.floats(0.09, 0.11), st.just(0.0)
)
samples = st.lists(durations, min_size=1, max_size=120)
limits = st.one_of(st.sampled_from(LIMITS), st.floats(0.001, 20))
layouts = st.lists(
    st.sampled_from([0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]), min_size=1, unique=True
).map(lambda bounds: tuple(sorted(bounds)))
shares = st.sampled_from(
    [Fraction(1, 2), Fraction(9, 10), Fraction(95, 100), Fraction(99, 100), Fraction(999, 1000)]
)


def bucketed(values: list[float], bounds: tuple[float, ...] = GUIDE_BOUNDS) -> Histogram:
    """Return the histogram that a client library would have counted."""
    counts = [0] * (len(bounds) + 1)
    for value in values:
        counts[bisect_left(bounds, value)] += 1
    return Histogram(bounds, tuple(counts), sum(values))


def true_quantile(values: list[float], share: Fraction) -> float:
    """Return the order statistic of rank ceil(share * n)."""
    return sorted(values)[max(1, ceil(share * len(values))) - 1]


def slower(values: list[float], limit: float) -> int:
    """Return how many values exceed the limit."""
    return sum(value > limit for value in values)


@st.composite
def cut(draw: st.DrawFn) -> list[list[float]]:
    """Return samples cut into parts, empty ones among them."""
    return draw(st.lists(st.lists(durations, max_size=40), min_size=1, max_size=8))


def reduced_to_moments(values: list[float], *, capped: bool = False) -> Moments:
    """Return the moments of the values, with their maximum where asked."""
    moments = Moments.of(values)
    return moments if capped else Moments(moments.n, moments.total, moments.squares)
