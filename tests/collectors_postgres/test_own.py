"""What the collector's own statements cost a real server, and only they."""

from __future__ import annotations

import pytest

from headroom.cost import OWN_TIME
from headroom.evidence import Ratio

from .asking import collecting, part
from .conftest import Clusters
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
