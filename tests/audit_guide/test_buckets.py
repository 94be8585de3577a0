"""The buckets of the guide's two histograms, at a real Prometheus."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from headroom.audit.finding import Finding
from headroom.checks import State
from headroom.config import load
from monitor.audit.metrics import metrics
from tests.collectors_prometheus.real import Target, prometheus

BUDGETS = """version: 1
sources:
  erp-db: {{kind: postgres, url: "postgresql://headroom@127.0.0.1:1/erp", every: 1s}}
  metrics: {{kind: prometheus, url: "http://{place}", every: 1s}}
classes:
  endpoints: [{{name: read, method: GET}}]
  queries: [{{name: lookup, labels: {{query_type: [lookup]}}}}]
budgets:
  - id: api.read
    title: Read operations
    measure: {{histogram: http_request_duration_seconds, source: metrics, class: endpoints.read}}
    limits: [{{statistic: p95, max: 100ms}}, {{statistic: p99, max: 200ms}}]
  - id: db.lookup
    title: Simple lookups
    measure: {{statements: exec_time, source: erp-db, class: queries.lookup}}
    {second}
    limits: [{{statistic: p95, max: {most}}}]
"""
SECOND = "second: {histogram: db_query_duration_seconds, source: metrics, class: queries.lookup}"
REQUESTS, QUERIES = (
    "metrics.http_request_duration_seconds.buckets",
    "metrics.db_query_duration_seconds.buckets",
)


def histogram(name: str, labels: str, bounds: tuple[str, ...]) -> str:
    """Return the exposition of a histogram that counted ten fast ones."""
    lines = [f"# TYPE {name} histogram"]
    lines += [f'{name}_bucket{{{labels},le="{bound}"}} 10' for bound in (*bounds, "+Inf")]
    return "\n".join([*lines, f"{name}_sum{{{labels}}} 0.001", f"{name}_count{{{labels}}} 10", ""])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus that scrapes an application with the guide's buckets."""
    with Target() as target:
        target.text = histogram(
            "http_request_duration_seconds",
            'method="GET",path="/bookings",status="200"',
            ("0.01", "0.05", "0.1", "0.5", "1", "5"),
        ) + histogram(
            "db_query_duration_seconds",
            'query_type="lookup",table="bookings"',
            ("0.001", "0.005", "0.01", "0.05", "0.1", "0.5"),
        )
        with prometheus(tmp_path_factory.mktemp("prometheus"), {"app": [target.address]}) as address:
            target.scraped.wait(10)
            time.sleep(1.5)
            yield address


async def told(folder: Path, place: str, second: str, most: str) -> dict[str, Finding]:
    """Return what is found of the guide's metrics, by its rule."""
    file = folder / "budgets.yaml"
    file.write_text(BUDGETS.format(place=place, second=second, most=most))
    return {one.rule: one for one in await metrics(load(file), lambda _: None)}


@pytest.mark.parametrize("second", [SECOND, ""])
async def test_the_guides_own_buckets(tmp_path: Path, place: str, second: str) -> None:
    """Those of requests lack 200 ms, which its own budgets hold; those of queries have 10 ms.

    The limits of statements are held against the queries' histogram whether or not a budget names it.
    """
    found = await told(tmp_path, place, second, "10ms")

    assert (found[REQUESTS].state, found[REQUESTS].found, found[REQUESTS].fix) == (
        State.WARN,
        (
            "by the limits held against them: 0.2 is missing; cost of adding: +1 bucket x 1 label set = +1 "
            "series"
        ),
        (
            "buckets: [0.01, 0.05, 0.1, 0.2, 0.5, 1, 5],  // prom-client\n"
            "buckets=(0.01, 0.05, 0.1, 0.2, 0.5, 1, 5),  # prometheus_client in Python"
        ),
    )
    assert (found[QUERIES].state, found[QUERIES].found, found[QUERIES].fix) == (
        State.PASS, "by the limits held against them: they end at each of its 1 threshold", "",
    )  # fmt: skip


async def test_a_limit_beyond_the_last_bucket(tmp_path: Path, place: str) -> None:
    """That it is broken can never be proven."""
    found = await told(tmp_path, place, SECOND, "5s")

    assert found[QUERIES].found == (
        "by the limits held against them: 5 is missing; cost of adding: +1 bucket x 1 label set = +1 series"
    )
