"""An application's gauge between two polls: its samples by time, its instances, its faults."""

from __future__ import annotations

from dataclasses import replace

import pytest

from collectors.prometheus.difference import difference
from collectors.prometheus.levels import MAX_LEVELS, Level, Levels, Past, levels_of, past_of
from collectors.prometheus.samples import StrangeAnswerError
from collectors.prometheus.scrapes import scrapes_of
from collectors.prometheus.snapshot import Machines, PrometheusSnapshot, load
from headroom.budgets import Kind, Measure
from headroom.evidence import Gauge
from headroom.observation import Observation, Part, Quality, Reading
from tests.collectors_prometheus.figures import (
    EVERY,
    LATER,
    NOON,
    PLACE,
    WINDOW,
    Answer,
    absent,
    asked,
    seen,
    told,
    up,
)

SELECTOR = 'cache_hit_rate{cache_type="redis"}'
LOW = Measure("metrics", Kind.GAUGE, SELECTOR, "percent.min")
HIGH = replace(LOW, group="percent.max")


def samples(
    *pairs: tuple[float, float | str], instance: str = "a:80", job: str = "erp", **labels: str
) -> Answer:
    """Return the samples of one label set."""
    whole = {"__name__": "cache_hit_rate", "job": job, "instance": instance, "cache_type": "redis", **labels}
    return [{"metric": whole, "values": [[at, str(value)] for at, value in pairs]}]


def poll(now: float, gauges: Answer, health: Answer | None = None) -> PrometheusSnapshot:
    """Return the snapshot of a reading."""
    levels = levels_of(SELECTOR, gauges, now, WINDOW)
    scrapes = scrapes_of(health or up(now - 1), now, WINDOW)
    gave = {one.target for one in levels.sets}
    scrapes = {
        target: replace(scrape, gives=frozenset({SELECTOR} if target in gave else ()))
        if scrape.up or target in gave
        else scrape
        for target, scrape in scrapes.items()
    }
    return PrometheusSnapshot("epoch", now, scrapes, {}, Machines(), gauges={SELECTOR: levels})


def read(before: PrometheusSnapshot | None, after: PrometheusSnapshot, *measures: Measure) -> Reading:
    """Return what is told of the gauge."""
    return difference(before, after, asked(*(measures or (LOW,))))


def subjects(reading: Reading) -> dict[tuple[tuple[str, str], ...], Part]:
    """Return the parts by subject."""
    observed = [one for one in told(reading, LOW) if isinstance(one, Observation)]
    return {one.series.subject: one.parts[0] for one in observed}


def test_samples_count_for_the_time_since_the_one_before() -> None:
    """Four seconds at 90 % and eleven at 60 %: 68 % on average, and not 75."""
    before = poll(NOON + 1, samples((NOON, 10.0)))
    after = poll(LATER + 1, samples((NOON, 10.0), (NOON + 4, 90.0), (LATER, 60.0)))

    (part,) = seen(read(before, after), LOW)
    assert part.evidence == Gauge(2, pytest.approx(0.9 * 4 + 0.6 * 11), 0.6, 0.9, 0.6, 15.0)
    assert (part.quality, part.detail, part.start.timestamp(), part.end.timestamp()) == (
        Quality.EXACT,
        "",
        NOON,
        LATER,
    )


def test_ratios_are_taken_as_they_are() -> None:
    """A gauge that reads ratios needs no hundredth."""
    ratio = replace(LOW, group="ratio.min")
    pair = poll(NOON + 1, samples((NOON, 0.5))), poll(LATER + 1, samples((LATER, 0.8)))
    (part,) = seen(read(*pair, ratio), ratio)
    assert part.evidence == Gauge.sample(0.8, 15.0)


def test_the_worst_stands_for_all_and_its_side_is_that_of_the_limit() -> None:
    """Two instances are neither added nor averaged: the lowest for a minimum, the highest for a maximum."""

    def both(at: float) -> PrometheusSnapshot:
        answer = samples((at, 80.0)) + samples((at, 95.0), instance="b:80")
        return poll(at + 1, answer, up(at) + up(at, instance="b:80"))

    low, high = (read(both(NOON), both(LATER), measure) for measure in (LOW, HIGH))

    (worst,) = seen(low, LOW)
    assert worst.evidence == Gauge.sample(0.8, 15.0)
    assert worst.detail == ("the lowest of 2, for gauges are not averaged: cache_type redis, instance a:80")
    (top,) = seen(high, HIGH)
    assert top.evidence == Gauge.sample(0.95, 15.0)
    assert top.detail == "the highest of 2, for gauges are not averaged: cache_type redis, instance b:80"
    assert {subject: part.evidence for subject, part in subjects(low).items() if subject} == {
        (("cache_type", "redis"), ("instance", "a:80")): Gauge.sample(0.8, 15.0),
        (("cache_type", "redis"), ("instance", "b:80")): Gauge.sample(0.95, 15.0),
    }


