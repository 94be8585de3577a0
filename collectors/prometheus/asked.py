"""What is asked of one Prometheus, and the names under which node_exporter tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collectors.prometheus.words import printable
from headroom.budgets import Kind, Measure
from headroom.sources import EndpointRules, QueryRules

CPU_SECONDS = "node_cpu_seconds_total"
MEMORY_AVAILABLE = "node_memory_MemAvailable_bytes"
MEMORY_TOTAL = "node_memory_MemTotal_bytes"
DISK_SECONDS = "node_disk_io_time_seconds_total"

OF_MACHINES = {
    Kind.CPU: (CPU_SECONDS,),
    Kind.MEMORY: (MEMORY_AVAILABLE, MEMORY_TOTAL),
    Kind.DISK_IO: (DISK_SECONDS,),
}
"""The series of node_exporter behind each kind; the first names the kind in sentences."""

NO_QUERIES = QueryRules(())
"""No classes of queries."""

Target = tuple[str, str]
"""Job and instance: what Prometheus scrapes as one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of one source.

    Attributes:
        place: host:port of the Prometheus.
        every: seconds between two polls.
        measures: with the thresholds, in seconds, at which bounds are wanted.
        endpoints, queries: how requests and queries fall into classes.
    """

    source: str
    place: str
    every: float
    measures: Mapping[Measure, tuple[float, ...]]
    endpoints: EndpointRules
    queries: QueryRules = NO_QUERIES

    @property
    def metrics(self) -> tuple[str, ...]:
        """The histograms, each once."""
        return tuple(dict.fromkeys(m.of for m in self.measures if m.kind is Kind.HISTOGRAM))

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of histograms that are kept besides method, path and status."""
        return tuple(sorted({*self.endpoints.asked, *self.queries.asked}))

    @property
    def gauges(self) -> tuple[str, ...]:
        """The selectors of applications' gauges, each once."""
        return tuple(dict.fromkeys(m.of for m in self.measures if m.kind is Kind.GAUGE))

    @property
    def machine_series(self) -> tuple[str, ...]:
        """The series of node_exporter."""
        kinds = {measure.kind for measure in self.measures}
        return tuple(name for kind, names in OF_MACHINES.items() if kind in kinds for name in names)


def named(target: Target) -> str:
    """Return a target as sentences name it."""
    job, instance = target
    return f"{printable(job, 60)} ({printable(instance, 60)})"
