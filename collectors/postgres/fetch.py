"""What one poll asks of a PostgreSQL server, and in which order."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import errors

from collectors.postgres import refusals
from collectors.postgres.address import Address
from collectors.postgres.learning import Learning
from collectors.postgres.session import Connection
from collectors.postgres.snapshot import Connections, Fault, PostgresSnapshot, Statements
from collectors.postgres.statements import MOST_ENTRIES, Layout, columns_of, layout, load
from headroom.budgets import Reason
from headroom.observation import SourceError

_TRIES = 3
# The extension was updated, or is somewhere else, since it was looked at.
_MOVED = (errors.UndefinedFunction, errors.UndefinedTable, errors.UndefinedColumn, errors.InvalidSchemaName)


@dataclass(slots=True)
class Reader:
    """Reads the parts that the measures ask for.

    Attributes:
        roles: whose connections are counted; None where no measure counts connections.
        learning: what is known of the texts; None where no measure asks for statements.
    """

    address: Address
    roles: tuple[str, ...] | None
    learning: Learning | None
    _layout: Layout | None = field(default=None, init=False)
    _learnt_on: Connection | None = field(default=None, init=False, repr=False)

    async def read(self, connection: Connection) -> PostgresSnapshot:
        """Read once: a failing part leaves the others whole; SourceError where all that is asked fails."""
        cursor = await connection.execute(load("pulse"))
        at, started, allowed, role, used, limit = await _result(cursor)
        in_use: Connections | Fault | None = None
        statements: Statements | Fault | None = None
        if not allowed:
            fault = refusals.not_permitted(refusals.quoted(role, self.address))
            raise SourceError(fault.reason, fault.detail)
        if self.roles is not None:
            in_use = Connections(used, limit, await self._in_use(connection))
        if self.learning is not None:
            statements = await self._statements(connection, self.learning)
            if isinstance(statements, Fault) and in_use is None:
                raise SourceError(statements.reason, statements.detail)
        return PostgresSnapshot(_utc(at), _utc(started), statements, in_use)

    async def _in_use(self, connection: Connection) -> dict[str, int]:
        if not self.roles:
            return {}
        cursor = await connection.execute(load("roles"), [list(self.roles)])
        return dict(await cursor.fetchall())

    async def _statements(self, connection: Connection, learning: Learning) -> Statements | Fault:
        if self._learnt_on is not connection:
            self._layout = None
        try:
            if self._layout is not None:
                with contextlib.suppress(*_MOVED):
                    return await self._counters(connection, self._layout, learning)
            self._layout, self._learnt_on = None, connection
            found = await self._look(connection)
            if isinstance(found, Fault):
                return found
            self._layout = found
            return await self._counters(connection, found, learning)
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
        schema, version, informed = installed
        cursor = await connection.execute(columns_of(schema))
        columns = [column.name for column in cursor.description or ()]
        return layout(schema, columns, informed=informed) or refusals.unknown_extension(
            refusals.quoted(version, self.address)
        )

    async def _counters(self, connection: Connection, how: Layout, learning: Learning) -> Statements | Fault:
        for _ in range(_TRIES):
            cursor = await connection.execute(how.counters)
            before = await _result(cursor) if how.informed else None
            count, text = await _result(cursor)
            after = await _result(cursor) if how.informed else None
            if before is None or after is None or before[1] == after[1]:
                break
        else:
            return Fault(Reason.NO_DATA, "pg_stat_statements was reset, again and again, while it was read")
        lines = frozenset(text.split("\n") if text else ())
        unread = await self._study(connection, how, learning, lines)
        return Statements(
            lines=lines,
            labels=learning.labels,
            complete=count <= MOST_ENTRIES,
            nesting=how.nesting,
            births=how.births,
            reset=None if after is None else _utc(after[1]),
            evictions=None if before is None or after is None else (before[0], after[0]),
            texts=unread,
        )

    async def _study(
        self, connection: Connection, how: Layout, learning: Learning, lines: frozenset[str]
    ) -> str:
        """Learn what is new; return why that failed, for the counters are good without it."""
        try:
            await learning.study(connection, how, lines)
        except psycopg.Error as error:
            if connection.closed:
                raise
            said = refusals.quoted(str(error), self.address)
            return f"the texts of new statements could not be read, which leaves them in no class: {said}"
        return ""


async def _result(cursor: psycopg.AsyncCursor[Any]) -> tuple[Any, ...]:
    """Return the one row of the cursor's result, and step on to the next result."""
    row = await cursor.fetchone()
    assert row is not None  # an aggregate, or a view of one row
    cursor.nextset()
    return tuple(row)


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
