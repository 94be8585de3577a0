"""A started demo as its tests see it: its metrics, its Prometheus, its endpoint classes."""

import json
import time
import urllib.request
from typing import Any
from urllib.parse import quote

from prometheus_client.parser import text_string_to_metric_families

from tests.demo.running import RunningDemo

REQUESTS = "http_request_duration_seconds"
QUERIES = "db_query_duration_seconds"
CLASSES = {
    "login": {("POST", "/auth/login")},
    "uploads": {("POST", "/files/{name}")},
    "reports": {
        ("GET", "/reports/profit-and-loss"),
        ("GET", "/reports/revenue"),
        ("GET", "/reports/cash-flow"),
    },
    "write": {
        ("POST", "/bookings"),
        ("DELETE", "/bookings/{id}"),
        ("PATCH", "/tasks/{id}"),
        ("POST", "/transactions"),
    },
    "read": {
        ("GET", "/transactions"),
        ("GET", "/transactions/{id}"),
        ("GET", "/bookings"),
        ("GET", "/bookings/{id}/tasks"),
        ("GET", "/bookings/{id}/transactions"),
        ("GET", "/users/{id}"),
        ("GET", "/users/{id}/wallet"),
        ("GET", "/catalog"),
    },
}
FAULT_AFTER, FAULT_FOR = 3, 4


class Scrape:
    """What the ERP's /metrics said at one moment."""

    def __init__(self, erp: str) -> None:
        self.at = time.monotonic()
        text = urllib.request.urlopen(f"{erp}/metrics", timeout=5).read().decode()
        self.families = list(text_string_to_metric_families(text))
        self.samples = [sample for family in self.families for sample in family.samples]

    def sum_of(self, name: str, **labels: str) -> float:
        """Adds up the samples that have these labels."""
        chosen = [s for s in self.samples if s.name == name and labels.items() <= s.labels.items()]
        return sum(sample.value for sample in chosen)

    def of_class(self, name: str) -> float:
        """Returns the requests of one endpoint class."""
        return sum(
            self.sum_of(f"{REQUESTS}_count", method=method, path=path) for method, path in CLASSES[name]
        )


class Started:
    """The demo in its steady state before the fault, and what was seen then."""

    def __init__(self, demo: RunningDemo) -> None:
        self.demo = demo
        demo.line("READY")
        self.servers = demo.servers
        self.first = Scrape(self.servers["erp"])
        time.sleep(FAULT_AFTER - 1)
        self.second = Scrape(self.servers["erp"])

    def query(self, promql: str) -> list[dict[str, Any]]:
        """Asks Prometheus."""
        url = f"{self.servers['prometheus']}/api/v1/query?query={quote(promql)}"
        answer: list[dict[str, Any]] = json.load(urllib.request.urlopen(url, timeout=5))["data"]["result"]
        return answer
