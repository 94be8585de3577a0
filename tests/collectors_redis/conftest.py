"""Real servers for the tests of the Redis collector."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from .server import Server

Start = Callable[..., Server]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start servers that belong to one test; it takes 20 ms."""
    servers: list[Server] = []

    def started(which: str = "7.0", **settings: str) -> Server:
        servers.append(Server(which, **settings))
        return servers[-1].start()

    yield started
    for server in servers:
        server.remove()
