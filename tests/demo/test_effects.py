"""Each fault on real servers: what it does while it is on, and that nothing of it stays."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError

from demo.binaries import find_binaries
from demo.effects import Servers
from demo.erp_process import start_erp
from demo.faults import FAULTS
from demo.http_client import HttpClient, Request
from demo.postgres import MAX_CONNECTIONS, Cluster, start_postgres
from demo.processes import Children
from demo.redis_server import MAXMEMORY_BYTES, start_redis

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("demo effects")]

BOOKINGS = Request("GET", "/bookings?limit=30", user=3)
TRANSACTIONS = Request("GET", "/transactions?limit=30", user=3)
REPORT = Request("GET", "/reports/revenue", user=3)
USABLE_CONNECTIONS = MAX_CONNECTIONS - 3  # superuser_reserved_connections


class Bench:
    """PostgreSQL, Redis and the ERP without traffic, so that every figure is the test's own."""

    def __init__(self, servers: Servers, erp_port: int) -> None:
        self.servers = servers
        self.erp_port = erp_port
        self._client = HttpClient(erp_port)
        self.redis = Redis.from_url(servers.redis.owner_url)

    def on(self, fault: str) -> AbstractAsyncContextManager[None]:
        """The context in which a fault is on."""
        return FAULTS[fault].hold(self.servers)

    async def ask(self, request: Request) -> bytes:
        """Returns the body of a good answer."""
        status, body = await self._client.send(request, 5)
        assert status == 200, body
        return body

    async def status(self, request: Request) -> int:
        """Returns the status of an answer, good or not."""
        return (await self._client.send(request, 5))[0]

    async def figure(self, name: str, **labels: str) -> float:
        """Adds up the ERP's samples that have these labels."""
        text = (await self.ask(Request("GET", "/metrics"))).decode()
        samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
        return sum(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())

    async def switched(self) -> None:
        """Gives the ERP the moment that it needs to read the pipe."""
        await asyncio.sleep(0.1)

    async def sql(self, statement: str) -> list[psycopg.rows.TupleRow]:
        """Asks the database as its owner."""
        url = self.servers.postgres.owner_url
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as owner:
            return await (await owner.execute(statement)).fetchall()

    async def close(self) -> None:
        """Closes the connections."""
        self._client.close()
        await self.redis.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(open_folder: Path) -> AsyncIterator[Bench]:
    """The servers, started once."""
    folder = open_folder
    binaries = find_binaries()
    children = Children(binaries.setpriv, folder)
    try:
        cluster = Cluster(folder, pytest.fail)
        postgres = await start_postgres(binaries.postgres, cluster, folder, children, "a password")
        redis = await start_redis(binaries.redis, folder / "redis", folder, children)
        erp, port = await start_erp(
            folder / "files", folder, children, postgres_url=postgres.erp_url, redis_url=redis.erp_url
        )
        started = Bench(Servers(postgres, redis, erp), port)
        yield started
        await started.close()
    finally:
        await children.stop(0.5, 1)


async def test_passwords_are_not_kept(bench: Bench) -> None:
    """The server keeps the text of the statement that made a role, but no password in it."""
    texts = [
        row[0] for row in await bench.sql("SELECT query FROM pg_stat_statements WHERE query ~ 'CREATE ROLE'")
    ]

    assert len(texts) == 2
    for url in (bench.servers.postgres.erp_url, bench.servers.postgres.headroom_url):
        password = urlsplit(url).password
        assert password
        assert not any(password in text for text in texts)


async def test_missing_index(bench: Bench) -> None:
    """The guide's indexes on transactions go, its others stay, and all six are back afterwards."""

    async def guide_indexes() -> set[str]:
        rows = await bench.sql("SELECT indexname FROM pg_indexes WHERE indexname LIKE 'idx\\_%'")
        return {row[0] for row in rows}

    before = await guide_indexes()
    async with bench.on("missing-index"):
        assert before - await guide_indexes() == {
            *("idx_transactions_tenant_date_type", "idx_transactions_booking"),
            "idx_transactions_category_date",
        }
        await bench.ask(TRANSACTIONS)

    assert await guide_indexes() == before


