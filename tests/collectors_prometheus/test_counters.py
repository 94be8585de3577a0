"""Counters of two scrapes: whole differences, resets, births, gaps and bucket layouts."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

from collectors.prometheus.snapshot import PrometheusSnapshot
from headroom.bounds import Bounds
from headroom.evidence import Histogram
from headroom.observation import Quality
from tests.collectors_prometheus.figures import (
    EVERY,
    LATER,
    LOGIN,
    NOON,
    STARTED,
    absent,
    one,
    pair,
    read,
    requests,
    seen,
    snapshot,
    up,
)


def test_whole_numbers_are_counted_between_two_scrapes() -> None:
    """The difference is per bucket, with the scrapes' own time stamps and bounds at each threshold."""
    before, after = pair(requests(NOON, 5, 0, 2, seconds=1.5), requests(LATER, 8, 0, 3, 4, 1, seconds=5.5))

    reading = read(before, after)

    (part,) = seen(reading, LOGIN)
    assert part.evidence == Histogram((0.01, 0.05, 0.1, 0.5, 1.0, 5.0), (3, 0, 1, 4, 1, 0, 0), 4.0)
    assert (part.quality, part.detail) == (Quality.EXACT, "")
    assert part.bounds == (Bounds(0.2, 9, 1, 5), Bounds(0.5, 9, 1, 1))
    assert part.start == datetime.fromtimestamp(NOON, UTC)
    assert part.end == datetime.fromtimestamp(LATER, UTC)
    assert reading.absences == ()


def test_counters_that_begin_anew_count_since_zero() -> None:
    """After a restart the new life counts, and the part says what is lost."""
    before, after = pair(requests(NOON, 50, 3), requests(LATER, 2, 4), started=(STARTED, NOON + 5))

    (part,) = seen(read(before, after), LOGIN)

    assert isinstance(part.evidence, Histogram)
    assert part.evidence.counts == (2, 4, 0, 0, 0, 0, 0)
    assert part.quality is Quality.RESET
    assert part.detail == (
        "the counters of erp (a:80) began anew after 12:00:00 UTC; what they counted between then and the "
        "restart is lost"
    )


def test_a_restart_that_overtook_the_old_counts_is_not_judged() -> None:
    """A new process that has already counted more than the old one leaves counters that only grew."""
    before, after = pair(requests(NOON, 1), requests(LATER, 9), started=(STARTED, NOON + 5))

    (part,) = seen(read(before, after), LOGIN)

    assert part.quality is Quality.SUSPECT
    assert part.detail == (
        "erp (a:80): it restarted, and yet none of its counts fell; a reset cannot be ruled out"
    )


def test_a_restart_is_known_by_the_neighbours_that_fell() -> None:
    """Where one label set of a restarted process fell, the others began anew with it."""
    old = requests(NOON, 1) + requests(NOON, 90, path="/x", method="GET")
    new = requests(LATER, 9) + requests(LATER, 4, path="/x", method="GET")
    before, after = pair(old, new, started=(STARTED, NOON + 5))

    (part,) = seen(read(before, after), LOGIN)

    assert isinstance(part.evidence, Histogram)
    assert (part.evidence.n, part.quality) == (9, Quality.RESET)


def test_a_bucket_that_fell_shows_a_reset_that_the_sums_hide() -> None:
    """Cumulated counts all grew, but ten slow requests cannot be taken back: the process is another one."""
    before, after = pair(requests(NOON, 0, 0, 0, 0, 0, 10), requests(LATER, 12, 0, 0, 0, 0, 2))

    (part,) = seen(read(before, after), LOGIN)

    assert isinstance(part.evidence, Histogram)
    assert (part.evidence.counts, part.quality) == ((12, 0, 0, 0, 0, 2, 0), Quality.RESET)


def test_a_sum_that_falls_alone_is_suspect() -> None:
    """Durations are never negative, so that either they are wrong or the counters are new."""
    before, after = pair(requests(NOON, 3, seconds=9.0), requests(LATER, 8, seconds=1.0))

    (part,) = seen(read(before, after), LOGIN)

    assert part.quality is Quality.SUSPECT
    assert part.detail == (
        "erp (a:80): its sum fell while its counts did not; a restart, or negative durations"
    )


def test_a_label_set_born_after_a_good_scrape_counts_from_zero() -> None:
    """The first login of a freshly started process is not lost."""
    health = up(NOON) + up(NOON, instance="b:80")
    before = snapshot(NOON + 1, counters=requests(NOON, 5, instance="b:80"), health=health)
    after = snapshot(
        LATER + 1,
        counters=requests(LATER, 0, 2) + requests(LATER, 5, instance="b:80"),
        health=up(LATER) + up(LATER, instance="b:80"),
    )

    parts = seen(read(before, after), LOGIN)

    assert [(part.quality, part.evidence.n) for part in parts if isinstance(part.evidence, Histogram)] == [
        (Quality.FIRST_SEEN, 2),
        (Quality.EXACT, 0),
    ]
    assert parts[0].start.timestamp() == NOON


def test_a_label_set_of_a_target_not_known_before_is_a_baseline() -> None:
    """A new target may bring counters that are years old."""
    before = snapshot(NOON + 1, counters=requests(NOON, 5, path="/x", method="GET"), health=up(NOON))
    after = snapshot(
        LATER + 1,
        counters=requests(LATER, 5, path="/x", method="GET") + requests(LATER, 9000, instance="b:80"),
        health=up(LATER) + up(LATER, instance="b:80"),
    )

    assert absent(read(before, after), LOGIN) == ("no data", "one reading so far; a difference needs two")


