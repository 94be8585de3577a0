"""What the faults do to the demo's own servers, each a context; leaving it undoes what it did."""

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from demo.postgres import Postgres, script
from demo.processes import Child
from demo.redis_server import MAXMEMORY_BYTES, MEMORY_LIMIT_BYTES, POLICY, RedisServer

DROP_INDEXES: LiteralString = (
    "DROP INDEX IF EXISTS idx_transactions_tenant_date_type, idx_transactions_booking, "
    "idx_transactions_category_date"
)
SLOTS_LEFT: LiteralString = (
    "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
    " - count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
)
SLOTS_KEPT_FREE = 2  # for the monitor, which has to see the fault
EVERY_SECONDS = 1.0
FILLING = (1024 * 1024, 64 * 1024, 4 * 1024)
FILL_KEY = "demo:fill:{}:{}"
COMMAND_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Servers:
    """What a fault may touch: the demo's own servers and nothing else."""

    postgres: Postgres
    redis: RedisServer
    erp: Child


def erp_switch(name: str) -> Callable[[Servers], AbstractAsyncContextManager[None]]:
    """Returns the effect of a fault that is built into the ERP."""

    @contextlib.asynccontextmanager
    async def hold(servers: Servers) -> AsyncIterator[None]:
        servers.erp.write(json.dumps({"switch": name, "on": True}).encode())
        try:
            yield
        finally:
            servers.erp.write(json.dumps({"switch": name, "on": False}).encode())

    return hold


@contextlib.asynccontextmanager
async def missing_index(servers: Servers) -> AsyncIterator[None]:
    """Drops the guide's indexes on transactions and creates them again."""
    async with await _connect(servers.postgres.owner_url) as owner:
        await owner.execute(DROP_INDEXES)
    try:
        yield
    finally:
        async with await _connect(servers.postgres.owner_url) as owner:
            await owner.execute(script("indexes.sql"))


@contextlib.asynccontextmanager
async def pool_exhaustion(servers: Servers) -> AsyncIterator[None]:
    """Holds connections idle in transaction, as many as leave SLOTS_KEPT_FREE for others."""
    held: list[psycopg.AsyncConnection] = []
    async with await _connect(servers.postgres.owner_url) as owner:

        async def fill() -> None:
            row = await (await owner.execute(SLOTS_LEFT)).fetchone()
            surplus = (row[0] if row else 0) - SLOTS_KEPT_FREE
            # Where the ERP takes a slot first, the next round looks again.
            with contextlib.suppress(psycopg.OperationalError):
                for _ in range(surplus):
                    connection = await _connect(servers.postgres.erp_url, autocommit=False)
                    held.append(connection)
                    await connection.execute("SELECT 1")  # begins the transaction that it stays in
            for _ in range(min(-surplus, len(held))):
                await held.pop().close()

        try:
            await fill()
            async with repeated(fill):
                yield
        finally:
            for connection in held:
                await connection.close()


@contextlib.asynccontextmanager
async def redis_full(servers: Servers) -> AsyncIterator[None]:
    """Fills Redis up to maxmemory and lets it evict nothing."""
    async with redis_of(servers) as owner:
        await owner.config_set("maxmemory-policy", "noeviction")
        try:
            for size in FILLING:
                await _fill(owner, size)
            yield
        finally:
            await remove(owner, FILL_KEY.format("*", "*"))
            await owner.config_set("maxmemory-policy", POLICY)


@contextlib.asynccontextmanager
async def redis_limit(servers: Servers) -> AsyncIterator[None]:
    """Lets Redis grow to twice what its container would give it, as the guide does."""
    async with redis_of(servers) as owner:
        await owner.config_set("maxmemory", 2 * MEMORY_LIMIT_BYTES)
        try:
            yield
        finally:
            await owner.config_set("maxmemory", MAXMEMORY_BYTES)


@contextlib.asynccontextmanager
async def cache_flush(servers: Servers) -> AsyncIterator[None]:
    """Empties the ERP's cache every second."""
    async with redis_of(servers) as owner:

        async def flush() -> None:
            for pattern in ("finance:report:*", "user:session:*"):
                await remove(owner, pattern)

        async with repeated(flush):
            yield


@contextlib.asynccontextmanager
async def hang_redis(servers: Servers) -> AsyncIterator[None]:
    """Stops the Redis process, so that connections are accepted by the kernel and nothing is answered."""
    servers.redis.child.send(signal.SIGSTOP)
    try:
        yield
    finally:
        servers.redis.child.send(signal.SIGCONT)


@contextlib.asynccontextmanager
async def repeated(
    action: Callable[[], Awaitable[None]], seconds: float = EVERY_SECONDS
) -> AsyncIterator[None]:
    """Does something again and again while the context lasts; its failure ends the context."""

    async def repeat() -> None:
        while True:
            await action()
            await asyncio.sleep(seconds)

    try:
        async with asyncio.TaskGroup() as group:  # a failing action ends the context with its error
            task = group.create_task(repeat())
            try:
                yield
            finally:
                task.cancel()
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def _fill(owner: Redis, size: int) -> None:
    # SETRANGE allocates the memory and leaves a line of a few bytes in the append-only file.
    with contextlib.suppress(ResponseError):  # "OOM command not allowed": full
        for number in range(2 * MAXMEMORY_BYTES // size):
            await owner.setrange(FILL_KEY.format(size, number), size - 1, "x")


async def remove(owner: Redis, pattern: str) -> None:
    """Removes the keys that match."""
    keys = [key async for key in owner.scan_iter(pattern, count=1000)]
    for start in range(0, len(keys), 500):
        await owner.unlink(*keys[start : start + 500])


def redis_of(servers: Servers) -> Redis:
    """Returns a connection to Redis that may do everything."""
    return Redis.from_url(
        servers.redis.owner_url, socket_timeout=COMMAND_SECONDS, socket_connect_timeout=COMMAND_SECONDS
    )


async def _connect(url: str, *, autocommit: bool = True) -> psycopg.AsyncConnection:
    return await psycopg.AsyncConnection.connect(url, autocommit=autocommit, connect_timeout=COMMAND_SECONDS)
