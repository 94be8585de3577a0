"""Evidence and outcomes over time, as charts show them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.trace import MOST, Bin, Span, bins, end, silences, spans, step
from headroom.bounds import Bounds
from headroom.budgets import Outcome, Reason, Unit
from headroom.evidence import Evidence, Gauge, Histogram, Ratio
from headroom.history import StoredPart, VerdictChange
from headroom.observation import Part
from tests.summary.builders import EVERY, NOW, latency, resource

SLOW, SHARE = latency().limits[0], resource().limits[0]


def at(seconds: float) -> datetime:
    """Return a moment of the test's hour."""
    return NOW + timedelta(seconds=seconds)


def stored(
    seconds: float, evidence: Evidence, *bounds: Bounds, clock: timedelta = timedelta(0)
) -> StoredPart:
    """Return a part of 15 s, recorded at a moment by our clock; its source's clock may differ."""
    moment = at(seconds)
    part = Part(moment - EVERY + clock, moment + clock, evidence, bounds=bounds)
    return StoredPart(int(seconds) + 1000, moment, part)


def calls(fast: int, slow: int) -> Histogram:
    """Return so many calls below and above 200 ms."""
    return Histogram((0.2,), (fast, slow))


@pytest.mark.parametrize(
    ("length", "every", "seconds"),
    [(900, 15, 15), (3600, 15, 15), (21600, 15, 90), (86400, 15, 360), (900, 2, 4)],
)
def test_a_chart_has_a_bounded_number_of_whole_steps(length: int, every: int, seconds: int) -> None:
    """Each step is one poll or several whole ones."""
    size = step(timedelta(seconds=length), timedelta(seconds=every))

    assert size == timedelta(seconds=seconds)
    assert timedelta(seconds=length) / size <= MOST


def test_each_poll_is_an_interval_where_polls_are_the_step() -> None:
    """Parts of one poll are added, jitter or not; the times are by our clock."""
    skewed = timedelta(hours=1)
    parts = [
        stored(0, calls(9, 1), clock=skewed),
        stored(0, calls(10, 0), clock=skewed),
        stored(14.2, calls(8, 2)),
    ]

    assert bins(parts, SLOW, EVERY, EVERY) == [
        Bin(at(-15), at(0), 0.05, 0.05, n=20),
        Bin(at(-0.8), at(14.2), 0.2, 0.2, n=10),
    ]


def test_longer_steps_add_the_polls_in_them() -> None:
    """Slow shares are added up, not averaged: 1 of 10 and 1 of 90 are 2 of 100."""
    (one,) = bins([stored(15, calls(9, 1)), stored(30, calls(89, 1))], SLOW, 4 * EVERY, EVERY)

    assert (one.low, one.high, one.n) == (0.02, 0.02, 100)
    assert one.rate == 100 / 30


def test_stored_bounds_are_tighter_than_merged_figures() -> None:
    """What the pieces proved when they were recorded still holds."""
    coarse = Histogram((0.1, 0.5), (50, 50, 0))

    (loose,) = bins([stored(0, coarse)], SLOW, EVERY, EVERY)
    (tight,) = bins([stored(0, coarse, Bounds(0.2, 100, 3, 8))], SLOW, EVERY, EVERY)

    assert (loose.low, loose.high) == (0.0, 0.5)
    assert (tight.low, tight.high) == (0.03, 0.08)


def test_an_interval_without_traffic_shows_nothing() -> None:
    """Not a share of zero."""
    assert bins([stored(0, calls(0, 0))], SLOW, EVERY, EVERY) == [Bin(at(-15), at(0), None, None)]


def test_a_ratio_is_one_value_and_samples_are_a_range() -> None:
    """Ratios are added up; samples keep their lowest and highest beside the mean."""
    ratios = [stored(15, Ratio(1, 10)), stored(30, Ratio(9, 10))]
    samples = [stored(15, Gauge.sample(0.2, 15)), stored(30, Gauge.sample(0.6, 15))]

    (ratio,) = bins(ratios, SHARE, 4 * EVERY, EVERY)
    (gauge,) = bins(samples, SHARE, 4 * EVERY, EVERY)

    assert (ratio.low, ratio.high, ratio.mean, ratio.n) == (0.5, 0.5, 0.5, 0)
    assert (gauge.low, gauge.high, gauge.mean) == (0.2, 0.6, 0.4)


def test_evictions_are_counted_per_1000_commands() -> None:
    """As their limits are, which stand in while Redis evicts."""
    limit = replace(SHARE, unit=Unit.PER_1000_COMMANDS, threshold=1.0)

    (one,) = bins([stored(0, Ratio(3, 2000))], limit, EVERY, EVERY)

    assert (one.low, one.high, one.mean) == (1.5, 1.5, 1.5)


def test_a_chart_ends_where_nothing_moves_it() -> None:
    """Its end moves with the step, but at least each minute and at most each 15 s."""
    newest = datetime(2026, 11, 22, 14, 7, 52, tzinfo=UTC)
    ends = [f"{end(newest, timedelta(seconds=size)):%H:%M:%S}" for size in (2, 15, 40, 315)]

    assert ends == ["14:07:45", "14:07:45", "14:07:20", "14:07:00"]


def change(seconds: float, limit: str, outcome: Outcome) -> VerdictChange:
    """Return a change of a limit's outcome."""
    return VerdictChange(at(seconds), "b", limit, (), outcome, Reason.NO_DATA, "")


BOTH = frozenset({"target", "alert"})


def test_a_row_is_as_bad_as_its_worst_limit_over_time() -> None:
    """Begun before the chart, over with its target, and met again; equal periods are one."""
    changes = [
        change(-100, "target", Outcome.MET),
        change(-90, "alert", Outcome.MET),
        change(20, "target", Outcome.OVER),
        change(30, "alert", Outcome.OVER),
        change(40, "alert", Outcome.MET),
        change(60, "target", Outcome.MET),
        change(70, "another", Outcome.BLIND),
    ]

    assert spans(changes, BOTH, [], at(0), at(100)) == [
        Span(at(0), at(20), Outcome.MET),
        Span(at(20), at(60), Outcome.OVER),
        Span(at(60), at(100), Outcome.MET),
    ]


def test_what_was_not_known_at_the_start_stays_empty() -> None:
    """A system that was not there yet was neither met nor blind."""
    silent = [Span(at(0), at(50), Outcome.BLIND)]

    assert spans([change(50, "target", Outcome.MET)], BOTH, silent, at(0), at(100)) == [
        Span(at(50), at(100), Outcome.MET)
    ]


def test_silence_hides_the_last_outcome() -> None:
    """While nobody collected, nothing was met; after it the last outcome counts until it changes."""
    silent = silences([at(0), at(15), at(200), at(215)], at(0), at(230), EVERY)

    assert silent == [Span(at(15), at(200), Outcome.BLIND)]
    assert spans([change(0, "target", Outcome.MET)], BOTH, silent, at(0), at(230)) == [
        Span(at(0), at(15), Outcome.MET),
        Span(at(15), at(200), Outcome.BLIND),
        Span(at(200), at(230), Outcome.MET),
    ]


def test_a_late_poll_is_no_silence() -> None:
    """Up to a minute, or three polls, the last verdict still speaks."""
    assert silences([at(0), at(60)], at(0), at(120), EVERY) == []
