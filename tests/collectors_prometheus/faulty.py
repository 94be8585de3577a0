"""Applications with instrumentation that is faulty or sound, and a Prometheus that scrapes them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest

from collectors.prometheus import build
from collectors.prometheus.snapshot import PrometheusSnapshot
from headroom.budgets import Kind, Measure
from headroom.observation import Collector
from headroom.sources import EndpointRules, Secret, Source, SourceKind
from tests.collectors_prometheus.figures import RULES
from tests.collectors_prometheus.real import Target
from tests.servers import prometheus

EVERY = 2.0


@contextmanager
def scraped(folder: Path, targets: Mapping[str, Target], **further: Any) -> Iterator[str]:
    """Run a Prometheus with a job for each target, and give its host:port once all were scraped."""
    with ExitStack() as stack:
        scrapes = []
        for job, target in targets.items():
            stack.enter_context(target)
            scrapes.append({"job_name": job, "static_configs": [{"targets": [target.address]}], **further})
        place = stack.enter_context(prometheus(folder, scrapes))
        deadline = monotonic() + 15
        while not all(target.scraped.wait(0.05) for target in targets.values()):
            assert monotonic() < deadline, "prometheus has not scraped all within 15 s"
        yield place


def asking(place: str, *measures: Measure, rules: EndpointRules = RULES) -> Collector:
    """Return a collector of the Prometheus at a place."""
    source = Source("metrics", SourceKind.PROMETHEUS, Secret(f"http://{place}"), timedelta(seconds=EVERY))
    return build(source, {m: (0.2,) if m.kind is Kind.HISTOGRAM else () for m in measures}, rules)


class Living(Target):
    """A target that exposes its registry anew with every scrape, after doing a little work."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.registry = CollectorRegistry()
        self._work = work
        self._start = Gauge("process_start_time_seconds", "Start.", registry=self.registry)
        self._begun = False
        super().__init__()

    @property
    def text(self) -> str | None:  # type: ignore[override]
        """The exposition of this moment."""
        if not self._begun:  # Prometheus needs seconds before it scrapes anything
            self._begun = True
            self._start.set(time.time())
        self._work()
        return generate_latest(self.registry).decode()

    @text.setter
    def text(self, value: str | None) -> None:
        """Keep nothing: it is made when it is asked for."""


class App:
    """An application whose requests are counted by a real client library."""

    def __init__(self, target: Target, metric: str) -> None:
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            metric, "Seconds.", ["method", "path", "status"], registry=self.registry, buckets=(0.1, 0.5, 5)
        )
        self.target = target
        self.expose()

    def serve(self, path: str, times: int = 1, status: str = "200") -> None:
        """Count some requests of 20 ms."""
        for _ in range(times):
            self.requests.labels("GET", path, status).observe(0.02)

    def expose(self) -> None:
        """Let the next scrape see what was counted."""
        self.target.text = generate_latest(self.registry).decode()


async def until(collector: Collector, fits: Callable[[PrometheusSnapshot], bool]) -> PrometheusSnapshot:
    """Poll until a snapshot fits, which one or two scrapes must achieve."""
    deadline = monotonic() + 5
    while True:
        snapshot = await collector.fetch()
        assert isinstance(snapshot, PrometheusSnapshot)
        if fits(snapshot):
            return snapshot
        assert monotonic() < deadline, f"no such snapshot within 5 s; the last was {snapshot}"
        await asyncio.sleep(0.05)


def counted(metric: str, events: int) -> Callable[[PrometheusSnapshot], bool]:
    """Tell whether a metric has so many events in all that its targets give now."""

    def fits(snapshot: PrometheusSnapshot) -> bool:
        sets = snapshot.histograms[metric].sets
        live = [one for one in sets if one.at >= (snapshot.scrapes[one.target].ok_at or 0)]
        return sum(one.counts[-1] for one in live) == events

    return fits
