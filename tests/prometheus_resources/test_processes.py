"""One core, event loop, heap and memory of processes, from what prom-client really exposed."""

from __future__ import annotations

import pytest

from collectors.prometheus.snapshot import load
from headroom import recorded
from headroom.evidence import Gauge, Ratio
from headroom.observation import Quality
from tests.collectors_prometheus.figures import Answer
from tests.prometheus_resources.exposition import (
    CPU,
    EVENT_LOOP,
    EVERY,
    LATER,
    NOON,
    ONE_CORE,
    PLACE,
    absent,
    answer,
    part,
    read,
    snapshot,
    subjects,
)
from tests.prometheus_resources.exposition import recorded as exposition

BOTH = (ONE_CORE, EVENT_LOOP)
LAG, SECONDS = "nodejs_eventloop_lag_p99_seconds", "process_cpu_seconds_total"


def node(moment: str, at: float, instance: str = "a:80", *, without: str = "none") -> Answer:
    """Return what was scraped of the recorded server at one of its moments."""
    lines = exposition(f"nodejs-{moment}.txt").splitlines()
    text = "\n".join(line for line in lines if not line.startswith(without)) + "\n"
    return answer(text, at, job="erp", instance=instance)


def plain(at: float, seconds: float | str, *, instance: str = "g:90", labels: str = "") -> Answer:
    """Return a program of several threads."""
    inside = f"{{{labels}}}" if labels else ""
    text = f"{SECONDS}{inside} {seconds}\nprocess_resident_memory_bytes{inside} 4e7\n"
    return answer(text, at, job="prom", instance=instance)


def test_a_blocked_event_loop_is_late_by_what_prom_client_says() -> None:
    """The recorded server was blocked for 300 ms at a time; its P99 says 308 ms, its single sample 0.9 ms."""
    told = read(
        snapshot(NOON, others=node("idle", NOON)), snapshot(LATER, others=node("blocked", LATER)), *BOTH
    )

    assert part(told, EVENT_LOOP).evidence == Gauge.sample(0.308019199, EVERY)
    assert part(told, EVENT_LOOP).detail == "erp (a:80)"
    assert part(told, ONE_CORE).evidence == Ratio(2.5517030000000003 - 0.027953, EVERY)
    assert part(told, ONE_CORE).quality is Quality.EXACT


def test_an_idle_event_loop_shows_the_timers_resolution() -> None:
    """10 ms is the floor of the measure, and no delay."""
    told = read(
        snapshot(NOON, others=node("blocked", NOON)), snapshot(LATER, others=node("after", LATER)), *BOTH
    )

    assert part(told, EVENT_LOOP).evidence == Gauge.sample(0.010510335, EVERY)
    assert part(told, EVENT_LOOP).detail == "erp (a:80); idle: a loop is looked at every 10 ms"


def test_a_second_core_does_not_hide_a_full_one() -> None:
    """15 CPU seconds in 15 s are all of one core, whatever a limit of two says."""
    told = read(
        snapshot(NOON, others=plain(NOON, 100.0)), snapshot(LATER, others=plain(LATER, 115.0)), ONE_CORE
    )

    assert part(told, ONE_CORE).evidence == Ratio(15.0, 15.0)


def test_the_worst_process_stands_for_all() -> None:
    """With its name; each is a subject."""
    before = node("idle", NOON) + node("idle", NOON, "b:80")
    after = node("after", LATER) + node("blocked", LATER, "b:80")

    told = read(snapshot(NOON, others=before), snapshot(LATER, others=after), EVENT_LOOP)

    assert part(told, EVENT_LOOP).detail == "the worst of 2 processes of Node.js: erp (b:80)"
    assert part(told, EVENT_LOOP).evidence == Gauge.sample(0.308019199, EVERY)
    assert part(told, EVENT_LOOP, ("instance", "a:80")).evidence == Gauge.sample(0.010510335, EVERY)
    assert subjects(told, EVENT_LOOP) == {(), (("instance", "a:80"),), (("instance", "b:80"),)}


def test_beside_node_processes_those_of_several_threads_are_no_matter_of_one_core() -> None:
    """A Prometheus that fills three cores is no full event loop."""
    before = node("idle", NOON) + plain(NOON, 0.0)
    after = node("blocked", LATER) + plain(LATER, 45.0)

    told = read(snapshot(NOON, others=before), snapshot(LATER, others=after), ONE_CORE)

    assert part(told, ONE_CORE).detail == "erp (a:80)"
    assert subjects(told, ONE_CORE) == {(), (("instance", "a:80"),)}


def test_a_process_with_a_broken_figure_blinds_no_other() -> None:
    """It has none itself, and the whole says so."""
    before = plain(NOON, 1.0) + plain(NOON, 1.0, instance="h:90")
    after = plain(LATER, 13.0) + plain(LATER, "NaN", instance="h:90")

    told = read(snapshot(NOON, others=before), snapshot(LATER, others=after), ONE_CORE)

    why = f"{SECONDS} of prom (h:90) is NaN, not a number from 0 up"
    assert part(told, ONE_CORE).evidence == Ratio(12.0, 15.0)
    assert part(told, ONE_CORE).detail == f"prom (g:90); 1 of 2 not judged: {why}"
    assert absent(told, ONE_CORE, ("instance", "h:90")) == ("broken instrumentation", why)


def test_several_processes_of_one_target_are_told_apart_by_their_labels() -> None:
    """As a cluster of workers exposes them."""
    workers = [f'worker="{number}"' for number in range(2)]
    before = [series for worker in workers for series in plain(NOON, 0.0, labels=worker)]
    after = plain(LATER, 3.0, labels=workers[0]) + plain(LATER, 12.0, labels=workers[1])

    told = read(snapshot(NOON, others=before), snapshot(LATER, others=after), ONE_CORE)

    assert part(told, ONE_CORE).detail == "the worst of 2 processes: prom (g:90) with worker 1"
    assert part(told, ONE_CORE, ("instance", "g:90"), ("worker", "0")).evidence == Ratio(3.0, 15.0)


