"""What would change a verdict is what does change it: each promise of an explanation is tried out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from headroom.budgets import Outcome, Reason, Statistic, Unit
from headroom.evidence import Evidence, Gauge, Histogram, Moments, Ratio
from headroom.explain import Change, explain
from headroom.explain.swings import raised
from headroom.judge import Case, judge
from headroom.observation import Absence, Quality, Series
from tests.judge.cases import EVERY, GUIDE, Held, case, cumulative, held, limit

FINE = (0.1, 0.2, 0.5)


def exact(fast: int, slow: int) -> Histogram:
    """Return requests of under 100 ms, and of 200 to 500 ms, with a bound at 200 ms."""
    return Histogram(FINE, (fast, 0, slow, 0))


def changes(one: Case) -> list[tuple[str, Outcome | None]]:
    """Return what would change the verdict, in words and outcomes."""
    return [(change.words, change.outcome) for change in explain(one).changes]


def only(found: tuple[Change, ...], outcome: Outcome) -> int:
    """Return the number of requests of the one change to an outcome."""
    (change,) = [change for change in found if change.outcome is outcome]
    assert change.amount is not None
    return int(change.amount)


def windows(slow: int) -> Case:
    """Return ten polls of 60 requests, with slow ones shared out among them as evenly as can be."""
    each = [slow * (i + 1) // 10 - slow * i // 10 for i in range(10)]
    return case(held(*[exact(60 - k, k) for k in each[::-1]]))


def test_the_numbers_are_where_the_judge_turns() -> None:
    """One slow request fewer than is said leaves the verdict as it is; so many turn it, in real evidence."""
    found = explain(windows(0)).changes
    assert judge(windows(0)).outcome is Outcome.MET
    for outcome in (Outcome.UNDECIDED, Outcome.OVER):
        x = only(found, outcome)
        assert judge(windows(x)).outcome is outcome
        assert judge(windows(x - 1)).outcome is not outcome
    assert [words for words, _ in changes(windows(0))] == [
        "had 16 more of these 600 requests been slow",
        "had 47 more of these 600 requests been slow",
    ]


def test_an_over_says_how_many_fewer() -> None:
    """From over, the way back is counted in slow requests that had been fast."""
    found = explain(windows(100)).changes
    x = only(found, Outcome.MET)
    assert judge(windows(100 - x)).outcome is Outcome.MET
    assert judge(windows(100 - x + 1)).outcome is not Outcome.MET
    x = only(found, Outcome.UNDECIDED)
    assert judge(windows(100 - x)).outcome is Outcome.UNDECIDED
    assert judge(windows(100 - x + 1)).outcome is Outcome.OVER


def test_a_missing_bucket_is_named_with_both_ends() -> None:
    """Where a bucket is missing, the bound is named, and what the verdict were at either end."""
    one = case(held(*[cumulative(0, 40, 50, 60, 60, 60, 60)] * 10))
    assert judge(one).reason is Reason.BUCKET
    bound = 'a bucket bound at the limit (le="0.2") tells which'
    assert changes(one) == [
        (f"100 of 600 requests may have been slow or not: {bound}", None),
        ("were all 100 of them fast", Outcome.MET),
        ("were all 100 of them slow", Outcome.OVER),
    ]


def test_above_the_last_bound_nothing_makes_it_over() -> None:
    """A limit above all bounds is never called one that could be broken."""
    one = case(held(*[cumulative(60, 60, 60, 60, 60, 60, 60)] * 10), limit(threshold=10))
    assert changes(one) == [
        ("had 16 more of these 600 requests been slow", Outcome.UNDECIDED),
        ("no number of slow ones makes it over: no bucket tells how long the longest took", None),
    ]


def test_moments_ask_for_a_histogram() -> None:
    """What a mean and a deviation cannot tell, a histogram would."""
    one = case(held(*[Moments(100, 1.0, 0.2, 3.0)] * 4), limit(threshold=0.05))
    assert judge(one).reason is Reason.MOMENTS
    assert changes(one)[0][0] == (
        "80 of 400 requests may have been slow or not: "
        'a histogram of them with a bound at the limit (le="0.05") tells which'
    )


def test_too_few_says_how_many_more_as_the_verdict_does() -> None:
    """The number of requests still needed is the one of the verdict's own sentence."""
    one = case(held(exact(40, 0)))
    assert judge(one).reason is Reason.SAMPLES
    assert "about 50 more at this rate" in judge(one).detail
    assert changes(one)[0][0] == "about 50 more requests at this rate of slow ones settle it"


