"""A real PgBouncer before a real PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest

from tests.collectors_postgres.server import Server, initialised

from .pooler import Pooler

Start = Callable[..., Pooler]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """The PostgreSQL behind them."""
    template = initialised()
    server = Server(template).start()
    yield server
    server.remove()
    shutil.rmtree(template)


@pytest.fixture
def start(postgres: Server) -> Iterator[Start]:
    """Start poolers that belong to one test."""
    poolers: list[Pooler] = []

    def started(**settings: str) -> Pooler:
        poolers.append(Pooler(postgres, **settings))
        return poolers[-1].start()

    yield started
    for pooler in poolers:
        pooler.remove()
