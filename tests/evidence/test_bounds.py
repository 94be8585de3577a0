"""Whatever the single values were, the certain interval holds the truth."""

from __future__ import annotations

import random
from fractions import Fraction
from functools import reduce
from operator import add

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.bounds import Bounds, Interval
from headroom.evidence import Gauge, Histogram, Moments, Ratio, merged
from tests.evidence.samples import (
    bucketed,
    cut,
    layouts,
    limits,
    reduced_to_moments,
    samples,
    shares,
    slower,
    true_quantile,
)

LOOSE = 1e-9


@given(samples, layouts, limits)
def test_a_histogram_brackets_the_true_number_over_any_limit(
    values: list[float], layout: tuple[float, ...], limit: float
) -> None:
    """The true number of slow events lies between k_low and k_high, and is exact on a bucket bound."""
    bounds = bucketed(values, layout).over(limit)

    assert bounds.k_low <= slower(values, limit) <= bounds.k_high
    assert bounds.n == len(values)
    if limit in layout:
        assert bounds.k_low == bounds.k_high
    if limit > layout[-1]:
        assert bounds.k_low == 0


@given(samples, layouts, shares)
def test_a_histogram_brackets_the_true_quantile(
    values: list[float], layout: tuple[float, ...], share: Fraction
) -> None:
    """The order statistic lies in the interval that the buckets give."""
    interval = bucketed(values, layout).quantile(share)

    assert interval is not None
    assert holds(interval, true_quantile(values, share))


@given(samples, limits, st.booleans())
def test_moments_bracket_the_true_number_over_any_limit(
    values: list[float], limit: float, capped: bool
) -> None:
    """Cantelli, Markov and the cap never exclude the truth."""
    bounds = reduced_to_moments(values, capped=capped).over(limit)

    truth = slower(values, limit)
    nearly = sum(abs(value - limit) <= LOOSE * max(value, limit) for value in values)
    assert bounds.k_low - nearly <= truth <= bounds.k_high + nearly


@given(samples, shares, st.booleans())
def test_moments_bracket_the_true_quantile(values: list[float], share: Fraction, capped: bool) -> None:
    """The order statistic lies in the interval that mean, deviation and cap give."""
    interval = reduced_to_moments(values, capped=capped).quantile(share)

    assert interval is not None
    assert holds(interval, true_quantile(values, share), slack=1e-6)


@given(cut(), limits, st.randoms(use_true_random=False), st.booleans())
def test_parts_merged_in_any_grouping_still_bracket_the_truth(
    parts: list[list[float]], limit: float, order: random.Random, histogram: bool
) -> None:
    """Merged figures in any order, and the sum of the parts' bounds, both hold the true number."""
    pieces: list[Histogram | Moments] = [
        bucketed(part) if histogram else reduced_to_moments(part) for part in parts
    ]
    everything = [value for part in parts for value in part]
    truth = slower(everything, limit)
    nearly = sum(abs(value - limit) <= LOOSE * max(value, limit) for value in everything)

    summed = reduce(add, (piece.over(limit) for piece in pieces))
    assert summed.n == len(everything)
    assert summed.k_low - nearly <= truth <= summed.k_high + nearly

    shuffled = grouped(pieces, order)
    bounds = shuffled.over(limit)
    assert bounds.n == len(everything)
    assert bounds.k_low - nearly <= truth <= bounds.k_high + nearly
    if everything:
        for share in (Fraction(95, 100), Fraction(1, 2)):
            interval = shuffled.quantile(share)
            assert interval is not None
            assert holds(interval, true_quantile(everything, share), slack=1e-6)


def test_the_sum_of_the_parts_is_tighter_than_the_merged_figures() -> None:
    """1,000 calls at 1 ms, 40 at 300 ms, limit 50 ms: a quarter slow at most if merged, 3.84 % in parts."""
    fast = Moments(1000, 1.0, 0.0)
    slow = Moments(40, 12.0, 0.0)

    assert (fast + slow).over(0.05) == Bounds(0.05, 1040, 0, 260)
    assert fast.over(0.05) + slow.over(0.05) == Bounds(0.05, 1040, 40, 40)


@pytest.mark.parametrize(
    ("moments", "limit", "share_low", "share_high"),
    [
        (Moments(1000, 3.0, 1000 * 1e-6), 0.010, 0, 0.020),
        (Moments(1000, 3.0, 1000 * 0.49e-6), 0.010, 0, 0.0099),
        (Moments(1000, 3.0, 1000 * 16e-6), 0.010, 0, 0.246),
        (Moments(1000, 20.0, 1000 * 64e-6), 0.050, 0, 0.066),
        (Moments(1000, 200.0, 1000 * 3600e-6), 0.500, 0, 0.0385),
        (Moments(1000, 12.0, 1000 * 360e-6, 0.030), 0.010, 0.1, 1),
        (Moments(1000, 12.0, 1000 * 360e-6, 0.050), 0.010, 0.05, 1),
    ],
)
def test_the_worked_examples_of_moments(
    moments: Moments, limit: float, share_low: float, share_high: float
) -> None:
    """Cantelli from above and reverse Markov from below, as worked by hand."""
    bounds = moments.over(limit)

    assert bounds.k_low == pytest.approx(share_low * 1000, abs=1)
    assert bounds.k_high == pytest.approx(share_high * 1000, abs=1)


