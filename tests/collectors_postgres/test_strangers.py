"""What a poll says of programs that are not PostgreSQL, or stand before it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from headroom.budgets import Reason
from tests.collectors_pgbouncer.pooler import Pooler
from tests.collectors_redis.server import Server as Redis

from .doors import PASSWORD, listening, refused
from .server import Server

_STRANGER = "does not speak PostgreSQL's protocol: correct host and port in the URL"
_CLOSED = "closed the connection at once: it is shutting down, or is not PostgreSQL"
_SILENT = (
    "opened no session within 2 s: it hangs, its catalogue is locked, it is not PostgreSQL, "
    "or a firewall drops packets"
)


@contextmanager
def website() -> Iterator[int]:
    """Serve HTTP."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    BaseHTTPRequestHandler.log_message = lambda *_: None  # type: ignore[assignment]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("mode", ["disable", "prefer", "require"])
async def test_real_strangers(mode: str) -> None:
    """A web server and a Redis listen there."""
    redis = Redis().start()
    with website() as port:
        pages = await refused(f"postgresql://app:{PASSWORD}@127.0.0.1:{port}/erp?sslmode={mode}", every=5.0)
        url = f"postgresql://app:{PASSWORD}@127.0.0.1:{redis.port}/erp?sslmode={mode}"
        cache = await refused(url, every=5.0)
    redis.stop()

    # Each waits for the end of a line that PostgreSQL's protocol does not send.
    assert pages.message == f"127.0.0.1:{port} {_SILENT}"
    assert cache.message == f"127.0.0.1:{redis.port} {_SILENT}"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", _STRANGER),
        (b"-ERR unknown command\r\n", _STRANGER),
        (b"220 mail.example ESMTP\r\n", _STRANGER),
        (b"\x00" * 64, _STRANGER),
        (b"R\xff\xff\xff\xff" + b"A" * 64, _STRANGER),
        (b"", _CLOSED),
    ],
)
async def test_other_protocols(answer: bytes, said: str) -> None:
    """Something answers that no PostgreSQL would."""
    async with listening(answer) as port:
        error = await refused(f"postgresql://app:{PASSWORD}@127.0.0.1:{port}/erp?sslmode=disable")

    assert error.message == f"127.0.0.1:{port} {said}"


@pytest.mark.parametrize(
    ("answer", "pause"),
    [(None, 0.0), (b"R\x00\x00\x00\x08\x00\x00\x00\x00", 0.5), (b"E\x00\x00\x40\x00" + b"x" * 50, 0.3)],
)
async def test_no_end_to_the_beginning(answer: bytes | None, pause: float) -> None:
    """A listener that says nothing, or a byte now and then, is given up in time."""
    async with listening(answer, pause) as port:
        began = time.monotonic()
        error = await refused(f"postgresql://app:{PASSWORD}@127.0.0.1:{port}/erp?sslmode=disable", every=5.0)

    assert time.monotonic() - began < 4
    assert error.message == f"127.0.0.1:{port} {_SILENT}"


async def test_words_of_a_pooler() -> None:
    """A message that only a pooler sends is taken for one."""
    said = b"SERROR\0C08P01\0Mno such database: erp\0\0"
    async with listening(b"E" + (len(said) + 4).to_bytes(4, "big") + said) as port:
        error = await refused(f"postgresql://app:{PASSWORD}@127.0.0.1:{port}/erp?sslmode=disable")

    assert error.message == (
        f"127.0.0.1:{port} is a connection pooler and lets nobody in (ERROR: no such database: erp): "
        "let the URL name PostgreSQL itself"
    )


@pytest.mark.parametrize("settings", [{}, {"ignore_startup_parameters": "options"}])
async def test_pgbouncer(cluster: Server, settings: dict[str, str]) -> None:
    """Whether it refuses the settings of our session or drops them, it must not stand between us."""
    pooler = Pooler(cluster, **settings).start()
    try:
        for database in ("erp", "pgbouncer"):
            error = await refused(pooler.url_of("monitor", "watches", database))
            assert (error.reason, error.message) == (
                Reason.BROKEN_INSTRUMENTATION if settings else Reason.UNREACHABLE,
                (
                    f"127.0.0.1:{pooler.port} is a connection pooler that passes no session settings: "
                    "let the URL name PostgreSQL itself"
                ),
            )
    finally:
        pooler.remove()
