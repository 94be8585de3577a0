"""CPU, memory and throttling of containers: against their own limits, and never 0 % without one."""

from __future__ import annotations

import pytest

from collectors.prometheus.snapshot import load
from headroom import recorded
from headroom.evidence import Gauge, Ratio
from headroom.observation import Quality, Reading
from tests.prometheus_resources.exposition import (
    CONTAINER_CPU,
    CONTAINER_MEMORY,
    CPU,
    EVERY,
    GIB,
    LATER,
    MIB,
    NOON,
    PLACE,
    THROTTLING,
    absent,
    answer,
    container,
    part,
    read,
    snapshot,
    subjects,
)

SECONDS, QUOTA, PERIOD = (
    "container_cpu_usage_seconds_total",
    "container_spec_cpu_quota",
    "container_spec_cpu_period",
)
WORKING, RSS, LIMIT = (
    "container_memory_working_set_bytes",
    "container_memory_rss",
    "container_spec_memory_limit_bytes",
)
PERIODS, THROTTLED = "container_cpu_cfs_periods_total", "container_cpu_cfs_throttled_periods_total"
STARTED = "container_start_time_seconds"
ALL = (CONTAINER_CPU, CONTAINER_MEMORY, THROTTLING)


def reading(before: str, after: str) -> Reading:
    """Return the difference of two expositions, 15 s apart."""
    return read(
        snapshot(NOON, containers=answer(before, NOON)),
        snapshot(LATER, containers=answer(after, LATER)),
        *ALL,
    )


def test_cpu_is_a_share_of_the_quota() -> None:
    """Of two cores for 15 s, 12 CPU seconds are 40 %."""
    two = {QUOTA: 200_000.0}

    told = reading(container(**two, **{SECONDS: 100.0}), container(**two, **{SECONDS: 112.0}))

    assert part(told, CONTAINER_CPU).evidence == Ratio(12.0, 30.0)
    assert part(told, CONTAINER_CPU).detail == "shop; of 2 cores"
    assert subjects(told, CONTAINER_CPU) == {(), (("container", "shop"),)}


def test_a_recorded_container_has_a_tenth_of_a_core() -> None:
    """Quota and period of the recorded lines, as they are."""
    told = reading(container(**{SECONDS: 1.0}), container(**{SECONDS: 1.75}))

    assert part(told, CONTAINER_CPU).evidence == Ratio(0.75, 0.1 * EVERY)
    assert part(told, CONTAINER_CPU).detail == "shop; of 0.1 cores"


def test_memory_is_the_working_set_of_the_limit_with_the_rss_beside_it() -> None:
    """The working set holds page cache in use; the RSS tells how much of it is the container's own."""
    figures = {WORKING: 480 * MIB, RSS: 210 * MIB, LIMIT: 512 * MIB}

    told = reading(container(**figures), container(**figures))

    assert part(told, CONTAINER_MEMORY).evidence == Gauge.sample(0.9375, EVERY)
    assert part(told, CONTAINER_MEMORY).detail == "shop; of 512 MiB, 41% without page cache (RSS)"


def test_throttling_is_the_share_of_periods_in_which_it_was_held_back() -> None:
    """Periods of the scheduler, not seconds."""
    told = reading(container(), container(**{PERIODS: 873.0, THROTTLED: 78.0}))

    assert part(told, THROTTLING).evidence == Ratio(60.0, 150.0)
    assert part(told, THROTTLING).detail == "shop; 60 of 150 periods"


def test_a_container_that_did_not_run_was_not_held_back_and_is_idle() -> None:
    """No periods are no share: not 0 %, and not met."""
    told = reading(container(), container())

    assert part(told, THROTTLING).evidence == Ratio(0.0, 0.0)
    assert part(told, THROTTLING).detail == "shop; it did not run"


def test_the_worst_container_stands_for_all_and_each_is_a_subject() -> None:
    """One full container is not helped by others with plenty; those without a limit are named."""
    before = container("shop") + container("db") + container("redis", drop=(QUOTA, PERIODS, THROTTLED))
    after = (
        container("shop", **{SECONDS: 0.3})
        + container("db", **{SECONDS: 1.2})
        + container("redis", drop=(QUOTA, PERIODS, THROTTLED), **{SECONDS: 9.0})
    )

    told = reading(before, after)

    whole = part(told, CONTAINER_CPU)
    assert isinstance(whole.evidence, Ratio)
    assert whole.evidence.part / whole.evidence.whole == pytest.approx(0.8)
    assert whole.detail == "the worst of 2 containers: db; of 0.1 cores; 1 of 3 has no CPU quota: redis"
    assert subjects(told, CONTAINER_CPU) == {(), (("container", "db"),), (("container", "shop"),)}
    assert part(told, CONTAINER_CPU, ("container", "db")).evidence == whole.evidence
    assert absent(told, CONTAINER_CPU, ("container", "redis")) == (
        "no limit",
        "container redis has no CPU quota; set cpus",
    )


