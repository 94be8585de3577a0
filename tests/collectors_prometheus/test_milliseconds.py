"""Milliseconds in a histogram of seconds are found from the figures, and honest slowness is left alone."""

from __future__ import annotations

from collectors.prometheus.snapshot import PrometheusSnapshot
from headroom.observation import Reading
from tests.collectors_prometheus.figures import (
    BOUNDS,
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
    before: tuple[int, ...],
    after: tuple[int, ...],
    *,
    seconds: tuple[float, float],
    quick: int = 0,
    slow: bool = True,
) -> Reading:
    """Return what is said after an interval of logins, with `quick` reads beside them.

    `slow`: one more request of another path took 90.5 s in the interval.
    """
    other = {"path": "/auth/login/2", "seconds": 90.5}
    return read(
        snapshot(NOON + 1, counters=requests(NOON, *before, seconds=seconds[0]), health=up(NOON)),
        snapshot(
            LATER + 1,
            counters=requests(LATER, *after, seconds=seconds[1])
            + (requests(LATER, 0, 0, 0, 0, 0, 0, 1, **other) if slow else [])  # type: ignore[arg-type]
            + (requests(LATER, quick, path="/x", method="GET") if quick else []),
            health=up(LATER),
        ),
    )


def test_durations_that_no_api_has_make_every_class_blind() -> None:
    """Forty logins of 140 s on average in a histogram up to 5 s: the unit is wrong, not the API."""
    said = told((0,), (0, 0, 0, 0, 0, 2, 38), seconds=(0.0, 5600.75))

    sentence = (
        f"{METRIC} looks like milliseconds in a histogram of seconds: 39 of 41 events are above its "
        "last bucket of 5 s, their mean is 139 s; fix: divide by 1000 before observing"
    )
    assert absent(said, LOGIN) == ("broken instrumentation", sentence)
    assert absent(said, READ) == ("broken instrumentation", sentence)
    assert said.observations == ()


def test_whole_numbers_betray_a_clock_of_milliseconds() -> None:
    """A quick API in milliseconds: a mean of 20 might be seconds, were it not that their sum is whole."""
    said = told((0,), (0, 0, 0, 0, 0, 0, 40), seconds=(0.0, 801.0), slow=False)

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
            f"{METRIC} looks like milliseconds in a histogram of seconds: 304 of 304 events are above "
            "its last bucket of 5 s, their mean is 140 s; fix: divide by 1000 before observing"
        ),
    )


def test_an_interval_without_traffic_is_idle_whatever_came_before() -> None:
    """Once nothing is recorded any more there is nothing to call broken."""
    said = told((0, 0, 0, 0, 0, 0, 300), (0, 0, 0, 0, 0, 0, 300), seconds=(42000.5, 42000.5), slow=False)

    assert seen(said, LOGIN)[0].bounds[0].n == 0


def test_probes_of_one_millisecond_do_not_hide_it() -> None:
    """Paths that are no traffic of users are many and quick, also when read as seconds."""

    def poll(at: float, logins: int, probes: int) -> PrometheusSnapshot:
        health = requests(at, 0, 0, 0, 0, probes, path="/health", method="GET")
        slow = requests(at, 0, 0, 0, 0, 0, 0, logins, seconds=140.51 * logins)
        slow += requests(at, 0, 0, 0, 0, 0, 0, logins, seconds=160.51 * logins, path="/auth/login/2")
        return snapshot(at + 1, counters=slow + health, health=up(at))

    assert absent(read(poll(NOON, 0, 0), poll(LATER, 30, 500)), LOGIN) == (
        "broken instrumentation",
        (
            f"{METRIC} looks like milliseconds in a histogram of seconds: 60 of 60 events are above its last "
            "bucket of 5 s, their mean is 151 s; fix: divide by 1000 before observing"
        ),
    )


def fast(*sums: float, counts: tuple[int, ...] = (0, 0, 0, 0, 0, 6, 6)) -> str | None:
    """Return the sentence about an interval in which several paths each counted the same, with these sums."""
    paths = [f"/auth/login/{number}" for number in range(len(sums))]

    def poll(at: float, told: tuple[float, ...], events: tuple[int, ...]) -> PrometheusSnapshot:
        counters = [
            one
            for path, seconds in zip(paths, told, strict=True)
            for one in requests(at, *events, path=path, method="GET", seconds=seconds)
        ]
        return snapshot(at + 1, counters=counters, health=up(at))

    # What was counted before were seconds: whole numbers need no agreement of it.
    before = poll(NOON, tuple(0.25 for _ in sums), (1,))
    after = poll(LATER, tuple(0.25 + each for each in sums), (1 + counts[0], *counts[1:]))
    said = absent(read(before, after), READ)
    return None if said is None else said[1]


def test_a_fast_api_in_milliseconds_is_found_by_whole_numbers_alone() -> None:
    """Half of the requests of three paths below the last bucket, and yet no seconds."""
    assert fast(136.0, 130.0, 141.0, counts=(0, 0, 0, 0, 0, 8, 4)) == (
        f"{METRIC} looks like milliseconds in a histogram of seconds: 36 events took nothing but whole "
        "numbers, 11 on average where its last bucket ends at 5 s; fix: divide by 1000 before observing"
    )


def test_one_sum_that_is_whole_by_chance_is_no_sign() -> None:
    """Seconds told to the millisecond add up to a whole number once in a thousand intervals."""
    assert fast(136.0, 130.0, 141.0) is not None
    assert fast(136.0) is None
    assert fast(136.0, 130.0) is None
    assert fast(136.0, 130.0, 141.125) is None


