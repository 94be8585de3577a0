"""Limits held against native histograms, whose bounds nobody declared."""

from __future__ import annotations

from headroom.budgets import Reason
from headroom.evidence import Histogram
from headroom.judge import judge
from tests.judge.cases import case, held

NATIVE = (2.0**-12, 0.125, 2.0 ** (-19 / 8), 2.0 ** (-18 / 8), 0.25, 2.0**8)
"""Beside 200 ms as schema 3 has them."""


def test_a_limit_inside_a_native_bucket_names_the_bucket_and_no_bound_to_add() -> None:
    """No bound can be added to a native histogram; all of its buckets can become narrower."""
    counts = (0, 800, 100, 100, 0, 0, 0)

    verdict = judge(case(held(Histogram(NATIVE, counts), Histogram(NATIVE, counts))))

    assert verdict.reason is Reason.BUCKET
    assert verdict.detail.startswith(
        "0 to 200 of 2,000 took longer than 200 ms (0% to 10%), 5% allowed; "
        "200 ms lies inside a bucket of the native histogram, 192 to 211 ms: "
        "a bucket factor nearer to 1 narrows it"
    )