@pytest.mark.parametrize("limit", [0.0, 2.0**63 - 4096, 2.0**64])
def test_a_memory_limit_of_0_or_of_all_there_could_be_is_none(limit: float) -> None:
    """Cgroups without a limit tell 0, or the largest number that they know."""
    told = reading(container(**{LIMIT: limit}), container(**{LIMIT: limit}))

    assert absent(told, CONTAINER_MEMORY) == (
        "no limit",
        "container shop has no memory limit, so no share can be told; set mem_limit",
    )
    assert subjects(told, CONTAINER_MEMORY) == set()


@pytest.mark.parametrize("quota", ["0", "-1"])
def test_a_quota_of_0_or_less_is_none(quota: str) -> None:
    """Both are what cgroups call unlimited."""
    told = reading(container(**{QUOTA: quota}), container(**{QUOTA: quota}))

    assert absent(told, CONTAINER_CPU) == (
        "no limit",
        "container shop has no CPU quota, so no share can be told; set cpus",
    )


def test_without_any_limit_nothing_is_told_of_all_and_all_are_named() -> None:
    """The quota of a container that has none is left out by cAdvisor."""
    without = "".join(container(name, drop=(QUOTA, PERIODS, THROTTLED, LIMIT)) for name in ("shop", "db"))

    told = reading(without, without)

    why = "none of 2 containers has a CPU quota, so no share can be told: db and shop; set cpus"
    assert absent(told, CONTAINER_CPU) == ("no limit", why)
    assert absent(told, THROTTLING) == ("no limit", why)
    assert absent(told, CONTAINER_MEMORY)[1] == (
        "none of 2 containers has a memory limit, so no share can be told: db and shop; set mem_limit"
    )


def test_a_quota_that_was_taken_away_is_none_at_once() -> None:
    """Its last sample still stands in the answer, but the newest scrape went without it."""
    before = answer(container(), NOON)
    after = answer(container(drop=(QUOTA,)), LATER)
    old = [series for series in before if series["metric"]["__name__"] == QUOTA]

    told = read(snapshot(NOON, containers=before), snapshot(LATER, containers=after + old), CONTAINER_CPU)

    assert absent(told, CONTAINER_CPU)[0] == "no limit"


def test_no_cadvisor_is_blind() -> None:
    """With what to look at."""
    told = reading("", "")

    for measure, series in ((CONTAINER_CPU, SECONDS), (CONTAINER_MEMORY, WORKING), (THROTTLING, PERIODS)):
        assert absent(told, measure) == (
            "no data",
            (
                f"no series {series} at {PLACE}: no scrape is to be seen: it has only begun to "
                "(VictoriaMetrics shows one after 30 s), or has no targets"
            ),
        )


def test_a_prometheus_without_cadvisor_is_blind() -> None:
    """Other targets do not help."""
    others = answer("process_cpu_seconds_total 1\n", LATER, job="erp", instance="a:80")

    told = read(snapshot(NOON), snapshot(LATER, others=others), CONTAINER_CPU)

    assert absent(told, CONTAINER_CPU) == (
        "no data",
        (
            f"no series {SECONDS} at {PLACE}: no target that it scrapes gives it; is cAdvisor scraped, and "
            "does it tell of containers with an image?"
        ),
    )


def test_a_scrape_that_fails_is_named() -> None:
    """What the last good one told is not told again."""
    figures = answer(container(), NOON)

    told = read(
        snapshot(NOON, containers=figures),
        snapshot(LATER, containers=figures, down=(("cadvisor", "c:8080"),)),
        *ALL,
    )

    for measure in ALL:
        assert absent(told, measure) == (
            "no data",
            f"the scrape of cadvisor (c:8080) fails: see Status > Targets of Prometheus at {PLACE}",
        )


def test_the_first_reading_says_so() -> None:
    """A difference needs two."""
    told = read(None, snapshot(NOON, containers=answer(container(), NOON)), *ALL)

    for measure in ALL:
        assert absent(told, measure) == ("no data", "one reading so far; a difference needs two")


def test_a_container_that_was_restarted_counts_since_zero() -> None:
    """The same control group, its counters anew."""
    told = reading(
        container(**{SECONDS: 500.0, PERIODS: 5000.0, THROTTLED: 100.0}),
        container(**{SECONDS: 0.6, PERIODS: 100.0, THROTTLED: 25.0}),
    )

    assert (part(told, CONTAINER_CPU).evidence, part(told, CONTAINER_CPU).quality) == (
        Ratio(0.6, 0.1 * EVERY),
        Quality.RESET,
    )
    assert part(told, CONTAINER_CPU).detail == (
        "shop; of 0.1 cores; the counters of shop began anew after 12:00:00 UTC; what came before is lost"
    )
    assert (part(told, THROTTLING).evidence, part(told, THROTTLING).quality) == (
        Ratio(25.0, 100.0),
        Quality.RESET,
    )


