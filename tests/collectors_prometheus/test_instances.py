"""Evidence of each instance beside that of all: the same parts, its own counts, nothing invented."""

from __future__ import annotations

import pytest

from collectors.prometheus.instances import MOST, subjects
from collectors.prometheus.snapshot import PrometheusSnapshot
from headroom.bounds import Bounds
from headroom.budgets import Reason, Subject
from headroom.evidence import Histogram
from headroom.observation import Absence, Observation, Part, Quality, Reading
from tests.collectors_prometheus.figures import (
    LATER,
    LOGIN,
    METRIC,
    NOON,
    READ,
    STARTED,
    Answer,
    joined,
    read,
    requests,
    seen,
    snapshot,
    up,
)

A: Subject = (("instance", "a:80"),)
B: Subject = (("instance", "b:80"),)


def poll(at: float, counters: Answer, *names: str, started: float | None = STARTED) -> PrometheusSnapshot:
    """Return a snapshot of instances that are well."""
    health = joined(up(at, instance=name, started=started) for name in names or ("a:80", "b:80"))
    return snapshot(at + 1, counters=counters, health=health)


def of(reading: Reading, subject: Subject) -> tuple[Part, ...] | Absence | None:
    """Return the parts of the logins of a subject, or why there are none."""
    everything: list[Observation | Absence] = [*reading.observations, *reading.absences]
    for one in everything:
        if one.series.measure == LOGIN.key and one.series.subject == subject:
            return one.parts if isinstance(one, Observation) else one
    return None


def n(parts: tuple[Part, ...] | Absence | None) -> list[int]:
    """Return the events of each part."""
    assert isinstance(parts, tuple)
    return [part.evidence.n for part in parts if isinstance(part.evidence, Histogram)]


def test_each_instance_has_evidence_of_its_own_beside_the_whole() -> None:
    """A bad replica among good ones is seen: quality, layouts and bounds are each its own."""
    good = ("0.1", "0.2", "0.5", "+Inf")
    before = poll(NOON, requests(NOON) + requests(NOON, 9, instance="b:80", bounds=good))
    after = snapshot(
        LATER + 1,
        counters=requests(LATER, 0, 0, 6, 4) + requests(LATER, 1, 3, 1, instance="b:80", bounds=good),
        health=up(LATER, started=STARTED) + up(LATER, instance="b:80", started=NOON + 5),
    )

    reading = read(before, after)

    assert [part.bounds[0] for part in seen(reading, LOGIN)] == [Bounds(0.2, 5, 1, 1), Bounds(0.2, 10, 0, 4)]
    (a,), (b,) = of(reading, A), of(reading, B)  # type: ignore[misc]
    assert (a.quality, a.bounds[0]) == (Quality.EXACT, Bounds(0.2, 10, 0, 4))
    assert (b.quality, b.bounds[0]) == (Quality.RESET, Bounds(0.2, 5, 1, 1))
    assert b.detail.startswith("the counters of erp (b:80) began anew after 12:00:00 UTC")


def test_a_single_instance_is_the_whole() -> None:
    """Nothing is stored twice."""
    reading = read(poll(NOON, requests(NOON), "a:80"), poll(LATER, requests(LATER, 3), "a:80"))

    assert [one.series.subject for one in reading.observations if one.series.measure == LOGIN.key] == [()]


def test_an_instance_without_anything_new_is_not_told() -> None:
    """It was not scraped since: neither evidence nor idle, while the other's requests are told."""
    both = requests(NOON, 5) + requests(NOON, 5, instance="b:80")
    before = poll(NOON, both)
    after = snapshot(
        NOON + 16,
        counters=requests(LATER, 7) + requests(NOON, 5, instance="b:80"),
        health=up(LATER, started=STARTED) + up(NOON, instance="b:80", started=STARTED),
    )

    reading = read(before, after)

    assert n(of(reading, A)) == [2]
    assert of(reading, B) is None
    assert n(seen(reading, LOGIN)) == [2]


