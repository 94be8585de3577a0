"""Native histograms end to end: a Prometheus that scrapes itself, and one that makes classic ones native."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client import Histogram as ClientHistogram

from collectors.prometheus import build
from collectors.prometheus.native.grid import canonical
from collectors.prometheus.native.native import CUSTOM
from collectors.prometheus.snapshot import Buckets, PrometheusSnapshot
from headroom.budgets import Kind, Measure
from headroom.evidence import Histogram
from headroom.observation import Collector, Quality
from headroom.sources import EndpointClass, EndpointRules, Secret, Source, SourceKind
from tests import servers
from tests.collectors_prometheus.figures import METRIC, seen
from tests.collectors_prometheus.real import Target

OWN = "prometheus_http_request_duration_seconds"
ASKED = "/api/v1/labels"
"""A page that the collector itself does not ask for."""
JOBS: dict[str, dict[str, bool]] = {
    "classic": {},
    "custom": {"convert_classic_histograms_to_nhcb": True},
    "both": {"convert_classic_histograms_to_nhcb": True, "always_scrape_classic_histograms": True},
}
GUIDE = (0.01, 0.05, 0.1, 0.5, 1, 5)
THRESHOLDS = (0.0003, 0.2, 0.5)
RULES = EndpointRules(
    (
        EndpointClass("labels", paths=(ASKED,)),
        *(EndpointClass(job, paths=("/auth/login",), labels=(("job", (job,)),)) for job in JOBS),
    ),
    labels={"method": "method", "path": "handler", "status": "status"},
)
LABELS = Measure("metrics", Kind.HISTOGRAM, OWN, "endpoints.labels")
LOGINS = {job: Measure("metrics", Kind.HISTOGRAM, METRIC, f"endpoints.{job}") for job in JOBS}


def asking(place: str) -> Collector:
    """Return a collector of a server's own requests, and of the logins in all forms."""
    source = Source("metrics", SourceKind.PROMETHEUS, Secret(f"http://{place}"), timedelta(seconds=5))
    return build(source, dict.fromkeys((LABELS, *LOGINS.values()), THRESHOLDS), RULES)


