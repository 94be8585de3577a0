"""What the collector's own statements cost a real server, and only they."""

from __future__ import annotations

import re
import time

import pytest

from headroom.cost import OWN_TIME
from headroom.evidence import Ratio

from .asking import collecting, part
from .conftest import Clusters, Start
from .server import MAJORS


@pytest.mark.parametrize("major", MAJORS)
async def test_own_time_is_that_of_own_statements_only(cluster_of: Clusters, major: int) -> None:
    """A slow statement of somebody else is not in it, and it is more than nothing."""
    server = cluster_of(major)
    async with collecting(server.url_of("monitor")) as collector:
        await collector.fetch()
        await collector.fetch()
        before = await collector.fetch()  # by now it knows its own statements
        server.run("SELECT pg_sleep(1)")
        found = part(collector.difference(before, await collector.fetch()), OWN_TIME)

    assert isinstance(found.evidence, Ratio)
    assert 0 < found.evidence.part < 0.5
    assert found.evidence.whole >= 1
    assert found.detail.split(" took ")[0].endswith(" statements of Headroom's own")


async def test_what_it_holds_and_writes_is_told(start: Start) -> None:
    """Connections of its name and role, and the temporary blocks that reading many long texts takes."""
    server = start(work_mem="64kB")
    server.run("CREATE EXTENSION pg_stat_statements")
    now = [time.monotonic()]
    async with collecting(server.url) as collector, collecting(server.url) as other:
        await other.fetch()
        first = await collector.fetch()
        assert collector._reader is not None
        assert collector._reader.counting is not None
        collector._reader.counting.clock = lambda: now[0]
        details = []
        for size in (800, 900, 1000, 1100):  # the statement that reads texts must be known itself
            server.run(*["SELECT 1" + " + 1" * (size + number) for number in range(40)])
            collector.learning._allowed = 3.0
            for _ in range(2):
                now[0] += 61.0
                last, first = first, await collector.fetch()
                details.append(part(collector.difference(last, first), OWN_TIME).detail)

    assert all("; it holds 2 connections" in detail for detail in details)
    assert any(re.search(r" and wrote [0-9]+ temporary blocks since it last looked$", one) for one in details)
