"""Which of two verdicts on one promise holds, what is said of the other, and when the two disagree."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from headroom.budgets import Budget, Kind, Measure, Outcome, Reason, Statistic, Verdict
from headroom.evidence import Evidence, Histogram, Moments
from headroom.judge import judge
from headroom.observation import Absence, Quality, Series
from headroom.second import joined
from tests.judge.cases import EVERY, NOW, case, held, limit

STATEMENTS = Measure("erp-db", Kind.STATEMENTS, "exec_time", "queries.lookup")
HISTOGRAM = Measure("metrics", Kind.HISTOGRAM, "db_query_duration_seconds", "queries.lookup")
SERVER, APPLICATION = "pg_stat_statements at erp-db", "db_query_duration_seconds at metrics"
QUICK = Moments(100, 0.1, 0.00001)  # 1 ms each: at most some 0.1 % over 10 ms
WIDE = Moments(100, 0.8, 0.02)  # 8 ms with 14 ms of deviation: anything may be
SLOW = Moments(100, 5.0, 0.0001)  # 50 ms each: all over
FINE, COARSE = (0.001, 0.01, 0.1), (0.5,)


def counted(fast: int, slow: int, bounds: tuple[float, ...] = FINE) -> Histogram:
    """Return a histogram of calls of 5 ms and of 50 ms."""
    if bounds == FINE:
        return Histogram(bounds, (0, fast, slow, 0))
    return Histogram(bounds, (fast + slow, 0))


def budget(statistic: Statistic = Statistic.P95) -> Budget:
    """Return the budget of look-ups, 10 ms, with both measures."""
    one = case([], limit(statistic, 0.01)).budget
    return replace(one, id="db.lookup", measure=STATEMENTS, second=HISTOGRAM)


def said(
    measure: Measure,
    *evidence: Evidence,
    quality: Quality = Quality.EXACT,
    absence: tuple[Reason, str] | None = None,
    statistic: Statistic = Statistic.P95,
    late: timedelta = timedelta(0),
) -> Verdict:
    """Return the verdict by one measure, on a full window of 20 intervals where one piece is given."""
    pieces = evidence * 20 if len(evidence) == 1 else evidence
    because = Absence(Series.of(measure), *absence) if absence else None
    one = case(
        held(*pieces, quality=quality, now=NOW - late), limit(statistic, 0.01), absence=because, at=NOW
    )
    return judge(replace(one, budget=budget(statistic), measure=measure))


def test_the_verdict_of_a_measure_names_its_source() -> None:
    """It is the measure's that was judged, not that of the budget's first."""
    assert said(HISTOGRAM, counted(100, 0)).source == "metrics"
    assert said(STATEMENTS, QUICK).source == "erp-db"


def test_the_second_judges_where_it_decides() -> None:
    """Mean and deviation prove nothing, the histogram does: its verdict holds and is named."""
    joint = joined(budget(), said(STATEMENTS, WIDE), said(HISTOGRAM, counted(100, 0)))

    assert (joint.verdict.outcome, joint.verdict.source, joint.verdict.n) == (Outcome.MET, "metrics", 2000)
    assert joint.verdict.detail == (
        f"{APPLICATION}: 0 of 2,000 took longer than 10 ms (0%), 5% allowed; "
        "the rate behind it is at most 0.23% at 99% confidence, if slow ones come singly"
    )
    assert joint.disagreement == ""


def test_a_window_that_the_second_saw_broken_is_not_met_by_the_first() -> None:
    """One burst, 9.5 % of all: what it means for the rate is open, but no promise is kept."""
    burst = [counted(100, 0)] * 18 + [counted(0, 100), counted(10, 90)]
    joint = joined(budget(), said(STATEMENTS, QUICK), said(HISTOGRAM, *burst))

    assert (joint.verdict.outcome, joint.verdict.source) == (Outcome.UNDECIDED, "metrics")
    assert joint.verdict.slow == (190, 190)


def test_the_second_can_be_over_where_the_first_proves_nothing() -> None:
    """Over by the histogram is over, and as firm as the histogram makes it."""
    joint = joined(budget(), said(STATEMENTS, WIDE), said(HISTOGRAM, counted(60, 40)))

    assert (joint.verdict.outcome, joint.verdict.firm) == (Outcome.OVER, True)
    assert joint.verdict.detail.startswith(f"{APPLICATION}: 800 of 2,000 took longer than 10 ms")


NO_SERIES = (Reason.NO_DATA, "no series db_query_duration_seconds_bucket at 127.0.0.1:9090")
ABSENT = f"{APPLICATION} cannot tell: {NO_SERIES[1]}"
PROVEN = f"{SERVER}: 0 of 2,000 took longer than 10 ms"


@pytest.mark.parametrize(
    ("second", "end"),
    [
        (said(HISTOGRAM, counted(100, 0, COARSE)), f"; {APPLICATION} cannot tell: no bucket bound at 10 ms"),
        (said(HISTOGRAM, counted(2, 0)), f"; {APPLICATION} cannot tell: its 40 calls settle nothing"),
        (said(HISTOGRAM, counted(0, 0)), f"; {APPLICATION} counted none"),
        (said(HISTOGRAM, absence=NO_SERIES), f"; {ABSENT}"),
        (
            said(HISTOGRAM, counted(100, 0), late=timedelta(seconds=50)),
            f"; {APPLICATION} cannot tell: the newest reading is 50 s old; after 42 s it says nothing",
        ),
    ],
)
def test_otherwise_the_first_judges_and_the_second_says_why_it_does_not(second: Verdict, end: str) -> None:
    """Blind, idle, undecided or stale: the first's verdict holds, named, with the reason in a few words."""
    first = said(STATEMENTS, QUICK)
    joint = joined(budget(), first, second)

    assert (joint.verdict.outcome, joint.verdict.source) == (Outcome.MET, "erp-db")
    assert joint.verdict.detail.startswith(PROVEN)
    assert end in joint.verdict.detail
    assert replace(joint.verdict, detail=first.detail) == first


