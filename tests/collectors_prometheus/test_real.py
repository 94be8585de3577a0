"""A real Prometheus scraping targets that the tests write by hand, and a real node_exporter."""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client import Gauge as ClientGauge
from prometheus_client import Histogram as ClientHistogram

from collectors.prometheus import build
from collectors.prometheus.snapshot import PrometheusSnapshot
from headroom.bounds import Bounds
from headroom.budgets import Kind, Measure
from headroom.evidence import Gauge, Histogram, Ratio
from headroom.observation import Collector, Part, Quality, Reading
from headroom.sources import Secret, Source, SourceKind
from tests.collectors_prometheus.figures import CPU, DISK_IO, MEMORY, RULES, absent, seen
from tests.collectors_prometheus.real import PERIOD, Target, prometheus
from tests.servers import free_place

EVERY = 2.0
GUIDE = (0.01, 0.05, 0.1, 0.5, 1, 5)


@dataclass
class World:
    """One Prometheus with two instances of one job, another job, and a machine."""

    place: str
    erp: Target
    twin: Target
    other: Target


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Start everything once: Prometheus takes five seconds before it scrapes anything."""
    folder = tmp_path_factory.mktemp("prometheus")
    with ExitStack() as stack:
        erp, twin, other = (stack.enter_context(Target()) for _ in range(3))
        machine = free_place()
        command = ["prometheus-node-exporter", f"--web.listen-address={machine}", "--no-collector.systemd"]
        exporter = stack.enter_context(
            subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )
        stack.callback(exporter.terminate)
        jobs = {"erp": [erp.address, twin.address], "other": [other.address], "node": [machine]}
        place = stack.enter_context(prometheus(folder, jobs))
        deadline = monotonic() + 15
        while not erp.scraped.wait(0.05):
            assert monotonic() < deadline, "prometheus has scraped nothing within 15 s"
        yield World(place, erp, twin, other)


def asking(world: World, *measures: Measure) -> Collector:
    """Return a collector of the world's Prometheus; histograms with the thresholds of a login."""
    source = Source(
        "metrics", SourceKind.PROMETHEUS, Secret(f"http://{world.place}"), timedelta(seconds=EVERY)
    )
    return build(source, {m: (0.2, 0.5) if m.kind is Kind.HISTOGRAM else () for m in measures}, RULES)


class App:
    """A process of the sample kind: a real client library counts what the test calls a request."""

    def __init__(self, metric: str, target: Target, buckets: tuple[float, ...] = GUIDE) -> None:
        self.registry = CollectorRegistry()
        self.histogram = ClientHistogram(
            metric, "Durations.", ("method", "path", "status"), buckets=buckets, registry=self.registry
        )
        self.target = target
        self.expose()

    def start_at(self, seconds: float) -> None:
        """Say when the process started; what it counts is exposed with it from then on."""
        ClientGauge("process_start_time_seconds", "Start.", registry=self.registry).set(seconds)

    def serve(
        self, *seconds: float, path: str = "/auth/login", method: str = "POST", status: str = "200"
    ) -> None:
        """Serve requests of so many seconds."""
        for duration in seconds:
            self.histogram.labels(method, path, status).observe(duration)
        self.expose()

    def expose(self) -> None:
        """Let the next scrape see what was counted."""
        self.target.text = generate_latest(self.registry).decode()


def login(metric: str) -> Measure:
    """Return the measure of a metric's logins."""
    return Measure("metrics", Kind.HISTOGRAM, metric, "endpoints.login")


def reads(metric: str) -> Measure:
    """Return the measure of a metric's reads."""
    return Measure("metrics", Kind.HISTOGRAM, metric, "endpoints.read")


async def until(collector: Collector, fits: Callable[[PrometheusSnapshot], bool]) -> PrometheusSnapshot:
    """Poll until a snapshot fits, which one or two scrapes must achieve."""
    deadline = monotonic() + 5
    while True:
        snapshot = await collector.fetch()
        assert isinstance(snapshot, PrometheusSnapshot)
        if fits(snapshot):
            return snapshot
        assert monotonic() < deadline, f"no such snapshot within 5 s; the last was {snapshot}"
        await asyncio.sleep(PERIOD / 4)