def test_cpu_that_ran_backwards_without_a_restart_says_nothing() -> None:
    """More than the limit gives in the interval cannot have been counted since zero."""
    told = reading(container(**{SECONDS: 500.0}), container(**{SECONDS: 400.0}))

    assert absent(told, CONTAINER_CPU) == (
        "no data",
        "the CPU counter of container shop of cadvisor (c:8080) ran backwards",
    )


def test_a_container_that_took_the_place_of_another_has_no_figures_yet() -> None:
    """Under one name, another control group is another container, whose counters do not go on."""
    told = reading(container(id="/docker/a1"), container(id="/docker/b2"))

    why = "another container took the place of shop since the last poll; a difference needs two"
    for measure in ALL:
        assert absent(told, measure) == ("no data", why)


def test_of_two_lives_of_one_container_the_newer_counts() -> None:
    """The old one stands in answers for a while, and not in the newest scrape."""
    old = answer(container(id="/docker/a1", **{STARTED: NOON - 1000, SECONDS: 77.0}), NOON - 15)
    new = {STARTED: NOON - 3}
    before = answer(container(id="/docker/b2", **new, **{SECONDS: 1.0}), NOON)
    after = answer(container(id="/docker/b2", **new, **{SECONDS: 1.3}), LATER)

    told = read(
        snapshot(NOON, containers=old + before), snapshot(LATER, containers=old + after), CONTAINER_CPU
    )

    evidence = part(told, CONTAINER_CPU).evidence
    assert isinstance(evidence, Ratio)
    assert evidence.part == pytest.approx(0.3)
    assert subjects(told, CONTAINER_CPU) == {(), (("container", "shop"),)}


def test_replicas_of_one_service_are_told_apart() -> None:
    """The older of them is full, which the newer must not hide."""
    label = ',container_label_com_docker_compose_service="worker"'
    ids = ["/x/" + sign * 64 for sign in "ab"]

    def both(full: float, idle: float) -> str:
        return container(
            "a" * 64, id=ids[0], labels=label, **{STARTED: NOON - 5000, SECONDS: full}
        ) + container("b" * 64, id=ids[1], labels=label, **{STARTED: NOON - 100, SECONDS: idle})

    told = reading(both(100.0, 50.0), both(101.5, 50.1))

    assert part(told, CONTAINER_CPU).detail == "the worst of 2 containers: worker aaaaaaaaaaaa; of 0.1 cores"
    assert subjects(told, CONTAINER_CPU) == {
        (),
        (("container", "worker aaaaaaaaaaaa"),),
        (("container", "worker bbbbbbbbbbbb"),),
    }


def test_a_container_with_a_broken_figure_blinds_no_other() -> None:
    """It has none itself, and the whole says so."""
    told = reading(
        container("good", **{SECONDS: 1.0}) + container("bad", **{SECONDS: 1.0}),
        container("good", **{SECONDS: 2.5}) + container("bad", **{SECONDS: "NaN"}),
    )

    why = f"{SECONDS} of container bad of cadvisor (c:8080) is NaN, not a number from 0 up"
    assert part(told, CONTAINER_CPU).evidence == Ratio(1.5, 0.1 * EVERY)
    assert part(told, CONTAINER_CPU).detail == f"good; of 0.1 cores; 1 of 2 not judged: {why}"
    assert absent(told, CONTAINER_CPU, ("container", "bad")) == ("broken instrumentation", why)


def test_a_container_that_was_stopped_is_not_told_of_for_long() -> None:
    """Its last samples stay in the answer until the window is over; it is none of those without a limit."""
    gone = container("old", at=NOON - 120, drop=(QUOTA,))
    before = answer(gone + container(at=NOON), NOON)
    after = answer(gone + container(at=LATER, **{SECONDS: 0.3}), LATER)

    told = read(
        snapshot(NOON, containers=before, own=15.0),
        snapshot(LATER, containers=after, own=15.0),
        CONTAINER_CPU,
    )

    assert part(told, CONTAINER_CPU).detail == "shop; of 0.1 cores"


def test_slices_and_rows_without_a_name_are_no_containers() -> None:
    """Sums over containers, and the pause containers of pods, would be the worst of all."""
    more = "".join(
        f'{SECONDS}{{id="{cgroup}",image="i",name="{name}"{labels}}} 900\n'
        for cgroup, name, labels in (
            ("/", "", ""),
            ("/system.slice", "", ""),
            ("/kubepods/p1/x", "x", ',container="POD",pod="shop-1",namespace="erp"'),
            ("/kubepods/p1", "", ',container="",pod="shop-1",namespace="erp"'),
        )
    )

    told = reading(more + container(), more + container(**{SECONDS: 0.3}))

    assert part(told, CONTAINER_CPU).detail == "shop; of 0.1 cores"