def test_one_event_is_known_exactly() -> None:
    """With n = 1 the sum is the value."""
    assert Moments(1, 0.3, 0.0).over(0.2) == Bounds(0.2, 1, 1, 1)
    assert Moments(1, 0.1, 0.0).over(0.2) == Bounds(0.2, 1, 0, 0)


def test_equal_durations_at_the_limit_prove_nothing_over() -> None:
    """A sum whose last digits are rounded must not turn "exactly at the limit" into "all over"."""
    third = Moments.of([0.1] * 3)

    assert Moments(third.n, third.total, third.squares).over(0.1).k_low == 0


def test_merging_needs_one_kind_and_one_layout() -> None:
    """What does not add up is kept apart instead of being added wrongly."""
    assert merged([bucketed([0.1]), bucketed([0.2], (0.1, 0.2))]) is None
    assert merged([bucketed([0.1]), Ratio(1, 2)]) is None
    assert merged([]) is None
    assert merged([Ratio(1, 4), Ratio(2, 4)]) == Ratio(3, 8)
    with pytest.raises(ValueError, match="histograms with different bounds are parts of their own"):
        bucketed([0.1]) + bucketed([0.2], (0.1, 0.2))


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 100)), min_size=1, max_size=20))
def test_a_gauge_is_weighted_by_time(readings: list[tuple[float, float]]) -> None:
    """The mean is the integral over the seconds, between the lowest and the highest sample."""
    gauge = reduce(add, (Gauge.sample(value, seconds) for value, seconds in readings))

    expected = sum(value * seconds for value, seconds in readings) / sum(seconds for _, seconds in readings)
    mean = gauge.mean()
    assert mean is not None
    assert mean.low == pytest.approx(expected)
    assert gauge.last == readings[-1][0]
    assert gauge.low - 1e-9 <= expected <= gauge.high + 1e-9


def test_a_share_of_nothing_is_no_share() -> None:
    """0 of 0 is neither 0 % nor 100 %."""
    assert Ratio(0, 0).mean() is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Histogram((1.0,), (1,)), "1 bounds need 2 counts, got 1"),
        (lambda: Histogram((1.0, 1.0), (1, 1, 1)), "bounds must ascend"),
        (lambda: Histogram((float("inf"),), (1, 1)), "bounds must be finite"),
        (lambda: Histogram((1.0,), (1, -1)), "counts must not be negative"),
        (lambda: Moments(-1, 0, 0), "moments must not be negative"),
        (lambda: Ratio(-1, 2), "part and whole must not be negative"),
        (lambda: Bounds(0.1, 3, 2, 1), "impossible bounds: 2 to 1 of 3"),
    ],
)
def test_impossible_figures_are_refused(make: object, message: str) -> None:
    """A negative count or a bound that never ends cannot become evidence."""
    assert callable(make)
    with pytest.raises(ValueError, match=message):
        make()


def grouped(pieces: list[Histogram | Moments], order: random.Random) -> Histogram | Moments:
    """Merge neighbours in a random grouping until one is left."""
    left = list(pieces)
    order.shuffle(left)
    while len(left) > 1:
        at = order.randrange(len(left) - 1)
        left[at : at + 2] = [left[at] + left[at + 1]]  # type: ignore[operator]
    return left[0]


def holds(interval: Interval, value: float, slack: float = 0.0) -> bool:
    """Tell whether a value lies in an interval, give or take a relative slack."""
    room = slack * max(1.0, value)
    return (interval.low is None or interval.low - room <= value) and (
        interval.high is None or value <= interval.high + room
    )


@pytest.mark.parametrize("n", [1, 4])
def test_a_cap_below_the_mean_proves_nothing(n: int) -> None:
    """A source that contradicts itself neither caps the events nor makes the bounds impossible."""
    lying = Moments(n, 1.0 * n, 0.0, cap=0.0)

    assert lying.over(0.05) == Moments(n, 1.0 * n, 0.0).over(0.05)
    assert lying.quantile(Fraction(95, 100)) == Moments(n, 1.0 * n, 0.0).quantile(Fraction(95, 100))


@pytest.mark.parametrize("whole", [0.0, 1e-308])
def test_a_whole_of_next_to_nothing_has_no_share(whole: float) -> None:
    """What overflows as a share is none, and no error."""
    assert Ratio(100.0, whole).mean() is None
