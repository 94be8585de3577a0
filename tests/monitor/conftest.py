"""A Redis to collect from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.collectors_redis.server import Server


@pytest.fixture
def cache() -> Iterator[Server]:
    """A running Redis with a limit, which refuses writes at it."""
    server = Server(maxmemory="64mb", maxmemory_policy="noeviction")
    server.start()
    yield server
    server.remove()
