"""What is asked of one Prometheus, and the names under which exporters tell of resources."""

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
PRESSURE = "node_pressure_io_waiting_seconds_total"
DISK_WAITS = ("node_disk_read_time_seconds_total", "node_disk_write_time_seconds_total")
DISK_DONE = ("node_disk_reads_completed_total", "node_disk_writes_completed_total")

CONTAINER_SECONDS = "container_cpu_usage_seconds_total"
QUOTA, PERIOD = "container_spec_cpu_quota", "container_spec_cpu_period"
WORKING_SET, RESIDENT = "container_memory_working_set_bytes", "container_memory_rss"
MEMORY_LIMIT = "container_spec_memory_limit_bytes"
PERIODS, THROTTLED = "container_cpu_cfs_periods_total", "container_cpu_cfs_throttled_periods_total"
CONTAINER_STARTED = "container_start_time_seconds"

PROCESS_SECONDS, PROCESS_MEMORY = "process_cpu_seconds_total", "process_resident_memory_bytes"
LAG_P99, HEAP_USED = "nodejs_eventloop_lag_p99_seconds", "nodejs_heap_size_used_bytes"

OF_MACHINES = {
    Kind.CPU: (CPU_SECONDS,),
    Kind.MEMORY: (MEMORY_AVAILABLE, MEMORY_TOTAL),
    Kind.DISK_IO: (DISK_SECONDS,),
    Kind.IO_PRESSURE: (PRESSURE,),
}
"""The series of node_exporter behind each kind; the first names the kind in sentences."""
OF_CONTAINERS = {
    Kind.CONTAINER_CPU: (CONTAINER_SECONDS, QUOTA, PERIOD),
    Kind.CONTAINER_MEMORY: (WORKING_SET, MEMORY_LIMIT, RESIDENT),
    Kind.THROTTLING: (PERIODS, THROTTLED, QUOTA),
}
"""The same of cAdvisor."""
OF_PROCESSES = {Kind.ONE_CORE: (PROCESS_SECONDS,), Kind.EVENT_LOOP: (LAG_P99,)}
"""The same of what processes tell of themselves."""

RESOURCES = frozenset({*OF_MACHINES, *OF_CONTAINERS, *OF_PROCESSES})
"""Where one of these is measured, what is known of containers and processes is recorded beside it."""
BESIDE_MACHINES = (CPU_SECONDS, DISK_SECONDS, PRESSURE, *DISK_WAITS, *DISK_DONE)
CONTAINER_SERIES = tuple(
    dict.fromkeys((*(name for names in OF_CONTAINERS.values() for name in names), CONTAINER_STARTED))
)
PROCESS_SERIES = (PROCESS_SECONDS, PROCESS_MEMORY, LAG_P99, HEAP_USED)

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
    def kinds(self) -> frozenset[Kind]:
        """The kinds that are measured."""
        return frozenset(measure.kind for measure in self.measures)

    @property
    def recording(self) -> bool:
        """Whether what is known of containers and processes is recorded, judged or not."""
        return not RESOURCES.isdisjoint(self.kinds)

    @property
    def machine_series(self) -> tuple[str, ...]:
        """The series of node_exporter that are judged."""
        return self._of(OF_MACHINES)

    @property
    def container_series(self) -> tuple[str, ...]:
        """The series of cAdvisor that are judged."""
        return self._of(OF_CONTAINERS)

    @property
    def process_series(self) -> tuple[str, ...]:
        """The series of processes that are judged."""
        return self._of(OF_PROCESSES)

    @property
    def machines_read(self) -> tuple[str, ...]:
        """The series of node_exporter that are read: what is judged, and what is recorded beside it."""
        judged = self.machine_series
        return tuple(dict.fromkeys((*judged, *(BESIDE_MACHINES if judged else ()))))

    @property
    def processes_read(self) -> tuple[str, ...]:
        """The series of processes that are read."""
        return PROCESS_SERIES if self.recording or self.process_series else ()

    def _of(self, series: Mapping[Kind, tuple[str, ...]]) -> tuple[str, ...]:
        kinds = self.kinds
        return tuple(dict.fromkeys(name for kind, names in series.items() if kind in kinds for name in names))


def named(target: Target) -> str:
    """Return a target as sentences name it."""
    job, instance = target
    return f"{printable(job, 60)} ({printable(instance, 60)})"
