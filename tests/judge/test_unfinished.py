"""What was seen running over its limit: never forgotten, and never counted twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.bounds import Bounds, Interval
from headroom.budgets import Outcome, Reason
from headroom.evidence import Moments
from headroom.explain import explain
from headroom.judge import judge
from headroom.observation import Part, Quality
from tests.judge.cases import EVERY, NOW, Held, case, limit

LIMIT = 0.01


def ended(*counts: tuple[int, int]) -> list[Held]:
    """Return polls, newest first, in which so many calls were fast and so many took two seconds."""
    return [
        Held(
            at(i), Part(at(i + 1), at(i), Moments.of([0.001] * fast + [2.0] * slow), bounds=exact(fast, slow))
        )
        for i, (fast, slow) in enumerate(counts)
    ]


def running(*counts: int) -> list[Held]:
    """Return polls, newest first, in which so many calls were seen running when they crossed the limit."""
    parts = [
        Part(
            at(i + 1),
            at(i),
            Moments.of([3.0] * count),
            Quality.UNFINISHED,
            (Bounds(LIMIT, count, count, count),),
        )
        for i, count in enumerate(counts)
    ]
    return [Held(at(i), part) for i, part in enumerate(parts) if part.bounds[0].n]


def exact(fast: int, slow: int) -> tuple[Bounds]:
    """Return the bounds of a poll of which all is known."""
    return (Bounds(LIMIT, fast + slow, slow, slow),)


def at(polls: int) -> datetime:
    """Return the time so many polls ago."""
    return NOW - EVERY * polls


def both(*parts: Held) -> list[Held]:
    """Return them in the order in which they were recorded, newest first."""
    return sorted(parts, key=lambda one: one.at, reverse=True)


def test_calls_that_are_always_cancelled_are_over() -> None:
    """The server counts none of them, so without what was seen running nothing seems to happen."""
    verdict = judge(
        case(both(*ended((0, 0), (0, 0), (0, 0), (0, 0)), *running(5, 5, 5, 5)), limit(threshold=LIMIT))
    )

    assert (verdict.outcome, verdict.firm, verdict.n, verdict.slow) == (Outcome.OVER, True, 20, (20, 20))
    assert verdict.value == Interval(LIMIT, None)
    assert verdict.detail == (
        "20 of 20 took longer than 10 ms (100%), 5% allowed; the rate behind it is at least 79% at 99% "
        "confidence; 20 of them were seen running for longer than 10 ms and still run, were cancelled or "
        "failed: the server counts only those that end well; evidence covers 20% of the window"
    )


def hanging(*counts: int) -> list[Held]:
    """Return polls, newest first, in which so many calls were over the limit and still running."""
    return [replace(one, part=replace(one.part, quality=Quality.RUNNING)) for one in running(*counts)]


def test_a_pile_up_that_lasts_is_over_and_firm_as_long_as_it_lasts() -> None:
    """15 calls crossed the limit at once, long ago, and hang: one burst, but seen at every poll since."""
    silent = ended(*[(0, 0)] * 8)
    verdict = judge(case(both(*silent, *hanging(*[15] * 8)), limit(threshold=LIMIT)))

    assert (verdict.outcome, verdict.firm, verdict.n, verdict.slow) == (Outcome.OVER, True, 15, (15, 15))


def test_a_call_that_hangs_is_one_call_however_often_it_is_seen() -> None:
    """It crossed the limit in the third poll, and runs since: one of 1,001."""
    fast = ended(*[(100, 0)] * 10)
    parts = both(*fast, *running(*[0] * 7, 1), *hanging(*[1] * 8))

    assert judge(case(parts, limit(threshold=LIMIT))).slow == (1, 1)


def test_among_many_that_end_well_they_are_over_too() -> None:
    """60 cancelled calls among 1,000 fast ones are 5.7 %."""
    polls = ended(*[(50, 0)] * 20)
    verdict = judge(case(both(*polls, *running(*[9] * 20)), limit(threshold=LIMIT)))

    assert (verdict.outcome, verdict.n, verdict.slow) == (Outcome.OVER, 1180, (180, 180))


def test_a_call_that_was_seen_and_then_ended_is_not_counted_twice() -> None:
    """4 of 100 are slow, which 5 % allows; seen running before they ended, they must not become 8 of 104."""
    polls = ended(*[(20, 0)] * 19, (576, 10))
    verdict = judge(case(both(*polls, *running(*[0] * 19, 10)), limit(threshold=LIMIT)))

    assert (verdict.n, verdict.slow) == (966, (10, 10))
    assert verdict.outcome is not Outcome.OVER


def test_what_may_have_been_counted_or_not_keeps_a_promise_from_being_called_met() -> None:
    """40 slow of 1,200 are within 5 %; 40 more seen running would be 6.5 %, if they are more."""
    polls = ended(*[(58, 2)] * 20)
    verdict = judge(case(both(*polls, *running(*[2] * 20)), limit(threshold=LIMIT)))

    assert verdict.reason is Reason.PARTIAL
    assert (
        "; a further 40 were seen running over the limit and may have been counted since, or not, and what "
        "they took may turn it: it settles when those leave the window"
    ) in verdict.detail


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12))
def test_they_never_make_a_promise_look_better(polls: list[tuple[int, int, int]]) -> None:
    """However many were seen running: nothing that was over is met by them, nor anything undecided.

    Over may become undecided: with few polls one more slow call can look like a burst.
    """
    alone = ended(*[(fast, slow) for fast, slow, _ in polls])
    with_them = both(*alone, *running(*[seen for _, _, seen in polls]))
    before, after = (judge(case(parts, limit(threshold=LIMIT))) for parts in (alone, with_them))

    assert after.slow is not None
    assert before.slow is not None
    assert after.slow[0] >= before.slow[0]
    if before.outcome is not Outcome.MET:
        assert after.outcome is not Outcome.MET or before.outcome is Outcome.IDLE


def unsorted(*counts: tuple[int, int]) -> list[Held]:
    """Return polls, newest first, with so many fast and slow calls that may belong here or elsewhere."""
    return [replace(one, part=replace(one.part, quality=Quality.UNSORTED)) for one in ended(*counts)]


def test_strays_that_are_fast_leave_a_promise_met() -> None:
    """Whether they belong here or not, none of them is slow."""
    assert (
        judge(case(both(*ended((500, 0)), *unsorted((400, 0))), limit(threshold=LIMIT))).outcome
        is Outcome.MET
    )


def test_strays_that_are_slow_may_break_it() -> None:
    """30 slow ones of 500 others belong here, perhaps, and nothing else of them does."""
    verdict = judge(case(both(*ended((500, 0)), *unsorted((470, 30))), limit(threshold=LIMIT)))

    assert verdict.reason is Reason.PARTIAL
    assert (
        "; a further 500 are of statements that are not yet known to belong here, or how long they take, and "
        "what they took may turn it: it settles when those leave the window"
    ) in verdict.detail
    assert explain(case(both(*ended((500, 0)), *unsorted((470, 30))), limit(threshold=LIMIT))).rule == (
        "U = 0.00916806 <= 0.05 would decide, but were the 500 in doubt as slow as may be, 30 of 530 would "
        "be slow, on the other side of 0.05: undecided"
    )


def test_strays_that_are_fast_may_mend_what_is_over() -> None:
    """30 of 300 are slow, which is over; were 900 fast ones to belong here, it would be 2.5 %."""
    verdict = judge(case(both(*ended((270, 30)), *unsorted((900, 0))), limit(threshold=LIMIT)))

    assert verdict.reason is Reason.PARTIAL


def test_nothing_but_strays_is_no_silence() -> None:
    """The class may have had traffic."""
    verdict = judge(case(both(*ended((0, 0)), *unsorted((20, 0))), limit(threshold=LIMIT)))

    assert verdict.reason is Reason.PARTIAL
    assert verdict.detail == (
        "no calls that are known to belong here, but a further 20 are of statements that are not yet known "
        "to belong here, or how long they take: it settles when those leave the window"
    )


def test_their_rows_stand_in_the_explanation() -> None:
    """The sums of the columns are the judge's figures."""
    found = explain(case(both(*ended((10, 0), (10, 0)), *running(2, 3)), limit(threshold=LIMIT)))

    assert [(row.quality, row.bounds.n) for row in found.rows if row.bounds] == [
        (Quality.EXACT, 10),
        (Quality.EXACT, 10),
        (Quality.UNFINISHED, 3),
        (Quality.UNFINISHED, 2),
    ]
    assert found.verdict.n == 25
    assert found.case.budget.window == timedelta(minutes=5)
