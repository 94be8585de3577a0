"""Keeps the ERP's tables small, however long the demo runs."""

import asyncio
import logging

import psycopg

from demo.database import Database
from demo.queries import NEWEST_ID, TRIM

EVERY_SECONDS = 20.0
KEPT_ROWS = 5000

log = logging.getLogger("demo.upkeep")


async def newest_ids(database: Database) -> dict[str, int]:
    """Returns the newest id of each table that traffic adds to."""
    newest = {}
    for query in NEWEST_ID:
        row = await database.row(query, [])
        newest[query.table] = int(row["id"]) if row and row["id"] is not None else 0
    return newest


async def keep_small(database: Database, seed: dict[str, int]) -> None:
    """Removes the oldest rows that traffic has added, every EVERY_SECONDS, until it is cancelled.

    Args:
        database: where.
        seed: the newest id of each table's sample data, which stay.
    """
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        for query in TRIM:
            try:
                await database.rows(query, [seed[query.table], KEPT_ROWS])
            except psycopg.Error as error:
                log.warning("%s not trimmed, tried again in %g s: %s", query.table, EVERY_SECONDS, error)