IDLE = said(STATEMENTS, Moments(0, 0.0, 0.0))
BLIND = said(STATEMENTS, absence=(Reason.UNREACHABLE, "erp-db: connection refused"))
UNDECIDED = said(STATEMENTS, WIDE)
SECOND_IDLE = said(HISTOGRAM, counted(0, 0))
SECOND_BLIND = said(HISTOGRAM, absence=NO_SERIES)
SECOND_UNDECIDED = said(HISTOGRAM, counted(100, 0, COARSE))


@pytest.mark.parametrize(
    ("first", "second", "outcome", "detail"),
    [
        (IDLE, SECOND_IDLE, Outcome.IDLE, f"{SERVER}: no requests or calls in the window"),
        (IDLE, SECOND_BLIND, Outcome.IDLE, f"{SERVER}: no requests or calls in the window; {ABSENT}"),
        (
            BLIND,
            SECOND_IDLE,
            Outcome.BLIND,
            f"{SERVER}: erp-db: connection refused; {APPLICATION} counted none",
        ),
        (BLIND, SECOND_BLIND, Outcome.BLIND, f"{SERVER}: erp-db: connection refused; {ABSENT}"),
    ],
)
def test_with_nothing_to_go_by_the_first_speaks_and_blindness_is_never_hidden(
    first: Verdict, second: Verdict, outcome: Outcome, detail: str
) -> None:
    """An idle histogram does not stand in for a server that cannot be reached, nor a blind one go unsaid."""
    joint = joined(budget(), first, second)

    assert (joint.verdict.outcome, joint.verdict.detail) == (outcome, detail)


@pytest.mark.parametrize("first", [IDLE, BLIND])
def test_figures_that_settle_nothing_say_more_than_none(first: Verdict) -> None:
    """An undecided second holds beside an idle or blind first, which is named."""
    joint = joined(budget(), first, SECOND_UNDECIDED)

    assert (joint.verdict.outcome, joint.verdict.source) == (Outcome.UNDECIDED, "metrics")
    assert joint.verdict.detail.startswith(f"{APPLICATION}: 0 to 2,000 of 2,000 took longer")
    assert SERVER in joint.verdict.detail


def test_of_two_undecided_the_first_speaks() -> None:
    """The budget is its first measure's; what the other lacks is said."""
    joint = joined(budget(), UNDECIDED, SECOND_UNDECIDED)

    assert (joint.verdict.source, joint.verdict.reason) == ("erp-db", Reason.MOMENTS)
    assert joint.verdict.detail.endswith(f"; {APPLICATION} cannot tell: no bucket bound at 10 ms")


def test_an_unreachable_server_is_named_beside_a_histogram_that_decides() -> None:
    """Met by the application's histogram; that the server is gone must not be hidden by it."""
    joint = joined(budget(), BLIND, said(HISTOGRAM, counted(100, 0)))

    assert joint.verdict.outcome is Outcome.MET
    assert joint.verdict.detail.endswith(f"; {SERVER} cannot tell: erp-db: connection refused")