def test_label_sets_and_jobs_are_told_apart() -> None:
    """Two caches of one process, and two jobs that scrape one instance."""

    def all_of(at: float) -> PrometheusSnapshot:
        answer = samples((at, 80.0), cache="l1") + samples((at, 90.0), cache="l2")
        answer += samples((at, 70.0), job="twin", cache="l1")
        return poll(at + 1, answer, up(at) + up(at, job="twin"))

    reading = read(all_of(NOON), all_of(LATER))
    assert sorted(subject for subject in subjects(reading) if subject) == [
        (("cache", "l1"), ("cache_type", "redis"), ("instance", "a:80"), ("job", "erp")),
        (("cache", "l1"), ("cache_type", "redis"), ("instance", "a:80"), ("job", "twin")),
        (("cache", "l2"), ("cache_type", "redis"), ("instance", "a:80")),
    ]


def test_one_instance_needs_no_subject() -> None:
    """What is all there is, is said of all."""
    pair = poll(NOON + 1, samples((NOON, 80.0))), poll(LATER + 1, samples((LATER, 80.0)))
    assert list(subjects(read(*pair))) == [()]


def test_nothing_new_is_nothing_told() -> None:
    """A poll between two scrapes gives neither evidence nor absence."""
    first = poll(NOON + 1, samples((NOON, 80.0)), up(NOON))
    again = poll(NOON + 9, samples((NOON, 80.0)), up(NOON))
    assert told(read(first, again), LOW) == []


def test_a_first_reading_and_a_first_sight_are_no_interval() -> None:
    """From when a first sample holds is not known."""
    lonely = poll(LATER + 1, samples((LATER, 80.0)))
    one = ("no data", "one reading so far; a difference needs two")
    assert absent(read(None, lonely), LOW) == one
    assert absent(read(poll(NOON + 1, []), lonely), LOW) == one


def test_a_hole_in_the_samples_is_a_gap() -> None:
    """Ten minutes without a sample are kept for reports, and judge nothing now."""
    late = NOON + 600
    before = poll(NOON + 1, samples((NOON, 80.0)))
    (part,) = seen(read(before, poll(late + 1, samples((late, 80.0)))), LOW)
    assert (part.quality, part.detail) == (Quality.GAP, "nothing was heard of erp (a:80) for 600 s")


def test_a_gauge_that_goes_is_not_the_last_value_for_ever() -> None:
    """Its target is scraped well without it: the sample that still lies in the window is not the present."""
    before = poll(NOON + 1, samples((NOON, 80.0)), up(NOON))
    for last in (NOON, NOON + 5):
        after = poll(LATER + 1, samples((NOON, 80.0), (last, 80.0)), up(LATER))
        assert seen(read(before, after), LOW) == ()


def test_a_failing_scrape_is_said() -> None:
    """The instance that is left is judged, with a word on the one that is down; with none it is blind."""
    two = up(NOON) + up(NOON, instance="b:80")
    before = poll(NOON + 1, samples((NOON, 80.0)) + samples((NOON, 90.0), instance="b:80"), two)
    down = up(LATER) + up(LATER, instance="b:80", well=False)
    half = poll(LATER + 1, samples((LATER, 80.0)) + samples((NOON, 90.0), instance="b:80"), down)
    (part,) = seen(read(before, half), LOW)
    assert part.detail.endswith(
        f"without what the scrape of erp (b:80) fails: see Status > Targets of Prometheus at {PLACE}"
    )

    none = poll(LATER + 1, samples((NOON, 80.0)), up(LATER, well=False))
    assert absent(read(poll(NOON + 1, samples((NOON, 80.0)), up(NOON)), none), LOW) == (
        "no data",
        f"the scrape of erp (a:80) fails: see Status > Targets of Prometheus at {PLACE}",
    )


