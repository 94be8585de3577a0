"""Habits of writing statements that cost more than they must: SELECT *, single rows, no WHERE, IN lists."""

from __future__ import annotations

from collections.abc import Iterator

from headroom.audit.amounts import bare, clean
from headroom.audit.case import Case
from headroom.audit.catalogued import table_of, unique
from headroom.audit.facts import Table
from headroom.audit.finding import Finding
from headroom.audit.seen import about, about_all, capped, rows_each, sightings, unread, with_text
from headroom.audit.workload_facts import Counts, Seen, Shape
from headroom.checks import State
from headroom.units import format_duration
from headroom.wording import rate, share

_LARGE = 10_000  # rows of a table
_BUSY = 50.0  # writes of one row per second
_BATCH = 100
_LENGTHS = 5  # entries of one shape
_FLOOD = 0.1  # of all that pg_stat_statements keeps
_SQUASHED = 180000  # PostgreSQL 18 takes lists of constants for one
_MOST_COLUMNS = 12
_MOST_TABLES = 4
_WHOLE = 0.5  # of a table's pages
_RUN = frozenset({"select", "insert", "update", "delete"})
_MOST_ROWS = 300  # on a page of 8,192 bytes: each takes 28 bytes at least


def select_star(case: Case) -> Iterator[Finding]:
    """Yield each read that asks for all columns."""
    rule, guide = "postgres.select_star", "Query Builder Best Practices: SELECT only needed columns"
    found = []
    for one, shape in _shapes(case):
        if shape.kind != "select" or not shape.star or not shape.tables:
            continue
        table = table_of(shape.table, case)
        known = 0 if table is None else len(table.columns)
        columns = f"all {known:,} columns" if known > 1 else "all columns"
        told = (
            f"asks for {columns} of {', '.join(map(clean, shape.tables[:_MOST_TABLES]))}; "
            f"{one.total.calls:,} calls, {rows_each(one)}"
        )
        found.append(Finding(rule, about(one, case), State.WARN, guide, with_text(told, one), _named(table)))
    yield from _or_none(found, rule, guide, case, "asks for all columns")


def row_by_row_writes(case: Case) -> Iterator[Finding]:
    """Yield each write of one row that runs so often that batches would pay."""
    rule, guide = "postgres.row_by_row_writes", "Batch Operations: write in chunks of 100"
    found = []
    for one, shape in _shapes(case):
        if not _one_row(one, shape, case):
            continue
        often, when = _frequency(one, case)
        if often < _BUSY:
            continue
        told = (
            f"{rate(often)} calls a second {when}, {rows_each(one)}, on {clean(shape.table)}; "
            "whether they could be written together is for the application to say"
        )
        found.append(Finding(rule, about(one, case), State.WARN, guide, with_text(told, one), _chunk(shape)))
    yield from _or_none(found, rule, guide, case, f"writes single rows {_BUSY:g} times a second")


def no_where(case: Case) -> Iterator[Finding]:
    """Yield each statement that goes over a whole large table, judged by the blocks that it touched.

    A table that was emptied is small by now: what is deleted or updated in it is judged by its rows, too.
    """
    rule, guide = "postgres.no_where", "Query Builder Best Practices: use WHERE clauses effectively"
    found = []
    for one, shape in _shapes(case):
        if shape.unbound and shape.kind in _RUN:
            own = shape.kind in ("update", "delete") and shape.unbound[0] == shape.tables[0]
            names, many = shape.unbound, own and one.total.rows_per_call >= _LARGE
        elif shape.kind == "select" and not (shape.where or shape.limit):
            names, many = shape.tables, False
        else:
            continue
        table = max(
            (table for name in names if (table := table_of(name, case))),
            key=lambda table: table.size,
            default=None,
        )
        large = table is not None and table.size >= _LARGE and _goes_over(one.total, table)
        if not (large or many):
            continue
        blocks = one.total.blocks / max(1, one.total.calls)
        over = clean(names[0])
        if large and table is not None:
            over = f"{clean(table.name)}, about {table.size:,.0f} rows"
        told = (
            f"has no WHERE and goes over {over}; "
            f"{one.total.calls:,} calls, {rate(one.total.rows_per_call)} rows and {rate(blocks)} blocks each"
        )
        fix = f"add the WHERE that the screen or job means{'' if shape.unbound else ', or LIMIT'}"
        state = State.FAIL if shape.unbound else State.WARN
        found.append(Finding(rule, about(one, case), state, guide, with_text(told, one), fix))
    yield from _or_none(found, rule, guide, case, f"goes over a table of {_LARGE:,} rows without a WHERE")


