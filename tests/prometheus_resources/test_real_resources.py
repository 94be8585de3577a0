"""A real Prometheus that scrapes a real node_exporter, and what cAdvisor and Node.js exposed once."""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic, time

import pytest

from collectors.prometheus import build
from collectors.prometheus.snapshot import PrometheusSnapshot
from headroom import recorded
from headroom.budgets import Kind, Measure
from headroom.evidence import Gauge, Ratio
from headroom.observation import Collector
from headroom.sources import EndpointRules, Secret, Source, SourceKind
from tests.collectors_prometheus.real import Target, prometheus
from tests.prometheus_resources.exposition import (
    CONTAINER_CPU,
    CONTAINER_MEMORY,
    CPU,
    DISK_IO,
    EVENT_LOOP,
    IO_PRESSURE,
    MIB,
    ONE_CORE,
    THROTTLING,
    absent,
    container,
    part,
    subjects,
)
from tests.prometheus_resources.exposition import recorded as exposition
from tests.servers import free_place

MEMORY = Measure("metrics", Kind.MEMORY)
EVERY = 2.0
SECONDS, QUOTA = "container_cpu_usage_seconds_total", "container_spec_cpu_quota"
WORKING, RSS, LIMIT = (
    "container_memory_working_set_bytes", "container_memory_rss", "container_spec_memory_limit_bytes",
)  # fmt: skip
PERIODS, THROTTLED = "container_cpu_cfs_periods_total", "container_cpu_cfs_throttled_periods_total"


@dataclass
class World:
    """One Prometheus with cAdvisor, an application and a machine."""

    place: str
    cadvisor: Target
    app: Target
    machine: str


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Start everything once: Prometheus takes five seconds before it scrapes anything."""
    with ExitStack() as stack:
        cadvisor, app = (stack.enter_context(Target()) for _ in range(2))
        machine = free_place()
        command = ["prometheus-node-exporter", f"--web.listen-address={machine}", "--no-collector.systemd"]
        exporter = stack.enter_context(
            subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )
        stack.callback(exporter.terminate)
        jobs = {"cadvisor": [cadvisor.address], "erp": [app.address], "node": [machine]}
        place = stack.enter_context(prometheus(tmp_path_factory.mktemp("prometheus"), jobs))
        deadline = monotonic() + 15
        while not app.scraped.wait(0.05):
            assert monotonic() < deadline, "prometheus has scraped nothing within 15 s"
        yield World(place, cadvisor, app, machine)


def asking(world: World, *measures: Measure) -> Collector:
    """Return a collector of the world's Prometheus."""
    source = Source(
        "metrics", SourceKind.PROMETHEUS, Secret(f"http://{world.place}"), timedelta(seconds=EVERY)
    )
    return build(source, dict.fromkeys(measures, ()), EndpointRules(()))


async def until(collector: Collector, fits: Callable[[PrometheusSnapshot], bool]) -> PrometheusSnapshot:
    """Poll until a snapshot shows what was exposed."""
    deadline = monotonic() + 10
    while True:
        snapshot = await collector.fetch()
        assert isinstance(snapshot, PrometheusSnapshot)
        if fits(snapshot):
            return snapshot
        assert monotonic() < deadline, snapshot.containers or snapshot.processes
        await asyncio.sleep(0.05)


async def test_containers_are_judged_by_what_cadvisor_counted_between_its_own_stamps(world: World) -> None:
    """Shares of quota, limit and periods over exactly the time between the two looks of cAdvisor."""
    asking_now = asking(world, CONTAINER_CPU, CONTAINER_MEMORY, THROTTLING)
    first = round(time(), 3)
    own = {QUOTA: 200_000.0, LIMIT: 512 * MIB, RSS: 128 * MIB}
    slices = f'{SECONDS}{{id="/",image="",name=""}} 9e9\n'
    world.cadvisor.text = slices + container(
        at=first, **own, **{SECONDS: 10.0, WORKING: 100 * MIB, PERIODS: 700.0, THROTTLED: 10.0}
    ) + container("redis", at=first, drop=(QUOTA, LIMIT, PERIODS, THROTTLED))  # fmt: skip
    before = await until(asking_now, lambda one: len(one.containers.seen) == 2)
    last = round(time(), 3)
    world.cadvisor.text = slices + container(
        at=last, **own, **{SECONDS: 10.5, WORKING: 256 * MIB, PERIODS: 720.0, THROTTLED: 15.0}
    ) + container("redis", at=last, drop=(QUOTA, LIMIT, PERIODS, THROTTLED))  # fmt: skip
    after = await until(asking_now, lambda one: all(each.at == last for each in one.containers.seen))

    told = asking_now.difference(before, after)

    cpu = part(told, CONTAINER_CPU)
    assert cpu.evidence == Ratio(0.5, 2.0 * (last - first))
    assert (cpu.start.timestamp(), cpu.end.timestamp()) == pytest.approx((first, last), abs=0.001)
    assert cpu.detail == "shop; of 2 cores; 1 of 2 has no CPU quota: redis"
    assert part(told, THROTTLING).evidence == Ratio(5.0, 20.0)
    assert part(told, CONTAINER_MEMORY).evidence == Gauge.sample(0.5, last - first)
    assert part(told, CONTAINER_MEMORY).detail == (
        "shop; of 512 MiB, 25% without page cache (RSS); 1 of 2 has no memory limit: redis"
    )
    assert absent(told, CONTAINER_CPU, ("container", "redis")) == (
        "no limit",
        "container redis has no CPU quota; set cpus",
    )
    assert after.scrapes["cadvisor", world.cadvisor.address].own is not None
    await asking_now.close()


