"""The census's own connection to a server: what it sends is booked, so that others' figures stay theirs."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any, cast

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as LostError
from redis.exceptions import NoPermissionError, ResponseError

from collectors.redis import wire
from collectors.redis.address import Address
from collectors.redis.own import Own
from collectors.redis.replies import Replies

Command = tuple[str | bytes | int, ...]
_OF_TWO = frozenset({"CLUSTER", "CONFIG", "LATENCY", "MEMORY"})
_GONE = -2  # what PTTL answers for a key that is not there


class _Clocked(Replies):
    """A parser that knows how long it waited for what was to come, without the time of its own work.

    The server is at work as soon as it is sent something: the first wait begins with that.
    """

    waited = 0.0
    sent: float | None = None

    async def _more(self) -> bool:
        began, self.sent = self.sent or perf_counter(), None
        try:
            return await super()._more()
        finally:
            self.waited += perf_counter() - began


class Session:
    """Asks a server, and opens the connection anew where it was lost.

    Attributes:
        spent: seconds for which the server had something of ours to do, at most: those for which its answers
            were waited for, since it carries out what it reads at once before it answers any of it.
        latest: the same, of the last question alone.
        asked: the last command that was, in the words of its permission, for sentences.
    """

    def __init__(self, address: Address, own: Own, database: int = 0) -> None:
        self.address = address
        self.spent = self.latest = 0.0
        self.asked = "INFO"
        self._own = own
        self._database = database
        self._connection: AbstractConnection | None = None

    async def ask(self, commands: Sequence[Command]) -> list[Any]:
        """Return the answers, in order, in one round trip; a refused command's is its ResponseError.

        RedisError where the connection is lost, or an answer is longer than it may be.
        """
        async with self._own.lock:
            try:
                connection = self._connection or await self._opened()
                self.asked = _permission(commands[0])
                return await self._answers(connection, commands)
            except BaseException:
                # What is still under way would pass for the answers to the next question.
                await self.close()
                raise

    async def close(self) -> None:
        """Give the connection back without waiting for the server."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    async def _opened(self) -> AbstractConnection:
        connection = self._connection = self.address.connection()
        connection.set_parser(_Clocked)
        await connection.connect()  # type: ignore[no-untyped-call]  # of the driver
        self._own.commands += self.address.credentials
        if self._database:
            self.asked = "SELECT"
            (answer,) = await self._answers(connection, [("SELECT", self._database)])
            if isinstance(answer, ResponseError):
                raise answer
        return connection

    async def _answers(self, connection: AbstractConnection, commands: Sequence[Command]) -> list[Any]:
        clock = cast("_Clocked", connection._parser)  # noqa: SLF001 the driver keeps it there, and tells nobody
        before, clock.sent = clock.waited, perf_counter()
        try:
            _send(connection, commands)
            return [await self._answer(connection, command) for command in commands]
        finally:
            self.latest = clock.waited - before
            self.spent += self.latest

    async def _answer(self, connection: AbstractConnection, command: Command) -> Any:
        """Read one answer and book it at once: what was lost after it was counted by the server."""
        try:
            answer: Any = await wire.receive(connection)
        except ResponseError as error:
            answer = error
        self._own.commands += not isinstance(answer, NoPermissionError)  # those are refused uncounted
        if command[0] == "PTTL" and isinstance(answer, int):
            self._own.misses += answer == _GONE
            self._own.hits += answer != _GONE
        return answer


def size(command: Command) -> int:
    """Return how many bytes a command takes, at most, on its way."""
    return sum(len(_bytes(word)) + 16 for word in command)


def _send(connection: AbstractConnection, commands: Sequence[Command]) -> None:
    """Send commands in one go, packed here: the packing of the polls keeps what it packed, which are keys."""
    writer = cast("Any", connection)._writer  # noqa: SLF001 no other way past the driver's own
    if writer is None:
        raise LostError("Connection closed by server.")
    packed = []
    for command in commands:
        words = [_bytes(word) for word in command]
        packed.append(b"*%d\r\n" % len(words))
        packed += [b"$%d\r\n%b\r\n" % (len(word), word) for word in words]
    writer.write(b"".join(packed))


def _bytes(word: str | bytes | int) -> bytes:
    return word if isinstance(word, bytes) else str(word).encode()


def _permission(command: Command) -> str:
    """Return how a command is called, which for some takes two words."""
    return " ".join(str(word) for word in command[: 1 + (command[0] in _OF_TWO)])
