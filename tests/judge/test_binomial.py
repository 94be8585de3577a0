"""The confidence limits against scipy, and against simulated streams."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import betainc

from headroom.binomial import (
    chance_of_at_least,
    design_effect,
    incomplete_beta,
    lower_limit,
    student_t,
    upper_limit,
)


@given(st.floats(0.01, 1e6), st.floats(0.01, 1e6), st.floats(0, 1, allow_subnormal=False))
def test_the_incomplete_beta_function_is_scipys(a: float, b: float, x: float) -> None:
    """Over all sizes that windows can have."""
    assert incomplete_beta(a, b, x) == pytest.approx(betainc(a, b, x), rel=1e-7, abs=1e-9)


@settings(deadline=None)
@given(st.integers(1, 100_000), st.floats(0, 1), st.sampled_from([0.05, 0.01, 0.001]))
def test_clopper_and_pearson_are_scipys(n: int, share: float, alpha: float) -> None:
    """The limits are the beta quantiles, with the ends at nothing and at all."""
    k = round(share * n)

    upper = 1.0 if k == n else stats.beta.ppf(1 - alpha, k + 1, n - k)
    lower = 0.0 if k == 0 else stats.beta.ppf(alpha, k, n - k + 1)
    assert upper_limit(k, n, alpha) == pytest.approx(upper, rel=1e-6, abs=1e-10)
    assert lower_limit(k, n, alpha) == pytest.approx(lower, rel=1e-6, abs=1e-10)


@pytest.mark.parametrize("degrees", [1, 2, 4, 19, 1000])
@pytest.mark.parametrize("alpha", [0.05, 0.01, 0.001])
def test_students_t_is_scipys(alpha: float, degrees: int) -> None:
    """The quantiles that widen the design effect."""
    assert student_t(alpha, degrees) == pytest.approx(stats.t.isf(alpha, degrees), rel=1e-9)


def test_single_events_have_no_design_effect_worth_naming() -> None:
    """Independent events in many intervals are taken nearly as they are."""
    rng = np.random.default_rng(5)
    slow = rng.binomial(200, 0.05, size=240)

    assert design_effect([(int(k), 200) for k in slow], 0.01) < 1.3


def test_nothing_slow_and_everything_slow_have_no_spread() -> None:
    """A share of 0 or 1 needs no widening, whatever the intervals."""
    assert design_effect([(0, 10)] * 5, 0.01) == 1
    assert design_effect([(10, 10)] * 5, 0.01) == 1
    assert design_effect([(3, 10)], 0.01) == 1


@pytest.mark.parametrize("intervals", [3, 12, 20])
@pytest.mark.parametrize("per_interval", [20, 100, 500])
@pytest.mark.parametrize("allowed", [0.05, 0.01])
@pytest.mark.parametrize("burst", [1, 10])
def test_bursts_at_the_limit_are_called_over_in_at_most_alpha_of_the_windows(
    intervals: int, per_interval: int, allowed: float, burst: int
) -> None:
    """A stream whose true rate is the limit, slow in bursts: at most 1 % wrong, by a binomial test."""
    windows, alpha = 1500, 0.01
    rng = np.random.default_rng([intervals, per_interval, burst])
    n = intervals * per_interval

    wrong = 0
    for _ in range(windows):
        slow = bursts(rng, n, allowed, burst).reshape(intervals, per_interval).sum(axis=1)
        effect = design_effect([(int(k), per_interval) for k in slow], alpha)
        wrong += chance_of_at_least(float(slow.sum()) / effect, n / effect, allowed) < alpha

    assert stats.binomtest(wrong, windows, alpha, alternative="greater").pvalue > 1e-4


def test_without_the_design_effect_the_same_bursts_are_called_over_far_too_often() -> None:
    """The test above can fail: the plain binomial calls more than 8 % of such windows over."""
    rng = np.random.default_rng(7)
    wrong = 0
    for _ in range(500):
        slow = int(bursts(rng, 1000, 0.05, 10).sum())
        wrong += chance_of_at_least(slow, 1000, 0.05) < 0.01

    assert wrong / 500 > 0.08


def bursts(rng: np.random.Generator, n: int, rate: float, length: int) -> np.ndarray:
    """Return n events of which `rate` are slow on average, in runs of `length` at a random offset."""
    slow = np.repeat(rng.random(n // length + 2) < rate, length)
    start = rng.integers(length)
    return slow[start : start + n]
