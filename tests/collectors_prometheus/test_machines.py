"""CPU, memory and disks of node_exporter: counters as ratios, the worst of several, and zero denominators."""

from __future__ import annotations

import pytest

from headroom.budgets import Measure
from headroom.evidence import Gauge, Ratio
from headroom.observation import Part, Quality, Reading, Unread
from tests.collectors_prometheus.figures import (
    CPU,
    DISK_IO,
    EVERY,
    MEMORY,
    NOON,
    PLACE,
    Answer,
    absent,
    joined,
    node,
    read,
    seen,
    snapshot,
    up,
)

LATER = NOON + EVERY
AVAILABLE, TOTAL = "node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes"
SECONDS, IO = "node_cpu_seconds_total", "node_disk_io_time_seconds_total"


def cpu(at: float, *, instance: str = "n:9100", number: str = "0", **modes: float) -> Answer:
    """Return the modes of one CPU."""
    return [
        series
        for mode, value in modes.items()
        for series in node(at, SECONDS, value, instance=instance, cpu=number, mode=mode)
    ]


def memory(at: float, available: float | str, total: float, instance: str = "n:9100") -> Answer:
    """Return both figures of a machine's memory."""
    return node(at, AVAILABLE, available, instance=instance) + node(at, TOTAL, total, instance=instance)


def reading(before: Answer, after: Answer, *, at: float = LATER, down: tuple[str, ...] = ()) -> Reading:
    """Return the difference of two polls of the machines n and m, of which those in `down` fail."""
    health = [up(NOON, job="node", instance=f"{name}:9100") for name in "nm"]
    later = [up(at, job="node", instance=f"{name}:9100", well=name not in down) for name in "nm"]
    return read(
        snapshot(NOON + 1, nodes=before, health=joined(health)),
        snapshot(at + 1, nodes=after, health=joined(later)),
        CPU, MEMORY, DISK_IO,
    )  # fmt: skip


def parts(told: Reading, measure: Measure, instance: str) -> tuple[Part, ...]:
    """Return the parts of one instance."""
    return next(
        o.parts
        for o in told.observations
        if o.series.measure == measure.key and o.series.subject == (("instance", instance),)
    )


def test_idle_and_waiting_for_a_disk_are_not_busy() -> None:
    """Of 15 s on one CPU, 10 idle and 2 waiting leave 3 busy; guest time stands in user already."""
    before = cpu(NOON, idle=100, iowait=10, user=5, steal=1, guest=4)
    after = cpu(LATER, idle=110, iowait=12, user=7, steal=2, guest=9)

    (part,) = seen(reading(before, after), CPU)

    assert part.evidence == Ratio(3.0, 15.0)
    assert (part.quality, part.start.timestamp(), part.end.timestamp()) == (Quality.EXACT, NOON, LATER)


def test_the_cpus_of_all_machines_are_summed_and_each_machine_is_a_subject() -> None:
    """An average over machines would hide how large each is; a sum does not."""
    before = cpu(NOON, idle=0, user=0) + cpu(NOON, instance="m:9100", idle=0, user=0)
    after = cpu(LATER, idle=15, user=0) + cpu(LATER, instance="m:9100", idle=0, user=15)

    told = reading(before, after)

    assert seen(told, CPU)[0].evidence == Ratio(15.0, 30.0)
    assert parts(told, CPU, "m:9100")[0].evidence == Ratio(15.0, 15.0)
    assert parts(told, CPU, "n:9100")[0].evidence == Ratio(0.0, 15.0)


def test_a_cpu_that_was_added_or_taken_away_is_no_reset() -> None:
    """Only CPUs that were there both times are counted."""
    before = cpu(NOON, idle=1000, user=1000) + cpu(NOON, number="1", idle=1000, user=1000)
    after = cpu(LATER, idle=1010, user=1005) + cpu(LATER, number="2", idle=900, user=900)

    (part,) = seen(reading(before, after), CPU)

    assert (part.evidence, part.quality) == (Ratio(5.0, 15.0), Quality.EXACT)


