"""A Redis of a hundred million bytes to collect from, and a receiver."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.alerts.receiver import Receiver
from tests.collectors_redis.server import Server


@pytest.fixture
def cache() -> Iterator[Server]:
    """A running Redis."""
    server = Server(maxmemory="100000000", maxmemory_policy="noeviction")
    server.start()
    yield server
    server.remove()


@pytest.fixture
def other() -> Iterator[Server]:
    """Another one."""
    server = Server(maxmemory="100000000", maxmemory_policy="noeviction")
    server.start()
    yield server
    server.remove()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook that takes everything."""
    with Receiver() as opened:
        yield opened
