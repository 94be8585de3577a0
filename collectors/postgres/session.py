"""The one connection to a PostgreSQL server: opened when needed, kept, and given up at once when asked."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from psycopg.sql import SQL, Composed

from collectors.postgres import admission, refusals
from collectors.postgres.address import Address
from headroom.observation import SourceError

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
Result = TypeVar("Result")

_OLDEST = 130000
_FAREWELL = 1.0  # seconds for the driver to notice that its socket is gone


def _stranger(connection: Connection, address: Address) -> SourceError | None:
    told = connection.info.parameter_status
    # A pooler may drop the settings of the session, its timeouts among them. The server reports this one from
    # PostgreSQL 14 on.
    if told("default_transaction_read_only") == "off" or (told("server_version") or "").endswith("/bouncer"):
        return refusals.pooled(address)
    version = connection.info.server_version
    return refusals.too_old(version) if version < _OLDEST else None


@dataclass(frozen=True, slots=True)
class Counterpart:
    """What is expected to answer.

    Attributes:
        refused: what a refused connection means.
        stranger: why what answers is not what it should be; None where it is.
    """

    refused: Callable[[Exception, Address], SourceError]
    stranger: Callable[[Connection, Address], SourceError | None]


POSTGRES = Counterpart(admission.at_the_door, _stranger)


class Session:
    """Runs one piece of work at a time on the connection, each within `deadline` seconds."""

    def __init__(self, address: Address, deadline: float, counterpart: Counterpart = POSTGRES) -> None:
        self._address = address
        self._deadline = deadline
        self._counterpart = counterpart
        self._connection: Connection | None = None

    async def run(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """Do the work; SourceError where the server does not let it be done in time.

        A cancelled driver first asks the server to stop and then waits for its answer, which a hanging server
        does not give for ten seconds. So the work is done in a task of its own, which ends with its socket.
        """
        task = asyncio.ensure_future(self._attempts(work))
        try:
            await asyncio.wait({task}, timeout=self._deadline)
        except asyncio.CancelledError:
            await self._abandon(task)
            raise
        if task.done():
            with contextlib.suppress(TimeoutError):  # of the socket: as silent as no answer at all
                return task.result()
        opened = self._connection is not None
        await self._abandon(task)
        raise refusals.silent(self._address, self._deadline, opened=opened)

    async def close(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                await connection.close()

    async def _attempts(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        kept = self._connection
        try:
            return await self._attempt(work)
        except psycopg.Error as error:
            lost = self._connection is not None and self._connection.closed
            if lost:
                await self.close()
            if not lost or kept is None:
                raise refusals.in_session(error, self._address) from None
        # The server was restarted since the last poll: a new connection knows better than the old one.
        try:
            return await self._attempt(work)
        except psycopg.Error as error:
            await self.close()
            raise refusals.in_session(error, self._address) from None

    async def _attempt(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        if self._connection is None:
            self._connection = await self._open()
        return await work(self._connection)

    async def _open(self) -> Connection:
        try:
            connection = await psycopg.AsyncConnection.connect(
                autocommit=True,
                prepare_threshold=None,
                **self._address.parameters,  # type: ignore[arg-type]
            )
        except (
            psycopg.Error,
            UnicodeError,
        ) as error:  # the latter for a host that no name service could know
            raise self._counterpart.refused(error, self._address) from None
        stranger = self._counterpart.stranger(connection, self._address)
        if stranger is not None:
            await connection.close()
            raise stranger
        return connection

    async def _abandon(self, task: asyncio.Future[Any]) -> None:
        """End the work without waiting for the server, nor for a second attempt."""
        connection, self._connection = self._connection, None
        if connection is None:
            task.cancel()
        else:
            _cut(connection)
        await asyncio.wait({task}, timeout=_FAREWELL)
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=_FAREWELL)
        if task.done() and not task.cancelled():
            task.exception()  # known by its cause already
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                await connection.close()


async def fetched(
    connection: Connection, asked: SQL | Composed, parameters: Sequence[Any] | None = None
) -> list[tuple[Any, ...]]:
    """Return all rows of a statement; an error of psycopg where the server does not give them."""
    return await (await connection.execute(asked, parameters)).fetchall()


def _cut(connection: Connection) -> None:
    """Shut the socket down without closing it: its number must stay taken while the loop still watches it."""
    with contextlib.suppress(OSError, psycopg.Error):
        twin = socket.socket(fileno=os.dup(connection.fileno()))
        try:
            twin.shutdown(socket.SHUT_RDWR)
        finally:
            twin.close()
