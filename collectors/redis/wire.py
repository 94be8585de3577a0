"""Commands out and answers in over a connection that redis-py opened, without its way through either.

The driver greets, logs in and speaks TLS; what it then does for each command costs ten times the read itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from redis import exceptions
from redis.asyncio.connection import AbstractConnection

from collectors.redis.replies import MISSING, Reply

Command = Sequence[str | bytes]


async def send(connection: AbstractConnection, commands: Sequence[Command]) -> None:
    """Send commands in one go; the connection is opened anew where it was given up."""
    if not connection.is_connected:
        await connection.connect()  # type: ignore[no-untyped-call]  # of the driver
    writer = _of(connection)._writer  # noqa: SLF001 no other way past the driver's own
    if writer is None:
        raise exceptions.ConnectionError("Connection closed by server.")
    # Not drained: what is sent here is short, and whoever does not read it does not answer it either.
    writer.write(_packed(tuple(tuple(words) for words in commands)))


async def receive(connection: AbstractConnection) -> Reply:
    """Return the next answer.

    Raises the driver's exceptions: ResponseError where the server says one, ConnectionError where the
    connection is lost, TimeoutError where nothing comes for as long as the connection has patience.
    """
    parser = _of(connection)._parser  # noqa: SLF001 as above
    try:
        answer: Reply = parser.that_came()
        if answer is MISSING:
            async with asyncio.timeout(_of(connection).socket_timeout):
                answer = await parser.read_response()
    except TimeoutError as error:
        raise exceptions.TimeoutError("Timeout reading from the server") from error
    except OSError as error:
        raise exceptions.ConnectionError("Connection lost while reading") from error
    if isinstance(answer, exceptions.ResponseError):
        raise answer
    return answer


def _of(connection: AbstractConnection) -> Any:
    return connection


@lru_cache(maxsize=256)
def _packed(commands: tuple[tuple[str | bytes, ...], ...]) -> bytes:
    """Return commands as the protocol has them: the number of words, and each with its length."""
    return b"".join(
        b"*%d\r\n%b"
        % (len(words), b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in map(_bytes, words)))
        for words in commands
    )


def _bytes(word: str | bytes) -> bytes:
    return word.encode() if isinstance(word, str) else word
