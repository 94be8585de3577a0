"""Instances that come and go between two polls: their counts are taken whole, or it is said what is not."""

from __future__ import annotations

from itertools import pairwise

import pytest

from collectors.prometheus.snapshot import PrometheusSnapshot
from headroom.evidence import Histogram
from headroom.observation import Quality, Reading
from tests.collectors_prometheus.figures import (
    LATER,
    LOGIN,
    NOON,
    STARTED,
    Answer,
    read,
    requests,
    seen,
    snapshot,
    up,
)
from tests.collectors_prometheus.natives import exponential, series


def told(reading: Reading) -> list[tuple[int, Quality, str]]:
    """Return events, quality and detail of each part of the logins of all."""
    return [
        (part.evidence.n, part.quality, part.detail)
        for part in seen(reading, LOGIN)
        if isinstance(part.evidence, Histogram)
    ]


def alone() -> PrometheusSnapshot:
    """Return the first snapshot: one instance that has served 5 logins."""
    return snapshot(NOON + 1, counters=requests(NOON, 5), health=up(NOON, started=STARTED))


def joined_by(counters: Answer, *, started: float | None) -> PrometheusSnapshot:
    """Return the second snapshot: the instance has served 3 more, and another one is there."""
    return snapshot(
        LATER + 1,
        counters=requests(LATER, 8) + counters,
        health=up(LATER, started=STARTED) + up(LATER, instance="b:80", started=started),
    )


@pytest.mark.parametrize("started", [NOON - 1, NOON + 3, LATER + 2])
def test_an_instance_that_began_since_the_last_poll_counts_from_zero(started: float) -> None:
    """What a new replica serves before it is first seen is the slow part of a rollout: nothing is lost."""
    after = joined_by(requests(LATER, 0, 0, 0, 0, 0, 2, instance="b:80"), started=started)

    reading = read(alone(), after)

    assert told(reading) == [(2, Quality.FIRST_SEEN, ""), (3, Quality.EXACT, "")]
    part = seen(reading, LOGIN)[0]
    assert (part.start.timestamp(), part.end.timestamp()) == (NOON + 1, LATER)


@pytest.mark.parametrize("started", [None, 0.0, NOON - 1.1, LATER + 2.1])
def test_what_an_older_instance_counted_before_is_not_judged_and_that_is_said(started: float | None) -> None:
    """Its counts may be years old; a start in the future is of a clock that cannot be compared."""
    after = joined_by(requests(LATER, 9000, instance="b:80"), started=started)

    assert told(read(alone(), after)) == [
        (3, Quality.EXACT, "what erp (b:80) counted before it was first seen is not judged")
    ]


def test_an_instance_whose_scrapes_failed_from_its_beginning_counts_from_zero() -> None:
    """A pod is known to Prometheus before it answers."""
    failing = up(NOON, instance="b:80", well=False)
    failing[0]["values"] = failing[0]["values"][1:]
    before = snapshot(NOON + 1, counters=requests(NOON, 5), health=up(NOON, started=STARTED) + failing)
    after = joined_by(requests(LATER, 4, instance="b:80"), started=NOON + 2)

    assert told(read(before, after)) == [(4, Quality.FIRST_SEEN, ""), (3, Quality.EXACT, "")]


def test_a_first_sight_after_a_pause_is_a_gap() -> None:
    """It is not known when in all that time the requests were served."""
    late = LATER + 60
    after = snapshot(
        late + 1,
        counters=requests(late, 4, instance="b:80"),
        health=up(late, instance="b:80", started=NOON + 2),
    )

    assert [(n, quality) for n, quality, _ in told(read(alone(), after))] == [(4, Quality.GAP)]


def test_all_instances_replaced_at_once_are_counted() -> None:
    """The old one lingers in the window, the new one counts from its beginning."""
    after = snapshot(
        LATER + 1,
        counters=requests(NOON, 5) + requests(LATER, 0, 0, 0, 0, 0, 4, instance="a:81"),
        health=up(NOON, started=STARTED) + up(LATER, instance="a:81", started=NOON + 4),
    )

    assert told(read(alone(), after)) == [(4, Quality.FIRST_SEEN, "")]


def test_what_a_label_set_counted_last_is_said_to_be_lost_while_others_go_on() -> None:
    """A process of unknown start has no logins any more; the other instance's go on."""
    health = up(NOON) + up(NOON, instance="b:80")
    before = snapshot(
        NOON + 1, counters=requests(NOON, 5) + requests(NOON, 7, instance="b:80"), health=health
    )
    after = snapshot(
        LATER + 1,
        counters=requests(LATER, 8) + requests(NOON, 7, instance="b:80"),
        health=up(LATER) + up(LATER, instance="b:80"),
    )

    assert told(read(before, after)) == [
        (3, Quality.EXACT, "counters of erp (b:80) are gone, and what they counted last is lost")
    ]


def test_what_an_instance_counted_last_is_said_once_to_be_lost() -> None:
    """It is taken off the list of targets: no scrape fails, and nothing is heard of it any more."""
    polls = [
        snapshot(
            NOON + age + 1,
            counters=requests(NOON + age, 5 + age) + requests(NOON, 7, instance="b:80"),
            health=up(NOON + age) + up(NOON, instance="b:80"),
        )
        for age in (0, 30, 45, 60)
    ]
    lost = "nothing scrapes erp (b:80) any more, and what was counted there last is lost"

    assert [[detail for _, _, detail in told(read(*two))] for two in pairwise(polls)] == [
        [""],
        [lost],
        [""],
    ]


def test_an_instance_that_is_nowhere_any_more_is_said_to_be_lost() -> None:
    """Not even its old samples are within the window."""
    both = requests(NOON, 5) + requests(NOON, 7, instance="b:80")
    before = snapshot(NOON + 1, counters=both, health=up(NOON) + up(NOON, instance="b:80"))
    after = snapshot(LATER + 1, counters=requests(LATER, 8), health=up(LATER))

    assert told(read(before, after)) == [
        (3, Quality.EXACT, "nothing scrapes erp (b:80) any more, and what was counted there last is lost")
    ]


def test_a_process_that_counts_in_native_histograms_from_its_beginning_loses_nothing() -> None:
    """An upgrade changes the kind of histogram and restarts the process."""
    before, native = alone(), series(LATER, exponential([0.07, 0.07, 3.0], 3))
    after = snapshot(LATER + 1, counters=native, health=up(LATER, started=NOON + 4))

    assert told(read(before, after)) == [
        (
            3,
            Quality.RESET,
            (
                "the counters of erp (a:80) began anew after 12:00:00 UTC; what they counted between then "
                "and the restart is lost"
            ),
        )
    ]


@pytest.mark.parametrize("started", [None, STARTED, NOON - 60])
def test_another_kind_of_histogram_without_a_restart_since_is_a_baseline_and_that_is_said(
    started: float | None,
) -> None:
    """The new kind may have been counted beside the old one for years."""
    before = snapshot(
        NOON + 1,
        counters=requests(NOON, 5) + requests(NOON, 5, instance="b:80"),
        health=up(NOON, started=STARTED) + up(NOON, instance="b:80"),
    )
    after = snapshot(
        LATER + 1,
        counters=series(LATER, exponential([3.0], 3)) + requests(LATER, 6, instance="b:80"),
        health=up(LATER, started=started) + up(LATER, instance="b:80"),
    )

    assert told(read(before, after)) == [
        (
            1,
            Quality.EXACT,
            "what erp (a:80) counted since is not judged, for nothing fits to compare it with",
        )
    ]