def test_whole_seconds_below_the_last_bucket_are_left_alone() -> None:
    """Somebody times jobs of 2 to 4 s in whole seconds; the buckets are made for them."""
    assert fast(36.0, 30.0, 41.0, counts=(0, 0, 0, 0, 0, 12)) is None


def test_a_single_event_between_whole_numbers_clears_it() -> None:
    """A duration between 0.1 and 0.5 s cannot be a whole number, whatever the sums say."""
    assert fast(136.0, 130.0, 141.0, counts=(0, 0, 0, 1, 0, 6, 6)) is None


def test_timeouts_counted_as_what_they_are_set_to_are_no_milliseconds() -> None:
    """Every request of three paths took exactly the thirty seconds that it was given."""
    assert fast(360.0, 360.0, 360.0, counts=(0, 0, 0, 0, 0, 0, 12)) is None


def life(
    *paths: tuple[str, str, int, float],
    before: tuple[int, ...] = (),
    quick: float = 0.5,
    bounds: tuple[str, ...] = BOUNDS,
) -> str | None:
    """Return the sentence about an interval of paths, each with status, events beyond the buckets and mean.

    `before` is what each counted until then in the buckets, in seconds of `quick` in all.
    """

    def poll(at: float, times: int) -> PrometheusSnapshot:
        counters = []
        for path, status, n, mean in paths:
            empty = [0] * (len(bounds) - 1 - len(before))
            seconds = quick * bool(before) + times * n * mean
            counters += requests(
                at, *before, *empty, times * n, path=path, status=status, method="GET", seconds=seconds,
                bounds=bounds,
            )  # fmt: skip
        return snapshot(at + 1, counters=counters, health=up(at))

    said = absent(read(poll(NOON, 0), poll(LATER, 1)), READ)
    return None if said is None else said[1]


def test_an_outage_of_a_process_that_counted_seconds_is_judged() -> None:
    """Every request waits a minute now, and twenty of before took milliseconds, as seconds."""
    slow = (("/a", "200", 300, 60.004), ("/b", "200", 300, 71.006), ("/c", "200", 300, 90.007))
    assert life(*slow) is not None
    assert life(*slow, before=(4, 3)) is None
    assert life(*slow, before=(0, 0, 0, 0, 0, 16), quick=40.5) is None


def test_timeouts_of_a_process_that_restarted_into_an_outage_are_judged() -> None:
    """Nothing but timeouts since its start: all take alike, or are answered 504."""
    assert life(("/a", "200", 300, 60.004), ("/b", "200", 300, 60.006)) is None
    failed = life(("/a", "504", 300, 60.004), ("/b", "504", 300, 90.006))
    assert failed is None or "milliseconds" not in failed


REPORTS = (("/a", "200", 50, 24.137), ("/b", "200", 50, 31.213))


def test_fractions_of_milliseconds_are_found_where_even_refusals_take_long() -> None:
    """performance.now() has digits behind the point, and a mean of 25 is no tenfold of 5."""
    assert life(*REPORTS, ("/a", "404", 20, 21.313)) == (
        f"{METRIC} looks like milliseconds in a histogram of seconds: 120 of 120 events are above its last "
        "bucket of 5 s, their mean is 27 s; fix: divide by 1000 before observing"
    )


def test_a_service_of_long_reports_is_judged() -> None:
    """It takes its time where it answers, and refuses at once or never."""
    assert life(*REPORTS, ("/c", "200", 50, 28.317)) is None
    assert life(*REPORTS, ("/a", "404", 20, 21.313), before=(1,), quick=0.0031) is None


def test_buckets_up_to_a_minute_expect_whole_seconds() -> None:
    """Jobs of 61 to 90 whole seconds in buckets up to 60 are jobs."""
    jobs = (("/a", "200", 20, 61.0), ("/b", "200", 20, 75.0), ("/c", "200", 20, 90.0))
    assert life(*jobs, bounds=("0.5", "1", "5", "30", "60", "+Inf")) is None
    assert life(*jobs) is not None


def test_one_of_two_instances_in_milliseconds_is_found() -> None:
    """The other one counts four times as much, in seconds."""

    def poll(at: float, n: int) -> PrometheusSnapshot:
        counters = requests(at, 0, 400 * n, method="GET", instance="b:80")
        for path, mean in (("/a", 20.0), ("/b", 31.0), ("/c", 44.0)):
            counters += requests(at, 0, 0, 0, 0, 0, 0, 33 * n, path=path, method="GET", seconds=33 * n * mean)
        return snapshot(at + 1, counters=counters, health=up(at) + up(at, instance="b:80"))

    assert absent(read(poll(NOON, 0), poll(LATER, 1)), READ) == (
        "broken instrumentation",
        (
            f"{METRIC} of erp (a:80) looks like milliseconds in a histogram of seconds: 99 of 99 events are "
            "above its last bucket of 5 s, their mean is 32 s, in whole numbers; fix: divide by 1000 before "
            "observing"
        ),
    )


def test_sums_that_whole_numbers_cannot_reach_clear_it() -> None:
    """Twelve up to 10 ms would all be zero; their sum of 1 s was not counted in whole numbers."""
    assert fast(1.0, 1.0, 1.0, counts=(12,)) is None


def test_nothing_but_zeros_is_quick_and_not_broken() -> None:
    """A sum of nothing is no sign of a unit."""
    assert fast(0.0, 0.0, 0.0, counts=(12,)) is None
