"""The census's own connection to a server: what it sends is booked, so that others' figures stay theirs."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import NoPermissionError, ResponseError

from collectors.redis.address import Address
from collectors.redis.own import Own

Command = tuple[str | bytes | int, ...]
_OF_TWO = frozenset({"CLUSTER", "CONFIG", "LATENCY", "MEMORY"})
_GONE = -2  # what PTTL answers for a key that is not there


class Session:
    """Asks a server, and opens the connection anew where it was lost.

    Attributes:
        spent: seconds for which the server had something of ours to do, at most: those of the round trips.
        asked: the last command that was, in the words of its permission, for sentences.
    """

    def __init__(self, address: Address, own: Own, database: int = 0) -> None:
        self.address = address
        self.spent = 0.0
        self.asked = "INFO"
        self._own = own
        self._database = database
        self._connection: AbstractConnection | None = None

    async def ask(self, commands: Sequence[Command]) -> list[Any]:
        """Return the answers, in order, in one round trip; a refused command's is its ResponseError.

        RedisError where the connection is lost, or an answer is longer than it may be.
        """
        async with self._own.lock:
            began = perf_counter()
            try:
                connection = self._connection or await self._opened()
                self.asked = _permission(commands[0])
                await connection.send_packed_command(connection.pack_commands(commands))
                return [await self._answer(connection, command) for command in commands]
            except BaseException:
                # What is still under way would pass for the answers to the next question.
                await self.close()
                raise
            finally:
                self.spent += perf_counter() - began

    async def close(self) -> None:
        """Give the connection back without waiting for the server."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    async def _opened(self) -> AbstractConnection:
        connection = self._connection = self.address.connection()
        await connection.connect()  # type: ignore[no-untyped-call]  # of the driver
        self._own.commands += self.address.credentials
        if self._database:
            self.asked = "SELECT"
            await connection.send_packed_command(connection.pack_commands([("SELECT", self._database)]))
            answer = await self._answer(connection, ("SELECT",))
            if isinstance(answer, ResponseError):
                raise answer
        return connection

    async def _answer(self, connection: AbstractConnection, command: Command) -> Any:
        """Read one answer and book it at once: what was lost after it was counted by the server."""
        try:
            answer: Any = await connection.read_response()
        except ResponseError as error:
            answer = error
        self._own.commands += not isinstance(answer, NoPermissionError)  # those are refused uncounted
        if command[0] == "PTTL" and isinstance(answer, int):
            self._own.misses += answer == _GONE
            self._own.hits += answer != _GONE
        return answer


def _permission(command: Command) -> str:
    """Return how a command is called, which for some takes two words."""
    return " ".join(str(word) for word in command[: 1 + (command[0] in _OF_TWO)])
