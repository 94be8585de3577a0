"""Real servers for the tests of the audit of a Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from collectors.redis import own
from tests.collectors_redis.server import Server

Start = Callable[..., Server]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start servers that belong to one test, with an empty ledger of our own probes."""
    servers: list[Server] = []
    own._LEDGERS.clear()

    def started(which: str = "7.0", **settings: str) -> Server:
        servers.append(Server(which, **settings))
        return servers[-1].start()

    yield started
    for server in servers:
        server.remove()
