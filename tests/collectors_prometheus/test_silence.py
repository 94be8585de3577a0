"""What is evidence, what is idle, what is blind, and what is nothing yet."""

from __future__ import annotations

from dataclasses import replace

from headroom.budgets import Reason
from headroom.evidence import Histogram
from headroom.observation import Quality
from tests.collectors_prometheus.figures import (
    LATER,
    LOGIN,
    METRIC,
    NOON,
    PLACE,
    READ,
    absent,
    pair,
    read,
    refusing,
    requests,
    seen,
    snapshot,
    told,
    up,
)


def test_the_first_poll_says_that_a_difference_needs_two() -> None:
    """One reading is never evidence."""
    _, after = pair([], requests(LATER, 5))

    reading = read(None, after)

    assert reading.observations == ()
    assert absent(reading, LOGIN) == ("no data", "one reading so far; a difference needs two")
    assert absent(reading, READ) == ("no data", "one reading so far; a difference needs two")


def test_another_address_is_a_first_poll() -> None:
    """A snapshot of another server is no baseline, however alike its labels are."""
    before, after = pair(requests(NOON, 5), requests(LATER, 9))

    reading = read(replace(before, epoch="another"), after)

    assert absent(reading, LOGIN) == ("no data", "one reading so far; a difference needs two")


def test_a_class_without_series_is_idle_while_its_metric_is_scraped() -> None:
    """Nobody read anything, and the scrape that would have shown it went well."""
    before, after = pair(requests(NOON, 5), requests(LATER, 6))

    (part,) = seen(read(before, after), READ)

    assert isinstance(part.evidence, Histogram)
    assert (part.evidence.n, part.evidence.bounds, part.quality) == (
        0,
        (0.01, 0.05, 0.1, 0.5, 1.0, 5.0),
        Quality.EXACT,
    )
    assert (part.start.timestamp(), part.end.timestamp()) == (NOON, LATER)


def test_a_poll_without_a_newer_sample_is_neither_evidence_nor_idle_nor_blind() -> None:
    """Polls may be more frequent than scrapes; what was not scraped again says nothing."""
    before, _ = pair(requests(NOON, 5), [])
    after = snapshot(NOON + 6, counters=requests(NOON, 5), health=up(NOON))

    reading = read(before, after)

    assert told(reading, LOGIN) == []
    assert told(reading, READ) == []


def test_a_failing_scrape_is_blind_and_not_idle() -> None:
    """The class that was seen and the class that never was are both out of sight."""
    before = snapshot(NOON + 1, counters=requests(NOON, 5), health=up(NOON))
    after = snapshot(LATER + 1, counters=requests(NOON, 5), health=up(LATER, well=False))

    reading = read(before, after)

    sentence = "the scrape of erp (a:80) fails: see Status > Targets of Prometheus at prom:9090"
    assert absent(reading, LOGIN) == ("no data", sentence)
    assert absent(reading, READ) == ("no data", sentence)
    assert reading.observations == ()
    assert reading.notes == (sentence,)


def test_a_failing_scrape_keeps_the_others_evidence_and_says_what_is_missing() -> None:
    """One of two instances is down: the other's requests count, and the part names the one left out."""
    health = up(NOON) + up(NOON, instance="b:80")
    both = requests(NOON, 5) + requests(NOON, 7, instance="b:80")
    before = snapshot(NOON + 1, counters=both, health=health)
    after = snapshot(
        LATER + 1,
        counters=requests(LATER, 6) + requests(NOON, 7, instance="b:80"),
        health=up(LATER) + up(LATER, instance="b:80", well=False),
    )

    reading = read(before, after)

    (part,) = seen(reading, LOGIN)
    assert isinstance(part.evidence, Histogram)
    assert part.evidence.n == 1
    assert part.detail == (
        "without what the scrape of erp (b:80) fails: see Status > Targets of Prometheus at prom:9090"
    )
    assert absent(reading, READ) == (
        "no data",
        "the scrape of erp (b:80) fails: see Status > Targets of Prometheus at prom:9090",
    )


def test_no_requests_at_one_instance_while_another_fails_is_not_idle() -> None:
    """What the failing instance served is unknown, so that nothing may be called nothing."""
    both = requests(NOON, 5) + requests(NOON, 7, instance="b:80")
    before = snapshot(NOON + 1, counters=both, health=up(NOON) + up(NOON, instance="b:80"))
    after = snapshot(
        LATER + 1,
        counters=requests(LATER, 5) + requests(NOON, 7, instance="b:80"),
        health=up(LATER) + up(LATER, instance="b:80", well=False),
    )

    assert absent(read(before, after), LOGIN) == (
        "no data",
        "the scrape of erp (b:80) fails: see Status > Targets of Prometheus at prom:9090",
    )


def test_the_failure_of_a_job_without_the_metric_is_of_no_concern() -> None:
    """A node_exporter that is down does not make an idle class blind."""
    others = up(NOON, job="node", instance="n:1")
    before = snapshot(NOON + 1, counters=requests(NOON, 5), health=up(NOON) + others)
    down = up(LATER, job="node", instance="n:1") + up(LATER, job="node", instance="n:2", well=False)
    after = snapshot(LATER + 1, counters=requests(LATER, 6), health=up(LATER) + down)

    reading = read(before, after)

    assert [type(said).__name__ for said in told(reading, READ)] == ["Observation"]
    assert reading.notes == ()


