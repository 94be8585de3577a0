"""One request of one client that may be slow, silent, or hostile: bounded in bytes and in seconds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import h11

log = logging.getLogger("headroom.serve")

LONGEST_HEAD = 8192
"""Bytes of the request line and the headers together."""
TO_ASK = 5.0
"""Seconds for sending them."""
TO_HEAR = 10.0
"""Seconds for taking the answer."""
_LINGER = 1.0  # seconds in which what is still being sent is thrown away: a reset would cost it the answer
_LINGER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked; the names of headers are in lower case, and the target is without its query."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered."""

    status: int
    body: bytes
    kind: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


Answering = Callable[[Request], Awaitable[Answer]]


async def converse(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    answering: Answering,
    asked: Callable[[], None],
) -> None:
    """Take one request, answer it, and close; whatever the client does, this ends soon and raises nothing.

    `asked` is called once the request is there. A body is not read: nothing here takes one.
    """
    wire = h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST_HEAD)
    try:
        request = await _request(wire, reader)
        if request is None:
            return
        asked()
        bodiless = isinstance(request, Request) and request.method == "HEAD"
        answer = await _answered(request, answering) if isinstance(request, Request) else request
        writer.transport.set_write_buffer_limits(0)  # so that draining means that all of it is gone
        async with asyncio.timeout(TO_HEAR):
            writer.write(_written(wire, answer, bodiless=bodiless))
            await writer.drain()
            writer.write_eof()
        await _linger(reader)
    except (OSError, TimeoutError):
        return  # a client that went away or takes nothing; there is nobody to tell
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


async def _request(wire: h11.Connection, reader: asyncio.StreamReader) -> Request | Answer | None:
    """Return the request, the answer to one that is none, or None where the client left."""
    try:
        async with asyncio.timeout(TO_ASK):
            while (event := wire.next_event()) is h11.NEED_DATA:
                data = await reader.read(LONGEST_HEAD)
                wire.receive_data(data)
    except TimeoutError:
        return Answer(408, f"send the whole request within {TO_ASK:g} s\n".encode())
    except h11.RemoteProtocolError as error:
        if error.error_status_hint == 431:  # noqa: PLR2004 as h11 tells of a head that is too long
            return Answer(431, f"at most {LONGEST_HEAD} bytes of headers are read\n".encode())
        return Answer(400, b"that is no HTTP request\n")
    if not isinstance(event, h11.Request):
        return None
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
    path = event.target.decode("latin-1").partition("?")[0]
    return Request(event.method.decode("latin-1"), path, headers)


async def _answered(request: Request, answering: Answering) -> Answer:
    try:
        return await answering(request)
    except Exception:
        log.exception("a request was not answered; this is a fault of Headroom")
        return Answer(500, b"a fault of Headroom; its log has more\n")


def _written(wire: h11.Connection, answer: Answer, *, bodiless: bool) -> bytes:
    headers = {
        "Content-Type": answer.kind,
        "Content-Length": str(len(answer.body)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        **answer.headers,
        "Connection": "close",
    }
    head = wire.send(h11.Response(status_code=answer.status, headers=list(headers.items())))
    return (head or b"") + (b"" if bodiless else answer.body)


async def _linger(reader: asyncio.StreamReader) -> None:
    taken = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER):
            while taken < _LINGER_BYTES and (data := await reader.read(LONGEST_HEAD)):
                taken += len(data)
