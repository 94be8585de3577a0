"""Answers in Redis's second protocol, as plain values, none larger or deeper than it may be."""

from __future__ import annotations

import re
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
_NUMBERS = re.compile(rb"(?::[0-9]{1,%d}\r\n)++" % _LONGEST_NUMBER)

MISSING = object()
"""Stands for an answer that has not come yet, or not all of it."""
_OPENED = object()  # a list whose items come next

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
        self._forget()

    def on_connect(self, connection: Any) -> None:
        """Take the stream of a connection that was opened."""
        self._stream = connection._reader  # noqa: SLF001 no other way; the driver's own parsers do the same
        self._came.clear()
        self._forget()

    def on_disconnect(self) -> None:
        """Let go of the stream, and of what came over it."""
        self._stream = None
        self._came.clear()
        self._forget()

    async def can_read(self) -> bool:
        """Tell whether something came that nobody asked for; asked of pooled connections only."""
        return False

    async def read_response(self, disable_decoding: bool = False) -> Reply:  # noqa: ARG002 as above
        """Return one answer, an error as the driver's exception.

        Raises InvalidResponse where it is none, or too large, and the driver's ConnectionError where the
        connection is lost; after either the connection is of no use.
        """
        answer: Reply = self.that_came()
        while answer is MISSING:
            if not await self._more():
                raise self._cut()
            answer = self.that_came()
        return answer

    def that_came(self) -> Any:
        """Return one answer as `read_response` does, out of what is here already; MISSING until all of it is.

        What was read of it is not read again: a server that sends it byte by byte costs no more than others.
        """
        while True:
            value = self._value() if self._due < 0 else self._text()
            if value is MISSING:
                return MISSING
            if value is _OPENED:
                continue
            while self._open:
                inner, left = self._open[-1]
                inner.append(value)
                if left > 1:
                    self._open[-1] = inner, left - 1
                    break
                self._open.pop()
                value = inner
            else:
                del self._came[: self._at]
                self._forget()
                return value

    def _forget(self) -> None:
        self._at = 0  # all before it was read
        self._looked = 0  # no line ends between there and here
        self._due = -1  # bytes of the text whose length was read
        self._items = 0
        # Lists that lack items, and how many, the outermost first.
        self._open: list[tuple[list[Reply], int]] = []

    def _value(self) -> Any:
        """Return the value that the next line is, or begins."""
        line = self._line()
        if line is None:
            return MISSING
        kind = line[:1]
        if kind == b":":
            return _number(line)
        if line in (b"$-1", b"*-1"):
            return None
        if kind == b"*":
            return self._list(_length(line))
        if kind != b"$":
            return self._words(line)
        self._due = _length(line)
        if self._at + self._due > MOST_BYTES:
            raise TooLargeError(b"an answer of %d bytes" % (self._at + self._due))
        return self._text()

    def _text(self) -> Any:
        end = self._at + self._due
        if len(self._came) < end + 2:
            return MISSING
        if self._came[end : end + 2] != b"\r\n":
            raise InvalidResponse(b"an answer of another length than announced")
        body = bytes(self._came[self._at : end])
        self._at = self._looked = end + 2
        self._due = -1
        return body

    def _list(self, count: int) -> Any:
        self._items += count
        if self._items > MOST_ITEMS:
            raise TooLargeError(b"an answer of %d items" % self._items)
        if len(self._open) >= DEEPEST:
            raise TooLargeError(b"an answer nested more than %d deep" % DEEPEST)
        if not count:
            return []
        return self._numbers(count) or self._opened(count)

    def _numbers(self, count: int) -> list[Reply]:
        """Return the items if all are numbers and here, the buckets of a histogram, at once; else nothing."""
        run = _NUMBERS.match(self._came, self._at)
        if run is None or run.end() > MOST_BYTES:
            return []
        found: list[Reply] = [int(digits) for digits in run[0][1:-2].split(b"\r\n:")]
        if len(found) != count:
            return []
        self._at = self._looked = run.end()
        return found

    def _opened(self, count: int) -> Any:
        self._open.append(([], count))
        return _OPENED

    def _words(self, line: bytes) -> bytes | ResponseError:
        if line[:1] == b"+":
            return line[1:]
        if line[:1] != b"-":
            raise InvalidResponse(line)
        error = self.parse_error(line[1:].decode("utf-8", "replace"))  # type: ignore[no-untyped-call]  # of the driver
        if isinstance(error, LostError):
            raise error
        assert isinstance(error, ResponseError)
        return error

    def _line(self) -> bytes | None:
        """Return the next line without its end; None until all of it is here."""
        came, at = self._came, self._at
        end = came.find(b"\n", self._looked)
        if end < 0:
            self._looked = len(came)
            if len(came) - at > _LONGEST_LINE:
                raise InvalidResponse(b"a line without end")
            return None
        line = bytes(came[at:end])
        self._at = self._looked = end + 1
        if end >= MOST_BYTES:
            raise TooLargeError(b"an answer of more than %d bytes" % MOST_BYTES)
        if line[-1:] != b"\r":
            raise InvalidResponse(line)
        return line[:-1]

    def _cut(self) -> Exception:
        """Return what an answer is that ends here: in the middle of a line, it may be of another protocol."""
        rest = bytes(self._came[self._at :])
        return InvalidResponse(rest) if rest and self._due < 0 else LostError("Connection closed by server.")

    async def _more(self) -> bool:
        """Wait for more of the answer; False where the other side closed."""
        if self._stream is None:
            raise LostError("Connection closed by server.")
        more = await self._stream.read(_AT_ONCE)
        self._came += more
        return bool(more)


def _length(line: bytes) -> int:
    digits = line[1:]
    if not digits.isdigit() or len(digits) > _LONGEST_NUMBER:
        raise InvalidResponse(line)
    return int(digits)


def _number(line: bytes) -> int:
    digits = line[2:] if line[1:2] == b"-" else line[1:]
    if not digits.isdigit() or len(digits) > _LONGEST_NUMBER:
        raise InvalidResponse(line)
    return int(line[1:])