def test_an_instance_without_requests_is_idle_and_one_without_the_class_is_nothing() -> None:
    """Only who has a series of the class can have had no requests of it."""
    third = requests(NOON, 5, path="/x", method="GET", instance="c:80")
    before = poll(
        NOON, requests(NOON, 5) + requests(NOON, 5, instance="b:80") + third, "a:80", "b:80", "c:80"
    )
    third = requests(LATER, 9, path="/x", method="GET", instance="c:80")
    after = poll(
        LATER, requests(LATER, 7) + requests(LATER, 5, instance="b:80") + third, "a:80", "b:80", "c:80"
    )

    reading = read(before, after)

    assert (n(of(reading, A)), n(of(reading, B)), of(reading, (("instance", "c:80"),))) == ([2], [0], None)
    assert [one.series.subject for one in reading.observations if one.series.measure == READ.key] == [()]


def test_an_instance_that_only_fails_is_not_fast() -> None:
    """Its 5xx are left out as they are of the whole; the series of failures is of the whole alone."""
    before = poll(NOON, requests(NOON) + requests(NOON, status="500", instance="b:80"))
    after = poll(LATER, requests(LATER, 4) + requests(LATER, 6, status="500", instance="b:80"))

    reading = read(before, after)

    absence = of(reading, B)
    assert isinstance(absence, Absence)
    assert (absence.reason, absence.detail) == (
        Reason.PARTIAL,
        (
            "all 6 answers of the newest interval were 5xx, which are not among the durations: how fast the "
            "others would be cannot be told"
        ),
    )
    assert n(of(reading, A)) == [4]
    errors = [one.series.subject for one in reading.observations if one.series.measure.endswith(":errors")]
    assert errors == [()]


def test_instances_stay_in_sight_while_another_fails() -> None:
    """The whole is blind where nothing happened at the rest; the rest is well all the same."""
    before = poll(NOON, requests(NOON, 5) + requests(NOON, 5, instance="b:80"))
    after = snapshot(
        LATER + 1,
        counters=requests(LATER, 5) + requests(NOON, 5, instance="b:80"),
        health=up(LATER, started=STARTED) + up(LATER, instance="b:80", well=False),
    )

    reading = read(before, after)

    assert isinstance(of(reading, ()), Absence)
    assert n(of(reading, A)) == [0]
    assert of(reading, B) is None


def test_two_jobs_at_one_address_are_two_instances() -> None:
    """The job is part of the name where the instance alone would be two."""
    names = subjects([("erp", "a:80"), ("old", "a:80"), ("erp", "b:80")])

    assert names == {
        ("erp", "a:80"): (("instance", "a:80"), ("job", "erp")),
        ("old", "a:80"): (("instance", "a:80"), ("job", "old")),
        ("erp", "b:80"): (("instance", "b:80"),),
    }


@pytest.mark.parametrize("count", [MOST, MOST + 1])
def test_too_many_instances_are_told_as_a_whole_only(count: int) -> None:
    """Every one of them would be a stored row for every class at every poll; it is said what to do."""
    names = [f"{number}:80" for number in range(count)]
    before = poll(NOON, joined(requests(NOON, instance=name) for name in names), *names)
    after = poll(LATER, joined(requests(LATER, 2, instance=name) for name in names), *names)

    reading = read(before, after)

    told = [one.series.subject for one in reading.observations if one.series.measure == LOGIN.key]
    assert n(seen(reading, LOGIN)) == [2 * count]
    if count == MOST:
        assert (len(told), reading.notes) == (1 + MOST, ())
    else:
        assert told == [()]
        assert reading.notes == (
            (
                f"21 instances give {METRIC}, and single ones are told for 20 at most: group them by classes "
                'with a label, such as labels: {instance: "10.0.1.*"}'
            ),
        )


