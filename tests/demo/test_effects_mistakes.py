"""The guide's own mistakes on a real ERP: each is made while it is on, and nothing of it stays."""

import asyncio

import pytest

from demo.erp import Switches
from demo.http_client import Request
from demo.metrics import MOST_RAW, Metrics
from demo.redis_server import MAXMEMORY_BYTES, MEMORY_LIMIT_BYTES
from tests.demo.test_effects import BOOKINGS, Bench, bench

__all__ = ["bench"]

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("demo effects")]

REQUESTS = "http_request_duration_seconds_count"


async def test_raw_urls(bench: Bench) -> None:
    """Requests are recorded under their addresses, queries and all; those label sets go with the fault."""
    async with bench.on("raw-urls"):
        await bench.switched()
        for user in (5, 13):
            await bench.ask(Request("GET", f"/users/{user}?full=1", user=user))
        assert await bench.figure(REQUESTS, path="/users/5?full=1") == 1
        assert await bench.figure(REQUESTS, path="/users/13?full=1") == 1
        assert await bench.figure(REQUESTS, path="/users/{id}") == 0
    await bench.switched()
    await bench.ask(Request("GET", "/users/5?full=1", user=5))

    assert await bench.figure(REQUESTS, path="/users/5?full=1") == 0
    assert await bench.figure(REQUESTS, path="/users/{id}") == 1


async def test_raw_urls_have_an_end() -> None:
    """Addresses beyond so many go under their route, or the ERP's memory would have no end."""
    metrics = Metrics(Switches(raw_urls=True))

    kept = [metrics.record_address("GET", f"/users/{number}", 200, 0.1) for number in range(MOST_RAW + 5)]

    assert kept == [True] * MOST_RAW + [False] * 5
    assert metrics.record_address("GET", "/users/0", 200, 0.1)


async def test_label_mismatch(bench: Bench) -> None:
    """The histogram of queries is declared and counts nothing; the ERP answers, and counts on afterwards."""
    name = "db_query_duration_seconds_count"
    await bench.ask(BOOKINGS)
    before = await bench.figure(name, table="bookings")
    async with bench.on("label-mismatch"):
        await bench.switched()
        await bench.ask(BOOKINGS)
        assert await bench.figure(name) == 0
        text = (await bench.ask(Request("GET", "/metrics"))).decode()
        assert "# TYPE db_query_duration_seconds histogram" in text
    await bench.switched()
    await bench.ask(BOOKINGS)

    assert await bench.figure(name, table="bookings") == before + 1


async def test_failures_untimed(bench: Bench) -> None:
    """Some requests fail with 503; the gateway counts them, and the ERP's histogram does not."""
    async with bench.on("failures-untimed"):
        await bench.switched()
        statuses = [await bench.status(BOOKINGS) for _ in range(100)]
        assert set(statuses) == {200, 503}
        assert await bench.figure("gateway_responses_total", status="503") == statuses.count(503)
        assert await bench.figure(REQUESTS, status="503") == 0
        assert await bench.status(Request("GET", "/health/live")) == 200
    await bench.switched()

    assert {await bench.status(BOOKINGS) for _ in range(50)} == {200}


async def test_redis_limit(bench: Bench) -> None:
    """Redis may take more than its container gives it, and only while the fault is on."""

    async def maxmemory() -> int:
        return int((await bench.redis.config_get("maxmemory"))["maxmemory"])

    assert await maxmemory() == MAXMEMORY_BYTES < MEMORY_LIMIT_BYTES
    async with bench.on("redis-limit"):
        assert await maxmemory() == 2 * MEMORY_LIMIT_BYTES
    await asyncio.sleep(0)
    assert await maxmemory() == MAXMEMORY_BYTES
