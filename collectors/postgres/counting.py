"""How the counters of pg_stat_statements are read, whatever extension is installed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import errors

from collectors.postgres import refusals
from collectors.postgres.address import Address
from collectors.postgres.entry import cut
from collectors.postgres.learning import Learning
from collectors.postgres.names import Names
from collectors.postgres.session import Connection
from collectors.postgres.snapshot import OWN, Fault, Statements
from collectors.postgres.statements import MOST_ENTRIES, Layout, columns_of, layout, load
from headroom.budgets import Reason

_TRIES = 3
_LOOK_EVERY = 60.0  # seconds
# The extension was updated, or is somewhere else, since it was looked at.
_MOVED = (errors.UndefinedFunction, errors.UndefinedTable, errors.UndefinedColumn, errors.InvalidSchemaName)


@dataclass(slots=True)
class Counting:
    """Reads all entries, and what is not known of them yet."""

    address: Address
    learning: Learning
    names: Names
    _layout: Layout | None = field(default=None, init=False)
    _learnt_on: Connection | None = field(default=None, init=False, repr=False)
    clock: Callable[[], float] = time.monotonic
    _looked: float | None = field(default=None, init=False)
    _held: tuple[Any, ...] | None = field(default=None, init=False)

    async def read(self, connection: Connection) -> Statements | Fault:
        """Read once; raises psycopg.Error only where the connection is lost."""
        if self._learnt_on is not connection:
            self._layout = None
        try:
            if self._layout is not None:
                with contextlib.suppress(*_MOVED):
                    return await self._counters(connection, self._layout)
            self._layout, self._learnt_on = None, connection
            found = await self._look(connection)
            if isinstance(found, Fault):
                return found
            self._layout = found
            return await self._counters(connection, found)
        except psycopg.Error as error:
            if connection.closed:
                raise
            return refusals.of_statements(error, self.address)

    async def _look(self, connection: Connection) -> Layout | Fault:
        """Learn where the extension is and which columns it has."""
        cursor = await connection.execute(load("extension"))
        installed = await cursor.fetchone()
        if installed is None:
            return refusals.not_installed(connection.info.dbname)
        schema, version, informed, most = installed
        cursor = await connection.execute(columns_of(schema))
        columns = [column.name for column in cursor.description or ()]
        return layout(schema, columns, informed=informed, most=most) or refusals.unknown_extension(
            refusals.quoted(version, self.address)
        )

    async def _counters(self, connection: Connection, how: Layout) -> Statements | Fault:
        cursor = connection.cursor(binary=True)  # as text, every byte would travel as two
        for _ in range(_TRIES):
            before = await _information(cursor, how)
            await cursor.execute(how.counters)
            count, unreadable, data = await _row(cursor)
            after = await _information(cursor, how)
            if before is None or after is None or before[1] == after[1]:
                break
        else:
            return Fault(Reason.NO_DATA, "pg_stat_statements was reset, again and again, while it was read")
        try:
            records = cut(data, births=how.births)
        except ValueError as error:
            return Fault(
                Reason.BROKEN_INSTRUMENTATION,
                f"what answers is no pg_stat_statements as it should be: {error}",
            )
        said = await self._study(connection, how, records)
        held, blocks, untracked = await self._own(connection, how) or (None, None, ())
        return Statements(
            records=records,
            labels=self.learning.labels,
            complete=count <= MOST_ENTRIES,
            unreadable=unreadable,
            nesting=how.nesting,
            births=how.births,
            reset=None if after is None else after[1].astimezone(UTC),
            evictions=None if before is None or after is None else (before[0], after[0]),
            texts=said,
            most=how.most,
            own=None if held is None or blocks is None else (held, blocks),
            untracked=tuple((database, role) for database, role in untracked),
            databases=self.names.databases,
            roles=self.names.roles,
            learnt=self.learning.learnt,
            learnt_upto=self.learning.upto,
        )

    async def _own(self, connection: Connection, how: Layout) -> tuple[Any, ...] | None:
        """Return what this collector holds and wrote, a minute old at most; None where it cannot be told."""
        if self._looked is None or self.clock() - self._looked >= _LOOK_EVERY:
            self._looked = self.clock()
            mine = [
                int(statement.rpartition(" ")[2])
                for statement, label in self.learning.labels.known.items()
                if label.group == OWN
            ]
            try:
                self._held = await _row(await connection.execute(how.own, [mine]))
                whose = self._held[2]
                await self.names.meet(
                    connection, {one[0] for one in whose} - {0}, {one[1] for one in whose} - {0}
                )
            except psycopg.Error:
                if connection.closed:
                    raise
                self._held = None
        return self._held

    async def _study(self, connection: Connection, how: Layout, records: frozenset[bytes]) -> str:
        """Learn what is new; return why that failed, for the counters are good without it."""
        failed = ""
        try:
            failed = "the names of databases and roles could not be read, which leaves new ones as numbers"
            await self.names.study(connection, records)
            failed = "the texts of new statements could not be read, which leaves them in no class"
            await self.learning.study(connection, how, records)
        except psycopg.Error as error:
            if connection.closed:
                raise
            return f"{failed}: {refusals.quoted(str(error), self.address)}"
        return self.learning.said


async def _information(cursor: psycopg.AsyncCursor[Any], how: Layout) -> tuple[int, datetime] | None:
    """Return the evictions and the last reset, where they are told."""
    if how.information is None:
        return None
    await cursor.execute(how.information)
    evictions, reset = await _row(cursor)
    return evictions, reset


async def _row(cursor: psycopg.AsyncCursor[Any]) -> tuple[Any, ...]:
    """Return the one row of an aggregate, or of a view of one row."""
    row = await cursor.fetchone()
    assert row is not None
    return tuple(row)