def counted(metric: str, events: int) -> Callable[[PrometheusSnapshot], bool]:
    """Tell whether a metric has so many events in all that its targets give now."""

    def fits(snapshot: PrometheusSnapshot) -> bool:
        sets = snapshot.histograms[metric].sets
        scraped = {target: scrape.ok_at or 0 for target, scrape in snapshot.scrapes.items()}
        live = [one for one in sets if one.at >= scraped[one.target]]
        # A scrape that is stored between the queries of one poll is half seen: it counts at the next.
        whole = all(one.at == scraped[one.target] for one in live)
        return whole and sum(one.counts[-1] for one in live) == events

    return fits


def only(reading: Reading, measure: Measure) -> Part:
    """Return the one part observed."""
    (part,) = seen(reading, measure)
    return part


async def test_requests_are_counted_between_two_polls(world: World) -> None:
    """Counts, sum, bounds, interval, failures and the unclassified share, from a real client library."""
    metric, app = "count_seconds", App("count_seconds", world.erp)
    collector = asking(world, login(metric), reads(metric))
    app.serve(0.02, 0.3)
    before = await until(collector, counted(metric, 2))

    app.serve(0.02, 0.02, 0.15, 0.7)
    app.serve(0.001, status="503")
    app.serve(0.03, path="/odd", method="TRACE")
    after = await until(collector, counted(metric, 8))
    reading = collector.difference(before, after)
    await collector.close()

    part = only(reading, login(metric))
    assert isinstance(part.evidence, Histogram)
    assert part.evidence.counts == (0, 2, 0, 1, 1, 0, 0)
    assert part.evidence.total == pytest.approx(0.89)
    assert part.bounds == (Bounds(0.2, 4, 1, 2), Bounds(0.5, 4, 1, 1))
    assert part.quality is Quality.EXACT
    assert PERIOD * 0.9 < (part.end - part.start).total_seconds() < 5
    born = seen(reading, login(metric), ":errors")
    assert [(one.quality, one.evidence) for one in born] == [
        (Quality.FIRST_SEEN, Ratio(1.0, 1.0)),
        (Quality.EXACT, Ratio(0.0, 4.0)),
    ]
    assert reading.notes == (
        f"1 of 6 requests in {metric} belong to no class: TRACE /odd; add a class, or ignore them",
    )
    idle = only(reading, reads(metric))
    assert isinstance(idle.evidence, Histogram)
    assert (idle.evidence.n, idle.evidence.bounds, idle.quality) == (0, GUIDE, Quality.EXACT)


async def test_a_poll_between_two_scrapes_says_nothing(world: World) -> None:
    """Polled twice within one scrape there is neither evidence nor idleness nor blindness."""
    metric, app = "pause_seconds", App("pause_seconds", world.erp)
    collector = asking(world, login(metric), reads(metric))
    app.serve(0.02)
    await until(collector, counted(metric, 1))
    deadline = monotonic() + 5
    while True:
        before, after = await collector.fetch(), await collector.fetch()
        assert isinstance(before, PrometheusSnapshot)
        assert isinstance(after, PrometheusSnapshot)
        if before.scrapes == after.scrapes:
            break
        assert monotonic() < deadline
    await collector.close()

    reading = collector.difference(before, after)

    assert (reading.observations, reading.absences) == ((), ())


async def test_a_restart_counts_since_zero_and_a_birth_counts_from_zero(world: World) -> None:
    """A new process: its logins fell, its reads are new; nothing is negative, nothing since is lost."""
    metric, app = "restart_seconds", App("restart_seconds", world.erp)
    collector = asking(world, login(metric), reads(metric))
    app.serve(*[0.02] * 50)
    before = await until(collector, counted(metric, 50))

    app = App(metric, world.erp)
    app.serve(0.02, 0.3, 0.3)
    app.serve(0.6, path="/bookings", method="GET")
    after = await until(collector, counted(metric, 4))
    reading = collector.difference(before, after)
    await collector.close()

    part, born = only(reading, login(metric)), only(reading, reads(metric))
    assert isinstance(part.evidence, Histogram)
    assert isinstance(born.evidence, Histogram)
    assert (part.quality, part.evidence.counts) == (Quality.RESET, (0, 1, 0, 2, 0, 0, 0))
    assert part.detail.startswith(f"the counters of erp ({world.erp.address}) began anew after ")
    assert (born.quality, born.evidence.counts) == (Quality.FIRST_SEEN, (0, 0, 0, 0, 1, 0, 0))


