"""The ERP's connection pool, sized as the guide does, with every statement timed."""

import time
from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from demo.metrics import Metrics
from demo.queries import Query

POOL_MIN, POOL_MAX = 5, 20
IDLE_SECONDS = 30.0
WAIT_SECONDS = 5.0


class Database:
    """Runs queries; psycopg and psycopg_pool errors go to the caller."""

    def __init__(self, url: str, metrics: Metrics) -> None:
        self._metrics = metrics
        self._pool: AsyncConnectionPool[AsyncConnection[DictRow]] = AsyncConnectionPool(
            url,
            kwargs={"autocommit": True, "row_factory": dict_row},
            min_size=POOL_MIN,
            max_size=POOL_MAX,
            max_idle=IDLE_SECONDS,
            timeout=WAIT_SECONDS,
            open=False,
        )

    async def open(self) -> None:
        """Opens the pool and waits for its first connections."""
        await self._pool.open(wait=True, timeout=WAIT_SECONDS)

    async def close(self) -> None:
        """Closes every connection."""
        await self._pool.close(timeout=1)

    async def rows(self, query: Query, parameters: Sequence[Any]) -> list[DictRow]:
        """Runs a query and returns its rows, none for a statement that gives none."""
        async with self._pool.connection() as connection:
            started = time.perf_counter()
            try:
                cursor = await connection.execute(query.sql, parameters)
                return await cursor.fetchall() if cursor.description else []
            finally:
                self._metrics.record_query(query.kind, query.table, time.perf_counter() - started)

    async def row(self, query: Query, parameters: Sequence[Any]) -> DictRow | None:
        """Runs a query and returns its first row."""
        rows = await self.rows(query, parameters)
        return rows[0] if rows else None

    async def ping(self) -> None:
        """Raises if the database does not answer."""
        async with self._pool.connection() as connection:
            await connection.execute("SELECT 1")
