"""A server that answers as a test wants it to: slow, or with what no server should say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

Answer = Callable[[list[bytes]], bytes]
INFO = (
    b"redis_version:7.0.15\r\nrun_id:0123456789012345678901234567890123456789\r\nrole:master\r\n"
    b"used_memory:1000000\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\nredis_mode:standalone\r\n"
    b"db0:keys=20000,expires=0,avg_ttl=0\r\n"
)


def bulk(text: bytes) -> bytes:
    """Return a text as the protocol writes it."""
    return b"$%d\r\n%s\r\n" % (len(text), text)


def array(*items: bytes) -> bytes:
    """Return several answers as one."""
    return b"*%d\r\n" % len(items) + b"".join(items)


@asynccontextmanager
async def answering(answer: Answer, *, slow: dict[bytes, float] | None = None) -> AsyncIterator[int]:
    """Answer INFO as a server would, each other command as `answer` says; yield the port.

    `slow` tells after how many seconds a command is answered.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                words = []
                for _ in range(int(line[1:])):
                    length = int((await reader.readline())[1:])
                    words.append((await reader.readexactly(length + 2))[:-2])
                await asyncio.sleep((slow or {}).get(words[0], 0))
                writer.write(bulk(INFO) if words[0] == b"INFO" else answer(words))
                await writer.drain()
        except ConnectionError:
            pass  # the census closes what it does not understand
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
