"""A receiver of webhooks that notes when what arrived."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Arrival:
    """A message.

    Attributes:
        at: when its last byte was read, by `time.monotonic`.
        path: that it was posted to.
        body: the JSON document.
    """

    at: float
    path: str
    body: dict[str, Any]


@dataclass
class Receiver:
    """What has arrived at one address."""

    url: str
    _arrivals: list[Arrival] = field(default_factory=list)
    _more: threading.Condition = field(default_factory=threading.Condition)

    def note(self, arrival: Arrival) -> None:
        """Take a message; called on the server's threads."""
        with self._more:
            self._arrivals.append(arrival)
            self._more.notify_all()

    def wait(self, enough: Callable[[list[Arrival]], bool], within: float) -> list[Arrival]:
        """Return all arrivals so far, as soon as they are enough, or after `within` seconds."""
        with self._more:
            self._more.wait_for(lambda: enough(self._arrivals), within)
            return list(self._arrivals)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Listen on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            at = time.monotonic()
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            here.note(Arrival(at, self.path, json.loads(data)))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with _Server(("127.0.0.1", 0), Handler) as server:
        here = Receiver(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield here
        finally:
            server.shutdown()
            thread.join()
