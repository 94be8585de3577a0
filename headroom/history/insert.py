"""One row into a table whose key the database gives."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, insert

_insert = cache(insert)  # made anew, a statement costs as much as the database needs for it


def inserted(connection: Connection, table: Table, row: Mapping[str, Any]) -> int:
    """Insert a row and return its number."""
    key = connection.execute(_insert(table), dict(row)).inserted_primary_key
    assert key is not None
    return int(key[0])
