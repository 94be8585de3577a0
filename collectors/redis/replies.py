"""Answers in Redis's protocol, as far as INFO and AUTH need them, never longer than they may be."""

from __future__ import annotations

from asyncio import IncompleteReadError, StreamReader
from typing import Any

from redis._parsers import BaseParser
from redis.exceptions import ConnectionError as LostError
from redis.exceptions import InvalidResponse, ResponseError

MOST_BYTES = 1 << 20  # INFO of everything takes ten thousand


class Replies(BaseParser):
    """A parser that redis-py can use instead of its own.

    Its own takes any length that a server announces, and waits for that many bytes in memory.
    """

    def __init__(self, socket_read_size: int) -> None:  # noqa: ARG002 the driver gives it to every parser
        self._stream: StreamReader | None = None

    def on_connect(self, connection: Any) -> None:
        """Take the stream of a connection that was opened."""
        self._stream = connection._reader  # noqa: SLF001 no other way; the driver's own parsers do the same

    def on_disconnect(self) -> None:
        """Let go of the stream."""
        self._stream = None

    async def can_read(self) -> bool:
        """Tell whether something came that nobody asked for; asked of pooled connections only."""
        return False

    async def read_response(self, disable_decoding: bool = False) -> bytes | ResponseError | None:  # noqa: ARG002 as above
        """Return one answer, or an error as the driver's exception; raises where the connection is lost."""
        line = await self._line()
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest
        if kind == b"-":
            error = self.parse_error(rest.decode("utf-8", "replace"))  # type: ignore[no-untyped-call]  # of the driver
            if isinstance(error, LostError):
                raise error
            assert isinstance(error, ResponseError)
            return error
        if kind == b"$" and rest == b"-1":
            return None
        if kind != b"$" or not rest.isdigit() or len(rest) > len(str(MOST_BYTES)):
            raise InvalidResponse(line)
        return await self._bulk(int(rest))

    async def _line(self) -> bytes:
        stream = self._opened()
        try:
            line = await stream.readline()
        except ValueError:
            raise InvalidResponse(b"a line without end") from None
        if not line:
            raise LostError("Connection closed by server.")
        if not line.endswith(b"\r\n"):
            raise InvalidResponse(line)
        return line[:-2]

    async def _bulk(self, length: int) -> bytes:
        if length > MOST_BYTES:
            raise InvalidResponse(b"an answer of %d bytes" % length)
        try:
            body = await self._opened().readexactly(length + 2)
        except IncompleteReadError:
            raise LostError("Connection closed by server.") from None
        if not body.endswith(b"\r\n"):
            raise InvalidResponse(b"an answer of another length than announced")
        return body[:-2]

    def _opened(self) -> StreamReader:
        if self._stream is None:
            raise LostError("Connection closed by server.")
        return self._stream