def test_an_instance_that_has_counted_nothing_yet_may_have_since() -> None:
    """Its job serves the metric: while its scrape fails, no class may be called idle."""
    before = snapshot(NOON + 1, counters=requests(NOON, 5), health=up(NOON) + up(NOON, instance="b:80"))
    twin = up(LATER, instance="b:80", well=False)
    after = snapshot(LATER + 1, counters=requests(LATER, 6), health=up(LATER) + twin)

    assert absent(read(before, after), READ) == (
        "no data",
        "the scrape of erp (b:80) fails: see Status > Targets of Prometheus at prom:9090",
    )


def test_a_target_never_seen_well_may_give_anything() -> None:
    """Of a job that was never scraped well it is not known what it serves: no class may be called idle."""
    before = snapshot(NOON + 1, counters=requests(NOON, 5), health=up(NOON))
    stranger = up(LATER, job="old", instance="o:1", well=False)
    after = snapshot(LATER + 1, counters=requests(LATER, 6), health=up(LATER) + stranger)

    assert absent(read(before, after), READ) == (
        "no data",
        "the scrape of old (o:1) fails: see Status > Targets of Prometheus at prom:9090",
    )


def test_a_metric_that_is_nowhere_is_blind() -> None:
    """A wrong name, or a histogram that never counted, must not look like peace."""
    _, after = pair([], [])

    assert absent(read(None, after), LOGIN) == (
        "no data",
        (
            f"no series {METRIC}_bucket at {PLACE}: no target that it scrapes gives it; is the name "
            "right, and has it counted anything yet?"
        ),
    )


def test_a_metric_that_is_nowhere_while_its_scrape_fails_says_so() -> None:
    """The reason why nothing is there is the failing scrape."""
    after = snapshot(NOON + 1, health=up(NOON, well=False))

    assert absent(read(None, after), LOGIN) == (
        "no data",
        (
            f"no series {METRIC}_bucket at {PLACE}: the scrape of erp (a:80) fails: see Status > Targets of "
            f"Prometheus at {PLACE}"
        ),
    )


def test_a_prometheus_that_scrapes_nothing_says_so() -> None:
    """Within its first seconds a Prometheus has no samples of anything."""
    assert absent(read(None, snapshot(NOON)), LOGIN) == (
        "no data",
        (
            f"no series {METRIC}_bucket at {PLACE}: no scrape is to be seen: it has only begun to "
            "(VictoriaMetrics shows one after 30 s), or has no targets"
        ),
    )


def test_a_sample_that_no_scrape_renews_is_stale() -> None:
    """A target that was taken out of the configuration has no failing scrape, only an old one."""
    before = snapshot(NOON + 1, counters=requests(NOON, 5), health=up(NOON))
    after = snapshot(NOON + 60, counters=requests(NOON, 5), health=up(NOON))

    reading = read(before, after)

    sentence = (
        "the newest sample of erp (a:80) is 60 s old, of 12:00:00 UTC; does Prometheus still scrape it?"
    )
    assert absent(reading, LOGIN) == ("stale", sentence)
    assert absent(reading, READ) == ("stale", sentence)


def test_a_query_that_was_refused_is_blind_with_its_reason() -> None:
    """Too many series, say: the metric is blind, and the next reading is a baseline only."""
    reason = (Reason.NO_DATA, "too many series: 20001")
    before, after = pair(requests(NOON, 5), requests(LATER, 6))

    assert absent(read(before, refusing(LATER, reason)), LOGIN) == ("no data", "too many series: 20001")
    assert absent(read(refusing(NOON, reason), after), LOGIN) == (
        "no data",
        "one reading so far; a difference needs two",
    )


def test_a_target_without_up_is_told_by_its_own_samples() -> None:
    """Federated series carry labels of targets that this Prometheus does not scrape."""
    before = snapshot(NOON + 1, counters=requests(NOON, 5))
    after = snapshot(LATER + 1, counters=requests(LATER, 7))
    still = snapshot(NOON + 60, counters=requests(NOON, 5))

    assert seen(read(before, after), LOGIN)[0].quality is Quality.EXACT
    assert absent(read(before, still), LOGIN) == (
        "stale",
        "the newest sample of erp (a:80) is 60 s old, of 12:00:00 UTC; does Prometheus still scrape it?",
    )


def test_a_class_is_not_idle_while_its_own_target_was_not_scraped_since() -> None:
    """Another target's scrape says nothing about the requests that this one serves."""
    both = requests(NOON, 5) + requests(NOON, 5, path="/x", method="GET", instance="b:80")
    before = snapshot(NOON + 1, counters=both, health=up(NOON) + up(NOON, instance="b:80"))
    counters = requests(NOON, 5) + requests(LATER, 6, path="/x", method="GET", instance="b:80")
    after = snapshot(NOON + 16, counters=counters, health=up(NOON) + up(LATER, instance="b:80"))

    reading = read(before, after)

    assert told(reading, LOGIN) == []
    assert len(seen(reading, READ)) == 1
