"""What one poll asks of a PostgreSQL server, and in which order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg

from collectors.postgres import refusals
from collectors.postgres.address import Address
from collectors.postgres.counting import Counting
from collectors.postgres.session import Connection
from collectors.postgres.snapshot import Connections, Fault, PostgresSnapshot
from collectors.postgres.statements import load
from headroom.observation import SourceError

Part = Callable[[Connection], Awaitable[Any]]
"""Reads one part of a snapshot: what it found, or a Fault; a psycopg.Error becomes a Fault."""


_PULSE = load("pulse").as_bytes()


@dataclass(slots=True)
class Reader:
    """Reads the parts that the measures ask for.

    Attributes:
        counts_connections: whether a measure does.
        counting: reads the statements; None where no measure asks for them.
        parts: what is read beside what is asked, by the name of its field in the snapshot.
    """

    address: Address
    counts_connections: bool
    counting: Counting | None
    parts: Mapping[str, Part] = field(default_factory=dict)

    async def read(self, connection: Connection) -> PostgresSnapshot:
        """Read once: a failing part leaves the others whole; SourceError where all that is asked fails."""
        cursor = await connection.execute(_PULSE)
        row = await cursor.fetchone()
        assert row is not None  # a row without a table
        at, started, allowed, role, used, limit, backend, standby, database = row
        if not allowed:
            fault = refusals.not_permitted(refusals.quoted(role, self.address))
            raise SourceError(fault.reason, fault.detail)
        found: dict[str, Any] = {}
        if self.counts_connections:
            found["connections"] = Connections(used, limit)
        if self.counting is not None:
            found["statements"] = await self.counting.read(connection)
        faults = [part for part in found.values() if isinstance(part, Fault)]
        if faults and len(faults) == len(found):
            raise SourceError(faults[0].reason, faults[0].detail)
        for name, part in self.parts.items():
            found[name] = await self._part(connection, part)
        return PostgresSnapshot(
            at=_utc(at),
            started=_utc(started),
            role=role,
            backend=backend,
            standby=standby,
            database=database,
            **found,
        )

    async def _part(self, connection: Connection, part: Part) -> Any:
        try:
            return await part(connection)
        except psycopg.Error as error:
            if connection.closed:
                raise
            said = refusals.in_session(error, self.address)
            return Fault(said.reason, said.message)


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