def test_what_another_source_says_at_length_is_cut() -> None:
    """A sentence within a sentence has an end."""
    blind = said(HISTOGRAM, absence=(Reason.NO_DATA, "a word " * 100))
    detail = joined(budget(), said(STATEMENTS, QUICK), blind).verdict.detail

    assert detail.endswith("a word a …")
    assert len(detail) < 500


def test_an_application_that_waits_longer_disagrees_with_the_server() -> None:
    """Quick at the server, slow for the application: its verdict holds, with both figures and the cause."""
    joint = joined(budget(), said(STATEMENTS, QUICK), said(HISTOGRAM, counted(60, 40)))

    assert (joint.verdict.outcome, joint.verdict.source) == (Outcome.OVER, "metrics")
    assert joint.disagreement == (
        f"the two sources disagree: {SERVER} at most 0.23% slow, {APPLICATION} 37% to 43% slow; "
        "the application sees also the network and waiting for a connection"
    )
    assert joint.verdict.detail.endswith(f"; {joint.disagreement}")


def test_a_server_that_is_slower_than_what_waits_for_it_counts_other_calls() -> None:
    """It cannot be the same calls, and that is what is said."""
    joint = joined(budget(), said(STATEMENTS, SLOW), said(HISTOGRAM, counted(100, 0)))

    assert joint.verdict.outcome is Outcome.MET
    assert joint.disagreement == (
        f"the two sources disagree: {SERVER} at least 99% slow, {APPLICATION} at most 0.23% slow; "
        "the application waits for all that the server executes: they count different calls"
    )


def test_figures_that_overlap_do_not_disagree() -> None:
    """A server that proves nothing contradicts nobody."""
    assert joined(budget(), said(STATEMENTS, WIDE), said(HISTOGRAM, counted(60, 40))).disagreement == ""


def test_events_in_doubt_disagree_with_nobody() -> None:
    """What a suspected reset hides is in neither figure."""
    doubt = held(counted(2000, 0), quality=Quality.SUSPECT)
    one = case([*doubt, *held(*[counted(0, 20)] * 4, now=NOW - EVERY)], limit(threshold=0.01))
    second = judge(replace(one, budget=budget(), measure=HISTOGRAM))

    assert second.reason is Reason.PARTIAL
    assert joined(budget(), said(STATEMENTS, QUICK), second).disagreement == ""


def test_means_disagree_only_where_one_is_over_and_the_other_met() -> None:
    """8 ms and 5 ms are both met; 50 ms and 5 ms are not."""
    mean = Statistic.MEAN
    met = said(HISTOGRAM, replace(counted(100, 0), total=0.5), statistic=mean)

    assert joined(budget(mean), said(STATEMENTS, WIDE, statistic=mean), met).disagreement == ""
    assert joined(budget(mean), said(STATEMENTS, SLOW, statistic=mean), met).disagreement == (
        f"the two sources disagree: {SERVER} 50 ms, {APPLICATION} 5 ms; "
        "the application waits for all that the server executes: they count different calls"
    )


def test_counts_that_are_far_apart_are_said() -> None:
    """A tenth of the calls cannot be all of them; nearly the same is."""
    few = joined(budget(), said(STATEMENTS, QUICK), said(HISTOGRAM, counted(10, 0))).verdict.detail
    same = joined(budget(), said(STATEMENTS, QUICK), said(HISTOGRAM, counted(60, 0))).verdict.detail

    assert few.endswith(
        f"; {SERVER} counts 400 a minute and {APPLICATION} counts 40 a minute: not the same calls"
    )
    assert "not the same calls" not in same


def test_a_window_that_has_only_begun_counts_as_what_it_covers() -> None:
    """A histogram that is a minute old has a fifth of the calls, and the same rate."""
    young = said(HISTOGRAM, *[counted(100, 0)] * 4)

    assert "not the same calls" not in joined(budget(), said(STATEMENTS, QUICK), young).verdict.detail


def test_a_handful_of_calls_is_no_discrepancy() -> None:
    """Three against one is chance, and the edges of two windows."""
    parts = [Moments(3, 0.003, 0.0), *[Moments(0, 0.0, 0.0)] * 19]
    single = [counted(1, 0), *[counted(0, 0)] * 19]
    detail = joined(budget(), said(STATEMENTS, *parts), said(HISTOGRAM, *single)).verdict.detail

    assert "not the same calls" not in detail
