"""Reads the tables and indexes of the database that a source's address names."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from psycopg import errors
from psycopg.sql import SQL, Literal

from collectors.postgres import refusals, sql_files
from collectors.postgres.address import Address
from collectors.postgres.catalogue.rows import foreign_key_of, index_of, table_of
from collectors.postgres.session import Connection, fetched
from headroom.audit.facts import Facts, Index, Table
from headroom.audit.names import quoted, shown
from headroom.audit.wanted import NAMES
from headroom.budgets import Reason
from headroom.observation import SourceError

_load = partial(sql_files.load, __package__)

MOST = 5_000
"""Tables, and as many indexes, that are read; those that the guide names come first, then the largest."""
_MOST_COLUMNS = 200
_MOST_TAKEN = 50_000
_TRIES = 2
_TIMES_OF_SCANS = 160000
_ROWS_UNKNOWN_SAID = 140000


async def read_catalogue(
    connection: Connection,
    address: Address,
    source: str,
    at: datetime,
    *,
    first: Collection[str] = (),
    most: int = MOST,
) -> Facts:
    """Read once; SourceError where the catalogue itself is locked.

    `at` is our clock, UTC; tables with a name out of `first` are read even where there are more than `most`.
    """
    try:
        return await _read(connection, Facts(source, at), sorted(first), most)
    except errors.LockNotAvailable:
        raise SourceError(
            Reason.NO_DATA,
            f"the catalogue of {address.place} was locked for longer than a second (VACUUM FULL or CLUSTER "
            "of a system table): try again when that is done",
        ) from None
    except errors.InsufficientPrivilege as error:
        raise SourceError(
            Reason.NOT_PERMITTED,
            f'role "{address.role}" may not read the catalogue ({refusals.quoted(str(error), address)}): '
            "give it back the rights that every role has on pg_catalog",
        ) from None


async def _read(connection: Connection, facts: Facts, first: Sequence[str], most: int) -> Facts:
    rows = await fetched(connection, _load("database"))
    version, release, database, standby, may, role, since = rows[0]
    skipped: list[str] = []
    building: frozenset[int] | None = frozenset(
        number for (number,) in await fetched(connection, _load("building"))
    )
    if not may:
        building = None
        skipped.append(
            f'role "{shown(role)}" may not see whether an index is being built just now: '
            f"GRANT pg_monitor TO {quoted(role)};"
        )
    locked = await _locked(connection)
    tables, more = await _tables(connection, version, first, most, locked)
    if more:
        skipped.append(f"only {most:,} tables were read: those that the guide names, then the largest")
    indexes, more = await _indexes(connection, version, tables, most, building)
    if more:
        skipped.append(f"only {most:,} indexes were read: those of the tables read first")
    asked = _load("taken").format(limit=Literal(_MOST_TAKEN))
    taken = await fetched(connection, asked, [list(NAMES)])
    indexes, late = await _with_expressions(connection, indexes, tables, locked)
    skipped += _said_of_locks([table for table in tables if table.locked], late)
    return replace(
        facts,
        database=database,
        version=version,
        release=release,
        standby=standby,
        counting_since=None if since is None else since.astimezone(UTC),
        tables=tables,
        indexes=indexes,
        skipped=tuple(skipped),
        taken=frozenset((schema, name) for schema, name in taken),
        complete=len(tables) < most and len(indexes) < most,
    )


async def _tables(
    connection: Connection, version: int, first: Sequence[str], most: int, locked: Collection[int]
) -> tuple[tuple[Table, ...], bool]:
    # Before PostgreSQL 14 a table never analysed says that it has no rows, on no pages.
    unknown = SQL("false" if version >= _ROWS_UNKNOWN_SAID else "c.relpages = 0 AND c.reltuples = 0")
    asked = _load("tables").format(
        unknown=unknown, most_columns=Literal(_MOST_COLUMNS), limit=Literal(most + 1)
    )
    rows = await fetched(connection, asked, [list(first)])
    numbers = [row[0] for row in rows[:most]]
    references: dict[int, list[Any]] = {}
    asked = _load("foreign_keys").format(limit=Literal(most))
    for number, *row in await fetched(connection, asked, [numbers]):
        references.setdefault(number, []).append(foreign_key_of(row))
    tables = tuple(table_of(row, references.get(row[0], ()), locked) for row in rows[:most])
    return tables, len(rows) > most


async def _indexes(
    connection: Connection,
    version: int,
    tables: Sequence[Table],
    most: int,
    building: frozenset[int] | None,
) -> tuple[tuple[Index, ...], bool]:
    last_scan = SQL("pg_stat_get_lastscan(c.oid)" if version >= _TIMES_OF_SCANS else "NULL::timestamptz")
    asked = _load("indexes").format(last_scan=last_scan, limit=Literal(most + 1))
    by_number = {table.number: table for table in tables}
    numbers = list(by_number)
    rows = await fetched(connection, asked, [numbers, numbers])
    return tuple(index_of(row, by_number[row[0]], building) for row in rows[:most]), len(rows) > most


async def _with_expressions(
    connection: Connection, indexes: Sequence[Index], tables: Sequence[Table], locked: Collection[int]
) -> tuple[tuple[Index, ...], bool]:
    """Return the indexes with their predicates and expressions, and whether a lock came in between."""
    of_table = {(table.schema, table.name): table.number for table in tables}
    wanted = {
        index.number: of_table[index.schema, index.table]
        for index in indexes
        if index.predicate is None or any(key.expression is None for key in index.keys)
    }
    texts: dict[int, tuple[str | None, list[str | None] | None]] = {}
    late = False
    for _ in range(_TRIES if wanted else 0):
        free = [number for number, table in wanted.items() if number not in locked and table not in locked]
        try:
            rows = await fetched(connection, _load("expressions"), [free])
        except errors.LockNotAvailable:
            late, locked = True, {*locked, *await _locked(connection)}
            continue
        texts, late = {row[0]: (row[1], row[2]) for row in rows}, False
        break
    return tuple(_printed(index, *texts.get(index.number, (None, None))) for index in indexes), late


def _printed(index: Index, predicate: str | None, expressions: Sequence[str | None] | None) -> Index:
    if index.predicate is None:
        index = replace(index, predicate=predicate)
    if not expressions:
        return index
    keys = zip(index.keys, expressions, strict=True)
    return replace(
        index, keys=tuple(key if key.column else replace(key, expression=text) for key, text in keys)
    )


def _said_of_locks(tables: Sequence[Table], late: bool) -> list[str]:
    said = [
        f"skipped: locked: {shown(table.schema, table.name)} is locked exclusively (ALTER TABLE or the "
        "like), so that the predicates of its indexes cannot be read without waiting"
        for table in tables[:10]
    ]
    if len(tables) > len(said):
        said.append(f"skipped: locked: {len(tables) - len(said)} more tables")
    if late:
        said.append("skipped: locked: no predicate of an index was read, for tables were locked meanwhile")
    return said


async def _locked(connection: Connection) -> frozenset[int]:
    return frozenset(number for (number,) in await fetched(connection, _load("locked")))
