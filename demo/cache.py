"""The cache-aside of the sample ERP over Redis; when Redis fails or hangs, the ERP goes on without it."""

import json
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

TIMEOUT_SECONDS = 0.1
PAUSE_SECONDS = 2.0
NOTE_SECONDS = 10.0
SCAN_COUNT = 500
SCAN_ROUNDS = 50

log = logging.getLogger("demo.cache")


class Cache:
    """JSON values in Redis; no method raises because of Redis, and one that hangs is left alone a while."""

    def __init__(self, url: str) -> None:
        self.hits = 0
        self.misses = 0
        self._paused_until = 0.0
        self._next_note = 0.0
        self._redis: Redis = Redis.from_url(
            url,
            protocol=2,
            driver_info=None,  # a client that names itself is refused by the ACL
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
            max_connections=100,
        )

    async def get_or_set(self, key: str, make: Callable[[], Awaitable[Any]], ttl: int) -> Any:
        """Returns the cached value, or makes it and caches it for `ttl` seconds."""
        cached = await self.get(key)
        if cached is not None:
            return cached
        value = await make()
        if value is not None:
            await self._ask(lambda: self._redis.set(key, json.dumps(value, default=str), ex=ttl))
        return value

    async def get(self, key: str) -> Any:
        """Returns the cached value, or None if there is none or Redis does not answer."""
        text = await self._ask(lambda: self._redis.get(key))
        if text is None:
            self.misses += 1
            return None
        self.hits += 1
        return json.loads(text)

    async def invalidate(self, pattern: str) -> None:
        """Removes the keys that match, walking the keys in bounded steps."""
        cursor = 0
        for _ in range(SCAN_ROUNDS):
            answer = await self._ask(partial(self._redis.scan, cursor, match=pattern, count=SCAN_COUNT))
            if answer is None:
                return
            cursor, found = answer
            if found:
                await self._ask(partial(self._redis.unlink, *found))
            if cursor == 0:
                return

    async def ping(self) -> bool:
        """Tells whether Redis answers."""
        return await self._ask(self._redis.ping) is not None

    async def close(self) -> None:
        """Closes the connections."""
        await self._redis.aclose()

    async def _ask(self, command: Callable[[], Any]) -> Any:
        if time.monotonic() < self._paused_until:
            return None
        try:
            return await command()
        except ResponseError as error:  # out of memory, for one: reading still works
            self._note(f"Redis refused a command: {error}")
        except (RedisError, OSError) as error:
            self._paused_until = time.monotonic() + PAUSE_SECONDS
            why = type(error).__name__
            self._note(f"Redis does not answer, asked again every {PAUSE_SECONDS:g} s: {why}")
        return None

    def _note(self, what: str) -> None:
        if time.monotonic() >= self._next_note:
            self._next_note = time.monotonic() + NOTE_SECONDS
            log.warning(what)
