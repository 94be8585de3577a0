"""A small HTTP/1.1 client for the traffic: keep-alive, and few CPU cycles per request.

It reads only what the sample ERP answers: a Content-Length and no chunks.
"""

import asyncio
from collections import deque
from dataclasses import dataclass

from demo.ports import LOOPBACK

LARGEST_HEAD_BYTES = 16 * 1024
LARGEST_BODY_BYTES = 4 * 1024 * 1024


class HttpError(Exception):
    """The answer could not be read."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `user` is the caller's id, 0 for nobody."""

    method: str
    path: str
    body: bytes = b""
    user: int = 0

    def encode(self, port: int) -> bytes:
        """Returns the bytes to send."""
        head = (
            f"{self.method} {self.path} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\nX-User: {self.user}\r\n"
            f"Content-Length: {len(self.body)}\r\n\r\n"
        )
        return head.encode("ascii") + self.body


class HttpClient:
    """A pool of connections to one port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()

    async def send(self, request: Request, within: float) -> tuple[int, bytes]:
        """Sends a request and returns status and body.

        Raises:
            OSError: the server refused or broke the connection, or did not answer `within` s
                (TimeoutError).
            HttpError: the answer is not one that this client reads.
        """
        async with asyncio.timeout(within):
            reader, writer = await self._connection()
            try:
                writer.write(request.encode(self._port))
                status, body = await _read_answer(reader)
            except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
                writer.close()
                raise HttpError(f"{request.method} {request.path}: {error!r}") from error
            except BaseException:  # cancelled or broken: half an answer may be left on the connection
                writer.close()
                raise
        self._idle.append((reader, writer))
        return status, body

    def close(self) -> None:
        """Closes the idle connections."""
        while self._idle:
            self._idle.pop()[1].close()

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()  # the newest, so that the surplus of a busy moment ages out
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(LOOPBACK, self._port, limit=LARGEST_HEAD_BYTES)


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status_line, *lines = head.split("\r\n")
    for line in lines:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            length = int(value)
            if not 0 <= length <= LARGEST_BODY_BYTES:
                raise ValueError(f"a body of {length} bytes")
            return int(status_line.split()[1]), await reader.readexactly(length)
    raise ValueError("no Content-Length")
