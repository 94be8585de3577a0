"""Collectors as the tests build them, and what they answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from collectors.postgres import build
from collectors.postgres.collector import PostgresCollector
from headroom.budgets import Kind, Measure
from headroom.evidence import Moments
from headroom.observation import BESIDE, Absence, Part, Reading, Series
from headroom.sources import QueryClass, QueryRules, Secret, Source, SourceKind

NAME = "erp-db"
THRESHOLDS = {"lookup": 0.01, "list": 0.05, "aggregate": 0.5, "analytics": 5.0, "write": 0.1}
RULES = QueryRules(tuple(QueryClass(name) for name in THRESHOLDS))


def statements(group: str) -> Measure:
    """Return the measure of a class of statements."""
    return Measure(NAME, Kind.STATEMENTS, group=f"queries.{group}")


def connections(of: str = "max_connections", role: str = "") -> Measure:
    """Return the measure of connections in use."""
    return Measure(NAME, Kind.CONNECTIONS, of, f"role.{role}" if role else "")


ALL: dict[Measure, tuple[float, ...]] = {statements(name): (limit,) for name, limit in THRESHOLDS.items()} | {
    connections(): ()
}


def source(url: str | None, every: float = 15.0) -> Source:
    """Return the source at an address."""
    secret = None if url is None else Secret(url)
    return Source(NAME, SourceKind.POSTGRES, secret, timedelta(seconds=every), unset="HEADROOM_POSTGRES_URL")


@asynccontextmanager
async def collecting(
    url: str | None,
    measures: Mapping[Measure, tuple[float, ...]] = ALL,
    rules: QueryRules = RULES,
    every: float = 15.0,
) -> AsyncIterator[PostgresCollector]:
    """Build a collector and close it at the end."""
    collector = build(source(url, every), measures, rules)
    try:
        yield collector
    finally:
        await collector.close()


def part(reading: Reading, measure: Measure | str) -> Part:
    """Return the one part of its own that a reading holds for a measure."""
    series = Series.of(measure) if isinstance(measure, Measure) else Series(NAME, measure)
    found = [one for one in reading.observations if one.series == series]
    assert len(found) == 1, reading
    (mine,) = [one for one in found[0].parts if one.quality not in BESIDE]
    return mine


def moments(part: Part) -> Moments:
    """Return the evidence of a class of statements."""
    assert isinstance(part.evidence, Moments)
    return part.evidence


def calls(reading: Reading, group: str) -> int:
    """Return how many calls of a class a reading holds."""
    return moments(part(reading, statements(group))).n


def absence(reading: Reading, measure: Measure) -> Absence:
    """Return the one absence that a reading holds for a measure."""
    found = [one for one in reading.absences if one.series == Series.of(measure)]
    assert len(found) == 1, reading
    return found[0]
