"""SQL of the packages that ask PostgreSQL: one statement per file under their `sql/`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from psycopg.sql import SQL


@cache
def load(package: str, name: str) -> SQL:
    """Return the statement in a package's `sql/<name>.sql`, without the comment lines above it."""
    text = files(package).joinpath("sql", f"{name}.sql").read_text()
    return SQL("\n".join(line for line in text.splitlines() if not line.startswith("--")))