def test_a_label_set_gone_with_a_restart_leaves_its_class_idle_with_a_loss() -> None:
    """The target is well and does not give the logins any more: none since, an unknown number before."""
    before = snapshot(
        NOON + 1, counters=requests(NOON, 5) + requests(NOON, 5, path="/x", method="GET"), health=up(NOON)
    )
    after = snapshot(
        LATER + 1,
        counters=requests(NOON, 5) + requests(LATER, 1, path="/x", method="GET"),
        health=up(LATER),
    )

    (part,) = seen(read(before, after), LOGIN)

    assert isinstance(part.evidence, Histogram)
    assert (part.evidence.n, part.quality) == (0, Quality.RESET)
    assert part.detail == "its counters are no longer given, and what they counted last is lost"


def test_a_label_set_gone_long_ago_leaves_its_class_idle() -> None:
    """The loss was said when it happened."""
    old = requests(NOON - EVERY, 5)
    before = snapshot(NOON + 1, counters=old + requests(NOON, 5, path="/x", method="GET"), health=up(NOON))
    after = snapshot(LATER + 1, counters=old + requests(LATER, 6, path="/x", method="GET"), health=up(LATER))

    (part,) = seen(read(before, after), LOGIN)

    assert (part.quality, part.detail) == (Quality.EXACT, "")


def test_an_interval_longer_than_two_polls_is_a_gap() -> None:
    """Two polls and a tenth are the most; beyond, nobody knows what happened when."""
    before = snapshot(NOON + 1, counters=requests(NOON, 5), health=up(NOON))
    for seconds, quality in ((33.0, Quality.EXACT), (33.1, Quality.GAP)):
        at = NOON + seconds
        after = snapshot(at + 1, counters=requests(at, 6), health=up(at))

        (part,) = seen(read(before, after), LOGIN)

        assert part.quality is quality
    assert part.detail == "nothing was heard of erp (a:80) for 33 s"


def test_a_slow_scrape_is_no_gap() -> None:
    """Polled every 15 s but scraped every minute, a minute is the shortest interval there is."""
    before = snapshot(NOON + 1, counters=requests(NOON, 5), health=up(NOON, every=60))
    after = snapshot(NOON + 61, counters=requests(NOON + 60, 6), health=up(NOON + 60, every=60))

    (part,) = seen(read(before, after), LOGIN)

    assert part.quality is Quality.EXACT


def test_bucket_layouts_stay_apart_and_their_bounds_are_each_their_own() -> None:
    """During a rollout one instance has a bucket at the limit and another has not."""
    good = ("0.1", "0.2", "0.5", "+Inf")
    health = up(NOON) + up(NOON, instance="b:80")
    before = snapshot(
        NOON + 1, counters=requests(NOON) + requests(NOON, instance="b:80", bounds=good), health=health
    )
    after = snapshot(
        LATER + 1,
        counters=requests(LATER, 0, 0, 6, 4) + requests(LATER, 6, 3, 1, instance="b:80", bounds=good),
        health=up(LATER) + up(LATER, instance="b:80"),
    )

    parts = seen(read(before, after), LOGIN)

    assert [part.bounds[0] for part in parts] == [Bounds(0.2, 10, 0, 4), Bounds(0.2, 10, 1, 1)]


def test_the_spelling_of_a_bound_is_no_other_bound() -> None:
    """Prometheus 3 writes 1.0 where Prometheus 2 wrote 1: the counters go on."""
    three = ("0.01", "0.05", "0.1", "0.5", "1.0", "5.0", "+Inf")
    before, after = pair(requests(NOON, 5), requests(LATER, 7, bounds=three))

    (part,) = seen(read(before, after), LOGIN)

    assert isinstance(part.evidence, Histogram)
    assert (part.evidence.counts[0], part.quality) == (2, Quality.EXACT)


def test_other_buckets_after_no_restart_are_compared_where_both_have_them() -> None:
    """A bucket dropped by relabelling takes nothing from the others."""
    fewer = ("0.01", "0.1", "+Inf")
    before, after = pair(
        requests(NOON, 5, 1, 1), requests(LATER, 7, 4, 1, bounds=fewer), started=(STARTED, STARTED)
    )

    (part,) = seen(read(before, after), LOGIN)

    assert isinstance(part.evidence, Histogram)
    assert (part.evidence.bounds, part.evidence.counts) == ((0.01, 0.1), (2, 2, 1))


def test_buckets_of_an_older_scrape_do_not_mix_with_the_newest() -> None:
    """After a restart with other buckets the old ones linger in the window."""
    old = [one({**requests(NOON)[0]["metric"], "le": "0.3"}, NOON, "4")]
    before, after = pair(requests(NOON, 5), requests(LATER, 7) + old, started=(STARTED, STARTED))

    (part,) = seen(read(before, after), LOGIN)

    assert isinstance(part.evidence, Histogram)
    assert part.evidence.bounds == (0.01, 0.05, 0.1, 0.5, 1.0, 5.0)


def test_the_interval_of_spread_scrapes_follows_on_from_poll_to_poll() -> None:
    """Instances are scraped at different moments; neither gap nor overlap comes of it."""

    def poll(at: float, count: int) -> PrometheusSnapshot:
        health = up(at) + up(at + 10, instance="b:80")
        return snapshot(
            at + 11, counters=requests(at, count) + requests(at + 10, count, instance="b:80"), health=health
        )

    polls = [poll(NOON + EVERY * number, number) for number in range(3)]

    parts = [seen(read(before, after), LOGIN)[0] for before, after in pairwise(polls)]
    spans = [(part.start.timestamp() - NOON, part.end.timestamp() - NOON) for part in parts]
    assert spans == [(10, 25), (25, 40)]
