"""Which schema a database has, read without Alembic, which costs 10 MB and 70 ms to import."""

from __future__ import annotations

from enum import Enum, auto

from sqlalchemy import Connection, inspect, text

SCHEMA = "0003"
"""The newest migration. Numbers ascend, so that a newer schema can be told from an older one."""


class Schema(Enum):
    """What a database is to a Headroom that knows one newest schema."""

    EMPTY = auto()
    OLDER = auto()
    CURRENT = auto()
    NEWER = auto()
    FOREIGN = auto()  # somebody else's tables


def version(connection: Connection) -> str | None:
    """Return the number of the schema, "" for an empty database, None for somebody else's."""
    tables = inspect(connection).get_table_names()
    if not tables:
        return ""
    if "alembic_version" not in tables or "poll_log" not in tables:
        return None
    number = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return number if isinstance(number, str) and number.isdigit() else None


def compared(number: str | None, head: str = SCHEMA) -> Schema:
    """Return how a database's version stands to the newest one that is known."""
    if number is None:
        return Schema.FOREIGN
    if not number:
        return Schema.EMPTY
    if number == head:
        return Schema.CURRENT
    return Schema.NEWER if int(number) > int(head) else Schema.OLDER
