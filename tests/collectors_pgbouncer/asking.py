"""Collectors as the tests build them, and what they answered."""

from __future__ import annotations

from datetime import timedelta

from collectors.pgbouncer import build
from headroom.budgets import Kind, Measure
from headroom.evidence import Gauge
from headroom.observation import Absence, Reading, Series
from headroom.sources import Secret, Source, SourceKind
from headroom.whose import Whose

NAME = "pooler"


def measure(of: str = "servers", role: str | None = None, database: str | None = None) -> Measure:
    """Return a measure of pools."""
    return Measure(NAME, Kind.POOL, of, Whose(role, database).group)


def source(url: str, every: float = 15.0) -> Source:
    """Return the source at an address."""
    return Source(NAME, SourceKind.PGBOUNCER, Secret(url), timedelta(seconds=every))


async def polled(url: str, *measures: Measure) -> Reading:
    """Return what two polls tell."""
    collector = build(source(url), dict.fromkeys(measures, ()))
    try:
        first = await collector.fetch()
        assert collector.load(first.dump()) == first
        return collector.difference(first, await collector.fetch())
    finally:
        await collector.close()


def told(reading: Reading, asked: Measure, **subject: str) -> tuple[float, str]:
    """Return share and detail of the one part for a measure and a subject."""
    series = Series.of(asked, tuple(sorted(subject.items())))
    [part] = [part for one in reading.observations if one.series == series for part in one.parts]
    assert isinstance(part.evidence, Gauge)
    return part.evidence.last, part.detail


def absence(reading: Reading, asked: Measure) -> Absence:
    """Return why there is nothing for a measure."""
    [found] = [one for one in reading.absences if one.series == Series.of(asked)]
    return found
