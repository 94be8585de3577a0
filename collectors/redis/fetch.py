"""The one connection to a Redis server, and what one poll asks over it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from redis import exceptions
from redis.asyncio.connection import AbstractConnection

from collectors.redis import info, refusals
from collectors.redis.address import Address
from collectors.redis.snapshot import RedisSnapshot
from headroom.budgets import Reason
from headroom.observation import SourceError

_SINCE_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_CLOCK = 10**17  # microseconds: a clock in the fifth millennium is a garbled one


class Visitor:
    """Asks INFO over a connection that is kept, and counts its own commands."""

    def __init__(self, address: Address, deadline: float) -> None:
        self._address = address
        self._deadline = deadline
        self._connection: AbstractConnection | None = None
        self._name = uuid4().hex[:12]
        self._sent = 0
        self._one_by_one = False  # before 7.0 INFO takes one section at a time

    async def read(self) -> RedisSnapshot:
        """Read once; SourceError where the server does not let it be done in time."""
        kept, sent = self._connection is not None, self._sent
        try:
            async with asyncio.timeout(self._deadline):
                try:
                    return await self._read()
                except exceptions.ConnectionError as error:
                    if not kept or _refused(error):
                        raise
                # The server was restarted since the last poll, or closes what is idle: it never read this.
                await self.close()
                self._sent = sent
                return await self._read()
        except exceptions.RedisError as error:
            await self.close()
            raise refusals.refusal(error, self._address) from None
        except TimeoutError:
            await self.close()
            raise refusals.late(self._address, self._deadline) from None
        except BaseException:
            # A cancelled poll leaves an answer under way, which the next one would take for its own.
            await self.close()
            raise

    async def close(self) -> None:
        """Give the connection back without waiting for the server."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    async def _read(self) -> RedisSnapshot:
        connection = self._connection
        if connection is None:
            connection = self._connection = self._address.connection()
            await connection.connect()  # type: ignore[no-untyped-call]  # of the driver
            self._sent += 1 if self._address.credentials else 0
        try:
            texts = await self._info(connection)
        except exceptions.ResponseError as error:
            if self._one_by_one or "syntax" not in str(error):
                raise
            self._one_by_one = True
            texts = await self._info(connection)
        return self._snapshot(b"\n".join(texts))

    async def _info(self, connection: AbstractConnection) -> list[bytes]:
        asked = [(section,) for section in info.SECTIONS] if self._one_by_one else [info.SECTIONS]
        await connection.send_packed_command(connection.pack_commands([("INFO", *words) for words in asked]))
        self._sent += len(asked)
        texts = []
        for _ in asked:
            answer = await connection.read_response()
            if not isinstance(answer, bytes):
                raise exceptions.InvalidResponse(b"no text")
            texts.append(answer)
        return texts

    def _snapshot(self, text: bytes) -> RedisSnapshot:
        found = info.fields(text)
        figures = info.figures(found)
        run = info.word(found, b"run_id")
        if not run or not figures:
            raise SourceError(
                Reason.BROKEN_INSTRUMENTATION,
                f"{self._address.place} answers INFO without run_id or without any figure: it is no Redis, "
                "or something between changes its answers",
            )
        clock = figures.pop("clock", 0)
        return RedisSnapshot(
            at=_SINCE_1970 + timedelta(microseconds=clock) if 0 < clock < _LAST_CLOCK else datetime.now(UTC),
            run=run,
            version=info.version(found),
            policy=info.word(found, b"maxmemory_policy"),
            figures=figures,
            visitor=self._name,
            sent=self._sent - 1,  # the command that gives the counters is counted when it is done
        )


def _refused(error: exceptions.ConnectionError) -> bool:
    """Tell whether the server answered; asking again would bring the same answer."""
    return isinstance(error, exceptions.AuthenticationError | exceptions.BusyLoadingError)