async def test_a_blocked_event_loop_is_seen_through_prometheus(world: World) -> None:
    """The P99 and the CPU seconds that prom-client exposed while its loop was blocked on purpose."""
    asking_now = asking(world, ONE_CORE, EVENT_LOOP)
    world.app.text = exposition("nodejs-idle.txt")
    before = await until(asking_now, lambda one: any(each.lag == 0.010141695 for each in one.processes.seen))
    world.app.text = exposition("nodejs-blocked.txt")
    after = await until(asking_now, lambda one: any(each.lag == 0.308019199 for each in one.processes.seen))

    told = asking_now.difference(before, after)

    loop, core = part(told, EVENT_LOOP), part(told, ONE_CORE)
    seconds = (core.end - core.start).total_seconds()
    assert isinstance(loop.evidence, Gauge)
    assert (loop.evidence.last, loop.detail) == (0.308019199, f"erp ({world.app.address})")
    assert isinstance(core.evidence, Ratio)
    assert core.evidence.part == pytest.approx(2.52375)
    assert core.evidence.whole == pytest.approx(seconds, abs=0.001)
    await asking_now.close()


async def test_a_real_machine_records_modes_memory_and_pressure(world: World) -> None:
    """Modes add up to one; what node_exporter tells of itself is a process among others."""
    asking_now = asking(world, CPU, MEMORY, DISK_IO, IO_PRESSURE)
    world.app.text = exposition("nodejs-idle.txt")
    target = ("node", world.machine)
    before = await until(asking_now, lambda one: any(each.target == target for each in one.machines.seen))
    (machine,) = before.machines.seen
    after = await until(asking_now, lambda one: one.machines.seen[0].at > machine.at + 1)

    told = asking_now.difference(before, after)

    ratios = [
        each.evidence
        for o in told.observations
        if o.series.measure == recorded.CPU_MODES
        for each in o.parts
        if isinstance(each.evidence, Ratio)
    ]
    assert sum(ratio.part for ratio in ratios) == pytest.approx(ratios[0].whole)
    assert {
        (("instance", world.machine), ("mode", mode)) for mode in ("idle", "iowait", "system", "user")
    } <= subjects(told, recorded.CPU_MODES)
    processes = subjects(told, recorded.PROCESS_MEMORY)
    assert (("instance", world.machine), ("job", "node")) in processes
    assert (("instance", world.app.address), ("job", "erp")) in processes
    assert subjects(told, recorded.HEAP) == {(("instance", world.app.address), ("job", "erp"))}
    assert machine.pressure is not None, "this kernel accounts no pressure: boot it with psi=1"
    pressure = part(told, IO_PRESSURE).evidence
    assert isinstance(pressure, Ratio)
    assert 0 <= pressure.part <= pressure.whole
    assert told.absences == ()
    await asking_now.close()


async def test_too_many_processes_do_not_blind_the_machines(world: World) -> None:
    """Each target gives processes; where they are too many to read, machines are read apart from them."""
    world.app.text = "".join(f'process_resident_memory_bytes{{worker="{n}"}} 1\n' for n in range(20_100))
    asking_now = asking(world, CPU, ONE_CORE)
    snapshot = await until(asking_now, lambda one: one.processes.refused is not None)
    world.app.text = ""

    told = asking_now.difference(None, snapshot)

    assert snapshot.machines.seen
    assert absent(told, ONE_CORE)[0] == "no data"
    assert re.fullmatch(
        rf"too many series: 20\d{{3}} or more at {world.place}, and 20000 are read at most; .*",
        absent(told, ONE_CORE)[1],
    )
    assert absent(told, CPU) == ("no data", "one reading so far; a difference needs two")
    await asking_now.close()
