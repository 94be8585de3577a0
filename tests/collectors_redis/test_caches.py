"""Caches that are full and well, full and ill, and nearly full without eviction, on all servers."""

from __future__ import annotations

import random

import pytest
import redis

from headroom.budgets import Reason
from headroom.evidence import Gauge, Ratio
from headroom.observation import Reading
from tests.redis_servers import SERVERS

from .asking import EVICTIONS, HITS, MEMORY, absence, collecting, part
from .conftest import Start
from .server import Server

EVERY = pytest.mark.parametrize("which", SERVERS)
VALUE = "x" * 4000


async def used(server: Server, hot: int, chance: random.Random) -> Reading:
    """Fill a cache, and look keys up among the first `hot`, storing each that is missing."""
    server.run(*[f"SET key:{number} {VALUE}" for number in range(3000)])
    with redis.Redis(port=server.port, protocol=2, driver_info=None) as client:
        async with collecting(server.url) as collector:
            ask(client, hot, chance)
            before = await collector.fetch()
            ask(client, hot, chance)
            return collector.difference(before, await collector.fetch())


def ask(client: redis.Redis, hot: int, chance: random.Random) -> None:
    """Look up 600 keys."""
    for number in [chance.randrange(hot) for _ in range(600)]:
        if client.get(f"key:{number}") is None:
            client.set(f"key:{number}", VALUE)


def shares(reading: Reading) -> tuple[float, float, float]:
    """Return memory, hit rate and evictions per command."""
    aside = [one for one in reading.observations if one.series.measure == f"{MEMORY.key}:evicting"]
    memory = aside[0].parts[0].evidence
    hits, evictions = part(reading, HITS).evidence, part(reading, EVICTIONS).evidence
    assert isinstance(memory, Gauge)
    assert isinstance(hits, Ratio)
    assert isinstance(evictions, Ratio)
    assert absence(reading, MEMORY).reason is Reason.POLICY
    return memory.last, hits.part / hits.whole, evictions.part / evictions.whole


@EVERY
async def test_full_and_well(start: Start, which: str) -> None:
    """At its limit, and what is asked for is there."""
    server = start(which, maxmemory="4mb", maxmemory_policy="allkeys-lru")
    memory, hits, evictions = shares(await used(server, 50, random.Random(1)))

    assert memory > 0.95
    assert hits > 0.9
    assert evictions < 0.1


@EVERY
async def test_full_and_thrashing(start: Start, which: str) -> None:
    """At its limit, and most of what is asked for was thrown away before."""
    server = start(which, maxmemory="4mb", maxmemory_policy="allkeys-lru")
    memory, hits, evictions = shares(await used(server, 3000, random.Random(2)))

    assert memory > 0.95
    assert hits < 0.4
    assert evictions > 0.2
