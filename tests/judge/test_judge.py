"""Every outcome and reason, and the laws that verdicts keep."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.bounds import Bounds, Interval
from headroom.budgets import Outcome, Reason, Statistic, Unit
from headroom.evidence import Evidence, Gauge, Histogram, Moments, Ratio
from headroom.judge import judge
from headroom.observation import Absence, Part, Quality, Series
from headroom.window import in_window
from tests.evidence.samples import bucketed, durations, reduced_to_moments
from tests.judge.cases import EVERY, GUIDE, NOW, Held, case, cumulative, held, limit

SERIES = Series("metrics", "x")
FAST = cumulative(200, 200, 200, 200, 200, 200, 200)
SLOW = cumulative(0, 0, 0, 0, 200, 200, 200)


def test_fast_requests_are_met_with_headroom() -> None:
    """Nothing slow of 4,000: met, with nearly all of the promise left."""
    verdict = judge(case(held(*[FAST] * 20)))

    assert verdict.outcome is Outcome.MET
    assert verdict.reason is Reason.WITHIN_LIMIT
    assert verdict.headroom == pytest.approx(0.977, abs=0.001)
    assert verdict.window.coverage == 1
    assert verdict.detail == (
        "0 of 4,000 took longer than 200 ms (0%), 5% allowed; "
        "the rate behind it is at most 0.12% at 99% confidence, if slow ones come singly"
    )


def test_slow_requests_are_over_and_firm() -> None:
    """All slow in three intervals: over, surely enough to wake somebody."""
    verdict = judge(case(held(SLOW, SLOW, SLOW)))

    assert verdict.outcome is Outcome.OVER
    assert verdict.firm
    assert verdict.value == Interval(0.5, 1.0)


def test_a_single_burst_wakes_nobody() -> None:
    """All of 400 slow, but in two intervals only: over, and one burst may have done it."""
    verdict = judge(case(held(SLOW, SLOW)))

    assert (verdict.outcome, verdict.firm) == (Outcome.OVER, False)


def test_over_at_one_percent_is_not_yet_firm() -> None:
    """12 of 100 against 5 % is over at alpha 0.01, but wakes nobody at 0.001."""
    verdict = judge(case(held(cumulative(0, 0, 88, 88, 100, 100, 100))))

    assert verdict.outcome is Outcome.OVER
    assert not verdict.firm


def test_a_burst_counts_for_less_than_single_slow_ones() -> None:
    """120 slow of 1,600, spread evenly, are over 5 %; the same in one interval settle nothing."""
    spread = [cumulative(0, 0, 74, 74, 80, 80, 80)] * 20
    burst = [cumulative(0, 0, 0, 0, 80, 80, 80), cumulative(0, 0, 40, 40, 80, 80, 80)]
    burst += [cumulative(0, 0, 80, 80, 80, 80, 80)] * 18

    assert judge(case(held(*spread))).outcome is Outcome.OVER
    verdict = judge(case(held(*burst)))
    assert verdict.reason is Reason.SAMPLES
    assert verdict.slow == (120, 120)
    assert verdict.detail == (
        "120 of 1,600 took longer than 200 ms (7.5%), 5% allowed; "
        "slow ones come in bursts, so that the rate behind them cannot be told yet"
    )


def test_no_traffic_is_idle() -> None:
    """Readings with nothing in them are neither met nor blind."""
    verdict = judge(case(held(cumulative(0, 0, 0, 0, 0, 0, 0))))

    assert (verdict.outcome, verdict.detail) == (Outcome.IDLE, "no requests or calls in the window")


def test_nothing_recorded_is_blind() -> None:
    """No part and no reason: the sentence names the window."""
    verdict = judge(case([]))

    assert (verdict.outcome, verdict.reason, verdict.detail) == (
        Outcome.BLIND,
        Reason.NO_DATA,
        "no reading within 5 min",
    )


def test_a_failed_poll_leaves_the_window_to_speak_until_it_is_old() -> None:
    """One missed poll changes nothing; when the newest reading is too old, its reason is said."""
    absence = Absence(SERIES, Reason.UNREACHABLE, "metrics: connection refused")

    assert judge(case(held(*[FAST] * 5), absence=absence)).outcome is Outcome.MET
    later = case(held(*[FAST] * 5), absence=absence, at=NOW + timedelta(seconds=43))
    assert judge(later).reason is Reason.UNREACHABLE
    assert judge(later).detail == "metrics: connection refused"


def test_silence_without_a_reason_is_stale() -> None:
    """Nothing newer than twice the interval: met turns into blind."""
    verdict = judge(case(held(*[FAST] * 5), at=NOW + timedelta(seconds=60)))

    assert (verdict.outcome, verdict.reason) == (Outcome.BLIND, Reason.STALE)
    assert verdict.detail == "the newest reading is 1 min old; after 42 s it says nothing about now"


@pytest.mark.parametrize(
    "reason", [Reason.NO_LIMIT, Reason.BROKEN_INSTRUMENTATION, Reason.NOT_CONFIGURED, Reason.POLICY]
)
def test_what_is_known_to_be_broken_outweighs_fresh_figures(reason: Reason) -> None:
    """A unit that is wrong now makes the figures of a minute ago worthless too."""
    verdict = judge(case(held(*[FAST] * 5), absence=Absence(SERIES, reason, "so it is")))

    assert (verdict.outcome, verdict.detail, verdict.value) == (reason.outcome, "so it is", None)


@pytest.mark.parametrize("quality", [Quality.GAP, Quality.SUSPECT])
def test_doubtful_intervals_alone_settle_nothing(quality: Quality) -> None:
    """A window of gaps or suspected resets only is undecided."""
    verdict = judge(case(held(SLOW, SLOW, quality=quality)))

    assert (verdict.outcome, verdict.reason) == (Outcome.UNDECIDED, Reason.PARTIAL)


def test_a_gap_is_left_out_among_others() -> None:
    """What happened in a gap is not judged; but if it was slow, nobody may say that all is well."""
    late = NOW - EVERY * 5
    fast = judge(case([*held(*[FAST] * 5), *held(FAST, quality=Quality.GAP, now=late)]))
    slow = judge(case([*held(*[FAST] * 5), *held(SLOW, quality=Quality.GAP, now=late)]))

    assert (fast.outcome, fast.slow, fast.n) == (Outcome.MET, (0, 0), 1000)
    assert (slow.outcome, slow.reason, slow.slow) == (Outcome.UNDECIDED, Reason.PARTIAL, (0, 0))


def test_a_gap_that_was_fast_does_not_take_back_what_is_over() -> None:
    """Unless there was so much of it that all together would be kept."""
    few = held(FAST, quality=Quality.GAP, now=NOW - EVERY * 5)
    many = held(*[FAST] * 14, quality=Quality.GAP, now=NOW - EVERY * 5)
    some = cumulative(*[180] * 4, 200, 200, 200)

    assert judge(case([*held(*[some] * 5), *few])).outcome is Outcome.OVER
    assert judge(case([*held(*[some] * 5), *many])).reason is Reason.PARTIAL


def test_events_in_doubt_count_as_what_they_may_have_been() -> None:
    """Two hundred in doubt may all have been slow: too many beside 1,000, few beside 8,000."""
    doubt = held(FAST, quality=Quality.SUSPECT)

    few = judge(case([*doubt, *held(*[FAST] * 5)]))
    many = judge(case([*doubt, *held(*[cumulative(*[2000] * 7)] * 4)]))

    assert (few.outcome, few.reason) == (Outcome.UNDECIDED, Reason.PARTIAL)
    assert few.detail == (
        "0 of 1,000 took longer than 200 ms (0%), 5% allowed; a further 200 came in intervals in "
        "doubt (a gap or a suspected reset), and what they took may turn it: it settles when those leave the "
        "window; "
        "evidence covers 25% of the window"
    )
    assert many.outcome is Outcome.MET


def test_a_gap_does_not_keep_old_evidence_young() -> None:
    """After a long silence one poll that spans it proves nothing of now; then the source is gone again."""
    old = held(*[FAST] * 5, now=NOW - timedelta(minutes=2))
    gap = held(FAST, quality=Quality.GAP)
    gone = Absence(SERIES, Reason.UNREACHABLE, "metrics: connection refused")

    assert judge(case([*gap, *old])).reason is Reason.PARTIAL
    later = judge(case([*gap, *old], absence=gone, at=NOW + timedelta(seconds=43)))
    assert later.reason is Reason.UNREACHABLE


def test_a_reset_is_said() -> None:
    """The part since the new start counts; what it lost stands in the sentence."""
    parts = held(*[FAST] * 5)
    parts[1] = Held(
        parts[1].at, Part(NOW - EVERY * 2, NOW - EVERY, FAST, Quality.RESET, detail="erp restarted")
    )

    verdict = judge(case(parts))

    assert verdict.outcome is Outcome.MET
    assert verdict.detail.endswith("; erp restarted; evidence covers 25% of the window")


def test_what_the_newest_interval_leaves_out_is_said() -> None:
    """Answers that failed are no durations; whoever reads met must know of them."""
    parts = held(*[FAST] * 20)
    failing = "15 of 215 answers were 5xx and are not among the durations"
    parts[0] = Held(NOW, Part(NOW - EVERY, NOW, FAST, detail=failing))

    assert judge(case(parts)).detail.endswith(f", if slow ones come singly; newest interval: {failing}")


def test_a_window_that_is_not_full_says_its_coverage() -> None:
    """Five intervals of 15 s cover a quarter of five minutes."""
    assert judge(case(held(*[FAST] * 5))).window.coverage == pytest.approx(0.25)


def test_intervals_that_overlap_cover_their_time_once() -> None:
    """Two of 15 s that share 5 s stand for 25 s of a window of 100 s."""
    second = timedelta(seconds=1)
    parts = [
        Held(NOW, Part(NOW - 15 * second, NOW, FAST)),
        Held(NOW, Part(NOW - 25 * second, NOW - 10 * second, FAST)),
    ]

    verdict = judge(case(parts, window=100 * second))

    assert verdict.window.coverage == pytest.approx(0.25)


def test_two_bucket_layouts_are_judged_together_but_never_merged() -> None:
    """During a rollout the bounds add up, and the quantile lies between those of the layouts."""
    other = Histogram((0.2, 2.0), (200, 0, 0))
    parts = [Held(NOW, Part(NOW - EVERY, NOW, other)), *held(FAST, FAST)]

    verdict = judge(case(parts))

    assert verdict.outcome is Outcome.MET
    assert verdict.n == 600
    assert verdict.value == Interval(0.0, 0.2)


def test_stored_bounds_outweigh_looser_figures() -> None:
    """What the statements proved singly holds, where the merged moments could not say."""
    merged = Moments(1000, 1.0, 0.0) + Moments(40, 12.0, 0.0)
    part = Part(NOW - EVERY, NOW, merged, bounds=(Bounds(0.05, 1040, 40, 40),))
    loose = Part(NOW - EVERY, NOW, merged)

    tight = judge(case([Held(NOW, part)], limit(threshold=0.05)))
    assert tight.slow == (40, 40)
    assert judge(case([Held(NOW, loose)], limit(threshold=0.05))).reason is Reason.MOMENTS


def test_an_average_is_held_against_target_and_alert() -> None:
    """75 % of CPU is over a target of 70 % and within an alert threshold of 80 %."""
    cpu = held(*[Ratio(11.25, 15.0)] * 20)

    over = judge(case(cpu, limit(Statistic.AVERAGE, 0.7, Unit.SHARE)))
    met = judge(case(cpu, limit(Statistic.AVERAGE, 0.8, Unit.SHARE)))

    assert (over.outcome, over.firm, over.headroom) == (Outcome.OVER, True, pytest.approx(-0.0714, abs=1e-4))
    assert (met.outcome, met.near, met.n) == (Outcome.MET, True, 20)


def test_a_share_of_nothing_is_idle() -> None:
    """No look-ups: no hit rate, and neither 0 % nor a breach."""
    verdict = judge(case(held(Ratio(0, 0)), limit(Statistic.AVERAGE, 0.9, Unit.SHARE, at_least=True)))

    assert verdict.outcome is Outcome.IDLE


def test_a_hit_rate_must_not_fall_below() -> None:
    """`min` limits are over when the value is smaller."""
    low = judge(case(held(Ratio(80, 100)), limit(Statistic.AVERAGE, 0.9, Unit.SHARE, at_least=True)))
    high = judge(case(held(Ratio(95, 100)), limit(Statistic.AVERAGE, 0.9, Unit.SHARE, at_least=True)))

    assert (low.outcome, high.outcome) == (Outcome.OVER, Outcome.MET)


def test_evictions_count_per_thousand_commands() -> None:
    """30 keys evicted in 10,000 commands are 3 per 1,000."""
    verdict = judge(case(held(Ratio(30, 10_000)), limit(Statistic.AVERAGE, 1.0, Unit.PER_1000_COMMANDS)))

    assert verdict.value == Interval.exactly(3.0)
    assert verdict.outcome is Outcome.OVER


def test_a_gauge_is_averaged_over_time() -> None:
    """90 % for 15 s and 30 % for 45 s are 45 %."""
    verdict = judge(
        case(held(Gauge.sample(0.9, 15), Gauge.sample(0.3, 45)), limit(Statistic.AVERAGE, 0.5, Unit.SHARE))
    )

    assert verdict.value is not None
    assert verdict.value.low == pytest.approx(0.45)


def test_kinds_that_changed_inside_the_window_settle_nothing() -> None:
    """After a change of the measure the old kind must leave the window first."""
    assert judge(case(held(FAST, Ratio(1, 2)))).reason is Reason.PARTIAL


def test_the_window_ends_where_the_clock_was_set_back() -> None:
    """Recorded before an hour's step back: of unknown age, so not in the window, now or an hour later."""
    before = held(*[SLOW] * 3, now=NOW + timedelta(hours=1))
    after = held(*[FAST] * 3)
    parts = [*after, *before]

    assert in_window(parts, at=NOW, length=timedelta(minutes=5)) == after
    assert judge(case(parts)).outcome is Outcome.MET