def test_a_machine_that_booted_counts_since_zero() -> None:
    """Seconds since boot that fit into the interval are all of it that is known."""
    (part,) = seen(reading(cpu(NOON, idle=900, user=900), cpu(LATER, idle=6, user=2)), CPU)

    assert (part.evidence, part.quality) == (Ratio(2.0, 8.0), Quality.RESET)
    assert part.detail == (
        "the counters of node (n:9100) began anew after 12:00:00 UTC; what came before is lost"
    )


def test_counters_that_ran_backwards_without_a_boot_say_nothing() -> None:
    """More seconds than the interval has cannot have been counted since zero."""
    told = reading(cpu(NOON, idle=900, user=900), cpu(LATER, idle=890, user=905))

    assert absent(told, CPU) == (
        "no data",
        "the CPU counters of node (n:9100) stood still or ran backwards",
    )


def test_idle_time_that_loses_a_tick_never_gives_more_than_all() -> None:
    """Linux lets idle run backwards by a tick; the share stays at one."""
    (part,) = seen(reading(cpu(NOON, idle=100, user=0), cpu(LATER, idle=99.9, user=15)), CPU)

    assert isinstance(part.evidence, Ratio)
    assert part.evidence.part == part.evidence.whole


def test_memory_is_that_of_the_worst_machine() -> None:
    """One machine without memory is not helped by another with plenty."""
    before = memory(NOON, 50, 100) + memory(NOON, 50, 100, "m:9100")
    after = memory(LATER, 75, 100) + memory(LATER, 25, 100, "m:9100")

    told = reading(before, after)

    (part,) = seen(told, MEMORY)
    assert part.evidence == Gauge.sample(0.75, 15.0)
    assert part.detail == "the worst of 2 machines: node (m:9100)"
    assert parts(told, MEMORY, "n:9100")[0].evidence == Gauge.sample(0.25, 15.0)


def test_a_machine_without_memory_has_no_limit() -> None:
    """A zero denominator is blind with its cause, not 0 % and not an exception."""
    told = reading(memory(NOON, 0, 0), memory(LATER, 0, 0))

    assert absent(told, MEMORY) == ("no limit", "node (n:9100) says that it has no memory at all")


def test_more_memory_available_than_there_is_breaks_the_measure() -> None:
    """A share below zero is no share."""
    told = reading(memory(NOON, 1, 2), memory(LATER, 3, 2))

    assert absent(told, MEMORY) == (
        "broken instrumentation",
        "node (n:9100) has more memory available (3) than in all (2)",
    )


@pytest.mark.parametrize("text", ["NaN", "-1", "+Inf", "lots"])
def test_a_figure_that_is_no_number_breaks_the_measure(text: str) -> None:
    """It is said, with the series and the machine, and the other measures go on."""
    told = reading(memory(NOON, 1, 2) + cpu(NOON, idle=0), memory(LATER, text, 2) + cpu(LATER, idle=15))

    assert absent(told, MEMORY) == (
        "broken instrumentation",
        f"{AVAILABLE} of node (n:9100) is {text}, not a number from 0 up",
    )
    assert len(seen(told, CPU)) == 1


def test_disk_is_the_busiest_device_of_any_machine() -> None:
    """A share of the interval, never more than all of it, with the device named."""
    before = node(NOON, IO, 5, device="sda") + node(NOON, IO, 5, device="sdb")
    before += node(NOON, IO, 5, instance="m:9100", device="nvme0n1")
    after = node(LATER, IO, 8, device="sda") + node(LATER, IO, 6, device="sdb")
    after += node(LATER, IO, 20.5, instance="m:9100", device="nvme0n1")

    told = reading(before, after)

    (part,) = seen(told, DISK_IO)
    assert (part.evidence, part.detail) == (
        Ratio(15.0, 15.0),
        "the worst of 2 machines: nvme0n1 of node (m:9100)",
    )
    (mine,) = parts(told, DISK_IO, "n:9100")
    assert (mine.evidence, mine.detail) == (Ratio(3.0, 15.0), "the busiest device: sda")


