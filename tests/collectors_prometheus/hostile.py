"""A server that does to its clients whatever a test wants; the fault itself is the subject."""

from __future__ import annotations

import contextlib
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from collectors.prometheus import build
from headroom.observation import Collector
from headroom.sources import Secret, Source, SourceKind
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
    """

    behaviours: list[Callable[[Server, Write, str], bool]]
    targets: list[str] = field(default_factory=list)
    connections: int = 0
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
                    while self.rfile.readline().strip():
                        pass
                    if not server.answer(self._write, line.split()[1].decode()):
                        return

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


def hanging(server: Server, _: Write, __: str) -> bool:
    """Take the request and never answer."""
    server.gone.wait(20)
    return False


def success(result: Any, **beside: Any) -> str:
    """Return the JSON of a good answer."""
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}, **beside})


def prometheus(
    *, up: Any = (), counters: Any = (), beside: dict[str, Any] | None = None, counters_status: str = "200 OK"
) -> Behaviour:
    """Return the behaviour of a Prometheus whose answers are given, and whose clock is right."""

    def behaviour(server: Server, write: Write, query: str) -> bool:
        if query == "time()":
            return says(success([time(), str(time())]))(server, write, query)
        if "|process_start_time_seconds" in query:
            return says(success(list(up)))(server, write, query)
        return says(success(counters, **(beside or {})), status=counters_status)(server, write, query)

    return behaviour


GOOD = prometheus()


def collector(place: str, login: str = "") -> Collector:
    """Return a collector of logins."""
    url = Secret(f"http://{login}{place}")
    return build(
        Source("metrics", SourceKind.PROMETHEUS, url, timedelta(seconds=EVERY)), {LOGIN: THRESHOLDS}, RULES
    )