@pytest.mark.parametrize("late", [-0.5, 0.0, 0.5])
def test_a_window_of_one_poll_holds_the_newest_reading_alone(late: float) -> None:
    """However unsteadily it is polled, what was before is no part of it."""
    newest, before = held(Gauge.sample(0.9, 15), Gauge.sample(0.1, 15))
    parts = [newest, replace(before, at=before.at + timedelta(seconds=late))]
    share = limit(Statistic.AVERAGE, 0.8, Unit.SHARE)

    verdict = judge(case(parts, share, window=timedelta(seconds=15)))

    assert (verdict.outcome, verdict.firm, verdict.n) == (Outcome.OVER, True, 1)


def test_an_hour_forward_leaves_only_what_came_after() -> None:
    """Everything from before the step is older than the window."""
    parts = [*held(FAST), *held(*[SLOW] * 3, now=NOW - timedelta(hours=1))]

    assert len(in_window(parts, at=NOW, length=timedelta(minutes=5))) == 1


@given(
    st.lists(st.lists(durations, max_size=60), min_size=1, max_size=12),
    st.sampled_from([*GUIDE, 0.2, 2.0, 10.0]),
    st.sampled_from([Statistic.P50, Statistic.P95, Statistic.P99]),
    st.booleans(),
)
def test_outcome_value_and_counts_never_contradict_each_other(
    intervals: list[list[float]], threshold: float, statistic: Statistic, histogram: bool
) -> None:
    """Met has its value within the limit, over has it above, and the truth lies in every interval."""
    evidence: list[Evidence] = [bucketed(one) if histogram else reduced_to_moments(one) for one in intervals]
    values = [value for one in intervals for value in one]

    verdict = judge(case(held(*evidence), limit(statistic, threshold)))

    if not values:
        assert verdict.outcome is Outcome.IDLE
        return
    assert verdict.slow is not None
    assert verdict.slow_share is not None
    assert verdict.value is not None
    assert verdict.allowed is not None
    assert verdict.slow_share.low is not None
    assert verdict.slow_share.high is not None
    nearly = sum(abs(value - threshold) <= 1e-9 * max(value, threshold) for value in values)
    truth = sum(value > threshold for value in values)
    assert verdict.slow[0] - nearly <= truth <= verdict.slow[1] + nearly
    assert verdict.slow_share.low <= verdict.slow[0] / verdict.n + 1e-9
    assert verdict.slow_share.high >= verdict.slow[1] / verdict.n - 1e-9
    if verdict.outcome is Outcome.MET:
        assert verdict.value.high is not None
        assert verdict.value.high <= threshold
        assert verdict.headroom is not None
        assert verdict.headroom >= 0
    if verdict.outcome is Outcome.OVER:
        assert verdict.value.low is not None
        assert verdict.value.low >= threshold
    if verdict.outcome is Outcome.UNDECIDED and verdict.reason is Reason.BUCKET:
        assert threshold not in GUIDE or not histogram