async def test_a_failing_scrape_is_blind_and_its_recovery_needs_no_restart(world: World) -> None:
    """Prometheus' own words say why; the first good scrape afterwards counts all since the last one."""
    metric, app = "fail_seconds", App("fail_seconds", world.erp)
    world.twin.text = None
    collector = asking(world, login(metric), reads(metric))
    app.serve(0.02)
    before = await until(collector, counted(metric, 1))
    world.erp.text = None
    target = ("erp", world.erp.address)
    blind = await until(collector, lambda snapshot: not snapshot.scrapes[target].up)
    app.serve(0.02, 0.02)
    again = counted(metric, 3)
    after = await until(collector, lambda snapshot: again(snapshot) and snapshot.scrapes[target].up)
    readings = collector.difference(before, blind), collector.difference(blind, after)
    world.twin.text = ""
    await collector.close()

    both = sorted([world.erp.address, world.twin.address])
    assert [
        sorted(one.labels[0][1] for one in reading.unread if one.measure == login(metric).key)
        for reading in readings
    ] == [both, [world.twin.address]]
    assert all(one.known for reading in readings for one in reading.unread)
    reason, detail = absent(readings[0], login(metric)) or ("", "")
    assert reason == "no data"
    assert detail.endswith(" fail: server returned HTTP status 503 Service Unavailable")
    assert sorted(re.findall(r"erp \((.*?)\)", detail)) == both
    assert absent(readings[0], reads(metric)) == (reason, detail)
    part = only(readings[1], login(metric))
    assert isinstance(part.evidence, Histogram)
    assert (part.evidence.n, part.quality) == (2, Quality.EXACT)
    assert part.detail.startswith(
        f"without what the scrape of erp ({world.twin.address}) fails: server returned"
    )


async def test_a_metric_of_a_target_that_is_down_is_blind_with_the_reason(world: World) -> None:
    """Nothing was ever seen of the metric, and a scrape fails: both may be the reason."""
    world.other.text = None
    collector = asking(world, login("never_seconds"))
    other = ("other", world.other.address)
    everything = 4  # targets: none may still wait for its first scrape
    snapshot = await until(
        collector,
        lambda one: (
            len(one.scrapes) == everything and [s.target for s in one.scrapes.values() if not s.up] == [other]
        ),
    )
    reading = collector.difference(None, snapshot)
    world.other.text = ""
    await collector.close()

    assert absent(reading, login("never_seconds")) == (
        "no data",
        (
            f"no series never_seconds_bucket at {world.place}: no target that it scrapes gives it; is the "
            "name right, and has it counted anything yet? Besides, the scrape of other "
            f"({world.other.address}) fails: server returned HTTP status 503 Service Unavailable"
        ),
    )


async def test_two_instances_with_other_buckets_are_two_parts(world: World) -> None:
    """A rollout: the new instance has the bucket that decides, the old one has not."""
    metric = "rollout_seconds"
    old, new = App(metric, world.erp), App(metric, world.twin, (0.1, 0.2, 0.5))
    collector = asking(world, login(metric))
    for app in (old, new):
        app.serve(0.05)
    before = await until(collector, counted(metric, 2))
    for app in (old, new):
        app.serve(0.15, 0.15, 0.3)
    after = await until(collector, counted(metric, 8))
    parts = seen(collector.difference(before, after), login(metric))
    world.twin.text = ""
    await collector.close()

    assert [part.bounds[0] for part in parts] == [Bounds(0.2, 3, 0, 3), Bounds(0.2, 3, 1, 1)]


async def test_milliseconds_are_found_out(world: World) -> None:
    """The guide's interceptor: whole milliseconds into a histogram of seconds."""
    metric, app = "ms_seconds", App("ms_seconds", world.erp)
    collector = asking(world, login(metric))
    app.serve(20)
    before = await until(collector, counted(metric, 1))
    app.serve(*[18, 25] * 15)
    after = await until(collector, counted(metric, 31))
    reading = collector.difference(before, after)
    await collector.close()

    assert absent(reading, login(metric)) == (
        "broken instrumentation",
        (
            f"{metric} looks like milliseconds in a histogram of seconds: 30 of 30 events are above its last "
            "bucket of 5 s, their mean is 22 s, in whole numbers; fix: divide by 1000 before observing"
        ),
    )


