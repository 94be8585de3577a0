"""Answers in Redis's second protocol, as plain values, none larger or deeper than it may be."""

from __future__ import annotations

from asyncio import StreamReader
from typing import Any

from redis._parsers import BaseParser
from redis.exceptions import ConnectionError as LostError
from redis.exceptions import InvalidResponse, ResponseError

MOST_BYTES = 1 << 20  # of one answer with all that is in it; INFO of everything takes ten thousand
MOST_ITEMS = 1 << 16  # of one answer, on all levels together
DEEPEST = 8
_LONGEST_LINE = 1 << 16
_LONGEST_NUMBER = 20  # digits, of 64 bits and more
_AT_ONCE = 1 << 16

Reply = bytes | int | None | ResponseError | list["Reply"]
"""What a server answered: a text, a number, nothing, an error inside an answer, or several of these."""


class TooLargeError(InvalidResponse):
    """An answer that is larger or deeper than is read; its rest is still under way."""


class Replies(BaseParser):
    """A parser that redis-py can use instead of its own.

    Its own takes any length and any depth that a server announces, and waits for all of it in memory.
    """

    def __init__(self, socket_read_size: int) -> None:  # noqa: ARG002 the driver gives it to every parser
        self._stream: StreamReader | None = None
        self._came = bytearray()  # from the beginning of the answer that is being read
        self._at = 0
        self._items = 0

    def on_connect(self, connection: Any) -> None:
        """Take the stream of a connection that was opened."""
        self._stream = connection._reader  # noqa: SLF001 no other way; the driver's own parsers do the same
        self._came.clear()
        self._at = 0

    def on_disconnect(self) -> None:
        """Let go of the stream, and of what came over it."""
        self._stream = None
        self._came.clear()
        self._at = 0

    async def can_read(self) -> bool:
        """Tell whether something came that nobody asked for; asked of pooled connections only."""
        return False

    async def read_response(self, disable_decoding: bool = False) -> Reply:  # noqa: ARG002 as above
        """Return one answer, an error as the driver's exception.

        Raises InvalidResponse where it is none, or too large, and the driver's ConnectionError where the
        connection is lost; after either the connection is of no use.
        """
        self._items = 0
        answer = await self._value(1)
        del self._came[: self._at]
        self._at = 0
        return answer

    async def _value(self, depth: int) -> Reply:
        line = self._line_that_came()
        if line is None:
            line = await self._line()
        kind, rest = line[:1], line[1:]
        if kind == b"$":
            return None if rest == b"-1" else await self._bulk(_length(line))
        if kind == b":":
            return _number(line)
        if kind == b"*":
            return None if rest == b"-1" else await self._items_of(_length(line), depth)
        if kind == b"+":
            return rest
        if kind != b"-":
            raise InvalidResponse(line)
        error = self.parse_error(rest.decode("utf-8", "replace"))  # type: ignore[no-untyped-call]  # of the driver
        if isinstance(error, LostError):
            raise error
        assert isinstance(error, ResponseError)
        return error

    async def _items_of(self, count: int, depth: int) -> list[Reply]:
        self._items += count
        if self._items > MOST_ITEMS:
            raise TooLargeError(b"an answer of %d items" % self._items)
        if depth > DEEPEST:
            raise TooLargeError(b"an answer nested more than %d deep" % DEEPEST)
        return [await self._value(depth + 1) for _ in range(count)]

    def _line_that_came(self) -> bytes | None:
        """Return the next line, if all of it is here; most of them are, and waiting for one takes long."""
        end = self._came.find(b"\n", self._at)
        return None if end < 0 else self._up_to(end)

    async def _line(self) -> bytes:
        looked = len(self._came)
        while (end := self._came.find(b"\n", looked)) < 0:
            if len(self._came) - self._at > _LONGEST_LINE:
                raise InvalidResponse(b"a line without end")
            looked = len(self._came)
            if not await self._more():
                if rest := bytes(self._came[self._at :]):
                    raise InvalidResponse(rest)
                raise LostError("Connection closed by server.")
        return self._up_to(end)

    def _up_to(self, end: int) -> bytes:
        line = bytes(self._came[self._at : end])
        self._at = end + 1
        if self._at > MOST_BYTES:
            raise TooLargeError(b"an answer of more than %d bytes" % MOST_BYTES)
        if not line.endswith(b"\r"):
            raise InvalidResponse(line)
        return line[:-1]

    async def _bulk(self, length: int) -> bytes:
        end = self._at + length
        if end > MOST_BYTES:
            raise TooLargeError(b"an answer of %d bytes" % end)
        while len(self._came) < end + 2:
            if not await self._more():
                raise LostError("Connection closed by server.")
        if self._came[end : end + 2] != b"\r\n":
            raise InvalidResponse(b"an answer of another length than announced")
        body = bytes(self._came[self._at : end])
        self._at = end + 2
        return body

    async def _more(self) -> bool:
        """Wait for more of the answer; False where the other side closed."""
        if self._stream is None:
            raise LostError("Connection closed by server.")
        more = await self._stream.read(_AT_ONCE)
        self._came += more
        return bool(more)


def _length(line: bytes) -> int:
    digits = line[1:]
    if not digits.isdigit() or len(digits) > len(str(MOST_BYTES)):
        raise InvalidResponse(line)
    return int(digits)


def _number(line: bytes) -> int:
    digits = line[2:] if line[1:2] == b"-" else line[1:]
    if not digits.isdigit() or len(digits) > _LONGEST_NUMBER:
        raise InvalidResponse(line)
    return int(line[1:])
