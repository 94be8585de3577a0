"""I/O pressure, CPU modes and mean waits of machines, and what is said beside a busy disk."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from collectors.prometheus.snapshot import load
from headroom import recorded
from headroom.evidence import Ratio
from headroom.observation import Quality, Reading
from tests.collectors_prometheus.figures import Answer
from tests.prometheus_resources.exposition import (
    CPU,
    DISK_IO,
    EVENT_LOOP,
    IO_PRESSURE,
    LATER,
    NOON,
    PLACE,
    absent,
    answer,
    part,
    read,
    snapshot,
    subjects,
)

PRESSURE, BUSY = "node_pressure_io_waiting_seconds_total", "node_disk_io_time_seconds_total"


def disk(
    busy: float, *, device: str = "nvme0n1", waits: tuple[float, float, float, float] | None = None
) -> str:
    """Return a disk: seconds busy, and of `waits` seconds of reads and writes, and their numbers."""
    text = f'{BUSY}{{device="{device}"}} {busy}\n'
    names = ("read_time_seconds", "write_time_seconds", "reads_completed", "writes_completed")
    for name, value in zip(names, waits or (), strict=False):
        text += f'node_disk_{name}_total{{device="{device}"}} {value}\n'
    return text


def modes(values: Mapping[str, float], cpu: int = 0) -> str:
    """Return the modes of one CPU."""
    return "".join(
        f'node_cpu_seconds_total{{cpu="{cpu}",mode="{mode}"}} {value}\n' for mode, value in values.items()
    )


def machine(text: str, at: float, instance: str = "n:9100") -> Answer:
    """Return what was scraped of a machine."""
    return answer(text, at, job="node", instance=instance)


def reading(before: str, after: str) -> Reading:
    """Return the difference of two expositions of one machine."""
    return read(
        snapshot(NOON, others=machine(before, NOON)),
        snapshot(LATER, others=machine(after, LATER)),
        CPU, DISK_IO, IO_PRESSURE,
    )  # fmt: skip


def test_pressure_is_a_share_of_the_time() -> None:
    """Three of 15 s some task waited."""
    told = reading(f"{PRESSURE} 100\n", f"{PRESSURE} 103\n")

    assert part(told, IO_PRESSURE).evidence == Ratio(3.0, 15.0)


def test_the_worst_machine_under_pressure_stands_for_all() -> None:
    """With its name; each is a subject."""
    before = machine(f"{PRESSURE} 1\n", NOON) + machine(f"{PRESSURE} 1\n", NOON, "m:9100")
    after = machine(f"{PRESSURE} 4\n", LATER) + machine(f"{PRESSURE} 13\n", LATER, "m:9100")

    told = read(snapshot(NOON, others=before), snapshot(LATER, others=after), IO_PRESSURE)

    assert part(told, IO_PRESSURE).evidence == Ratio(12.0, 15.0)
    assert part(told, IO_PRESSURE).detail == "the worst of 2 machines: node (m:9100)"
    assert part(told, IO_PRESSURE, ("instance", "n:9100")).evidence == Ratio(3.0, 15.0)


def test_pressure_after_a_boot_is_counted_since_zero() -> None:
    """What fits into the interval is all of it that is known."""
    told = reading(f"{PRESSURE} 100\n", f"{PRESSURE} 2\n")

    assert (part(told, IO_PRESSURE).evidence, part(told, IO_PRESSURE).quality) == (
        Ratio(2.0, 15.0),
        Quality.RESET,
    )


def test_pressure_that_ran_backwards_says_nothing() -> None:
    """More than the interval has cannot have been counted since zero."""
    told = reading(f"{PRESSURE} 100\n", f"{PRESSURE} 90\n")

    assert absent(told, IO_PRESSURE) == (
        "no data",
        "the I/O pressure of node (n:9100) does not go on from the last poll",
    )


def test_a_kernel_without_pressure_is_blind() -> None:
    """With how to switch it on."""
    told = reading(disk(1), disk(2))

    assert absent(told, IO_PRESSURE) == (
        "no data",
        (
            f"no series {PRESSURE} at {PLACE}: no target that it scrapes gives it; does the kernel account "
            "pressure (/proc/pressure/io, boot option psi=1)?"
        ),
    )


def test_a_disk_that_is_always_busy_while_nothing_waits_is_told_so_and_judged_the_same() -> None:
    """NVMe works on many requests at once: its time is full long before it is."""
    before = disk(100, waits=(10, 10, 1000, 1000)) + f"{PRESSURE} 5\n"
    after = disk(115, waits=(11, 12, 9000, 8000)) + f"{PRESSURE} 5.03\n"

    told = reading(before, after)

    assert part(told, DISK_IO).evidence == Ratio(15.0, 15.0)
    assert part(told, DISK_IO).detail == (
        "the busiest device: nvme0n1 of node (n:9100); a request took 200 \u00b5s on average; tasks waited "
        "for I/O 0.2% of the time; 100% busy, and yet nothing waits: on NVMe that is no saturation"
    )


def test_a_disk_on_which_tasks_wait_is_not_excused() -> None:
    """Busy and waited for is what saturation looks like."""
    told = reading(disk(100) + f"{PRESSURE} 5\n", disk(114.25) + f"{PRESSURE} 14\n")

    assert part(told, DISK_IO).detail == (
        "the busiest device: nvme0n1 of node (n:9100); tasks waited for I/O 60% of the time"
    )


def test_a_disk_that_is_seldom_busy_needs_no_excuse() -> None:
    """Only a busy one could be taken for full."""
    told = reading(disk(100) + f"{PRESSURE} 5\n", disk(101.5) + f"{PRESSURE} 5\n")

    assert part(told, DISK_IO).detail == (
        "the busiest device: nvme0n1 of node (n:9100); tasks waited for I/O 0% of the time"
    )


def test_the_mean_wait_of_a_disk_is_recorded() -> None:
    """Seconds of reads and writes, of their number."""
    told = reading(
        disk(1, waits=(10, 20, 100, 200)) + disk(1, device="sdb", waits=(1, 1, 1, 1)),
        disk(2, waits=(10.5, 21, 150, 400)) + disk(1, device="sdb", waits=(1, 1, 1, 1)),
    )

    disk_of_machine = (("device", "nvme0n1"), ("instance", "n:9100"))
    assert part(told, recorded.DISK_WAIT, *disk_of_machine).evidence == Ratio(1.5, 250.0)
    assert subjects(told, recorded.DISK_WAIT) == {disk_of_machine}


@pytest.mark.parametrize("after", [(1, 1, 150, 400), (10.5, 21, 150, 3)])
def test_a_disk_that_began_anew_has_no_wait_yet(after: tuple[float, float, float, float]) -> None:
    """Nor one of which only some figures are told."""
    assert (
        subjects(reading(disk(1, waits=(10, 20, 100, 200)), disk(2, waits=after)), recorded.DISK_WAIT)
        == set()
    )


def test_each_mode_of_all_cpus_is_recorded_as_a_share_of_all() -> None:
    """Those that were never used are left out, guest time stands in user already."""
    before = modes({"idle": 10, "user": 10, "steal": 1, "nice": 0, "guest": 5}) + modes(
        {"idle": 5, "user": 5}, 1
    )
    after = modes({"idle": 19, "user": 15, "steal": 2, "nice": 0, "guest": 9}) + modes(
        {"idle": 20, "user": 5}, 1
    )

    told = reading(before, after)

    whose = ("instance", "n:9100")
    assert part(told, recorded.CPU_MODES, whose, ("mode", "idle")).evidence == Ratio(24.0, 30.0)
    assert part(told, recorded.CPU_MODES, whose, ("mode", "user")).evidence == Ratio(5.0, 30.0)
    assert part(told, recorded.CPU_MODES, whose, ("mode", "steal")).evidence == Ratio(1.0, 30.0)
    assert subjects(told, recorded.CPU_MODES) == {
        (whose, ("mode", mode)) for mode in ("idle", "user", "steal")
    }


def test_modes_of_several_machines_are_told_apart() -> None:
    """By the instance."""
    before = machine(modes({"idle": 1}), NOON) + machine(modes({"idle": 1}), NOON, "m:9100")
    after = machine(modes({"idle": 16}), LATER) + machine(modes({"idle": 16}), LATER, "m:9100")

    told = read(snapshot(NOON, others=before), snapshot(LATER, others=after), CPU)

    assert subjects(told, recorded.CPU_MODES) == {
        (("instance", "m:9100"), ("mode", "idle")),
        (("instance", "n:9100"), ("mode", "idle")),
    }


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(
            modes({"idle": 20, "user": 20}) + modes({"idle": 9, "user": 9}, 1), id="a CPU was added"
        ),
        pytest.param(modes({"idle": 3, "user": 1}), id="it booted"),
        pytest.param(modes({"idle": 900, "user": 20}), id="a mode leapt"),
    ],
)
def test_modes_that_do_not_go_on_are_not_recorded(after: str) -> None:
    """A share over counters that belong to different things would be none."""
    assert subjects(reading(modes({"idle": 10, "user": 10}), after), recorded.CPU_MODES) == set()


def test_nothing_is_recorded_of_machines_where_no_budget_is_of_them() -> None:
    """The series are not even asked for."""
    pair = [snapshot(at, others=machine(modes({"idle": at}), at)) for at in (NOON, LATER)]

    assert read(*pair, EVENT_LOOP).observations == ()


def test_a_snapshot_keeps_machines_over_a_restart() -> None:
    """What was dumped is what the next difference starts from."""
    text = modes({"idle": 1.5}) + disk(1, waits=(10, 20, 100, 200)) + f"{PRESSURE} 5\n"
    before = snapshot(NOON, others=machine(text, NOON))

    loaded = load(before.dump())

    assert loaded is not None
    assert loaded.machines == before.machines
