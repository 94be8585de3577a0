"""The client of the traffic against servers that answer badly."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from demo.http_client import LARGEST_BODY_BYTES, HttpClient, HttpError, Request


class Canned:
    """A server that answers every request with the same bytes; nothing for an empty answer."""

    def __init__(self) -> None:
        self.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
        self.connections = 0
        self.requests: list[bytes] = []
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Starts it and returns its port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Ends it."""
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while head := await reader.read(65536):
            self.requests.append(head)
            writer.write(self.answer)
        writer.close()


@pytest.fixture
async def canned() -> AsyncIterator[Canned]:
    """A server with a good answer."""
    server = Canned()
    yield server
    await server.close()


async def test_keep_alive(canned: Canned) -> None:
    """Requests one after the other share a connection and carry method, path, user and body."""
    client = HttpClient(await canned.start())

    assert await client.send(Request("GET", "/users/5", user=3), 1) == (200, b"ok")
    assert await client.send(Request("POST", "/files/a.pdf", b"abc", 3), 1) == (200, b"ok")

    assert canned.connections == 1
    assert canned.requests[1].startswith(b"POST /files/a.pdf HTTP/1.1\r\n")
    assert b"\r\nX-User: 3\r\nContent-Length: 3\r\n\r\nabc" in canned.requests[1]
    client.close()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "ValueError('no Content-Length')"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: soon\r\n\r\n", 'ValueError("invalid literal'),
        (
            f"HTTP/1.1 200 OK\r\nContent-Length: {LARGEST_BODY_BYTES + 1}\r\n\r\n".encode(),
            f"ValueError('a body of {LARGEST_BODY_BYTES + 1} bytes')",
        ),
        (b"x" * 40_000, "LimitOverrunError("),
    ],
)
async def test_bad_answer(canned: Canned, answer: bytes, why: str) -> None:
    """An answer that cannot be read is an error with the reason, and its connection is not used again."""
    canned.answer = answer
    client = HttpClient(await canned.start())

    with pytest.raises(HttpError) as caught:
        await client.send(Request("GET", "/x"), 1)

    assert str(caught.value).startswith(f"GET /x: {why}")
    canned.answer = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
    assert await client.send(Request("GET", "/x"), 1) == (204, b"")
    assert canned.connections == 2
    client.close()


async def test_silent_server(canned: Canned) -> None:
    """A server that does not answer costs the time that the caller allows, and no more."""
    canned.answer = b""
    client = HttpClient(await canned.start())

    with pytest.raises(TimeoutError):
        await client.send(Request("GET", "/x"), 0.1)
