"""What the ERP and the traffic look like in its metrics and in Prometheus."""

import time

import pytest

from tests.demo.started import CLASSES, QUERIES, REQUESTS, Started

pytestmark = pytest.mark.xdist_group("demo")  # one start for all of them


def test_these_metrics_exactly(started: Started) -> None:
    """The ERP has the guide's three metrics, labels and buckets, what its gateway counts, nothing else."""
    assert {family.name for family in started.second.families} == {
        *(REQUESTS, QUERIES, "cache_hit_rate", "gateway_responses")
    }
    labels: dict[str, set[str]] = {}
    bounds: dict[str, set[float]] = {}
    for sample in started.second.samples:
        labels.setdefault(sample.name, set()).update(sample.labels)
        if "le" in sample.labels:
            bounds.setdefault(sample.name, set()).add(float(sample.labels["le"]))
    assert labels == {
        f"{REQUESTS}_bucket": {"method", "path", "status", "le"},
        f"{REQUESTS}_count": {"method", "path", "status"},
        f"{REQUESTS}_sum": {"method", "path", "status"},
        f"{QUERIES}_bucket": {"query_type", "table", "le"},
        f"{QUERIES}_count": {"query_type", "table"},
        f"{QUERIES}_sum": {"query_type", "table"},
        "cache_hit_rate": {"cache_type"},
        "gateway_responses_total": {"status"},
    }
    assert bounds == {
        f"{REQUESTS}_bucket": {0.01, 0.05, 0.1, 0.5, 1, 5, float("inf")},
        f"{QUERIES}_bucket": {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, float("inf")},
    }
    assert 30 < started.second.sum_of("cache_hit_rate", cache_type="redis") <= 100


def test_every_class_is_in_prometheus(started: Started) -> None:
    """Prometheus has every endpoint of every class with the guide's buckets, and the machine's figures."""
    deadline = time.monotonic() + 10
    while [row["value"][1] for row in started.query("count(up == 1)")] != ["2"]:
        assert time.monotonic() < deadline, "the targets are not up"
        time.sleep(0.1)
    found = started.query(
        f"count by (method, path) ({REQUESTS}_bucket) / count by (method, path) ({REQUESTS}_sum)"
    )
    buckets = {(row["metric"]["method"], row["metric"]["path"]): float(row["value"][1]) for row in found}

    for endpoints in CLASSES.values():
        for endpoint in endpoints:
            assert buckets[endpoint] == 7
    assert set(buckets) - {endpoint for some in CLASSES.values() for endpoint in some} <= {
        ("GET", "/metrics")
    }
    bounds = {float(row["metric"]["le"]) for row in started.query(f"group by (le) ({REQUESTS}_bucket)")}
    assert bounds == {0.01, 0.05, 0.1, 0.5, 1, 5, float("inf")}
    for name in (
        "node_cpu_seconds_total",
        "node_memory_MemAvailable_bytes",
        "node_disk_io_time_seconds_total",
    ):
        assert started.query(f'count({name}{{job="node"}})'), name


def test_traffic(started: Started) -> None:
    """Every class has its rate of requests, every kind of query at least two a second, and nothing fails."""
    first, second = started.first, started.second
    seconds = second.at - first.at

    rates = {name: (second.of_class(name) - first.of_class(name)) / seconds for name in CLASSES}
    for name, least in {"login": 10, "read": 12, "write": 10, "reports": 9, "uploads": 9}.items():
        assert rates[name] > 0.7 * least, name
    for kind in ("lookup", "list", "aggregate", "analytics", "write"):
        asked = second.sum_of(f"{QUERIES}_count", query_type=kind)
        before = first.sum_of(f"{QUERIES}_count", query_type=kind)
        assert (asked - before) / seconds > 1, kind
    assert {s.labels["status"] for s in second.samples if s.name == f"{REQUESTS}_count"} == {"200", "201"}
    assert second.sum_of("gateway_responses_total", status="503") == 0
