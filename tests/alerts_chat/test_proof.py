"""The number of slow events that would have proven a limit broken, by the rule that judged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.proof import Proof, proof
from headroom.binomial import design_effect, lower_limit
from headroom.bounds import Interval
from headroom.budgets import Outcome
from headroom.evidence import Histogram
from headroom.judge import ALPHA, judge
from tests.alerts.examples import verdict
from tests.judge.cases import case, held


@pytest.mark.parametrize(
    ("slow", "n"), [([8] * 10, 50), ([9] * 20, 60), ([10, 20] * 10, 50), ([2, 3, 4, 5, 6, 4, 8, 9], 41)]
)
def test_it_is_the_least_that_passes_what_is_allowed(slow: list[int], n: int) -> None:
    """At that number the lower limit of the rate is above 5 %, at one less it is not, bursts and all."""
    over = judge(case(held(*(Histogram((0.2,), (n - k, k)) for k in slow))))
    effect = design_effect([(k, n) for k in slow], ALPHA)
    size = n * len(slow) / effect

    found = proof(over)

    assert over.outcome is Outcome.OVER
    assert found is not None
    assert lower_limit(found.slow / effect, size, ALPHA) > 0.05
    assert lower_limit((found.slow - 1) / effect, size, ALPHA) <= 0.05


def test_without_bursts_it_is_exact() -> None:
    """33 of 412 prove a rate above 5 % at 99 % confidence, and 32 do not."""
    over = verdict(Outcome.OVER, slow_share=Interval(0.05588, 0.127))

    assert proof(over) == Proof(33, exact=True)
    assert str(Proof(33, exact=True)) == "33"
    assert str(proof(verdict(Outcome.OVER))) == "about 33"


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": Outcome.UNDECIDED},
        {"slow": None},
        {"slow_share": None},
        {"allowed": None},
        {"slow_share": Interval(0.04, 0.1)},
        {"n": 0},
    ],
)
def test_where_nothing_is_proven_nothing_is_claimed(changes: dict[str, object]) -> None:
    """A mean, an average or a verdict without counts has no such number."""
    assert proof(replace(verdict(Outcome.OVER), **changes)) is None  # type: ignore[arg-type]