def test_a_container_of_kubernetes_is_named_by_namespace_pod_and_container() -> None:
    """Its `name` is a hash there."""
    labels = ',container="app",pod="shop-7d9",namespace="erp"'
    text = container("f" * 64, labels=labels) + container("e" * 64, labels=labels.replace("7d9", "8c1"))

    told = reading(text, text)

    assert subjects(told, CONTAINER_MEMORY) == {
        (),
        (("container", "erp/shop-7d9/app"),),
        (("container", "erp/shop-8c1/app"),),
    }


def test_a_container_without_a_name_goes_by_its_service() -> None:
    """As Docker Compose labels it."""
    text = container("f" * 64, labels=',container_label_com_docker_compose_service="shop"')

    told = reading(text, text)

    assert part(told, CONTAINER_MEMORY).detail.startswith("shop; ")


def test_containers_of_two_machines_are_told_apart_by_the_machine() -> None:
    """Both have one of the same name."""
    one = answer(container(), NOON), answer(container(), LATER)
    two = answer(container(), NOON, instance="d:8080"), answer(container(), LATER, instance="d:8080")

    told = read(snapshot(NOON, containers=one[0] + two[0]), snapshot(LATER, containers=one[1] + two[1]), *ALL)

    assert subjects(told, CONTAINER_MEMORY) == {
        (),
        (("container", "shop"), ("instance", "c:8080")),
        (("container", "shop"), ("instance", "d:8080")),
    }


@pytest.mark.parametrize("text", ["NaN", "-5", "lots"])
def test_a_figure_that_is_no_number_breaks_its_measure_alone(text: str) -> None:
    """Named with series and container; the others go on."""
    told = reading(container(), container(**{WORKING: text}))

    assert absent(told, CONTAINER_MEMORY) == (
        "broken instrumentation",
        f"{WORKING} of container shop of cadvisor (c:8080) is {text}, not a number from 0 up",
    )
    assert part(told, CONTAINER_CPU).quality is Quality.EXACT


def test_more_periods_held_back_than_there_were_break_the_measure() -> None:
    """A share above all is none."""
    told = reading(container(), container(**{PERIODS: 725.0, THROTTLED: 28.0}))

    assert absent(told, THROTTLING) == (
        "broken instrumentation",
        "container shop of cadvisor (c:8080) was held back in 10 of 2 periods",
    )


def test_at_most_two_hundred_are_told_one_by_one_and_the_rest_is_counted() -> None:
    """Those that use most; the worst of all stays the whole."""
    names = [f"c{number:03}" for number in range(230)]
    text = "".join(container(name, **{WORKING: 1000.0 + place}) for place, name in enumerate(names))

    told = reading(text, text)

    told_of = subjects(told, CONTAINER_MEMORY) - {()}
    assert told_of == {(("container", name),) for name in names[30:]}
    assert part(told, CONTAINER_MEMORY).evidence == Gauge.sample(1229 / 2048, EVERY)
    assert part(told, CONTAINER_MEMORY).detail == (
        "the worst of 230 containers: c229; of 2 KiB, 0.732% without page cache (RSS); "
        "30 of them are not told one by one"
    )


def test_long_and_unprintable_names_are_cut() -> None:
    """Labels are whatever somebody wrote."""
    text = container("x\u202e" + "y" * 500)

    (container_seen,) = snapshot(NOON, containers=answer(text, NOON)).containers.seen

    assert len(container_seen.name) == 120
    assert container_seen.name.isprintable()


def test_working_sets_are_recorded_beside_a_budget_of_machines_limited_or_not() -> None:
    """In bytes, for trends; and nothing of it is judged."""
    text = container(**{WORKING: GIB}) + container("db", drop=(LIMIT,), **{WORKING: 2 * GIB})
    pair = [snapshot(at, containers=answer(text, at)) for at in (NOON, LATER)]

    told = read(*pair, CPU)

    assert part(told, recorded.CONTAINER_USED, ("container", "shop")).evidence == Gauge.sample(GIB, EVERY)
    assert part(told, recorded.CONTAINER_USED, ("container", "db")).evidence == Gauge.sample(2 * GIB, EVERY)
    assert len(subjects(read(*pair, CONTAINER_CPU), recorded.CONTAINER_USED)) == len(("shop", "db"))


def test_a_snapshot_keeps_containers_over_a_restart() -> None:
    """What was dumped is what the next difference starts from."""
    before = snapshot(NOON, containers=answer(container() + container("db", drop=(LIMIT, QUOTA)), NOON))

    loaded = load(before.dump())

    assert loaded is not None
    assert loaded.containers == before.containers
