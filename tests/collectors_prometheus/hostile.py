"""A server that does to its clients whatever a test wants; the fault itself is the subject."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic, time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from collectors.prometheus import build
from headroom.observation import Collector, SourceError
from headroom.sources import Access, Secret, Source, SourceKind
from tests.collectors_prometheus.figures import LOGIN, RULES, THRESHOLDS

Write = Callable[[bytes], None]
EVERY = 1.0
"""Seconds between two polls of a collector under test."""
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@dataclass
class Server:
    """What is answered to the requests on a connection, one behaviour after the other, the last for ever.

    Attributes:
        behaviours: each writes one answer; it returns False where the connection must be closed after it.
        targets: the paths with parameters that were asked, in order.
        headers: the header lines of each request, in order.
        resets: whether connections end with a reset instead of a proper end.
    """

    behaviours: list[Callable[[Server, Write, str], bool]]
    targets: list[str] = field(default_factory=list)
    headers: list[list[str]] = field(default_factory=list)
    connections: int = 0
    resets: bool = False
    gone: threading.Event = field(default_factory=threading.Event)
    place: str = ""

    def answer(self, write: Write, target: str) -> bool:
        """Answer one request."""
        query = parse_qs(urlsplit(target).query).get("query", [""])[0]
        self.targets.append(target)
        behaviour = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
        return behaviour(self, write, query)


Behaviour = Callable[[Server, Write, str], bool]


@contextmanager
def serving(*behaviours: Behaviour) -> Iterator[Server]:
    """Run a server on a free loopback port."""
    server = Server(list(behaviours))

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            server.connections += 1
            with contextlib.suppress(OSError):
                while line := self.rfile.readline():
                    server.headers.append(
                        [header.decode() for header in iter(lambda: self.rfile.readline().strip(), b"")]
                    )
                    if not server.answer(self._write, line.split()[1].decode()):
                        break
                if server.resets:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.close()

        def _write(self, data: bytes) -> None:
            self.wfile.write(data)
            self.wfile.flush()

    class Listener(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False
        allow_reuse_address = True

    with Listener(("127.0.0.1", 0), Handler) as listener:
        server.place = f"127.0.0.1:{listener.server_address[1]}"
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.gone.set()
            listener.shutdown()
            thread.join()


def says(
    body: bytes | str,
    *,
    status: str = "200 OK",
    headers: tuple[str, ...] = (),
    kind: str = "application/json",
) -> Behaviour:
    """Return the behaviour of a server that answers properly, with whatever body."""
    data = body.encode() if isinstance(body, str) else body
    lines = (f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(data)}", *headers)
    whole = ("\r\n".join(lines) + "\r\n\r\n").encode() + data

    def behaviour(_: Server, write: Write, __: str) -> bool:
        write(whole)
        return True

    return behaviour


def raw(*pieces: bytes, pause: float = 0.0) -> Behaviour:
    """Return the behaviour of a server that writes pieces with pauses in between, then closes."""

    def behaviour(server: Server, write: Write, _: str) -> bool:
        for piece in pieces:
            write(piece)
            if pause and server.gone.wait(pause):
                break
        return False

    return behaviour


def resetting(*pieces: bytes) -> Behaviour:
    """Return the behaviour of a server that writes pieces, then tears the connection down."""

    def behaviour(server: Server, write: Write, _: str) -> bool:
        server.resets = True
        for piece in pieces:
            write(piece)
        return False

    return behaviour


def hanging(server: Server, _: Write, __: str) -> bool:
    """Take the request and never answer."""
    server.gone.wait(20)
    return False


def success(result: Any, **beside: Any) -> str:
    """Return the JSON of a good answer."""
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}, **beside})


def prometheus(
    *,
    up: Any = (),
    counters: Any = (),
    counts: Any = (),
    beside: dict[str, Any] | None = None,
    counters_status: str = "200 OK",
) -> Behaviour:
    """Return the behaviour of a Prometheus whose answers are given, and whose clock is right.

    `counts` are the numbers of series by target; `beside` and `counters_status` are of the counters alone.
    """

    def behaviour(server: Server, write: Write, query: str) -> bool:
        if query == "time()":
            return says(success([time(), str(time())]))(server, write, query)
        if "|process_start_time_seconds" in query:
            return says(success(list(up)))(server, write, query)
        if query.startswith("count by"):
            return says(success(list(counts)))(server, write, query)
        return says(success(counters, **(beside or {})), status=counters_status)(server, write, query)

    return behaviour


GOOD = prometheus()


def collector(
    place: str, login: str = "", *, access: Access | None = None, scheme: str = "http", every: float = EVERY
) -> Collector:
    """Return a collector of logins."""
    url = Secret(f"{scheme}://{login}{place}")
    source = Source(
        "metrics", SourceKind.PROMETHEUS, url, timedelta(seconds=every), access=access or Access()
    )
    return build(source, {LOGIN: THRESHOLDS}, RULES)


LATEST = 0.8 * EVERY
"""When the caller would give up."""


async def refusal(place: str, login: str = "") -> SourceError:
    """Return the error that one poll gives, after checking that it came before the caller gives up."""
    asking = collector(place, login)
    start = monotonic()
    with pytest.raises(SourceError) as caught:
        await asking.fetch()
    assert monotonic() - start < LATEST
    await asking.close()
    return caught.value
