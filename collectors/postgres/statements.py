"""The SQL of this collector: one statement per file under `sql/`, fitted to the installed extension."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from psycopg.sql import SQL, Composed, Identifier, Literal

MARKER = "/* headroom */"
MOST_ENTRIES = 50_000
LONGEST_TEXT = 10_000

# What an entry's line holds, in this order; for each word the columns that give it, the newest name first.
_WORDS = (
    ("userid",),
    ("dbid",),
    ("queryid",),
    ("toplevel",),
    ("calls",),
    ("total_exec_time", "total_time"),
    ("min_exec_time", "min_time"),
    ("max_exec_time", "max_time"),
    ("stddev_exec_time", "stddev_time"),
    ("rows",),
)
_BIRTHS = ("stats_since", "minmax_stats_since")


@cache
def load(name: str) -> SQL:
    """Return the statement in `sql/<name>.sql`, without the comment lines above it."""
    text = files(__package__).joinpath("sql", f"{name}.sql").read_text()
    return SQL("\n".join(line for line in text.splitlines() if not line.startswith("--")))


@dataclass(frozen=True, slots=True)
class Layout:
    """How the extension that is installed must be asked.

    Attributes:
        counters: statement for the lines of all entries, between two readings of the evictions and the reset
            where those are told; for the simple protocol.
        informed: whether evictions and resets are told (extension 1.9).
        nesting: whether entries say if they ran at top level (extension 1.9).
        births: whether entries say since when they count (extension 1.11).
        texts: statement for the texts of the query ids given as its one parameter.
    """

    counters: Composed
    informed: bool
    nesting: bool
    births: bool
    texts: Composed


def columns_of(schema: str) -> Composed:
    """Return the statement that shows the columns of the extension in this schema."""
    return load("columns").format(function=Identifier(schema, "pg_stat_statements"))


def layout(schema: str, columns: Sequence[str], *, informed: bool) -> Layout | None:
    """Return how to ask an extension with these columns; None where it lacks one that is needed."""
    words = []
    for names in _WORDS:
        name = next((name for name in names if name in columns), None)
        if name is not None:
            words.append(name)
        elif names == ("toplevel",):
            words.append("true")
        else:
            return None
    births = all(name in columns for name in _BIRTHS)
    if births:
        words += [f"extract(epoch FROM {name})" for name in _BIRTHS]
    function = Identifier(schema, "pg_stat_statements")
    counters = load("statements").format(
        columns=SQL(", ".join(words)),
        function=function,
        limit=Literal(MOST_ENTRIES + 1),
    )
    if informed:
        information = load("information").format(view=Identifier(schema, "pg_stat_statements_info"))
        counters = SQL(";\n").join([information, counters, information])
    return Layout(
        counters=counters,
        informed=informed,
        nesting="toplevel" in columns,
        births=births,
        texts=load("texts").format(function=function, length=Literal(LONGEST_TEXT)),
    )
