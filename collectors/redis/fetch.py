"""The one connection to a Redis server, and what one poll asks over it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import uuid4

from redis import exceptions
from redis.asyncio.connection import AbstractConnection

from collectors.redis import info, refusals, wire
from collectors.redis.address import Address
from collectors.redis.capabilities import AGAIN, Capabilities
from collectors.redis.following import Following
from collectors.redis.own import Own
from collectors.redis.replies import TooLargeError
from collectors.redis.snapshot import Probes, RedisSnapshot
from collectors.redis.work import Inspector, Server
from headroom.budgets import Reason
from headroom.observation import SourceError

T = TypeVar("T")

_PROCESS = uuid4().hex[:12]
_SINCE_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_CLOCK = 10**17  # microseconds: a clock in the fifth millennium is a garbled one


class Visitor:
    """Asks INFO over a connection that is kept, and counts its own commands."""

    def __init__(self, address: Address, own: Own) -> None:
        self._address = address
        self._own = own
        self._connection: AbstractConnection | None = None
        self._name = uuid4().hex[:12]
        self._sent = 0
        # Before 7.0 INFO takes one section at a time. Trying it out would be an error in the server's own
        # statistics, so the first poll asks in the old way, and finds out.
        self._several = False
        self._following = Following()
        self._unread_until = 0.0
        self._inspector = Inspector(Capabilities(address.user))
        self._work = ""

    @property
    def address(self) -> Address:
        """Where it goes."""
        return self._address

    async def read(self, deadline: float) -> RedisSnapshot:
        """Read once; SourceError where the server does not let it be done in so many seconds."""
        return await self._guarded(self._read, deadline, "INFO")

    async def nodes(self, deadline: float) -> bytes:
        """Return what the server knows of its cluster, as CLUSTER NODES tells it; SourceError as above."""
        return await self._guarded(self._nodes, deadline, "CLUSTER NODES")

    async def close(self) -> None:
        """Give the connection back without waiting for the server."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    async def _guarded(self, ask: Callable[[], Awaitable[T]], deadline: float, command: str) -> T:
        kept, sent = self._connection is not None, self._sent
        try:
            async with asyncio.timeout(deadline):
                try:
                    return await ask()
                except exceptions.ConnectionError as error:
                    if not kept or _refused(error):
                        raise
                # The server was restarted since the last poll, or closes what is idle: it never read this.
                await self.close()
                self._sent = sent
                return await ask()
        except exceptions.RedisError as error:
            await self.close()
            raise refusals.refusal(error, self._address, command) from None
        except TimeoutError:
            await self.close()
            raise refusals.late(self._address, deadline) from None
        except BaseException:
            # A cancelled poll leaves an answer under way, which the next one would take for its own.
            await self.close()
            raise

    async def _opened(self) -> AbstractConnection:
        connection = self._connection
        if connection is None:
            connection = self._connection = self._address.connection()
        if not connection.is_connected:
            await connection.connect()  # type: ignore[no-untyped-call]  # of the driver
            self._sent += 1 if self._address.credentials else 0
        return connection

    async def _read(self) -> RedisSnapshot:
        try:
            texts, sent, probes = await self._counted()
        except TooLargeError:
            if self._unread:
                raise
            self._unread_until = time.monotonic() + AGAIN
            await self.close()  # the rest of the answer is still under way
            texts, sent, probes = await self._counted()
        found = self._following.fields(b"\n".join(texts))
        standing = self._following.standing()
        self._several = standing.several
        figures = self._figures(found)
        clock = figures.pop("clock", 0)
        at = _SINCE_1970 + timedelta(microseconds=clock) if 0 < clock < _LAST_CLOCK else datetime.now(UTC)
        server = Server(at, standing.run, standing.version, figures.get("uptime"))
        await self._inspect(await self._opened(), server)
        return RedisSnapshot(
            at=at,
            run=server.run,
            version=server.version,
            policy=standing.policy,
            figures=figures,
            visitor=self._name,
            sent=sent,
            done=self._sent,
            product=standing.product,
            words={**standing.words, info.UNREAD: info.ERRORS} if self._unread else standing.words,
            errors=standing.errors,
            replicas=standing.replicas,
            probes=probes,
            work=self._work,
        )

    @property
    def _unread(self) -> bool:
        """Whether the errors are left out: any word a script makes up is a line of them, for ever."""
        return time.monotonic() < self._unread_until

    async def _counted(self) -> tuple[list[bytes], int, Probes]:
        """Return the answers to INFO, and what this process had sent and probed before they were made."""
        connection = await self._opened()
        # Whoever probes the server meanwhile would be half in the counters and half not.
        async with self._own.lock:
            probes = Probes(_PROCESS, self._own.commands, self._own.hits, self._own.misses)
            sent = self._sent  # a command that gives counters is counted when it is done
            wanted = tuple(one for one in info.SECTIONS if one != info.ERRORS or not self._unread)
            asked = [wanted] if self._several else [(section,) for section in wanted]
            return await self._ask(connection, [("INFO", *words) for words in asked]), sent, probes

    async def _inspect(self, connection: AbstractConnection, server: Server) -> None:
        """Read what is read now and then only; where the server is in no state for it, the latest holds."""
        capabilities = self._inspector.capabilities
        executed = capabilities.executed
        try:
            self._work = await self._inspector.read(connection, server)
        except exceptions.ResponseError as error:
            if isinstance(error, exceptions.AuthenticationError):
                raise  # somebody changed the password meanwhile
        finally:
            self._sent += capabilities.executed - executed

    async def _nodes(self) -> bytes:
        (text,) = await self._ask(await self._opened(), [("CLUSTER", "NODES")])
        return text

    async def _ask(self, connection: AbstractConnection, commands: list[tuple[str, ...]]) -> list[bytes]:
        await wire.send(connection, commands)
        self._sent += len(commands)
        texts = []
        for _ in commands:
            answer = await wire.receive(connection)
            if not isinstance(answer, bytes):
                raise exceptions.InvalidResponse(b"no text")
            texts.append(answer)
        return texts

    def _figures(self, found: dict[bytes, bytes]) -> dict[str, int]:
        """Return the figures of a Redis server; SourceError where another thing answers."""
        figures = info.figures(found)
        place = self._address.place
        if info.mode(found) == "sentinel":
            raise SourceError(
                Reason.BROKEN_INSTRUMENTATION,
                f"{place} is a Sentinel, which holds no data: name the Redis server itself in the URL",
            )
        if not info.word(found, b"run_id") or not figures.keys() & info.FIGURES.keys():
            raise SourceError(
                Reason.BROKEN_INSTRUMENTATION,
                f"{place} answers INFO without run_id or without any figure: it is no Redis, "
                "or something between changes its answers",
            )
        return figures


def _refused(error: exceptions.ConnectionError) -> bool:
    """Tell whether the server answered; asking again would bring the same answer."""
    return isinstance(error, exceptions.AuthenticationError | exceptions.BusyLoadingError)
