"""The three metrics of the performance guide, names, labels and buckets exactly as it gives them."""

from prometheus_client import CollectorRegistry, Gauge, Histogram, disable_created_metrics

REQUEST_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1, 5)
QUERY_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5)


class Metrics:
    """One registry with the three metrics and nothing else."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # would add a fourth and a fifth series family, *_created
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "http_request_duration_seconds",
            "Duration of HTTP requests in seconds",
            ["method", "path", "status"],
            buckets=REQUEST_BUCKETS,
            registry=self.registry,
        )
        self._queries = Histogram(
            "db_query_duration_seconds",
            "Duration of database queries",
            ["query_type", "table"],
            buckets=QUERY_BUCKETS,
            registry=self.registry,
        )
        self._hit_rate = Gauge(
            "cache_hit_rate", "Cache hit rate as a percentage", ["cache_type"], registry=self.registry
        )

    def record_request(self, method: str, path: str, status: int, duration: float) -> None:
        """Records one request; `path` is the pattern of the route, never the address itself."""
        self._requests.labels(method, path, str(status)).observe(duration)

    def record_query(self, kind: str, table: str, seconds: float) -> None:
        """Records one statement."""
        self._queries.labels(kind, table).observe(seconds)

    def record_cache(self, hits: int, misses: int) -> None:
        """Sets the hit rate, in percent, from the counts since the start."""
        lookups = hits + misses
        self._hit_rate.labels("redis").set(hits / lookups * 100 if lookups else 0)