def test_a_process_that_began_anew_counts_since_zero() -> None:
    """Where its start says that all of its life lies in the interval."""
    told = read(
        snapshot(NOON, others=plain(NOON, 900.0)),
        snapshot(LATER, others=plain(LATER, 6.0), started=LATER - 8),
        ONE_CORE,
    )

    assert (part(told, ONE_CORE).evidence, part(told, ONE_CORE).quality) == (Ratio(6.0, 15.0), Quality.RESET)
    assert part(told, ONE_CORE).detail == (
        "prom (g:90); the counters of prom (g:90) began anew after 12:00:00 UTC; what came before is lost"
    )


def test_cpu_that_ran_backwards_without_a_new_start_says_nothing() -> None:
    """The process is older than the interval, so that its counter cannot have begun in it."""
    told = read(
        snapshot(NOON, others=plain(NOON, 900.0)),
        snapshot(LATER, others=plain(LATER, 600.0), started=NOON - 500),
        ONE_CORE,
    )

    assert absent(told, ONE_CORE) == ("no data", "the CPU counter of prom (g:90) ran backwards")


def test_an_application_without_the_default_metrics_is_blind() -> None:
    """A latency of the loop that nobody measures is none of zero."""
    told = read(
        snapshot(NOON, others=plain(NOON, 1.0)), snapshot(LATER, others=plain(LATER, 2.0)), EVENT_LOOP
    )

    assert absent(told, EVENT_LOOP) == (
        "no data",
        (
            f"no series {LAG} at {PLACE}: no target that it scrapes gives it; does the application call "
            "collectDefaultMetrics() of prom-client?"
        ),
    )


@pytest.mark.parametrize("text", ["0", "NaN"])
def test_a_loop_that_was_not_timed_between_two_scrapes_says_nothing(text: str) -> None:
    """Each scrape begins anew: with two servers, the second finds nothing. That is no delay of zero."""
    after = answer(f"{LAG} {text}\nnodejs_heap_size_used_bytes 1\n", LATER, job="erp", instance="a:80")

    told = read(snapshot(NOON, others=node("idle", NOON)), snapshot(LATER, others=after), EVENT_LOOP)

    assert absent(told, EVENT_LOOP) == (
        "no data",
        (
            "no turn of the event loop of erp (a:80) was timed since the scrape before: each scrape begins "
            "anew; do several servers scrape it?"
        ),
    )


@pytest.mark.parametrize("text", ["NaN", "-1", "+Inf", "lots"])
def test_a_figure_that_is_no_number_breaks_the_measure(text: str) -> None:
    """It is said, with the series and the process."""
    told = read(snapshot(NOON, others=plain(NOON, 1.0)), snapshot(LATER, others=plain(LATER, text)), ONE_CORE)

    assert absent(told, ONE_CORE) == (
        "broken instrumentation",
        f"{SECONDS} of prom (g:90) is {text}, not a number from 0 up",
    )


def test_a_process_whose_scrape_fails_is_blind() -> None:
    """With its name."""
    figures = node("idle", NOON)

    told = read(
        snapshot(NOON, others=figures), snapshot(LATER, others=figures, down=(("erp", "a:80"),)), *BOTH
    )

    for measure in BOTH:
        assert absent(told, measure) == (
            "no data",
            f"the scrape of erp (a:80) fails: see Status > Targets of Prometheus at {PLACE}",
        )


def test_memory_and_heap_are_recorded_by_job_and_instance() -> None:
    """Beside a budget of machines, for trends; programs without a heap have none."""
    before = node("idle", NOON) + plain(NOON, 1.0)
    after = node("blocked", LATER) + plain(LATER, 2.0)
    pair = snapshot(NOON, others=before), snapshot(LATER, others=after)

    told = read(*pair, CPU)

    app, other = (("instance", "a:80"), ("job", "erp")), (("instance", "g:90"), ("job", "prom"))
    assert part(told, recorded.PROCESS_MEMORY, *app).evidence == Gauge.sample(141221888.0, EVERY)
    assert part(told, recorded.PROCESS_MEMORY, *other).evidence == Gauge.sample(4e7, EVERY)
    assert part(told, recorded.HEAP, *app).evidence == Gauge.sample(64799976.0, EVERY)
    assert subjects(told, recorded.HEAP) == {app}
    assert subjects(read(*pair, EVENT_LOOP), recorded.HEAP) == {app}


def test_of_many_processes_the_largest_two_hundred_are_recorded() -> None:
    """A row at every poll for each of thousands would be more than anybody reads."""
    both = [
        [
            series
            for number in range(230)
            for series in answer(
                f"process_resident_memory_bytes {number + 1}\n", at, job="j", instance=f"i{number}"
            )
        ]
        for at in (NOON, LATER)
    ]

    told = read(snapshot(NOON, others=both[0]), snapshot(LATER, others=both[1]), CPU)

    assert subjects(told, recorded.PROCESS_MEMORY) == {
        (("instance", f"i{number}"), ("job", "j")) for number in range(30, 230)
    }


def test_a_snapshot_keeps_processes_over_a_restart() -> None:
    """What was dumped is what the next difference starts from."""
    before = snapshot(NOON, others=node("idle", NOON) + plain(NOON, 1.0, labels='worker="1"'))

    loaded = load(before.dump())

    assert loaded is not None
    assert loaded.processes == before.processes
