"""The commands of all primaries of a real cluster together."""

from __future__ import annotations

from headroom.evidence import Histogram
from headroom.observation import Quality
from tests.collectors_redis.test_cluster import cluster

from .asking import ALL, collecting, part, until_read


async def test_commands_of_all_primaries_are_one_histogram() -> None:
    """Each counts its own; what is told is their sum, and of it nothing for the nodes without slots."""
    with cluster() as servers:
        async with collecting(servers[0].url) as collector:
            before = await collector.fetch()
            for number, server in enumerate(servers[:3], 1):
                server.run(*["ECHO a"] * 10 * number)
            after = await until_read(collector)
            reading = collector.difference(before, after)

    found = part(reading, ALL, "echo")
    assert isinstance(found.evidence, Histogram)
    assert (found.evidence.n, found.quality) == (60, Quality.EXACT)
    assert found.evidence.total is not None
    assert part(reading, ALL).evidence == found.evidence
