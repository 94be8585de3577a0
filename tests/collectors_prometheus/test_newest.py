"""Answers that step back in time, and metrics refused once: nothing counts twice, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from time import time

from collectors.prometheus.levels import Level, Levels
from collectors.prometheus.newest import newest
from collectors.prometheus.snapshot import Counters, PrometheusSnapshot
from headroom.budgets import Reason
from headroom.evidence import Histogram
from headroom.observation import Part, Quality
from tests.collectors_prometheus.changing import changing
from tests.collectors_prometheus.figures import (
    CPU,
    LATER,
    LOGIN,
    METRIC,
    NOON,
    STARTED,
    absent,
    node,
    read,
    requests,
    seen,
    snapshot,
    up,
)

REFUSED = (Reason.NO_DATA, "too many series")


def counted(parts: tuple[Part, ...]) -> list[tuple[Quality, tuple[int, ...]]]:
    """Return qualities and counts of parts that are histograms."""
    assert all(isinstance(part.evidence, Histogram) for part in parts)
    return [(part.quality, part.evidence.counts) for part in parts if isinstance(part.evidence, Histogram)]


async def test_two_servers_behind_one_address_count_nothing_twice() -> None:
    """Ten requests a second, read by turns from two servers that scrape at different moments."""
    base = time() - 60
    found = []
    with changing() as server:
        asking = server.collector()
        before = None
        for at in (20, 0, 50, 30, 59):
            health = up(base + at, started=base - 999, every=30)
            after = await server.polled(asking, health, requests(base + at, 0, 1000 + 10 * at))
            if before is not None:
                found += counted(seen(asking.difference(before, after), LOGIN))
            before = after
        await asking.close()

    assert found == [
        (Quality.EXACT, (0, 300, 0, 0, 0, 0, 0)),
        (Quality.EXACT, (0, 90, 0, 0, 0, 0, 0)),
    ]


async def test_a_label_set_that_one_server_does_not_know_yet_is_born_once() -> None:
    """The server behind knows nothing of it, for its newest scrape is older than the birth."""
    base = time() - 60
    found = []
    with changing() as server:
        asking = server.collector()
        before = None
        for at, slow in ((0, None), (30, 7), (15, None), (45, 9)):
            counters = requests(base + at, 0, 5, path="/other")
            counters += [] if slow is None else requests(base + at, 0, 0, 0, 0, 0, slow)
            after = await server.polled(asking, up(base + at, started=base - 999), counters)
            if before is not None:
                found += counted(seen(asking.difference(before, after), LOGIN))
            before = after
        await asking.close()

    assert found == [
        (Quality.FIRST_SEEN, (0, 0, 0, 0, 0, 7, 0)),
        (Quality.EXACT, (0, 0, 0, 0, 0, 2, 0)),
    ]


async def test_what_was_seen_before_a_restart_of_the_monitor_counts() -> None:
    """The first answer after it comes from the server that is behind."""
    base = time() - 60
    with changing() as server:
        asking = server.collector()
        kept = (await server.polled(asking, up(base + 20), requests(base + 20, 0, 1200))).dump()
        await asking.close()
        asking = server.collector()
        before = asking.load(kept)
        assert before is not None
        behind = await server.polled(asking, up(base), requests(base, 0, 1000))
        after = await server.polled(asking, up(base + 35), requests(base + 35, 0, 1350))
        await asking.close()

    assert asking.difference(before, behind).observations == ()
    assert counted(seen(asking.difference(behind, after), LOGIN)) == [
        (Quality.EXACT, (0, 150, 0, 0, 0, 0, 0))
    ]


def test_a_scrape_is_never_heard_of_less_than_before() -> None:
    """One server's newer try failed, the other's older one went well: the well one holds."""
    before = snapshot(NOON + 1, counters=requests(NOON, 5), health=up(NOON, started=STARTED))
    after = snapshot(NOON + 11, counters=requests(NOON - 5, 4), health=up(NOON + 10, well=False))

    (scrape,) = newest(before, after).scrapes.values()

    assert (scrape.at, scrape.up, scrape.ok_at, scrape.started) == (NOON + 10, False, NOON, STARTED)


def test_machines_and_gauges_do_not_step_back() -> None:
    """Their samples are newer or those of before."""
    name = "node_cpu_seconds_total"
    level = Level(("erp", "a:80"), (), ((NOON, 1.0),))
    before = snapshot(NOON + 1, nodes=node(NOON, name, 50, cpu="0", mode="idle"))
    before = replace(before, gauges={"share": Levels((level,))})
    behind = snapshot(NOON + 2, nodes=node(NOON - 9, name, 41, cpu="0", mode="idle"))
    older = Levels((replace(level, samples=((NOON - 9, 0.5),)),))
    behind = replace(behind, gauges={"share": older})

    merged = newest(before, behind)

    assert merged.machines == before.machines
    assert merged.gauges["share"].sets[0].samples == ((NOON, 1.0),)
    assert read(before, merged, CPU).observations == ()


def test_a_clock_that_was_set_back_does_not_hold_the_past_for_ever() -> None:
    """Samples of the future would never be replaced."""
    before = snapshot(NOON + 1, counters=requests(NOON, 5), health=up(NOON))
    after = snapshot(NOON - 3599, counters=requests(NOON - 3600, 4), health=up(NOON - 3600))

    assert newest(before, after) is after


async def test_what_happened_while_a_metric_was_refused_is_counted() -> None:
    """One refused poll does not cost the baseline: 400 slow requests are in the interval that spans it."""
    base = time() - 60
    with changing() as server:
        asking = server.collector()
        first = await server.polled(asking, up(base), requests(base, 0, 0, 100))
        hole = await server.polled(asking, up(base + 15), [], "422 Unprocessable Entity")
        after = await server.polled(asking, up(base + 30), requests(base + 30, 0, 0, 300, 0, 0, 400))
        last = await server.polled(asking, up(base + 50), requests(base + 50, 0, 0, 301, 0, 0, 400))
        await asking.close()

    assert absent(asking.difference(first, hole), LOGIN) == (
        "no data",
        f"Prometheus at {server.place} refuses a query: 422; see its limits and version",
    )
    assert asking.difference(first, hole).observations == ()
    assert counted(seen(asking.difference(hole, after), LOGIN)) == [
        (Quality.EXACT, (0, 0, 200, 0, 0, 400, 0))
    ]
    assert counted(seen(asking.difference(after, last), LOGIN)) == [(Quality.EXACT, (0, 0, 1, 0, 0, 0, 0))]
    assert asking.load(hole.dump()) == hole


def refused(now: float, started: float) -> PrometheusSnapshot:
    """Return a snapshot whose histogram was refused, of a target that is well."""
    whole = snapshot(now + 1, health=up(now, started=started))
    return replace(whole, histograms={METRIC: Counters(refused=REFUSED)})


def test_a_long_refusal_is_a_gap() -> None:
    """Two polls without the counters are longer than an interval may be."""
    first = snapshot(NOON + 1, counters=requests(NOON, 0, 0, 100), health=up(NOON, started=STARTED))
    hole = refused(NOON + 30, STARTED)
    after = snapshot(
        NOON + 46, counters=requests(NOON + 45, 0, 0, 130), health=up(NOON + 45, started=STARTED)
    )

    (part,) = seen(read(newest(first, hole), after), LOGIN)

    assert counted((part,)) == [(Quality.GAP, (0, 0, 30, 0, 0, 0, 0))]
    assert part.detail == "nothing was heard of erp (a:80) for 45 s"


def test_a_process_that_began_while_its_counters_were_refused_is_a_baseline() -> None:
    """Its counts overtook those of the process before: subtracted from each other, they would say nothing."""
    first = snapshot(NOON + 1, counters=requests(NOON, 0, 0, 100), health=up(NOON, started=STARTED))
    hole = refused(LATER, NOON + 5)
    after = snapshot(
        LATER + 16, counters=requests(LATER + 15, 0, 0, 130), health=up(LATER + 15, started=NOON + 5)
    )

    assert newest(first, hole).histograms[METRIC] == Counters(refused=REFUSED)
    assert absent(read(newest(first, hole), after), LOGIN) == (
        "no data",
        "one reading so far; a difference needs two",
    )
