"""The examples that were worked by hand, each at the one-sided risk stated with it."""

from __future__ import annotations

import pytest

from headroom.bounds import Interval
from headroom.budgets import Outcome, Reason, Statistic
from headroom.evidence import Histogram
from headroom.judge import judge
from tests.judge.cases import case, cumulative, held, limit

P95, P99 = Statistic.P95, Statistic.P99


@pytest.mark.parametrize(
    ("counts", "statistic", "threshold", "reason", "slow", "value"),
    [
        ((50, 400, 900, 995, 1000, 1000, 1000), P95, 0.2, Reason.BUCKET, (5, 100), (0.1, 0.5)),
        ((50, 400, 940, 1000, 1000, 1000, 1000), P95, 0.2, Reason.BUCKET, (0, 60), (0.1, 0.5)),
        ((50, 400, 980, 1000, 1000, 1000, 1000), P99, 0.2, Reason.BUCKET, (0, 20), (0.1, 0.5)),
        ((50, 400, 989, 1000, 1000, 1000, 1000), P99, 0.2, Reason.BUCKET, (0, 11), (0.1, 0.5)),
        ((0, 0, 0, 0, 0, 900, 1000), P99, 10.0, Reason.BUCKET, (0, 100), (5.0, None)),
        ((0, 0, 0, 10, 170, 200, 200), P95, 2.0, Reason.BUCKET, (0, 30), (1.0, 5.0)),
        ((0, 0, 78, 80, 80, 80, 80), P95, 0.2, Reason.SAMPLES, (0, 2), (0.05, 0.1)),
        ((0, 0, 0, 983, 1000, 1000, 1000), P99, 0.5, Reason.OVER_LIMIT, (17, 17), (0.5, 1.0)),
        ((0, 0, 0, 990, 1000, 1000, 1000), P99, 0.5, Reason.SAMPLES, (10, 10), (0.1, 0.5)),
    ],
)
def test_the_guides_buckets_say_what_they_can(
    counts: tuple[int, ...],
    statistic: Statistic,
    threshold: float,
    reason: Reason,
    slow: tuple[int, int],
    value: tuple[float | None, float | None],
) -> None:
    """W1 to W5 of the worked examples, and the two with n = 80 and n = 1000."""
    verdict = judge(case(held(cumulative(*counts)), limit(statistic, threshold), alpha=0.05))

    assert verdict.reason is reason
    assert verdict.slow == slow
    assert verdict.value == Interval(*value)


def test_analytics_ten_times_over_the_top_bucket_is_not_called_within_budget() -> None:
    """W6: 3 of 40 up to 0.5 s, limit 5 s: the usual quantile says 0.5 s; 37 of them could take a minute."""
    histogram = Histogram((0.001, 0.005, 0.01, 0.05, 0.1, 0.5), (0, 0, 0, 0, 0, 3, 37))

    verdict = judge(case(held(histogram), limit(P95, 5.0), alpha=0.05))

    assert verdict.outcome is Outcome.UNDECIDED
    assert verdict.slow == (0, 37)
    assert verdict.value == Interval(0.5, None)
    assert verdict.detail == (
        "0 to 37 of 40 took longer than 5 s (0% to 93%), 5% allowed; "
        'the last bucket ends at 500 ms, so nothing can be proven over: adding le="5" settles it; '
        "evidence covers 5% of the window"
    )


def test_clopper_and_pearson_of_seventeen_in_a_thousand() -> None:
    """K = 17 of 1000: 1.09 % to 2.54 % at 95 % on each side, a breach of 1 %."""
    verdict = judge(case(held(cumulative(0, 0, 0, 983, 1000, 1000, 1000)), limit(P99, 0.5), alpha=0.05))

    assert verdict.slow_share is not None
    assert verdict.slow_share.low == pytest.approx(0.0109, abs=5e-5)
    assert verdict.slow_share.high == pytest.approx(0.0254, abs=5e-5)


@pytest.mark.parametrize(
    ("n", "statistic", "met_up_to", "over_from"),
    [
        (20, P95, None, 4),
        (50, P95, None, 6),
        (100, P95, 1, 10),
        (200, P95, 4, 16),
        (300, P95, 8, 22),
        (1000, P95, 38, 63),
        (5000, P95, 224, 277),
        (20, P99, None, 2),
        (50, P99, None, 3),
        (100, P99, None, 4),
        (200, P99, None, 6),
        (300, P99, 0, 7),
        (1000, P99, 4, 16),
        (5000, P99, 38, 63),
    ],
)
def test_how_many_slow_ones_decide(
    n: int, statistic: Statistic, met_up_to: int | None, over_from: int
) -> None:
    """The table of sample sizes: met up to one count, over from another, undecided between."""
    if met_up_to is not None:
        assert outcome(n, met_up_to, statistic) is Outcome.MET
    assert outcome(n, (-1 if met_up_to is None else met_up_to) + 1, statistic) is Outcome.UNDECIDED
    assert outcome(n, over_from - 1, statistic) is Outcome.UNDECIDED
    assert outcome(n, over_from, statistic) is Outcome.OVER


@pytest.mark.parametrize(
    ("n", "statistic", "alpha"), [(59, P95, 0.05), (299, P99, 0.05), (90, P95, 0.01), (459, P99, 0.01)]
)
def test_how_many_without_a_slow_one_are_enough(n: int, statistic: Statistic, alpha: float) -> None:
    """ln(alpha) / ln(share) events with none slow prove it; one fewer does not."""
    assert outcome(n, 0, statistic, alpha) is Outcome.MET
    assert outcome(n - 1, 0, statistic, alpha) is Outcome.UNDECIDED


def outcome(n: int, slow: int, statistic: Statistic, alpha: float = 0.05) -> Outcome:
    """Judge `slow` of n events over a limit that is a bucket bound."""
    return judge(
        case(held(cumulative(0, 0, 0, n - slow, n, n, n)), limit(statistic, 0.5), alpha=alpha)
    ).outcome
