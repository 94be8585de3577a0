"""What a stored verdict may still say once time has passed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from headroom.bounds import Interval
from headroom.budgets import Limit, Outcome, Reason, Severity, Statistic, Unit
from headroom.standpoint import as_of, standpoints, used
from tests.summary.builders import EVERY, NOW, SOURCES, average, latency, resource, standing, verdict


@pytest.mark.parametrize(
    ("every", "age", "outcome"),
    [
        (15, 60, Outcome.MET),
        (15, 61, Outcome.BLIND),
        (60, 180, Outcome.MET),
        (60, 181, Outcome.BLIND),
        (15, -60, Outcome.MET),
        (15, -61, Outcome.BLIND),
    ],
)
def test_a_verdict_speaks_for_three_polls_but_at_least_a_minute(
    every: int, age: int, outcome: Outcome
) -> None:
    """Older than that, or from the future, it is blind; never green."""
    said = verdict(latency(), 0, Outcome.MET, at=NOW - timedelta(seconds=age))

    assert outcome is as_of(said, NOW, timedelta(seconds=every)).outcome


def test_a_stale_verdict_says_what_it_last_was_and_keeps_no_figures() -> None:
    """Nobody can take old figures for current ones, and the sentence says what to look at."""
    said = verdict(
        latency(),
        0,
        Outcome.MET,
        at=NOW - timedelta(minutes=6, seconds=0.4),
        value=Interval(0.1, 0.19),
        slow=(1, 2),
        slow_share=Interval(0.0, 0.03),
        n=400,
        headroom=0.4,
    )

    stale = as_of(said, NOW, EVERY)

    assert (
        stale.reason,
        stale.value,
        stale.slow,
        stale.slow_share,
        stale.n,
        stale.headroom,
    ) == (Reason.STALE, None, None, None, 0, None)
    assert (
        stale.detail
        == "nothing was judged for 6 min (last: met at 100 to 190 ms); is `headroom run` still running?"
    )


def test_a_verdict_from_the_future_names_the_clock() -> None:
    """A clock that was set back would otherwise keep the last verdict green for as long."""
    stale = as_of(verdict(latency(), 0, Outcome.MET, at=NOW + timedelta(hours=1)), NOW, EVERY)

    assert (
        stale.detail.replace("(met)", "(last: met)")
        == "the last verdict is 1 h in the future (last: met); a clock was set back"
    )


def test_a_limit_that_was_never_judged_is_blind() -> None:
    """It says that there is no reading yet."""
    (first, second) = standpoints(latency(), SOURCES, [standing(verdict(latency(), 1, Outcome.MET))], NOW)

    assert (first.verdict.outcome, first.verdict.reason, first.since) == (Outcome.BLIND, Reason.NO_DATA, None)
    assert first.verdict.detail == "no reading yet; is `headroom run` running?"
    assert Outcome.MET is second.verdict.outcome


def test_a_verdict_on_another_threshold_says_nothing_of_this_one() -> None:
    """After an edit of the file the old verdict must not pass for the new limit's."""
    tightened = replace(latency(), limits=(replace(latency().limits[0], threshold=0.1),))

    (first,) = standpoints(tightened, SOURCES, [standing(verdict(latency(), 0, Outcome.MET))], NOW)

    assert Outcome.BLIND is first.verdict.outcome
    assert first.verdict.detail == "the limit was changed and not judged since; restart `headroom run`"


def test_a_stand_in_for_an_evicting_redis_is_taken_for_the_limit() -> None:
    """Its unit and threshold are the verdict's, and so are those that are shown."""
    evictions = Limit("target", Statistic.AVERAGE, 1.0, Unit.PER_1000_COMMANDS, Severity.WARNING)
    budget = replace(resource(), evicting=(evictions,))
    said = verdict(
        budget, 0, Outcome.OVER, unit=Unit.PER_1000_COMMANDS, threshold=1.0, value=Interval.exactly(2.0)
    )

    (target, alert) = standpoints(budget, SOURCES, [standing(said)], NOW)

    assert (evictions, Outcome.OVER) == (target.limit, target.verdict.outcome)
    assert Outcome.BLIND is alert.verdict.outcome


def test_a_stand_in_stands_in_for_its_own_limit_only() -> None:
    """A verdict on the alert with the target's stand-in is a verdict on no promise."""
    evictions = Limit("target", Statistic.AVERAGE, 1.0, Unit.PER_1000_COMMANDS, Severity.WARNING)
    budget = replace(resource(), evicting=(evictions,))
    said = verdict(budget, 1, Outcome.MET, unit=Unit.PER_1000_COMMANDS, threshold=1.0)

    (_, alert) = standpoints(budget, SOURCES, [standing(said)], NOW)

    assert alert.verdict.outcome is Outcome.BLIND


def test_verdicts_on_parts_of_the_budget_are_left_out() -> None:
    """Only the subject {} stands for all of it."""
    part = verdict(latency(), 0, Outcome.OVER, subject=(("instance", "a"),))

    (first, _) = standpoints(latency(), SOURCES, [standing(part)], NOW)

    assert Outcome.BLIND is first.verdict.outcome


def test_a_stale_verdict_is_blind_since_it_was_made() -> None:
    """From then on nothing was known, whatever had held before."""
    said = verdict(latency(), 0, Outcome.MET, at=NOW - timedelta(minutes=6))

    (first, _) = standpoints(latency(), SOURCES, [standing(said)], NOW)

    assert said.at == first.since


def test_use_of_a_percentile_is_its_slow_share_against_the_allowed_one() -> None:
    """So the bar lies on the side of the limit that the outcome names."""
    said = verdict(
        latency(), 0, Outcome.UNDECIDED, slow_share=Interval(0.025, 0.075), value=Interval(0.1, 0.5)
    )

    (first, _) = standpoints(latency(), SOURCES, [standing(said)], NOW)

    assert Interval(0.5, 1.5) == Interval(*(round(end, 9) for end in (used(first).low, used(first).high)))  # type: ignore[union-attr, arg-type]


def test_use_of_a_resource_is_its_value_against_the_limit() -> None:
    """35 % of a limit of 70 % is half of it."""
    (target, _) = standpoints(resource(), SOURCES, [standing(average(resource(), 0, 0.35))], NOW)

    assert Interval(0.5, 0.5) == used(target)


def test_use_of_a_floor_grows_as_the_value_falls() -> None:
    """A hit rate of 45 % uses a floor of 90 % twice over."""
    floor = replace(resource().limits[0], threshold=0.9, at_least=True)
    budget = replace(resource(), limits=(floor,))
    said = verdict(budget, 0, Outcome.OVER, value=Interval(0.45, 0.6), at_least=True)

    (target,) = standpoints(budget, SOURCES, [standing(said)], NOW)

    assert Interval(1.5, 2.0) == used(target)