def settled(metric: str, events: int) -> Callable[[PrometheusSnapshot], bool]:
    """Tell whether the counters come from a scrape whose start time was read with them.

    Under load a scrape may be stored between the two queries of one poll.
    """
    enough = counted(metric, events)

    def fits(snapshot: PrometheusSnapshot) -> bool:
        sets = snapshot.histograms[metric].sets
        return enough(snapshot) and all(one.at <= snapshot.scrapes[one.target].at for one in sets)

    return fits


async def test_a_process_that_overtook_its_predecessor_is_known_by_its_start(world: World) -> None:
    """Its counters only grew; `process_start_time_seconds` tells that they are others."""
    metric, app = "overtake_seconds", App("overtake_seconds", world.erp)
    collector = asking(world, login(metric))
    app.start_at(1_790_000_000)
    app.serve(0.02)
    before = await until(collector, counted(metric, 1))
    app = App(metric, world.erp)
    app.start_at(1_790_000_900)
    app.serve(0.02, 0.02, 0.02)
    after = await until(collector, settled(metric, 3))
    part = only(collector.difference(before, after), login(metric))
    await collector.close()

    assert part.quality is Quality.SUSPECT


async def test_a_restarted_monitor_goes_on_where_it_stopped(world: World) -> None:
    """The dumped snapshot is the baseline of a new collector, which also knows what a failing target gave."""
    metric, app = "resume_seconds", App("resume_seconds", world.erp)
    first = asking(world, login(metric))
    app.serve(0.02)
    data = (await until(first, counted(metric, 1))).dump()
    await first.close()
    app.serve(0.02, 0.02)
    second = asking(world, login(metric))
    before = second.load(data)
    after = await until(second, counted(metric, 3))
    part = only(second.difference(before, after), login(metric))
    await second.close()

    assert isinstance(part.evidence, Histogram)
    assert (part.evidence.n, part.quality) == (2, Quality.EXACT)


async def test_the_window_follows_the_scrapes_and_bounds_what_is_read(world: World) -> None:
    """After the first poll the span asked for holds three scrapes and two polls, no more."""
    metric, app = "window_seconds", App("window_seconds", world.erp)
    collector = asking(world, login(metric), CPU)
    app.serve(0.02)
    snapshot = await until(collector, counted(metric, 1))
    await collector.close()

    periods = {round(scrape.every or 0, 1) for scrape in snapshot.scrapes.values()}
    assert periods == {PERIOD}
    assert collector._reader._window == pytest.approx(2.2 * EVERY + PERIOD, abs=0.05)  # type: ignore[attr-defined]


async def test_a_real_machine_is_measured(world: World) -> None:
    """Shares of a real node_exporter lie between nothing and all, over the scrapes' interval."""
    collector = asking(world, CPU, MEMORY, DISK_IO)
    before = await until(collector, lambda snapshot: bool(snapshot.machines.seen))
    newest = before.machines.seen[0].at
    after = await until(collector, lambda snapshot: snapshot.machines.seen[0].at >= newest + 1)
    reading = collector.difference(before, after)
    await collector.close()

    cpu, memory = only(reading, CPU).evidence, only(reading, MEMORY).evidence
    assert isinstance(cpu, Ratio)
    assert isinstance(memory, Gauge)
    seconds = (only(reading, CPU).end - only(reading, CPU).start).total_seconds()
    assert 0 < cpu.part <= cpu.whole
    assert 0.3 * seconds < cpu.whole < 128 * seconds
    assert 0 < memory.last < 1
    assert memory.seconds == pytest.approx(seconds, abs=0.01)
    if after.machines.seen[0].disks:  # a machine may have none
        disk = only(reading, DISK_IO)
        assert isinstance(disk.evidence, Ratio)
        assert disk.evidence.whole == pytest.approx(seconds, abs=0.01)
        assert disk.detail.startswith("the busiest device: ")