def test_what_is_in_doubt_settles_when_it_leaves() -> None:
    """An interval with a suspected reset turns the verdict until it leaves the window; it is said when."""
    good, bad = held(*[exact(60, 0)] * 10), held(exact(300, 0), quality=Quality.SUSPECT)
    moved = [Held(one.at - 10 * EVERY, one.part) for one in bad]
    one = case([*good, *moved])
    assert judge(one).reason is Reason.PARTIAL
    when = "once the 300 requests in doubt have left the window at 12:02:30 UTC"
    assert changes(one) == [(f"{when}, the other figures being the same", Outcome.MET)]
    assert judge(replace(one, held=good)).outcome is Outcome.MET


def test_silence_says_how_much_traffic_proves_it() -> None:
    """The guide's 90 and 459 requests come out, by the judge itself."""
    nothing = Histogram(GUIDE, (0,) * 7)
    for statistic, n in ((Statistic.P95, 90), (Statistic.P99, 459)):
        one = case(held(nothing), limit(statistic))
        assert changes(one)[0] == (
            f"{n} requests in the window, none of them slow, and it is met",
            Outcome.MET,
        )
        assert judge(case(held(exact(n, 0)), limit(statistic))).outcome is Outcome.MET
        assert judge(case(held(exact(n - 1, 0)), limit(statistic))).outcome is Outcome.UNDECIDED


@pytest.mark.parametrize(
    ("evidence", "at_least", "words", "outcome"),
    [
        (
            Ratio(3, 10),
            False,
            "had the average been over 50% instead of 30%, which takes a part over 20 of these 40",
            Outcome.OVER,
        ),
        (Gauge.sample(0.8, 15), False, "had the average been at most 50% instead of 80%", Outcome.MET),
        (
            Ratio(3, 10),
            True,
            "had the average been at least 50% instead of 30%, which takes a part at least 20 of these 40",
            Outcome.MET,
        ),
        (
            Ratio(9, 10),
            True,
            "had the average been under 50% instead of 90%, which takes a part under 20 of these 40",
            Outcome.OVER,
        ),
    ],
)
def test_an_average_says_where_it_turns(
    evidence: Evidence, words: str, outcome: Outcome, *, at_least: bool
) -> None:
    """An average turns at its threshold, from either side, and is tried out just before and behind it."""
    one = case(held(*[evidence] * 4), limit(Statistic.AVERAGE, 0.5, Unit.SHARE, at_least=at_least))
    (change,) = explain(one).changes
    assert (change.words, change.outcome) == (words, outcome)
    assert change.amount is not None
    assert judge(raised(one, change.amount)).outcome is outcome
    assert judge(raised(one, change.amount * 0.999)).outcome is judge(one).outcome


def test_blind_says_what_to_do() -> None:
    """A reason for blindness comes with what ends it, and the way to what was read before."""
    series = Series("metrics", "x")
    old = held(exact(60, 0), now=case([]).at - timedelta(minutes=2))
    one = case(
        old, absence=Absence(series, Reason.UNREACHABLE, "metrics: 127.0.0.1:9090 refuses connections")
    )
    found = explain(one)
    assert found.rule == (
        "The latest poll gave a reason instead of figures: unreachable. The newest reading of the window was "
        "recorded 2 min before and is exact; figures speak for the present for 42 s here"
    )
    assert [change.words for change in found.changes] == [
        "the source answering again settles it",
        "what was read before is kept: --at with an earlier moment explains it",
    ]
