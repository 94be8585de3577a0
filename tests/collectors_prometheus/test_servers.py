"""One story of a known target, told by every server that is supported: counted to the integer."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client import Histogram as ClientHistogram

from collectors.prometheus import build
from collectors.prometheus.snapshot import PrometheusSnapshot
from headroom.bounds import Bounds
from headroom.budgets import Measure
from headroom.evidence import Histogram
from headroom.observation import Collector, Part, Quality, Reading
from headroom.sources import Secret, Source, SourceKind
from tests import servers
from tests.collectors_prometheus.figures import LOGIN, METRIC, READ, RULES, absent, seen
from tests.collectors_prometheus.real import Target

GUIDE = (0.01, 0.05, 0.1, 0.5, 1, 5)
EVERY = 15.0
SCRAPED = 1.5
"""Seconds in which every server has scraped a target twice, and one more: VictoriaMetrics' time() has no
fractions, so that what it tells may be of a second before."""
UNSETTLED = 30.0
"""Seconds by which VictoriaMetrics' newest samples are left alone."""
SERVERS = (*servers.PROMETHEUS, "victoria")
MANY = (0.004, 0.02, 0.05, 0.15, 0.15, 0.7, 1, 3, 9)
UPGRADED = {"2.53": "3.5"}
"""What takes the place of a server when it is restarted, where that is another version."""
WORDS = {"victoria": "see Status > Targets of Prometheus at {}"}
"""What is said of a scrape that failed where the server has no words: half a minute later, all is well."""


class App:
    """A process with a histogram of a real client library, its bounds spelled as most other libraries do."""

    def __init__(self, target: Target) -> None:
        self._registry = CollectorRegistry()
        labels = ("method", "path", "status")
        self._histogram = ClientHistogram(
            METRIC, "Durations.", labels, buckets=GUIDE, registry=self._registry
        )
        self._target = target

    def serve(self, *seconds: float, path: str = "/auth/login", method: str = "POST") -> None:
        """Serve requests of so many seconds."""
        for duration in seconds:
            self._histogram.labels(method, path, "200").observe(duration)
        self.expose()

    def expose(self) -> None:
        """Let scrapes see what was counted."""
        text = generate_latest(self._registry).decode()
        self._target.text = text.replace('le="1.0"', 'le="1"').replace('le="5.0"', 'le="5"')


@dataclass
class Told:
    """What one server told.

    Attributes:
        at: its snapshots by the moment of the story.
        twice: two snapshots with no scrape between them.
    """

    collector: Collector
    place: str
    at: dict[str, PrometheusSnapshot] = field(default_factory=dict)
    twice: tuple[PrometheusSnapshot, PrometheusSnapshot] | None = None

    def reading(self, before: str, after: str) -> Reading:
        """Return what happened between two moments."""
        return self.collector.difference(self.at[before], self.at[after])


