"""The SQL of this part of the audit: one statement per file under `sql/`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from psycopg.sql import SQL


@cache
def load(name: str) -> SQL:
    """Return the statement in `sql/<name>.sql`, without the comment lines above it."""
    text = files(__package__).joinpath("sql", f"{name}.sql").read_text()
    return SQL("\n".join(line for line in text.splitlines() if not line.startswith("--")))
