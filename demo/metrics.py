"""The three metrics of the performance guide, names, labels and buckets exactly as it gives them.

Beside them what a gateway before the ERP would count, and two of the guide's own mistakes, to be switched on.
"""

import logging
import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

if TYPE_CHECKING:
    from demo.erp import Switches

REQUEST_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1, 5)
QUERY_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5)
MOST_RAW = 2000  # label sets of raw addresses: without an end the ERP's memory would have none either
NOTE_SECONDS = 10.0

log = logging.getLogger("demo.metrics")


class Metrics:
    """One registry with these metrics and nothing else."""

    def __init__(self, switches: "Switches") -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # would add further series families, *_created
        self.registry = CollectorRegistry()
        self._switches = switches
        self._requests = Histogram(
            "http_request_duration_seconds",
            "Duration of HTTP requests in seconds",
            ["method", "path", "status"],
            buckets=REQUEST_BUCKETS,
            registry=self.registry,
        )
        self._queries = _queries()
        self._broken_queries: Histogram | None = None
        self.registry.register(self._queries)
        self._hit_rate = Gauge(
            "cache_hit_rate", "Cache hit rate as a percentage", ["cache_type"], registry=self.registry
        )
        self._answers = Counter(
            "gateway_responses",
            "Answers by HTTP status, as the gateway saw them",
            ["status"],
            registry=self.registry,
        )
        self._answers.labels("503")  # a counter that has not counted yet must be there all the same
        self._raw: set[tuple[str, str, str]] = set()
        self._next_note = 0.0

    def record_request(self, method: str, path: str, status: int, duration: float) -> None:
        """Records one request; `path` is the pattern of the route, never the address itself."""
        if self._raw and not self._switches.raw_urls:
            for labels in self._raw:
                self._requests.remove(*labels)
            self._raw.clear()
        self._requests.labels(method, path, str(status)).observe(duration)

    def record_address(self, method: str, address: str, status: int, duration: float) -> bool:
        """Records one request under its raw address; False, and nothing, once there are too many of them."""
        labels = (method, address, str(status))
        if labels not in self._raw and len(self._raw) >= MOST_RAW:
            return False
        self._raw.add(labels)
        self._requests.labels(*labels).observe(duration)
        return True

    def record_answer(self, status: int) -> None:
        """Counts one answer as the gateway would."""
        self._answers.labels(str(status)).inc()

    def record_query(self, kind: str, table: str, seconds: float) -> None:
        """Records one statement."""
        if self._switches.label_mismatch is not (self._broken_queries is not None):
            self._declare_again()
        if self._broken_queries is None:
            self._queries.labels(query_type=kind, table=table).observe(seconds)
            return
        try:
            # The guide's mistake: declared as query_type.
            self._broken_queries.labels(queryType=kind, table=table).observe(seconds)
        except ValueError as error:
            self._note(error)

    def record_cache(self, hits: int, misses: int) -> None:
        """Sets the hit rate, in percent, from the counts since the start."""
        lookups = hits + misses
        self._hit_rate.labels("redis").set(hits / lookups * 100 if lookups else 0)

    def _declare_again(self) -> None:
        """Puts a histogram that will never count in the place of the good one, or the good one back."""
        if self._broken_queries is None:
            self.registry.unregister(self._queries)
            self._broken_queries = _queries()
            self.registry.register(self._broken_queries)
        else:
            self.registry.unregister(self._broken_queries)
            self._broken_queries = None
            self.registry.register(self._queries)

    def _note(self, error: ValueError) -> None:
        if time.monotonic() >= self._next_note:
            self._next_note = time.monotonic() + NOTE_SECONDS
            log.error("a statement was not recorded: %s", error)


def _queries() -> Histogram:
    return Histogram(
        "db_query_duration_seconds",
        "Duration of database queries",
        ["query_type", "table"],
        buckets=QUERY_BUCKETS,
        registry=None,
    )