async def test_n_plus_one(bench: Bench) -> None:
    """A page of 30 bookings costs 30 statements for tasks and as many for payments, and says the same."""

    async def made() -> tuple[float, ...]:
        name = "db_query_duration_seconds_count"
        return tuple([await bench.figure(name, table=table) for table in ("tasks", "transactions")])

    async def cost() -> tuple[tuple[float, ...], list[dict[str, Any]]]:
        before = await made()
        page = json.loads(await bench.ask(BOOKINGS))
        return tuple(now - then for now, then in zip(await made(), before, strict=True)), page

    assert (await cost())[0] == (1, 1)
    async with bench.on("n-plus-one"):
        await bench.switched()
        statements, page = await cost()
        assert statements == (30, 30)
    await bench.switched()
    assert await cost() == ((1, 1), page)
    assert all(task["assignee"] for booking in page for task in booking["tasks"])
    assert any(booking["paid"] for booking in page)


async def test_offset_pagination(bench: Bench) -> None:
    """The transaction list is read with a deep OFFSET, and only while the fault is on."""

    async def offsets() -> int:
        query = "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE query LIKE '%OFFSET%'"
        return int((await bench.sql(f"{query} AND query NOT LIKE '%pg_stat%'"))[0][0])

    async with bench.on("offset-pagination"):
        await bench.switched()
        assert len(json.loads(await bench.ask(TRANSACTIONS))) == 30
        assert await offsets() == 1
    await bench.switched()
    await bench.ask(TRANSACTIONS)
    assert await offsets() == 1


async def test_milliseconds(bench: Bench) -> None:
    """Milliseconds go into the histogram of seconds, and only while the fault is on."""

    async def recorded() -> float:
        name = "http_request_duration_seconds_sum"
        before = await bench.figure(name, path="/bookings")
        await bench.ask(BOOKINGS)
        return await bench.figure(name, path="/bookings") - before

    assert await recorded() < 0.4
    async with bench.on("milliseconds"):
        await bench.switched()
        assert await recorded() > 0.4
    await bench.switched()
    assert await recorded() < 0.4


async def test_pool_exhaustion(bench: Bench) -> None:
    """More than 90 % of the connections are in use, most idle in transaction; the ERP goes on."""

    async def connections() -> tuple[int, int]:
        rows = await bench.sql(
            "SELECT count(*), count(*) FILTER (WHERE state = 'idle in transaction') FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return int(rows[0][0]), int(rows[0][1])

    async with bench.on("pool-exhaustion"):
        used, idle = await connections()
        assert USABLE_CONNECTIONS * 0.9 < used < USABLE_CONNECTIONS
        assert idle > 40
        await bench.ask(BOOKINGS)

    async with asyncio.timeout(5):
        while (await connections())[1]:  # noqa: ASYNC110 - the server says nothing by itself
            await asyncio.sleep(0.05)


async def test_redis_full(bench: Bench) -> None:
    """Redis is full and refuses to store; afterwards its memory and policy are as before."""
    await bench.ask(REPORT)
    before = await bench.redis.info("memory")
    async with bench.on("redis-full"):
        during = await bench.redis.info("memory")
        assert during["used_memory"] > 0.99 * MAXMEMORY_BYTES
        assert during["maxmemory_policy"] == "noeviction"
        with pytest.raises(OutOfMemoryError):
            await bench.redis.set("one", "more")
        await bench.ask(Request("GET", "/users/5", user=5))
    after = await bench.redis.info("memory")

    assert after["maxmemory_policy"] == "allkeys-lru"
    assert after["used_memory"] < before["used_memory"] + 2 * 1024 * 1024
    assert [key async for key in bench.redis.scan_iter("demo:fill:*")] == []
    assert [key async for key in bench.redis.scan_iter("finance:report:*")]


async def test_cache_flush(bench: Bench) -> None:
    """What the ERP caches is gone within about a second, and stays once the fault is off."""
    async with bench.on("cache-flush"):
        await bench.ask(REPORT)
        await asyncio.sleep(1.3)
        assert await bench.redis.dbsize() == 0
    await bench.ask(REPORT)
    await asyncio.sleep(1.1)
    assert await bench.redis.dbsize() == 2


async def test_hang_redis(bench: Bench) -> None:
    """With Redis stopped the ERP answers, late once and at once after that; then Redis is used again."""
    await bench.ask(REPORT)
    async with bench.on("hang-redis"):
        for longest in (0.9, 0.2):
            begun = time.monotonic()
            await bench.ask(REPORT)
            assert time.monotonic() - begun < longest

    hits = (await bench.redis.info("stats"))["keyspace_hits"]
    async with asyncio.timeout(5):
        while (await bench.redis.info("stats"))["keyspace_hits"] == hits:
            await bench.ask(REPORT)
            await asyncio.sleep(0.2)
