"""A ratio since the start is told from ratios over windows: simulated look-ups, with what must stay quiet."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random

import pytest

from collectors.prometheus.faults.lifetime import FIRST, STEPS, is_lifetime, lifetime, movements

STEP = 15.0
LIVES = 40
"""Of each kind; 2,000 of each were simulated for the figures in the docstrings."""

Rates = Callable[[int, int], float]
"""Step and steps in all to the share of look-ups that find something, or to the look-ups themselves."""


def draws(random: Random, lookups: float, rate: float) -> tuple[float, float]:
    """Return hits and look-ups of one step; chance as of many look-ups, which is nearly normal."""
    spread = math.sqrt(lookups * rate * (1 - rate))
    return min(lookups, max(0.0, random.gauss(lookups * rate, spread))), lookups


def told(steps: Sequence[tuple[float, float]], window: int) -> list[tuple[float, float]]:
    """Return ages and percentages of the last `window` steps' look-ups."""
    found = []
    for place in range(len(steps)):
        some = steps[max(0, place - window + 1) : place + 1]
        hits, lookups = sum(one[0] for one in some), sum(one[1] for one in some)
        found.append(((place + 1) * STEP, 100 * hits / lookups))
    return found


def since_the_start(steps: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return ages and percentages of all look-ups so far."""
    hits = lookups = 0.0
    found = []
    for place, (more_hits, more_lookups) in enumerate(steps):
        hits, lookups = hits + more_hits, lookups + more_lookups
        found.append(((place + 1) * STEP, 100 * hits / lookups))
    return found


def steady(_: int, __: int) -> float:
    """The same all day."""
    return 0.87


def climbing(step: int, steps: int) -> float:
    """From half to nearly all."""
    return 0.5 + 0.45 * step / steps


def by_day(step: int, steps: int) -> float:
    """Up and down once."""
    return 0.85 + 0.1 * math.sin(2 * math.pi * step / steps)


def warming(step: int, _: int) -> float:
    """A cache that fills up."""
    return 0.9 * (1 - math.exp(-(step + 1) / 50))


def settling(step: int, _: int) -> float:
    """A cache whose popular keys are found first, and ever rarer ones later."""
    return 0.3 + 0.08 * math.log(step + 1)


def flat(_: int, __: int) -> float:
    """As many look-ups in every step."""
    return 1_000.0


def tides(step: int, steps: int) -> float:
    """Twenty times as many by day as by night."""
    return 500 * (1.1 + math.sin(2 * math.pi * step / steps))


def growth(step: int, _: int) -> float:
    """A new service that is used ever more, as the square of its age."""
    return 1 + step * step / 50


def stream(seed: int, steps: int, rate: Rates, lookups: Rates) -> list[tuple[float, float]]:
    """Return hits and look-ups of each step."""
    random = Random(seed)
    return [draws(random, lookups(step, steps), rate(step, steps)) for step in range(steps)]


@pytest.mark.parametrize("rate", [steady, climbing, by_day, warming, settling])
@pytest.mark.parametrize("lookups", [flat, tides, growth])
@pytest.mark.parametrize("steps", [STEPS, 1_000])
def test_ratios_over_windows_are_left_alone(rate: Rates, lookups: Rates, steps: int) -> None:
    """Whatever trend, warm-up, day or growth: none in 2,000 lives of each kind is taken for a lifetime."""
    wrong = [seed for seed in range(LIVES) if is_lifetime(told(stream(seed, steps, rate, lookups), 1), STEP)]
    assert wrong == []


@pytest.mark.parametrize("window", [20, 100, 240])
def test_long_windows_are_left_alone(window: int) -> None:
    """Five, 25 and 60 minutes; only what is half as old as the process looks like its life."""
    lives = [told(stream(seed, 1_000, steady, flat), window) for seed in range(5)]
    assert not any(is_lifetime(points, STEP) for points in lives)


@pytest.mark.parametrize("rate", [steady, climbing, settling, warming])
@pytest.mark.parametrize("steps", [STEPS, 1_000])
def test_ratios_since_the_start_are_found(rate: Rates, steps: int) -> None:
    """In 2,000 lives of each kind 79 to 87 % are found at the first look; later looks find the others.

    A life of which most is a night that nobody works in is found only when the day has come.
    """
    found = [
        seed for seed in range(LIVES) if is_lifetime(since_the_start(stream(seed, steps, rate, flat)), STEP)
    ]
    assert len(found) >= 0.6 * LIVES


def life(seed: int = 1) -> list[tuple[float, float]]:
    """Return a life that is found out at the first look."""
    return since_the_start(stream(seed, STEPS + 1, steady, flat))


def test_too_short_a_life_says_nothing() -> None:
    """Four octaves are not five."""
    assert is_lifetime(life(), STEP)
    assert not is_lifetime(life()[: STEPS - 1], STEP)
    assert len(movements(life()[: STEPS - 1], STEP)) == 4
    assert movements([], STEP) == ()
    assert movements([(STEP, 80.0)], STEP) == ()


@pytest.mark.parametrize(
    "curve",
    [
        lambda age: 87.0 + 0 * age,
        lambda age: 90 * (1 - 1 / age),
        lambda age: 90 * (1 - math.exp(-age / 50)),
        lambda age: 30 + 8 * math.log(age),
        lambda age: 50 + age / 100,
        lambda age: 80 + (age % 2),
    ],
    ids=["constant", "hyperbola", "exponential", "logarithm", "line", "alternating"],
)
def test_curves_without_chance_are_left_alone(curve: Callable[[float], float]) -> None:
    """What settles smoothly does so faster, and what stands still or swings does not settle."""
    assert not is_lifetime([(age * STEP, curve(age)) for age in range(1, 1_001)], STEP)


def test_a_life_with_a_hole_says_nothing() -> None:
    """Prometheus was away for most of an octave: what lies around it would be taken for one step."""
    holed = [(age, value) for age, value in life() if not 2_000 < age < 3_800]
    assert not is_lifetime(holed, STEP)
    assert [one.mean > 0 for one in movements(holed, STEP)] == [True, True, True, False, True]


@pytest.mark.parametrize(
    ("shrink", "found"),
    [
        (lambda age: age**-1.0, True),
        (lambda age: age**-0.6, False),
        (lambda age: age**-1.5, False),
        (lambda age: age**-1.0 * (1 if age < 2 * FIRST else 0.53 if age < 4 * FIRST else 0.83), False),
    ],
    ids=["as the age", "more slowly", "faster", "one octave out of step"],
)
def test_only_what_halves_is_a_lifetime(shrink: Callable[[float], float], found: bool) -> None:
    """Steps of chance that shrink with the age, by exactly its doubling in every octave."""
    random, value, points = Random(2), 80.0, []
    for age in range(1, STEPS + 1):
        # All of one size, so that chance decides their direction alone.
        value += random.choice((-1, 1)) * shrink(age)
        points.append((age * STEP, value))
    assert is_lifetime(points, STEP) is found


def test_a_lifetime_that_stands_still_says_nothing() -> None:
    """No look-ups overnight: nothing moved, and nothing can be told."""
    still = [(age, value if age < 4_000 else 87.0) for age, value in life()]
    assert not is_lifetime(still, STEP)


def test_the_sentence_has_the_figures() -> None:
    """What moved by how much, at which ages, so that anybody can see it halve."""
    points = life()
    first, *_, last = movements(points, STEP)
    fault = lifetime("cache_hit_rate of erp (a:80)", "cache_hit_rate", points, STEP)

    assert fault is not None
    assert fault.blinding
    assert fault.detail == (
        "cache_hit_rate of erp (a:80) is a ratio since the process began: from one reading to the next it "
        f"moved by {first.mean:.2g} after 4 min, {movements(points, STEP)[2].mean:.2g} after 16 min and "
        f"{last.mean:.2g} after 64 min, half as much whenever its age doubled, so it hides what happens now; "
        "fix: count hits and misses, and take the ratio over a window"
    )
    assert lifetime("x", "x", told(stream(1, 1_000, steady, flat), 1), STEP) is None