@pytest.mark.parametrize("statistic", [Statistic.P95, Statistic.MEAN])
def test_events_that_are_all_in_doubt_are_no_silence(statistic: Statistic) -> None:
    """Nothing in the undisturbed intervals, 200 where a reset is suspected: undecided, not idle."""
    nothing = cumulative(0, 0, 0, 0, 0, 0, 0)
    parts = [*held(*[nothing] * 4), *held(FAST, quality=Quality.SUSPECT, now=NOW - EVERY * 4)]

    verdict = judge(case(parts, limit(statistic)))

    assert (verdict.outcome, verdict.reason, verdict.n) == (Outcome.UNDECIDED, Reason.PARTIAL, 0)
    assert verdict.detail == (
        "no requests or calls in the undisturbed intervals, and 200 in intervals in doubt (a gap or a "
        "suspected reset): "
        "it settles when those leave the window"
    )


def test_doubt_about_nothing_is_idle() -> None:
    """A suspected reset of counters that counted nothing changes nothing."""
    nothing = cumulative(0, 0, 0, 0, 0, 0, 0)
    parts = [*held(nothing), *held(nothing, quality=Quality.SUSPECT, now=NOW - EVERY)]

    assert judge(case(parts)).reason is Reason.NO_TRAFFIC


def test_few_polls_are_no_bursts() -> None:
    """Where the polls do not differ, it is their number that leaves the rate open, and that is said."""
    even = [cumulative(*[950 + k] * 4, 960, 960, 960) for k in (0, -1, 1, 0)]

    verdict = judge(case(held(*even), limit(Statistic.P99)))

    assert verdict.reason is Reason.SAMPLES
    assert "bursts, so that" not in verdict.detail
    assert "; 4 intervals are too few to tell whether slow ones come in bursts; " in verdict.detail


def test_bursts_that_were_seen_need_no_condition() -> None:
    """With slow ones in several polls the spread is measured, and nothing is supposed."""
    seen = judge(case(held(*[cumulative(*[1998] * 4, 2000, 2000, 2000)] * 4)))

    assert seen.outcome is Outcome.MET
    assert seen.detail.endswith("at 99% confidence; evidence covers 20% of the window")


def test_a_share_next_to_what_is_allowed_keeps_its_side() -> None:
    """40 of 3,840 are more than 1 %, and must not read as 1 %."""
    slow = cumulative(*[950] * 4, 960, 960, 960)

    verdict = judge(case(held(*[slow] * 4), limit(Statistic.P99)))

    assert verdict.detail.startswith("40 of 3,840 took longer than 200 ms (1.04%), 1% allowed; ")


def test_a_histogram_without_buckets_ends_nowhere() -> None:
    """Its last bucket is not one of 0 s."""
    verdict = judge(case(held(Histogram((), (2000,), 10.0))))

    assert '; it has no buckets: adding le="0.2" settles it; ' in verdict.detail
