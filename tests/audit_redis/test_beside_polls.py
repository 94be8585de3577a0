"""An audit beside polls of the same process: what it asks is in no figure that the polls tell."""

from __future__ import annotations

import asyncio
import itertools

from collectors.redis import build
from headroom.budgets import Kind, Measure
from headroom.evidence import Ratio

from .conftest import Start
from .planted import NAME, audited, census, client, plant, source

HITS = Measure(NAME, Kind.HIT_RATE, "keyspace")


async def test_polls_do_not_see_the_audit(start: Start) -> None:
    """Ten misses of the application stay ten misses, however many thousand keys are asked meanwhile."""
    server = start()
    plant(server, 4)
    collector = build(source(server), {HITS: ()})
    snapshots = [await collector.fetch()]
    scan = asyncio.create_task(audited(server))
    with client(server) as application:
        while not scan.done():
            application.get("nothing")
            await asyncio.sleep(0.05)
            snapshots.append(await collector.fetch())
    seen = census((await scan)[0]).seen
    snapshots.append(await collector.fetch())
    readings = [collector.difference(*pair) for pair in itertools.pairwise(snapshots)]
    await collector.close()
    found = [
        part.evidence
        for reading in readings
        for one in reading.observations
        if one.series.measure == HITS.key
        for part in one.parts
    ]

    assert seen == 5_000
    assert all(isinstance(one, Ratio) for one in found)
    assert sum(one.part for one in found if isinstance(one, Ratio)) == 0
    assert sum(one.whole for one in found if isinstance(one, Ratio)) == len(snapshots) - 2
