"""Connections and collectors as the tests build them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from redis.asyncio.connection import AbstractConnection

from collectors.redis import build
from collectors.redis.address import address
from collectors.redis.collector import RedisCollector
from collectors.redis.snapshot import RedisSnapshot
from headroom.budgets import Kind, Measure
from headroom.observation import Part, Reading, Series
from headroom.sources import Secret, Source, SourceKind

NAME = "erp-cache"
ALL = Measure(NAME, Kind.COMMANDS, "all")
EVERY = 4  # polls from one reading of the commands to the next


def source(url: str) -> Source:
    """Return the source at an address."""
    return Source(NAME, SourceKind.REDIS, Secret(url), timedelta(seconds=15))


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[AbstractConnection]:
    """Open a connection as the collector does."""
    connection = address(source(url)).connection()
    try:
        yield connection
    finally:
        await connection.disconnect(nowait=True)


@asynccontextmanager
async def collecting(
    url: str, measures: Mapping[Measure, tuple[float, ...]] | None = None
) -> AsyncIterator[RedisCollector]:
    """Build a collector that is asked for the latency of all commands, and close it at the end."""
    collector = build(source(url), {ALL: ()} if measures is None else measures)
    try:
        yield collector
    finally:
        await collector.close()


async def until_read(collector: RedisCollector) -> RedisSnapshot:
    """Poll until the commands are read again; return that poll."""
    for _ in range(EVERY - 1):
        await collector.fetch()
    return await collector.fetch()


def parts(reading: Reading, measure: Measure, command: str = "") -> tuple[Part, ...]:
    """Return the parts that a reading holds for a measure, all together or of one command."""
    series = Series.of(measure, (("command", command),) if command else ())
    found = [one for one in reading.observations if one.series == series]
    assert len(found) == 1, reading
    return found[0].parts


def part(reading: Reading, measure: Measure, command: str = "") -> Part:
    """Return the one part that a reading holds for a measure, all together or of one command."""
    (one,) = parts(reading, measure, command)
    return one
