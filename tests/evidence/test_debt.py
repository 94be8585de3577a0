"""Budget debt lies where it is said to lie, whatever the single times were."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.bounds import Bounds, Interval
from headroom.debt import debt
from headroom.evidence import Moments

TIMES = st.lists(st.floats(0, 100, allow_subnormal=False), min_size=1, max_size=30)
LIMITS = st.sampled_from([0.01, 0.05, 0.5, 5.0])


@settings(deadline=None)
@given(TIMES, LIMITS, st.booleans())
def test_it_holds_the_truth(times: list[float], limit: float, capped: bool) -> None:
    """With and without a known maximum."""
    moments = Moments.of(times)
    found = debt(moments if capped else Moments(moments.n, moments.total, moments.squares), limit)
    truth = sum(max(0.0, time - limit) for time in times)

    assert found.low is not None
    assert found.high is not None
    assert found.low <= truth * (1 + 1e-9) + 1e-9
    assert found.high >= truth * (1 - 1e-9) - 1e-9


def test_where_all_took_the_same_it_is_known() -> None:
    """Without a spread both ends meet."""
    assert debt(Moments(10, 1.0, 0.0), 0.04) == Interval(0.6000000000000001 - 1e-9, 0.6000000000000001)
    assert debt(Moments(10, 1.0, 0.0, cap=0.1), 0.2) == Interval(0.0, 0.0)
    assert debt(Moments(0, 0.0, 0.0), 0.2) == Interval(0.0, 0.0)


def test_what_is_proven_of_how_many_limits_it() -> None:
    """None over the limit owes nothing, and two owe at most twice what the slowest took beyond it."""
    moments = Moments(53, 53 * 0.0034, 53 * 0.004**2, 0.0624)

    assert debt(moments, 0.05, Bounds(0.05, 53, 0, 0)) == Interval(0.0, 0.0)
    assert debt(moments, 0.05, Bounds(0.05, 53, 0, 2)).high == pytest.approx(
        min(2 * 0.0124, debt(moments, 0.05).high or 0.0)
    )
    assert debt(moments, 0.05, Bounds(0.05, 52, 0, 0)) == debt(moments, 0.05)


def test_few_slow_ones_are_bounded_from_above() -> None:
    """199 calls of 1 ms and one of 1 s, limit 10 ms: 0.99 s of debt, and the largest time bounds it well."""
    found = debt(Moments.of([0.001] * 199 + [1.0]), 0.01)

    assert found.low == 0.0
    assert found.high is not None
    assert 0.99 <= found.high <= 1.19
