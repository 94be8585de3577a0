"""Whether memory only grows: what is suspected of series whose nature is known."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.audit.application.growth import BUCKET, SHORTEST, Point, Watched, watch

HOUR, MINUTE = 3600.0, 60.0
START = 1_790_000_000.0 - 1_790_000_000.0 % BUCKET
BASE = 200e6
SEEDS = st.integers(0, 2**32)


def process(
    seed: int,
    hours: float,
    *,
    leak: float = 0.0,
    noise: float = 0.03,
    memory: float = 0.0,
    since: float = START,
) -> list[Point]:
    """Return the heap of a process each minute: a saw of garbage on a base with noise, and a leak an hour.

    `memory` is how much of one minute's noise is that of the minute before.
    """
    random, found, garbage, off = Random(seed), list[Point](), 0.0, 0.0
    for minute in range(round(hours * 60)):
        off = memory * off + random.gauss(0, noise * math.sqrt(1 - memory**2))
        garbage = 0.0 if garbage > 0.5 else garbage + 0.05 * random.random()
        at = minute * MINUTE
        found.append((since + at, BASE * ((1 + leak * at / HOUR) * (1 + off) + garbage)))
    return found


def suspected(samples: list[Point]) -> bool:
    """Tell whether a series is suspected to grow."""
    seen = watch(samples)
    return seen is not None and seen.growth is not None


@pytest.mark.parametrize("memory", [0.0, 0.9, 0.99])
@pytest.mark.parametrize("hours", [6, 24])
def test_of_steady_processes_fewer_than_one_in_a_hundred_is_suspected(hours: int, memory: float) -> None:
    """Noise may have a memory of an hour and a half, and looks like growth for a while."""
    wrong = sum(suspected(process(seed, hours, memory=memory, noise=0.05)) for seed in range(200))

    assert wrong < 2


def test_noise_with_a_long_memory_is_no_growth_either() -> None:
    """Of half hours that resemble each other fewer count."""
    wrong = sum(suspected(process(seed, 12, memory=0.995, noise=0.1)) for seed in range(300))

    assert wrong < 3


@settings(deadline=None, max_examples=40)
@given(SEEDS, st.sampled_from([0.0, 0.5, 0.9]), st.floats(0.005, 0.05))
def test_a_leak_of_two_percent_an_hour_is_found_within_a_day(seed: int, memory: float, noise: float) -> None:
    """Through the saw of garbage, and the interval holds what is true."""
    seen = watch(process(seed, 24, leak=0.02, memory=memory, noise=noise))

    assert seen is not None
    assert seen.growth is not None
    assert seen.growth.low is not None
    assert seen.growth.high is not None
    assert 0.5 * 0.02 * BASE < seen.growth.low < seen.growth.high < 2 * 0.02 * BASE
    assert seen.restarts == 0


@settings(deadline=None, max_examples=25)
@given(SEEDS, st.integers(3, 30), st.integers(1, 5))
def test_a_restart_begins_anew(seed: int, before: int, after: int) -> None:
    """What was before it is no evidence, and too little after it is none either."""
    first = process(seed, before, leak=0.2)
    second = process(seed + 1, after, leak=0.02, since=START + before * HOUR)
    seen = watch([*first, *second])

    assert seen is not None
    assert seen.restarts >= 1
    assert (seen.span, seen.enough, seen.growth) == (after * HOUR, False, None)


def test_a_leak_after_a_restart_is_found() -> None:
    """The series is long enough again."""
    seen = watch([*process(1, 20, leak=0.02), *process(2, 20, leak=0.02, since=START + 20 * HOUR)])

    assert seen is not None
    assert (seen.restarts, seen.span) == (1, 20 * HOUR)
    assert seen.growth is not None


@pytest.mark.parametrize("hours", [1, 2, 4])
def test_a_process_that_warms_up_is_not_suspected(hours: int) -> None:
    """Half of what it will hold comes first, and it comes to rest."""
    rise = [
        (at, value + BASE * 0.5 * (1 - math.exp(-(at - START) / (hours * HOUR))))
        for at, value in process(hours, 8 * hours, noise=0.01)
    ]

    assert not suspected(rise)


@pytest.mark.parametrize("depth", [0.1, 0.3, 0.5])
def test_the_wave_of_the_days_load_is_not_suspected(depth: float) -> None:
    """Its evening is no restart, and its morning no leak."""
    wave = [
        (at, value + BASE * depth * math.sin(2 * math.pi * (at - START) / 86_400))
        for at, value in process(7, 48, noise=0.01)
    ]
    seen = watch(wave)

    assert seen is not None
    assert (seen.restarts, seen.growth) == (0, None)


def over_days(seed: int, hours: float, leak: float, swing: float) -> Watched:
    """Return what is seen of a process whose load swings with the day, begun at any hour of it."""
    begin = Random(seed).random() * 2 * math.pi
    seen = watch(
        (at, value + BASE * swing * math.sin(begin + 2 * math.pi * (at - START) / 86_400))
        for at, value in process(seed, hours, leak=leak)
    )
    assert seen is not None
    return seen


@pytest.mark.parametrize("swing", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("leak", [0.02, 0.05])
def test_a_leak_behind_the_days_load_is_never_excluded(leak: float, swing: float) -> None:
    """A day of it may leave no telling; two days find it."""
    for seed in range(10):
        assert not over_days(seed, 24, leak, swing).excluded
        assert not over_days(seed, 36, leak, swing).excluded
        assert over_days(seed, 48, leak, swing).growth is not None


@pytest.mark.parametrize("swing", [0.0, 0.02, 0.05, 0.2])
def test_growth_of_the_size_that_matters_is_not_excluded(swing: float) -> None:
    """An eighth a day is just over it, and is small beside the load."""
    for hours in (6, 12, 24, 30, 44):
        assert not any(over_days(seed, hours, 0.125 / 24, swing).excluded for seed in range(20))


@pytest.mark.parametrize("swing", [0.0, 0.05, 0.2])
def test_two_days_exclude_a_leak_in_a_process_that_only_swings(swing: float) -> None:
    """And suspect it not once."""
    seen = [over_days(seed, 48, 0.0, swing) for seed in range(100)]

    assert sum(one.growth is not None for one in seen) < 1
    assert all(one.excluded for one in seen if one.span > 44 * HOUR)
    assert sum(one.span > 44 * HOUR for one in seen) > 90


@pytest.mark.parametrize(("since", "until"), [(32.0, 42.0), (26.5, 48.0)])
def test_a_busier_second_day_is_no_leak(since: float, until: float) -> None:
    """It holds more only while it is busy, as a Monday after a Sunday does; a leak is there at all hours."""
    busy = [
        (at, value + BASE * 0.3 * (START + since * HOUR <= at < START + until * HOUR))
        for at, value in process(3, 48, noise=0.01)
    ]
    seen = watch(busy)

    assert seen is not None
    assert (seen.growth, seen.excluded) == (None, False)


def test_growth_of_less_than_a_tenth_is_not_worth_a_word() -> None:
    """However clear it is."""
    slight = [(START + minute * MINUTE, BASE * (1 + 0.08 * minute / 1440)) for minute in range(1440)]
    plain = [(START + minute * MINUTE, BASE * (1 + 0.12 * minute / 1440)) for minute in range(1440)]

    assert (suspected(slight), suspected(plain)) == (False, True)


def test_a_short_or_holey_series_is_not_judged() -> None:
    """Six hours are needed, of whose half hours four of five have samples."""
    short = watch(process(1, 5.5, leak=0.2, noise=0.001))
    long = process(1, 12, leak=0.2, noise=0.001)
    holey = [sample for sample in long if not START + 2 * HOUR < sample[0] < START + 8 * HOUR]

    assert short is not None
    assert (short.span, short.enough) == (SHORTEST - BUCKET, False)
    assert suspected(long)
    assert not suspected(holey)


NUMBERS = st.floats() | st.floats(0, 1e12)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(START, START + 48 * HOUR), NUMBERS), max_size=200))
def test_whatever_comes_in_something_sensible_comes_out(samples: list[Point]) -> None:
    """No number is taken for memory that is none, and order makes no difference."""
    seen = watch(samples)

    assert seen == watch(reversed(samples))
    assert (seen is None) is not any(math.isfinite(value) and value > 0 for _, value in samples)
    if seen is not None:
        assert 0 < seen.span <= 48.5 * HOUR
        assert seen.growth is None or (seen.growth.low or 0) > 0