@dataclass
class World:
    """A Prometheus that scrapes itself and, where it can convert, an application under three jobs."""

    place: str
    app: Target


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Start one server per version."""
    folder = tmp_path_factory.mktemp("native")
    with ExitStack() as stack:
        app = stack.enter_context(Target())
        place = servers.free_place()
        scrapes = servers.scraping({"prometheus": [place]})
        if request.param != "2.53":
            of_app = servers.scraping({job: [app.address] for job in JOBS})
            scrapes += [job | JOBS[job["job_name"]] for job in of_app]
        binary = servers.PROMETHEUS[request.param]
        flags = ["--enable-feature=native-histograms"]
        stack.enter_context(servers.prometheus(folder, scrapes, binary=binary, flags=flags, place=place))
        yield World(place, app)


async def until(collector: Collector, fits: Callable[[PrometheusSnapshot], bool]) -> PrometheusSnapshot:
    """Poll until a snapshot fits."""
    deadline = monotonic() + 15
    while True:
        snapshot = await collector.fetch()
        assert isinstance(snapshot, PrometheusSnapshot)
        if fits(snapshot):
            return snapshot
        assert monotonic() < deadline, f"no such snapshot within 15 s; the last was {snapshot}"
        await asyncio.sleep(0.1)


def sets_of(snapshot: PrometheusSnapshot, metric: str, path: str) -> list[Buckets]:
    """Return the label sets of a metric for one path."""
    return [one for one in snapshot.histograms[metric].sets if one.path == path]


def ask(world: World, page: str) -> str:
    """Return what a page of the server says."""
    with urlopen(f"http://{world.place}{page}", timeout=5) as answer:
        return str(answer.read().decode())


@pytest.mark.parametrize("world", ["2.53", "3.5"], indirect=True)
async def test_requests_to_the_server_itself_are_counted(world: World) -> None:
    """Exponential buckets of a real client library over protobuf, and what Prometheus counts in them."""
    collector = asking(world.place)
    ask(world, ASKED)
    before = await until(collector, lambda snapshot: bool(sets_of(snapshot, OWN, ASKED)))
    (then,) = sets_of(before, OWN, ASKED)
    for _ in range(37):
        ask(world, ASKED)
    after = await until(collector, lambda new: sets_of(new, OWN, ASKED)[0].counts[-1] == then.counts[-1] + 37)
    (part,) = seen(collector.difference(before, after), LABELS)
    await collector.close()

    (now,) = sets_of(after, OWN, ASKED)
    assert (now.schema, now.bounds) == (3, canonical(3, THRESHOLDS))
    assert isinstance(part.evidence, Histogram)
    assert (part.quality, part.evidence.n, part.evidence.bounds) == (Quality.EXACT, 37, now.bounds)
    assert part.evidence.total == pytest.approx((now.total or 0) - (then.total or 0))
    for bound in (2**-13, 2**-12, 2**-11, 2**-10):
        asked = f'histogram_fraction(0, {bound}, {OWN}{{handler="{ASKED}"}}) * {now.counts[-1]}'
        told = json.loads(ask(world, f"/api/v1/query?query={quote(asked)}"))["data"]["result"][0]["value"][1]
        assert now.upto(bound) == pytest.approx(float(told))


class App:
    """A process with the guide's buckets, as a real client library exposes them."""

    def __init__(self, target: Target) -> None:
        self._registry = CollectorRegistry()
        self._histogram = ClientHistogram(
            METRIC, "Durations.", ("method", "handler", "status"), buckets=GUIDE, registry=self._registry
        )
        self._target = target

    def serve(self, *seconds: float) -> None:
        """Serve logins of so many seconds."""
        for duration in seconds:
            self._histogram.labels("POST", "/auth/login", "200").observe(duration)
        self._target.text = generate_latest(self._registry).decode()


@pytest.mark.parametrize("world", ["3.5"], indirect=True)
async def test_a_classic_histogram_made_native_is_the_same_evidence(world: World) -> None:
    """With custom buckets, and beside its classic form: same counts, sum and bounds, over a restart, too."""
    collector = asking(world.place)

    def counted(events: int) -> Callable[[PrometheusSnapshot], bool]:
        """Tell whether all three jobs have counted so many logins."""

        def fits(snapshot: PrometheusSnapshot) -> bool:
            return [one.counts[-1] for one in sets_of(snapshot, METRIC, "/auth/login")] == [events] * 3

        return fits

    app = App(world.app)
    app.serve(0.02, 0.7)
    first = await until(collector, counted(2))
    app.serve(0.004, 0.02, 0.05, 0.07, 0.15, 0.15, 1, 3, 9)
    second = await until(collector, counted(11))
    app = App(world.app)
    app.serve(0.3, 0.3)
    third = await until(collector, counted(2))
    readings = collector.difference(first, second), collector.difference(second, third)
    await collector.close()

    forms = {one.target[0]: one.schema for one in sets_of(second, METRIC, "/auth/login")}
    assert forms == {"classic": None, "custom": CUSTOM, "both": None}
    for reading, quality, counts in (
        (readings[0], Quality.EXACT, (1, 2, 1, 2, 1, 1, 1)),
        (readings[1], Quality.RESET, (0, 0, 0, 2, 0, 0, 0)),
    ):
        for job, measure in LOGINS.items():
            (part,) = seen(reading, measure)
            assert isinstance(part.evidence, Histogram)
            assert (job, part.quality, part.evidence.bounds) == (job, quality, GUIDE)
            assert (job, part.evidence.counts) == (job, counts)
            assert part.bounds == seen(reading, LOGINS["classic"])[0].bounds