def test_a_single_machine_names_its_busiest_device() -> None:
    """With one machine there are no subjects beside all."""
    told = reading(node(NOON, IO, 5, device="sda"), node(LATER, IO, 8, device="sda"))

    assert seen(told, DISK_IO)[0].detail == "the busiest device: sda of node (n:9100)"
    assert [o.series.subject for o in told.observations] == [()]


def test_disks_that_were_exchanged_say_nothing_yet() -> None:
    """A new device's counter has no baseline."""
    told = reading(node(NOON, IO, 5, device="sda"), node(LATER, IO, 8, device="sdb"))

    assert absent(told, DISK_IO) == (
        "no data",
        "no disk of node (n:9100) has counters that go on from the last poll",
    )


def test_a_machine_whose_scrape_fails_is_blind_alone_and_named_beside_others() -> None:
    """Alone it is no data; among others it is what the sum is without."""
    fails = f"the scrape of node (m:9100) fails: see Status > Targets of Prometheus at {PLACE}"
    other = cpu(NOON, instance="m:9100", idle=0)

    told = reading(cpu(NOON, idle=0) + other, cpu(LATER, idle=15) + other, down=("m",))
    alone = reading(other, other, down=("m",))

    assert seen(told, CPU)[0].detail == f"without what {fails}"
    assert absent(alone, CPU) == ("no data", fails)


def test_a_machine_whose_scrape_fails_cannot_be_read_and_one_that_left_is_not_known() -> None:
    """What is silent for want of a scrape must not count as gone; without `up` nobody scrapes it any more."""
    before = snapshot(NOON + 1, nodes=cpu(NOON, idle=0), health=up(NOON, job="node", instance="n:9100"))
    left = snapshot(LATER + 1, nodes=cpu(LATER, idle=15), health=up(LATER, job="node", instance="n:9100"))

    both = cpu(NOON, idle=0) + cpu(NOON, instance="m:9100", idle=0)
    fails = reading(both, cpu(LATER, idle=15), down=("m",))

    lost = (("instance", "m:9100"), ("job", "node"))
    assert fails.unread == tuple(Unread(one.key, lost) for one in (CPU, MEMORY, DISK_IO))
    assert reading(both, both).unread == read(before, left, CPU, MEMORY, DISK_IO).unread == ()


def test_a_gap_is_a_gap_for_machines_too() -> None:
    """Longer than two polls and a tenth."""
    (part,) = seen(reading(cpu(NOON, idle=0), cpu(NOON + 40, idle=40), at=NOON + 40), CPU)

    assert (part.quality, part.detail) == (Quality.GAP, "nothing was heard of node (n:9100) for 40 s")


def test_machines_that_are_nowhere_are_blind() -> None:
    """No node_exporter, no figures."""
    told = reading([], [])

    assert absent(told, DISK_IO) == (
        "no data",
        (
            f"no series {IO} at {PLACE}: no target that it scrapes gives it; is the name right, and has "
            "it counted anything yet?"
        ),
    )


def test_machines_not_scraped_since_say_nothing() -> None:
    """No new sample, no observation, no absence."""
    figures = cpu(NOON, idle=1)
    health = up(NOON, job="node", instance="n:9100")

    told = read(
        snapshot(NOON + 1, nodes=figures, health=health),
        snapshot(NOON + 6, nodes=figures, health=health),
        CPU,
    )

    assert (told.observations, told.absences) == ((), ())


def test_one_instance_scraped_by_two_jobs_is_two_subjects() -> None:
    """A subject must name one machine of one job, or its history would mix two."""
    twice = cpu(NOON, idle=0), cpu(LATER, idle=15)
    for answer in twice:
        answer += [{**s, "metric": {**s["metric"], "job": "copy"}} for s in answer]

    told = reading(*twice)

    assert {o.series.subject for o in told.observations if o.series.measure == CPU.key} == {
        (),
        (("instance", "n:9100"), ("job", "copy")),
        (("instance", "n:9100"), ("job", "node")),
    }
