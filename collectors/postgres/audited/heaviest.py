"""Reads the statements that took most of the time, twice or more, so that what they do now is known, too."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Any

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal

from collectors.postgres import refusals, sql_files
from collectors.postgres.address import Address, address
from collectors.postgres.entry import Entry, between
from collectors.postgres.session import Connection, Session, fetched
from collectors.postgres.statements import LONGEST_TEXT
from headroom.audit.workload_facts import Counts
from headroom.sources import Source

_load = partial(sql_files.load, __package__)

MOST = 500
"""Statements that are looked at."""
_SHARE_OF_PERIOD = 0.7
_COLUMNS = {
    "total": ("total_exec_time", "total_time"),
    "low": ("min_exec_time", "min_time"),
    "high": ("max_exec_time", "max_time"),
    "deviation": ("stddev_exec_time", "stddev_time"),
}

Key = tuple[int, int, int]
"""Role, database and query, as the server numbers them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry's counters since it was born; times in seconds."""

    entry: Entry
    rows: int
    blocks: int
    temporary: int


@dataclass(frozen=True, slots=True)
class Heaviest:
    """What was read, before anything is known of the texts.

    Attributes:
        readings: the counters by key, the oldest reading first.
        lengths: seconds between the readings.
        texts: by key; None where it was thrown away meanwhile.
        roles, databases: names by number; what was dropped has none.
        why: why there is nothing; empty where there is.
    """

    readings: tuple[Mapping[Key, Line], ...] = ()
    lengths: tuple[float, ...] = ()
    texts: Mapping[Key, str | None] = field(default_factory=dict)
    roles: Mapping[int, str] = field(default_factory=dict)
    databases: Mapping[int, str] = field(default_factory=dict)
    entries: int = 0
    unread: int = 0
    most: int = 0
    evictions: int | None = None
    since: datetime | None = None
    why: str = ""

    def counts(self, key: Key) -> tuple[Counts, tuple[Counts, ...]]:
        """Return what was counted of an entry since its birth, and in each of the times between readings."""
        seen = [reading.get(key) for reading in self.readings]
        newest = seen[-1]
        assert newest is not None
        windows = tuple(_between(one, two) for one, two in itertools.pairwise(seen))
        entry = newest.entry
        whole = Counts(entry.calls, entry.total, entry.squares, newest.rows, newest.blocks, newest.temporary)
        return whole, windows


async def read_heaviest(
    source: Source,
    *,
    readings: int = 3,
    apart: float = 5.0,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Heaviest:
    """Read it over a connection of its own; SourceError where the server does not let that be.

    Without a second reading, nothing is known of what the statements do now; `apart` are the seconds from one
    to the next.
    """
    place = address(source)
    session = Session(place, _SHARE_OF_PERIOD * source.every.total_seconds())
    try:
        how = await _patiently(session, place, _look)
        if isinstance(how, str):
            return Heaviest(why=how)
        seen: list[Mapping[Key, Line]] = []
        ends: list[float] = []
        for number in range(readings):
            if number:
                await sleep(apart)
            rows = await _patiently(session, place, lambda connection: fetched(connection, how.counters))
            if isinstance(rows, str):
                return Heaviest(why=rows)
            ends.append(monotonic())
            seen.append({(row[0], row[1], row[2]): _line(row) for row in rows})
        rest = await _patiently(session, place, lambda connection: _rest(connection, how, list(seen[-1])))
    finally:
        await session.close()
    if isinstance(rest, str):
        return Heaviest(why=rest)
    lengths = tuple(after - before for before, after in itertools.pairwise(ends))
    return Heaviest(tuple(seen), lengths, most=how.most, **rest)


@dataclass(frozen=True, slots=True)
class _How:
    """How the extension that is installed must be asked."""

    function: Identifier
    view: Identifier | None
    counters: Composed
    most: int


async def _patiently(session: Session, place: Address, work: Callable[[Connection], Awaitable[Any]]) -> Any:
    """Do the work; return why it cannot be done where the session itself goes on."""

    async def attempt(connection: Connection) -> Any:
        try:
            return await work(connection)
        except psycopg.Error as error:
            if connection.closed:
                raise
            return refusals.of_statements(error, place).detail

    return await session.run(attempt)


async def _look(connection: Connection) -> _How | str:
    found = await fetched(connection, _load("extension"))
    if not found:
        return refusals.not_installed(connection.info.dbname).detail
    schema, informed, most = found[0]
    function = Identifier(schema, "pg_stat_statements")
    cursor = await connection.execute(_load("columns").format(function=function))
    columns = {column.name for column in cursor.description or ()}
    words: dict[str, Any] = {}
    for word, names in _COLUMNS.items():
        name = next((name for name in names if name in columns), None)
        if name is None:
            return refusals.unknown_extension("here").detail
        words[word] = Identifier(name)
    counters = _load("heaviest").format(
        function=function,
        toplevel=SQL("toplevel" if "toplevel" in columns else "true"),
        limit=Literal(MOST),
        **words,
    )
    view = Identifier(schema, "pg_stat_statements_info") if informed else None
    return _How(function, view, counters, most)


async def _rest(connection: Connection, how: _How, keys: Sequence[Key]) -> dict[str, Any]:
    """Read what one audit needs once: texts, names, and how full the statistics are."""
    asked = _load("texts").format(function=how.function, length=Literal(LONGEST_TEXT))
    rows = await fetched(connection, asked, [sorted({key[2] for key in keys})])
    texts = {(role, database, query): text for role, database, query, text in rows}
    entries, unread = (await fetched(connection, _load("tally").format(function=how.function)))[0]
    evictions = since = None
    if how.view is not None:
        evictions, since = (await fetched(connection, _load("information").format(view=how.view)))[0]
    numbers = [sorted({key[0] for key in keys}), sorted({key[1] for key in keys})]
    names = await fetched(connection, _load("owners"), numbers)
    return {
        "texts": texts,
        "roles": {number: name for kind, number, name in names if kind == "role"},
        "databases": {number: name for kind, number, name in names if kind == "database"},
        "entries": entries,
        "unread": unread,
        "evictions": evictions,
        "since": None if since is None else since.astimezone(UTC),
    }


def _line(row: Sequence[Any]) -> Line:
    calls, total, low, high, deviation, rows, blocks, temporary = row[3:]
    entry = Entry(
        calls=calls,
        total=total / 1000,
        low=low / 1000,
        high=high / 1000,
        squares=calls * (deviation / 1000) ** 2,
    )
    return Line(entry, rows, blocks, temporary)


def _between(before: Line | None, after: Line | None) -> Counts:
    """Return what was counted between two readings; nothing where it cannot be told."""
    if before is None or after is None or after.rows < before.rows or after.blocks < before.blocks:
        return Counts()
    change = between(before.entry, after.entry, disturbed=False)
    if change is None or change.moments.n != after.entry.calls - before.entry.calls:
        return Counts()
    moments = change.moments
    return Counts(
        moments.n,
        moments.total,
        moments.squares,
        after.rows - before.rows,
        after.blocks - before.blocks,
        max(0, after.temporary - before.temporary),
    )