@pytest.mark.parametrize(
    ("odd", "each", "said"),
    [
        ((0, 0, 0, 0, 40), (40,), "40 of 40"),
        ((0, 0, 0, 0, 20), (40,), "20 of 20"),
        ((0, 0, 0, 0, 19), (40,), ""),
        ((0, 0, 0, 0, 100), (90, 0, 0, 0, 10), "100 of 100"),
        ((0, 0, 0, 0, 100), (80, 0, 0, 0, 20), ""),
        ((20, 0, 0, 0, 20), (39, 0, 0, 0, 1), "20 of 40"),
        ((20, 0, 0, 0, 20), (35, 0, 0, 0, 5), ""),
        ((36, 0, 0, 0, 4), (36, 0, 0, 0, 4), ""),
        ((50, 0, 0, 0, 50), (9, 0, 0, 0, 1), "50 of 100"),
        ((40,), (40,), ""),
    ],
)  # fmt: skip
def test_of_many_instances_the_slowest_is_named(
    odd: tuple[int, ...], each: tuple[int, ...], said: str
) -> None:
    """One slow replica of 31 hides in the whole; none is named where all are alike."""
    names = [f"10.0.0.{i}:3000" for i in range(31)]
    bounds = ("0.01", "0.05", "0.1", "0.2", "+Inf")
    before, after = (
        joined(requests(at, *counts.get(name, every), instance=name, bounds=bounds) for name in names)
        for at, counts, every in ((NOON, {}, ()), (LATER, {"10.0.0.7:3000": odd}, each))
    )

    (part,) = seen(read(poll(NOON, before, *names), poll(LATER, after, *names)), LOGIN)

    assert part.detail == (f"the slowest of 31 instances: 10.0.0.7:3000, {said} over 200 ms" if said else "")


def test_the_slowest_is_named_while_others_are_not_scraped_anew() -> None:
    """Of many instances some have no newer sample at each poll; all of them are counted."""
    names = [f"10.0.0.{i}:3000" for i in range(21)]
    before = joined(requests(NOON, instance=name) for name in names)
    slow = requests(LATER, 0, 0, 0, 0, 0, 30, instance=names[7])
    scraped = slow + joined(requests(LATER, 50, instance=name) for name in names[:7])
    waiting = joined(requests(NOON, instance=name) for name in names[8:])
    health = joined(
        up(LATER if i < 8 else NOON, instance=name, started=STARTED) for i, name in enumerate(names)
    )
    after = snapshot(LATER + 1, counters=scraped + waiting, health=health)

    (part,) = seen(read(poll(NOON, before, *names), after), LOGIN)

    assert part.detail == "the slowest of 21 instances: 10.0.0.7:3000, 30 of 30 over 200 ms"


def test_a_threshold_inside_a_bucket_counts_only_what_is_certain() -> None:
    """Who may have been over it may as well not have been."""
    names = [f"10.0.0.{i}:3000" for i in range(21)]
    before = joined(requests(NOON, instance=name) for name in names)
    after = joined(
        requests(LATER, *((0, 0, 0, 10, 25) if name == names[3] else (50,)), instance=name) for name in names
    )

    (part,) = seen(read(poll(NOON, before, *names), poll(LATER, after, *names)), LOGIN)

    assert part.detail == "the slowest of 21 instances: 10.0.0.3:3000, at least 25 of 35 over 200 ms"


def test_names_of_the_slowest_are_bounded_and_told_apart() -> None:
    """A target names itself, at whatever length; one address may be scraped by two jobs."""
    long = "x" * 150
    names = [f"{i}{long}" for i in range(21)]

    def reading(*jobs: str) -> Reading:
        twins = [[requests(at, instance=names[3], job=job) for job in jobs] for at in (NOON, LATER)]
        before = joined([*(requests(NOON, instance=name) for name in names), *twins[0]])
        slow = [requests(LATER, 0, 0, 0, 0, 0, 30 * (name == names[3]), instance=name) for name in names]
        return read(poll(NOON, before, *names), poll(LATER, joined([*slow, *twins[1]]), *names))

    (one,) = seen(reading(), LOGIN)
    (two,) = seen(reading("old"), LOGIN)

    assert one.detail == f"the slowest of 21 instances: 3{'x' * 78}…, 30 of 30 over 200 ms"
    assert two.detail == f"the slowest of 22 instances: erp (3{'x' * 58}…), 30 of 30 over 200 ms"
