"""Real servers of all versions for the tests of command latency."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.collectors_redis.server import Server
from tests.redis_servers import SERVERS

Start = Callable[..., Server]

WITH_HISTOGRAMS = [which for which in SERVERS if which != "6.2"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start servers that belong to one test; from 7.0 on DEBUG must be allowed to be slow on purpose."""
    servers: list[Server] = []

    def started(which: str = "7.0", **settings: str) -> Server:
        debug = {} if which == "6.2" else {"enable_debug_command": "local"}
        servers.append(Server(which, **debug, **settings))
        return servers[-1].start()

    yield started
    for server in servers:
        server.remove()
