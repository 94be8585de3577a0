"""What the faults of caching do: keys that live too long, and a working set that Redis is too small for."""

import contextlib
import random
from collections.abc import AsyncIterator

from redis.asyncio import Redis

from demo.effects import Servers, redis_of, remove, repeated
from demo.redis_server import MAXMEMORY_BYTES

# Of no tenant that the ERP knows: a new transaction invalidates the reports of its own tenant only.
WRONG_KEY = "finance:report:0:wrong:{}:{}"
WRONG_KEYS = 200  # of each kind
HOURS = 1000
THRASH_KEY = "service:lookup:{}"
THRASH_MEMORY_BYTES = 8 * 1024 * 1024
THRASH_VALUE_BYTES = 4 * 1024
THRASH_KEYS = 16_000  # eight times of what fits
THRASH_AT_ONCE = 60
THRASH_EVERY_SECONDS = 0.2
THRASH_TTL_SECONDS = 3600


@contextlib.asynccontextmanager
async def wrong_ttl(servers: Servers) -> AsyncIterator[None]:
    """Stores reports without any expiry, and others for a thousand hours."""
    async with redis_of(servers) as owner:
        try:
            for number in range(WRONG_KEYS):
                await owner.set(WRONG_KEY.format("endless", number), "{}")
                await owner.set(WRONG_KEY.format("long", number), "{}", ex=HOURS * 3600)
            yield
        finally:
            await remove(owner, WRONG_KEY.format("*", "*"))


@contextlib.asynccontextmanager
async def cache_thrash(servers: Servers) -> AsyncIterator[None]:
    """Looks up many times more than fits into Redis, and stores each miss, as cache-aside does."""
    async with redis_of(servers) as owner:

        async def look_up() -> None:
            keys = [THRASH_KEY.format(random.randrange(THRASH_KEYS)) for _ in range(THRASH_AT_ONCE)]
            await _store(owner, [key for key, found in await _found(owner, keys) if not found])

        await owner.config_set("maxmemory", THRASH_MEMORY_BYTES)
        try:
            async with repeated(look_up, THRASH_EVERY_SECONDS):
                yield
        finally:
            await owner.config_set("maxmemory", MAXMEMORY_BYTES)
            await remove(owner, THRASH_KEY.format("*"))


async def _found(owner: Redis, keys: list[str]) -> list[tuple[str, bool]]:
    async with owner.pipeline(transaction=False) as asking:
        for key in keys:
            asking.getrange(key, 0, 0)
        return list(zip(keys, map(bool, await asking.execute()), strict=True))


async def _store(owner: Redis, keys: list[str]) -> None:
    # SETRANGE allocates the memory and leaves a line of a few bytes in the append-only file.
    async with owner.pipeline(transaction=False) as storing:
        for key in keys:
            storing.setrange(key, THRASH_VALUE_BYTES - 1, "x")
            storing.expire(key, THRASH_TTL_SECONDS)
        await storing.execute()
