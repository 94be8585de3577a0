"""A trend is told where a line fits, its interval holds the truth, and noise, steps and waves get none."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.trend import AHEAD, FEWEST, LEAST, trend

Points = list[tuple[float, float]]
_EVERY = 300.0


def noise(seed: int, n: int, memory: float, every: float = _EVERY) -> Points:
    """Return stationary noise of deviation 1, each value remembering a share of the one before."""
    random = Random(seed)
    value, left = random.gauss(0, 1), math.sqrt(1 - memory * memory)
    points = []
    for k in range(n):
        points.append((k * every, 100 + value))
        value = memory * value + left * random.gauss(0, 1)
    return points


def ramp(seed: int, n: int, rise: float, memory: float = 0.0, every: float = _EVERY) -> Points:
    """Return the same noise on a line that rises by so much in all."""
    return [(at, value + rise * at / (n * every)) for at, value in noise(seed, n, memory, every)]


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9, 0.98])
@pytest.mark.parametrize("n", [20, 30, 60, 250])
def test_noise_has_no_trend(n: int, memory: float) -> None:
    """Fewer than two alarms in a hundred; noise that remembers 49 of 50 has steps of its own."""
    found = sum(trend(noise(seed, n, memory)) is not None for seed in range(400))

    assert found / 400 < (0.02 if memory <= 0.9 else 0.04)


def test_noise_of_two_days_of_polls_has_no_trend() -> None:
    """Every 15 s, remembering nine of ten: as a gauge does."""
    assert sum(trend(noise(seed, 11_520, 0.9, 15.0)) is not None for seed in range(40)) == 0


def test_a_random_walk_has_no_trend() -> None:
    """It goes somewhere, and has no slope."""
    found = 0
    for seed in range(500):
        random, value, points = Random(seed), 0.0, []
        for k in range(250):
            points.append((k * _EVERY, value))
            value += random.gauss(0, 1)
        found += trend(points) is not None

    assert found <= 5


@pytest.mark.parametrize(("rise", "memory"), [(4.0, 0.0), (10.0, 0.5), (25.0, 0.8)])
def test_a_steady_growth_is_found(rise: float, memory: float) -> None:
    """And the interval holds its slope, in 95 of 100 cases at least."""
    told = [trend(ramp(seed, 250, rise, memory)) for seed in range(100)]
    found = [one for one in told if one is not None]
    slope = rise / (250 * _EVERY)
    holds = sum((one.slope.low or 0) <= slope <= (one.slope.high or 0) for one in found)

    assert len(found) >= 90
    assert holds >= 0.95 * len(found)
    assert all(one.rising for one in found)


def test_two_days_of_polls_that_grow_are_found() -> None:
    """11,520 points, and a change of three deviations."""
    found = trend(ramp(1, 11_520, 3.0, 0.5, 15.0))

    assert found is not None
    assert found.span == 11_519 * 15.0


@pytest.mark.parametrize("height", [3.0, 6.0, 20.0, 100.0])
@pytest.mark.parametrize("place", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_step_is_no_trend(height: float, place: float) -> None:
    """However high it is, and wherever it lies."""
    for seed in range(20):
        points = noise(seed, 250, 0.3)
        assert (
            trend([(at, value + height * (k > place * 250)) for k, (at, value) in enumerate(points)]) is None
        )


def test_a_step_among_few_points_is_hardly_ever_a_trend() -> None:
    """Of 24 points the memory cannot be read, and only the pieces of time show that it was one leap."""
    found = 0
    for seed in range(200):
        points = noise(seed, 24, 0.0)
        found += trend([(at, value + 6 * (k > 12)) for k, (at, value) in enumerate(points)]) is not None

    assert found <= 1


@pytest.mark.parametrize("phase", range(8))
@pytest.mark.parametrize("hours", [12, 24, 36, 48])
def test_the_wave_of_a_day_is_no_trend(hours: int, phase: int) -> None:
    """Where half of it or more was seen."""
    assert trend(_wave(hours, phase)) is None


@pytest.mark.parametrize("phase", [0, 4])
def test_a_quarter_of_a_wave_cannot_be_told_from_a_growth(phase: int) -> None:
    """The documented limit: of three hours of a day its steepest part is a line, for anybody."""
    assert trend(_wave(3, phase)) is not None


def _wave(hours: int, phase: int) -> Points:
    random = Random(phase)
    return [
        (60.0 * k, 50 + 20 * math.sin(2 * math.pi * (60 * k / 86_400 + phase / 8)) + random.gauss(0, 1))
        for k in range(60 * hours)
    ]


def test_a_smooth_curve_that_is_nearly_a_line_is_a_trend() -> None:
    """Its slope lies between those of its ends; a steep curve is none."""
    gentle = trend([(60.0 * k, k**1.2) for k in range(600)])

    assert gentle is not None
    assert (gentle.slope.low or 0) < 1.2 * 300**0.2 / 60 < (gentle.slope.high or 0)
    assert trend([(60.0 * k, float(k) ** 2) for k in range(600)]) is None


def test_when_a_threshold_is_reached() -> None:
    """A line without noise reaches it at one moment; with noise the interval holds that moment."""
    clean = trend([(60.0 * k, 5.0 + k) for k in range(600)])
    assert clean is not None
    until = clean.time_to(704.0)
    assert until is not None
    assert (until.low, until.high) == (pytest.approx(6_000, abs=1), pytest.approx(6_000, abs=1))

    holds = 0
    for seed in range(100):
        noisy = trend(ramp(seed, 250, 20.0))
        assert noisy is not None
        until = noisy.time_to(130.0)
        assert until is not None
        truth = 30.0 / 20.0 * 250 * _EVERY - 249 * _EVERY
        holds += (until.low or 0) <= truth <= (until.high or 0)
    assert holds >= 97


def test_when_no_time_is_told() -> None:
    """Of what is behind, what may be there already, and what is farther than AHEAD spans away."""
    found = trend([(60.0 * k, 5.0 + k) for k in range(600)])
    assert found is not None

    assert found.time_to(600.0) is None
    assert found.time_to(604.0) is None
    assert found.time_to(604.0 + 599 * AHEAD + 1) is None
    assert found.time_to(604.0 + 599 * AHEAD - 1) is not None


def test_what_falls_reaches_what_is_below_it() -> None:
    """The same, upside down."""
    found = trend([(60.0 * k, 1_000.0 - k) for k in range(600)])
    assert found is not None
    until = found.time_to(301.0)

    assert not found.rising
    assert until is not None
    assert until.low == pytest.approx(6_000, abs=1)
    assert found.time_to(2_000.0) is None


def test_what_was_hardly_looked_at_has_no_trend() -> None:
    """Too few points, too short a time, a hole in the middle, the same value all the time."""
    line = [(60.0 * k, float(k)) for k in range(100)]

    assert trend([(600.0 * k, float(k)) for k in range(FEWEST - 1)]) is None
    assert trend([(at * (LEAST - 1) / 5940, value) for at, value in line]) is None
    assert trend(line[:30] + [(at + 9_000, value) for at, value in line[30:]]) is None
    assert trend([(at, 7.0) for at, _ in line]) is None
    assert trend(line) is not None
    assert trend([]) is None


@given(
    points=st.lists(
        st.tuples(
            st.floats(allow_nan=True, allow_infinity=True), st.floats(allow_nan=True, allow_infinity=True)
        ),
        max_size=60,
    )
)
def test_nothing_makes_it_fall(points: Points) -> None:
    """Whatever the figures are; and what is told is an interval of one sign."""
    found = trend(points)

    if found is not None:
        assert found.slope.low is not None
        assert found.slope.high is not None
        assert found.slope.low * found.slope.high >= 0
        assert found.slope.low <= found.slope.high


@given(
    start=st.floats(-1e9, 1e12), rise=st.floats(1e-3, 1e9), n=st.integers(FEWEST, 400), turned=st.booleans()
)
def test_a_line_is_always_found(start: float, rise: float, n: int, *, turned: bool) -> None:
    """Of any height and slope that doubles can tell apart; in any order of the points."""
    points = [(300.0 * k, start + rise * k) for k in range(n)]
    if turned:
        points.reverse()
    found = trend(points)
    clear = rise * n > 1e-6 * max(abs(start), abs(start + rise * n))

    assert not clear or found is not None
    if clear and found is not None:
        slope = (found.slope.low or 0) / 2 + (found.slope.high or 0) / 2
        assert slope == pytest.approx(rise / 300, rel=1e-2)


@given(seed=st.integers(0, 1_000), scale=st.sampled_from([1e-9, 1e-3, 1.0, 1e6, 1e15]))
def test_units_do_not_matter(seed: int, scale: float) -> None:
    """Bytes or gibibytes: the same is told."""
    points = ramp(seed, 60, 8.0, 0.3)
    one, other = trend(points), trend([(at, value * scale) for at, value in points])

    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert (other.slope.low or 0) == pytest.approx((one.slope.low or 0) * scale, rel=1e-6)