def test_an_old_sample_is_stale() -> None:
    """Prometheus has not scraped the target for long."""
    before = poll(NOON + 1, samples((NOON, 80.0)), up(NOON))
    after = poll(NOON + 100, samples((NOON, 80.0)), up(NOON))
    said = absent(read(before, after), LOW)
    assert said is not None
    assert said[0] == "stale"


def test_a_gauge_that_is_nowhere_is_said_to_be() -> None:
    """The selector as it was asked, for it may be the label that is wrong."""
    said = absent(read(poll(NOON + 1, []), poll(LATER + 1, [])), LOW)
    assert said is not None
    assert said[1].startswith(f"no series {SELECTOR} at {PLACE}: no target that it scrapes gives it")


def test_a_broken_instance_blinds_all() -> None:
    """One instance that reads NaN may be the worst of all."""
    before = poll(NOON + 1, samples((NOON, 80.0)) + samples((NOON, 80.0), instance="b:80"))
    after = poll(LATER + 1, samples((LATER, 80.0)) + samples((LATER, "NaN"), instance="b:80"))
    assert absent(read(before, after), LOW) == (
        "broken instrumentation",
        (
            "cache_hit_rate of erp (b:80) reads NaN, the share of nothing; fix: set it only when there was "
            "something to count"
        ),
    )


def test_what_was_wrong_before_the_last_poll_is_over() -> None:
    """The fix is deployed: the samples that are still in the window blind nobody."""
    before = poll(NOON + 1, samples((NOON, 87.2)))
    after = poll(LATER + 1, samples((NOON, 87.2), (LATER, 0.872)))
    ratio = replace(LOW, group="ratio.min")
    assert seen(read(before, after, ratio), ratio)[0].evidence == Gauge.sample(0.872, 15.0)


def test_more_label_sets_than_anybody_reads_are_refused() -> None:
    """Two hundred are read; of more, the ones that matter must be named."""
    many = [one for n in range(MAX_LEVELS + 1) for one in samples((NOON, 80.0), cache=str(n))]
    assert levels_of(SELECTOR, many[1:], NOON, WINDOW).refused is None
    assert absent(read(None, poll(NOON, many)), LOW) == (
        "no data",
        (
            f"{SELECTOR} has 201 label sets, and 200 are read at most; name those that matter with labels: "
            "in its measure"
        ),
    )


def test_the_newest_samples_outlive_a_restart_of_the_monitor() -> None:
    """What is dumped comes back, and the next poll goes on from it."""
    before = poll(NOON + 1, samples((NOON - 15, 10.0), (NOON, 80.0)))
    restored = load(before.dump())
    assert restored == before
    after = poll(LATER + 1, samples((LATER, 60.0)))
    assert restored is not None
    assert read(restored, after) == read(before, after)


@pytest.mark.parametrize(
    "values",
    [[[NOON, "many"]], [["x", "1"], [NOON, "1"]], [[NOON, "1"], [NOON - 5, "2"], [NOON, "3"]]],
    ids=["no number", "no time", "no order"],
)
def test_strange_samples_are_refused(values: list[list[object]]) -> None:
    """What is no number, no time or in no order is no answer."""
    answer = [{"metric": {"__name__": "cache_hit_rate"}, "values": values}]
    with pytest.raises(StrangeAnswerError):
        levels_of(SELECTOR, answer, NOON, WINDOW)


def test_a_past_is_told_in_ages() -> None:
    """What Prometheus repeats from before the process began is not of this life."""
    answer = samples((NOON - 15, 5.0), (NOON, 10.0), (LATER, 20.0))
    (past,) = past_of(answer, NOON - 1, EVERY, LATER, WINDOW)
    assert past == Past(
        ("erp", "a:80"), (("cache_type", "redis"),), NOON - 1, EVERY, ((1.0, 10.0), (16.0, 20.0))
    )
    assert past_of(samples((NOON - 15, 5.0)), NOON, EVERY, NOON, WINDOW) == ()


def test_levels_are_the_same_whatever_their_samples() -> None:
    """A label set is known by its target and labels."""
    target, labels = ("erp", "a:80"), (("cache_type", "redis"),)
    assert Levels((Level(target, labels, ((1.0, 2.0),)),)) == Levels((Level(target, labels, ((3.0, 4.0),)),))
