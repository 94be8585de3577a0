"""Real servers for the tests of the PostgreSQL collector."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .server import Server, initialised

Start = Callable[..., Server]


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    """A cluster that was never started; copying it takes a tenth of the time that initdb takes."""
    folder = initialised()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def cluster(template: Path) -> Iterator[Server]:
    """A server that many tests share; none stops it or changes its settings."""
    server = Server(template).start()
    server.run(
        "CREATE EXTENSION pg_stat_statements",
        "CREATE ROLE monitor LOGIN",
        "GRANT pg_monitor TO monitor",
        "CREATE ROLE nobody LOGIN",
        "CREATE TABLE tasks (id int PRIMARY KEY, booking int, title text)",
        "INSERT INTO tasks SELECT n, n % 10, 'task ' || n FROM generate_series(1, 100) n",
    )
    yield server
    server.remove()


@pytest.fixture
def start(template: Path) -> Iterator[Start]:
    """Start servers that belong to one test."""
    servers: list[Server] = []

    def started(**settings: str) -> Server:
        servers.append(Server(template, **settings))
        return servers[-1].start()

    yield started
    for server in servers:
        server.remove()