@dataclass
class Story:
    """What every server told, and what the test did meanwhile."""

    told: Mapping[str, Told]
    target: str


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Live through the story once with all servers, for one of them answers half a minute late."""
    folders = {name: tmp_path_factory.mktemp(name.replace(".", "_")) for name in SERVERS}
    with Target() as target:
        yield asyncio.run(_lived(target, folders))


async def _lived(target: Target, folders: Mapping[str, Path]) -> Story:
    app = App(target)
    app.expose()
    with ExitStack() as stack:
        stacks = {name: stack.enter_context(ExitStack()) for name in SERVERS}
        told = {name: _started(name, folders[name], target, stacks[name]) for name in SERVERS}
        later: list[asyncio.Task[None]] = []

        async def moment(name: str) -> None:
            await asyncio.sleep(SCRAPED)
            later.append(asyncio.create_task(_fetched(told["victoria"], name, UNSETTLED)))
            for version in servers.PROMETHEUS:
                await _fetched(told[version], name)

        await _all_scrape(told)
        await moment("empty")
        app.serve(*[0.02] * 10, 0.3)
        await moment("born")
        app.serve(*MANY)
        await moment("counted")
        await moment("idle")
        target.text = None
        await moment("down")
        app.serve(0.02, 0.02)
        await moment("well")
        await asyncio.gather(*(_fetched_twice(told[version]) for version in servers.PROMETHEUS))
        app.serve(*[0.3] * 7)
        for name in SERVERS:
            stacks[name].close()
            _started(UPGRADED.get(name, name), folders[name], target, stacks[name], told[name].place)
        app.serve(1, 1)
        await _all_scrape(told)
        await moment("restarted")
        await asyncio.gather(*later)
        await _fetched_twice(told["victoria"])
        for one in told.values():
            await one.collector.close()
    return Story(told, target.address)


def _started(name: str, folder: Path, target: Target, stack: ExitStack, place: str = "") -> Told:
    scrapes = servers.scraping({"erp": [target.address]})
    if name == "victoria":
        binary = servers.VICTORIA_METRICS
        # With its own delay, not with one that suits a test: nobody runs it otherwise.
        place = stack.enter_context(servers.victoria_metrics(folder, scrapes, place=place, flags=()))
    else:
        binary = servers.PROMETHEUS[name]
        place = stack.enter_context(servers.prometheus(folder, scrapes, binary=binary, place=place))
    sys.stdout.write(f"{name} at {place}: {servers.version(binary)}\n")
    source = Source("metrics", SourceKind.PROMETHEUS, Secret(f"http://{place}"), timedelta(seconds=EVERY))
    return Told(build(source, dict.fromkeys((LOGIN, READ), (0.2, 0.5, 1.0)), RULES), place)


async def _all_scrape(told: Mapping[str, Told]) -> None:
    """Wait until each Prometheus scrapes, five seconds after its start; VictoriaMetrics begins at once."""
    since = time.time()
    deadline = monotonic() + 20
    for version in servers.PROMETHEUS:
        while True:
            snapshot = await told[version].collector.fetch()
            assert isinstance(snapshot, PrometheusSnapshot)
            if any(scrape.at > since for scrape in snapshot.scrapes.values()):
                break
            assert monotonic() < deadline, f"Prometheus {version} scraped nothing within 20 s"
            await asyncio.sleep(0.1)


async def _fetched(one: Told, name: str, wait: float = 0.0) -> None:
    await asyncio.sleep(wait)
    snapshot = await one.collector.fetch()
    assert isinstance(snapshot, PrometheusSnapshot)
    one.at[name] = snapshot


async def _fetched_twice(one: Told) -> None:
    """Poll until two polls fall between two scrapes."""
    deadline = monotonic() + 10
    while one.twice is None:
        before, after = await one.collector.fetch(), await one.collector.fetch()
        assert isinstance(before, PrometheusSnapshot)
        assert isinstance(after, PrometheusSnapshot)
        if before.scrapes == after.scrapes:
            one.twice = before, after
        assert monotonic() < deadline


def only(reading: Reading, measure: Measure) -> tuple[Part, Histogram]:
    """Return the one part observed and its histogram."""
    (part,) = seen(reading, measure)
    assert isinstance(part.evidence, Histogram)
    return part, part.evidence


every_server = pytest.mark.parametrize("server", SERVERS)


@every_server
def test_it_counts_to_the_integer(story: Story, server: str) -> None:
    """Two polls of a known histogram: counts, sum, and bounds on and between the buckets, le="1" or "1.0"."""
    reading = story.told[server].reading("born", "counted")

    part, counted = only(reading, LOGIN)
    assert counted.bounds == GUIDE
    assert counted.counts == (1, 2, 0, 2, 2, 1, 1)
    assert counted.total == pytest.approx(sum(MANY))
    assert part.bounds == (Bounds(0.2, 9, 4, 6), Bounds(0.5, 9, 4, 4), Bounds(1.0, 9, 2, 2))
    assert (part.quality, part.detail) == (Quality.EXACT, "")
    assert reading.notes == ()


@every_server
def test_a_birth_counts_from_zero(story: Story, server: str) -> None:
    """The first requests ever of a label set, after a scrape that went well without it."""
    part, counted = only(story.told[server].reading("empty", "born"), LOGIN)

    assert (part.quality, counted.counts) == (Quality.FIRST_SEEN, (0, 10, 0, 1, 0, 0, 0))


@every_server
def test_nothing_served_is_idle_and_nothing_scraped_is_silence(story: Story, server: str) -> None:
    """A new sample with the same counts proves that nothing happened; no new sample proves nothing."""
    told = story.told[server]
    assert told.twice is not None

    part, counted = only(told.reading("counted", "idle"), LOGIN)
    assert (part.quality, counted.n) == (Quality.EXACT, 0)
    silent = told.collector.difference(*told.twice)
    assert (silent.observations, silent.absences) == ((), ())


@every_server
def test_a_target_that_is_down_is_blind(story: Story, server: str) -> None:
    """With the server's own words; and what was served meanwhile is counted once it is well again."""
    told = story.told[server]
    down, well = told.reading("idle", "down"), told.reading("down", "well")

    words = WORDS.get(server, "server returned HTTP status 503 Service Unavailable")
    for measure in (LOGIN, READ):
        assert absent(down, measure) == (
            "no data",
            f"the scrape of erp ({story.target}) fails: {words.format(told.place)}",
        )
    part, counted = only(well, LOGIN)
    assert (part.quality, counted.counts) == (Quality.EXACT, (0, 2, 0, 0, 0, 0, 0))


@every_server
def test_a_restart_of_the_server_loses_nothing(story: Story, server: str) -> None:
    """Its target went on counting; nor does an upgrade that spells le="1" as le="1.0" from then on."""
    part, counted = only(story.told[server].reading("well", "restarted"), LOGIN)

    assert (part.quality, counted.counts) == (Quality.EXACT, (0, 0, 0, 7, 2, 0, 0))
    assert part.bounds == (Bounds(0.2, 9, 2, 9), Bounds(0.5, 9, 2, 2), Bounds(1.0, 9, 0, 0))
