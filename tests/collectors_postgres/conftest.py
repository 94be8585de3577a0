"""Real servers for the tests of the PostgreSQL collector."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .server import DEBIANS, Server, fetched_here, initialised

Start = Callable[..., Server]
Templates = Callable[[int], Path]
Clusters = Callable[[int], Server]


@pytest.fixture(scope="session")
def template_of() -> Iterator[Templates]:
    """Clusters that were never started, by major; copying one takes a tenth of the time that initdb takes."""
    made: dict[int, Path] = {}

    def template(major: int) -> Path:
        if major != DEBIANS and not fetched_here():
            pytest.skip(f"PostgreSQL {major} for tests is to be had for Linux on x86_64 only")
        if major not in made:
            made[major] = initialised(major)
        return made[major]

    yield template
    for folder in made.values():
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def template(template_of: Templates) -> Path:
    """The template of Debian's PostgreSQL."""
    return template_of(DEBIANS)


@pytest.fixture(scope="session")
def cluster_of(template_of: Templates) -> Iterator[Clusters]:
    """Servers that many tests share, by major; none stops one or changes its settings."""
    made: dict[int, Server] = {}

    def cluster(major: int) -> Server:
        if major not in made:
            made[major] = Server(template_of(major)).start()
            made[major].run(
                "CREATE EXTENSION pg_stat_statements",
                "CREATE ROLE monitor LOGIN",
                "GRANT pg_monitor TO monitor",
                "CREATE ROLE nobody LOGIN",
                "CREATE TABLE tasks (id int PRIMARY KEY, booking int, title text)",
                "INSERT INTO tasks SELECT n, n % 10, 'task ' || n FROM generate_series(1, 100) n",
            )
        return made[major]

    yield cluster
    for server in made.values():
        server.remove()


@pytest.fixture(scope="session")
def cluster(cluster_of: Clusters) -> Server:
    """The shared server of Debian's PostgreSQL."""
    return cluster_of(DEBIANS)


@pytest.fixture
def start(template_of: Templates) -> Iterator[Start]:
    """Start servers that belong to one test, of Debian's PostgreSQL unless a `major` is named."""
    servers: list[Server] = []

    def started(major: int = DEBIANS, **settings: str) -> Server:
        servers.append(Server(template_of(major), **settings))
        return servers[-1].start()

    yield started
    for server in servers:
        server.remove()
