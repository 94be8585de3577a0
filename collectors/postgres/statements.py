"""The SQL of this collector: one statement per file under `sql/`, fitted to the installed extension."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from psycopg.sql import SQL, Composed, Identifier, Literal

from collectors.postgres import sql_files

MARKER = "/* headroom */"
MOST_ENTRIES = 50_000
LONGEST_TEXT = 10_000

# What a record holds, in this order: for each word how it is sent, and the columns that give it, the newest
# name first.
_WORDS = (
    ("oidsend", "userid"),
    ("oidsend", "dbid"),
    ("int8send", "queryid"),
    ("int8send", "calls"),
    ("float8send", "total_exec_time", "total_time"),
    ("float8send", "min_exec_time", "min_time"),
    ("float8send", "max_exec_time", "max_time"),
    ("float8send", "stddev_exec_time", "stddev_time"),
)
_PLANNING = "total_plan_time"
_BIRTHS = ("stats_since", "minmax_stats_since")
_TOP = "toplevel"

load = partial(sql_files.load, __package__)
"""Returns the statement in `sql/<name>.sql`."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the extension that is installed must be asked.

    Attributes:
        counters: statement for the number of entries, how many of them cannot be read, and the records of all
            others.
        information: statement for the evictions and the last reset; None before extension 1.9.
        nesting: whether entries say if they ran at top level (extension 1.9).
        births: whether entries say since when they count (extension 1.11).
        texts: statement for the texts of the query ids given as its one parameter.
        most: how many entries the server keeps; None where it does not tell.
        own: statement for the connections of this collector, and the temporary blocks that the query ids
            given as its one parameter wrote.
    """

    counters: Composed
    information: Composed | None
    nesting: bool
    births: bool
    texts: Composed
    most: int | None
    own: Composed


def columns_of(schema: str) -> Composed:
    """Return the statement that shows the columns of the extension in this schema."""
    return load("columns").format(function=Identifier(schema, "pg_stat_statements"))


def layout(schema: str, columns: Sequence[str], *, informed: bool, most: int | None) -> Layout | None:
    """Return how to ask an extension with these columns; None where it lacks one that is needed.

    `most` is how many entries it may hold, where that is known.
    """
    words = []
    for send, *names in _WORDS:
        name = next((name for name in names if name in columns), None)
        if name is None:
            return None
        words.append(SQL(f"{send}({name})"))
    words.append(SQL(f"float8send({_PLANNING if _PLANNING in columns else 0})"))
    births = all(name in columns for name in _BIRTHS)
    words += [SQL(f"timestamptz_send({name})") for name in _BIRTHS if births]
    nesting = _TOP in columns
    function = Identifier(schema, "pg_stat_statements")
    entries: Composed = SQL("{}(false)").format(function)
    if most is None or most > MOST_ENTRIES:  # otherwise no server can send more, and to count them costs time
        entries = SQL("(SELECT * FROM {} LIMIT {}) AS entry").format(entries, Literal(MOST_ENTRIES + 1))
    return Layout(
        counters=load("statements").format(
            record=SQL(" || ").join(words),
            counted=SQL(f"queryid IS NOT NULL AND {_TOP}" if nesting else "queryid IS NOT NULL"),
            entries=entries,
        ),
        information=load("information").format(view=Identifier(schema, "pg_stat_statements_info"))
        if informed
        else None,
        nesting=nesting,
        births=births,
        texts=load("texts").format(function=function, length=Literal(LONGEST_TEXT)),
        most=most,
        own=load("own").format(function=function),
    )
