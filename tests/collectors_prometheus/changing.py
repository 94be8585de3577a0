"""A Prometheus whose answers a test changes between two polls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from collectors.prometheus.snapshot import PrometheusSnapshot
from headroom.observation import Collector
from tests.collectors_prometheus.figures import Answer
from tests.collectors_prometheus.hostile import Server, Write, collector, prometheus, serving


@dataclass
class Changing:
    """What it answers now, and the collector that reads it."""

    place: str = ""
    up: Answer = field(default_factory=list)
    counters: Answer = field(default_factory=list)
    status: str = "200 OK"

    def answer(self, server: Server, write: Write, query: str) -> bool:
        """Answer one request."""
        behaviour = prometheus(up=self.up, counters=self.counters, counters_status=self.status)
        return behaviour(server, write, query)

    def collector(self, every: float = 15.0) -> Collector:
        """Return a collector of logins."""
        return collector(self.place, every=every)

    async def polled(
        self, asking: Collector, up: Answer, counters: Answer, status: str = "200 OK"
    ) -> PrometheusSnapshot:
        """Return the snapshot of a poll that is answered so."""
        self.up, self.counters, self.status = up, counters, status
        snapshot = await asking.fetch()
        assert isinstance(snapshot, PrometheusSnapshot)
        return snapshot


@contextmanager
def changing() -> Iterator[Changing]:
    """Run such a server."""
    one = Changing()
    with serving(one.answer) as server:
        one.place = server.place
        yield one