def in_lists(case: Case) -> Iterator[Finding]:
    """Yield each shape that fills pg_stat_statements with an entry for each length of its list."""
    rule, guide = "postgres.in_lists", "Query Optimization Patterns: IN (:...bookingIds)"
    work = case.facts.workload
    if work is not None and case.facts.version >= _SQUASHED:
        told = "PostgreSQL 18 and later take lists of constants of any length for one statement"
        yield Finding(rule, about_all(case), State.NOT_APPLICABLE, guide, told)
        return
    found = []
    for one, shape in _shapes(case):
        if not shape.listed or one.ids < _LENGTHS:
            continue
        most = 0 if work is None else work.most
        told = f"{one.ids:,} lengths of one list are as many entries of pg_stat_statements"
        if most:
            told += f", of {most:,} that it keeps ({share(one.ids / most)})"
        state = State.FAIL if most and one.ids >= _FLOOD * most else State.WARN
        column = bare(shape.listed[0])
        fix = f"… WHERE {column} = ANY ($1) -- with an array: one entry, and one plan, for all lengths"
        found.append(Finding(rule, about(one, case), state, guide, with_text(told, one), fix))
    yield from _or_none(found, rule, guide, case, f"has lists of {_LENGTHS} lengths or more")


def _shapes(case: Case) -> Iterator[tuple[Seen, Shape]]:
    return ((one, one.shape) for one in sightings(case) if one.shape is not None)


def _or_none(found: list[Finding], rule: str, guide: str, case: Case, what: str) -> Iterator[Finding]:
    """Yield what was found, or that nothing was, or that nothing was read."""
    if missing := unread(rule, guide, case):
        yield from missing
    elif found:
        yield from capped(sorted(found, key=lambda one: one.state is not State.FAIL), case)
    else:
        told = f"none of the {len(sightings(case)):,} statements looked at {what}"
        yield Finding(rule, about_all(case), State.PASS, guide, told)


def _named(table: Table | None) -> str:
    if table is None or not 0 < len(table.columns) <= _MOST_COLUMNS:
        return "name the columns that are used"
    return f"name the columns that are used; these are all: {', '.join(map(bare, table.columns))}"


def _one_row(one: Seen, shape: Shape, case: Case) -> bool:
    if shape.kind == "insert":
        return shape.inserted == 1
    if shape.kind not in ("update", "delete") or not shape.table or not shape.equal:
        return False
    table = table_of(shape.table, case)
    return one.total.rows_per_call <= 1 and (table is None or unique(table, shape.equal, case))


def _frequency(one: Seen, case: Case) -> tuple[float, str]:
    """Return the calls per second, and when that was."""
    work = case.facts.workload
    assert work is not None
    if one.windows and work.seconds:
        return one.recent.calls / work.seconds, "now"
    if work.since is None or work.since >= case.facts.at:
        return 0.0, ""
    length = case.facts.at - work.since
    return one.total.calls / length.total_seconds(), f"on average of {format_duration(length)}"


def _chunk(shape: Shape) -> str:
    table = bare(shape.table)
    if shape.kind == "insert":
        return f"INSERT INTO {table} … VALUES (…), (…), … with up to {_BATCH} rows, or COPY"  # noqa: S608 advice
    by = bare(shape.equal[0])
    if shape.kind == "delete":
        return f"DELETE FROM {table} WHERE {by} = ANY ($1) -- an array of up to {_BATCH}"  # noqa: S608 advice
    return (
        f"UPDATE {table} AS t SET … FROM unnest($1, $2) AS n ({by}, value) WHERE t.{by} = n.{by} "  # noqa: S608 advice
        f"-- with arrays of up to {_BATCH}"
    )


def _goes_over(counts: Counts, table: Table) -> bool:
    """Tell whether calls touch the table: `SELECT max(id)` reads the end of an index, and no more."""
    pages = max(table.pages, table.size / _MOST_ROWS)  # none are known before the first VACUUM or ANALYZE
    return counts.blocks / max(1, counts.calls) >= _WHOLE * pages
