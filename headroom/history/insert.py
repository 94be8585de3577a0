"""One row into a table whose key the database gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, insert


def inserted(connection: Connection, table: Table, row: Mapping[str, Any]) -> int:
    """Insert a row and return its number."""
    key = connection.execute(insert(table).values(row)).inserted_primary_key
    assert key is not None
    return int(key[0])
