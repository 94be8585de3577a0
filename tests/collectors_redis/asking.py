"""Collectors as the tests build them, and what they answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from collectors.redis import build
from collectors.redis.collector import RedisCollector
from headroom.budgets import Kind, Measure
from headroom.observation import Absence, Part, Reading, Series
from headroom.sources import Secret, Source, SourceKind

NAME = "erp-cache"
MEMORY = Measure(NAME, Kind.MEMORY_LIMIT, "maxmemory")
HITS = Measure(NAME, Kind.HIT_RATE, "keyspace")
EVICTIONS = Measure(NAME, Kind.EVICTIONS)


def source(url: str | None, every: float = 15.0) -> Source:
    """Return the source at an address."""
    secret = None if url is None else Secret(url)
    return Source(NAME, SourceKind.REDIS, secret, timedelta(seconds=every), unset="HEADROOM_REDIS_URL")


@asynccontextmanager
async def collecting(url: str | None, every: float = 15.0) -> AsyncIterator[RedisCollector]:
    """Build a collector that is asked for memory and hit rate, and close it at the end."""
    collector = build(source(url, every), {MEMORY: (), HITS: ()})
    try:
        yield collector
    finally:
        await collector.close()


def part(reading: Reading, measure: Measure) -> Part:
    """Return the one part that a reading holds for a measure."""
    found = [one for one in reading.observations if one.series == Series.of(measure)]
    assert len(found) == 1, reading
    assert len(found[0].parts) == 1
    return found[0].parts[0]


def absence(reading: Reading, measure: Measure) -> Absence:
    """Return the one absence that a reading holds for a measure."""
    found = [one for one in reading.absences if one.series == Series.of(measure)]
    assert len(found) == 1, reading
    return found[0]
