"""Milliseconds in a histogram of seconds are found from the figures, and honest slowness is left alone."""

from __future__ import annotations

from collectors.prometheus.snapshot import PrometheusSnapshot
from headroom.observation import Reading
from tests.collectors_prometheus.figures import (
    EVERY,
    LOGIN,
    METRIC,
    NOON,
    READ,
    absent,
    read,
    requests,
    seen,
    snapshot,
    up,
)

LATER = NOON + EVERY


def told(
    before: tuple[int, ...], after: tuple[int, ...], *, seconds: tuple[float, float], quick: int = 0
) -> Reading:
    """Return what is said after an interval of logins, with `quick` reads beside them."""
    return read(
        snapshot(NOON + 1, counters=requests(NOON, *before, seconds=seconds[0]), health=up(NOON)),
        snapshot(
            LATER + 1,
            counters=requests(LATER, *after, seconds=seconds[1])
            + (requests(LATER, quick, path="/x", method="GET") if quick else []),
            health=up(LATER),
        ),
    )


def test_durations_that_no_api_has_make_every_class_blind() -> None:
    """Forty logins of 140 s on average in a histogram up to 5 s: the unit is wrong, not the API."""
    said = told((0,), (0, 0, 0, 0, 0, 2, 38), seconds=(0.5, 5600.75))

    sentence = (
        f"{METRIC} looks like milliseconds in a histogram of seconds: 38 of 40 events are above its "
        "last bucket of 5 s, their mean is 140 s; fix: divide by 1000 before observing"
    )
    assert absent(said, LOGIN) == ("broken instrumentation", sentence)
    assert absent(said, READ) == ("broken instrumentation", sentence)
    assert said.observations == ()


def test_whole_numbers_betray_a_clock_of_milliseconds() -> None:
    """A quick API in milliseconds: a mean of 20 might be seconds, were it not that their sum is whole."""
    said = told((0,), (0, 0, 0, 0, 0, 0, 40), seconds=(0.0, 800.0))

    assert absent(said, LOGIN) == (
        "broken instrumentation",
        (
            f"{METRIC} looks like milliseconds in a histogram of seconds: 40 of 40 events are above its "
            "last bucket of 5 s, their mean is 20 s, in whole numbers; fix: divide by 1000 before observing"
        ),
    )


def test_an_api_that_really_takes_twenty_seconds_is_judged() -> None:
    """Slow beyond the last bucket is over, not broken."""
    said = told((0,), (0, 0, 0, 0, 0, 0, 40), seconds=(0.0, 800.1234))

    (part,) = seen(said, LOGIN)
    assert part.bounds[0].k_low == 40


def test_half_of_the_events_below_the_last_bucket_is_no_sign() -> None:
    """Recorded in milliseconds, hardly anything would lie in a bucket at all."""
    said = told((0,), (0, 0, 0, 0, 0, 0, 40), seconds=(0.0, 8000.0), quick=41)

    assert absent(said, LOGIN) is None


def test_few_events_are_judged_by_the_life_of_the_process() -> None:
    """Three events alone prove nothing; with hundreds before them they do."""
    few = told((0,), (0, 0, 0, 0, 0, 0, 3), seconds=(0.0, 420.5))
    many = told((0, 0, 0, 0, 0, 0, 300), (0, 0, 0, 0, 0, 0, 303), seconds=(42000.5, 42420.5))

    assert absent(few, LOGIN) is None
    assert absent(many, LOGIN) == (
        "broken instrumentation",
        (
            f"{METRIC} looks like milliseconds in a histogram of seconds: 303 of 303 events are above "
            "its last bucket of 5 s, their mean is 140 s; fix: divide by 1000 before observing"
        ),
    )


def test_an_interval_without_traffic_is_idle_whatever_came_before() -> None:
    """Once nothing is recorded any more there is nothing to call broken."""
    said = told((0, 0, 0, 0, 0, 0, 300), (0, 0, 0, 0, 0, 0, 300), seconds=(42000.5, 42000.5))

    assert seen(said, LOGIN)[0].bounds[0].n == 0


def test_probes_of_one_millisecond_do_not_hide_it() -> None:
    """Paths that are no traffic of users are many and quick, also when read as seconds."""

    def poll(at: float, logins: int, probes: int) -> PrometheusSnapshot:
        health = requests(at, 0, 0, 0, 0, probes, path="/health", method="GET")
        slow = requests(at, 0, 0, 0, 0, 0, 0, logins, seconds=140.51 * logins)
        return snapshot(at + 1, counters=slow + health, health=up(at))

    assert absent(read(poll(NOON, 0, 0), poll(LATER, 30, 500)), LOGIN) == (
        "broken instrumentation",
        (
            f"{METRIC} looks like milliseconds in a histogram of seconds: 30 of 30 events are above its last "
            "bucket of 5 s, their mean is 141 s; fix: divide by 1000 before observing"
        ),
    )


def fast(*sums: float, counts: tuple[int, ...] = (0, 0, 0, 0, 0, 12)) -> str | None:
    """Return the sentence about an interval in which several paths each counted the same, with these sums."""
    paths = [f"/auth/login/{number}" for number in range(len(sums))]

    def poll(at: float, told: tuple[float, ...], events: tuple[int, ...]) -> PrometheusSnapshot:
        counters = [
            one
            for path, seconds in zip(paths, told, strict=True)
            for one in requests(at, *events, path=path, method="GET", seconds=seconds)
        ]
        return snapshot(at + 1, counters=counters, health=up(at))

    before = poll(NOON, tuple(0.25 for _ in sums), (1,))
    after = poll(LATER, tuple(0.25 + each for each in sums), (1 + counts[0], *counts[1:]))
    said = absent(read(before, after), READ)
    return None if said is None else said[1]


def test_a_fast_api_in_milliseconds_is_found_by_whole_numbers_alone() -> None:
    """Three paths of 2 to 4 ms, told as 2 to 4 s: below the last bucket, and yet no seconds."""
    assert fast(36.0, 30.0, 41.0) == (
        f"{METRIC} looks like milliseconds in a histogram of seconds: 36 events took nothing but whole "
        "numbers, which seconds never are; fix: divide by 1000 before observing"
    )


def test_one_sum_that_is_whole_by_chance_is_no_sign() -> None:
    """Seconds told to the millisecond add up to a whole number once in a thousand intervals."""
    assert fast(36.0) is None
    assert fast(36.0, 30.0) is None
    assert fast(36.0, 30.0, 41.125) is None


def test_a_single_event_between_whole_numbers_clears_it() -> None:
    """A duration between 0.1 and 0.5 s cannot be a whole number, whatever the sums say."""
    assert fast(36.0, 30.0, 41.0, counts=(0, 0, 0, 1, 0, 12)) is None


def test_sums_that_whole_numbers_cannot_reach_clear_it() -> None:
    """Twelve up to 10 ms would all be zero; their sum of 1 s was not counted in whole numbers."""
    assert fast(1.0, 1.0, 1.0, counts=(12,)) is None


def test_nothing_but_zeros_is_quick_and_not_broken() -> None:
    """A sum of nothing is no sign of a unit."""
    assert fast(0.0, 0.0, 0.0, counts=(12,)) is None
