"""A service on the loopback that takes JSON by POST, as the three chat and paging services do."""

import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self, cast

from demo.ports import LOOPBACK

LARGEST_BYTES = 1024 * 1024
READ_SECONDS = 5.0


class Reply(NamedTuple):
    """An answer to one request."""

    status: int
    text: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class Arrival:
    """One request: `body` is its JSON, or None where it is none."""

    path: str
    headers: dict[str, str]
    raw: bytes
    body: Any = None
    reply: Reply = field(default_factory=lambda: Reply(0))


class Service:
    """An HTTP server in threads of its own; what it answers is said by `answer`.

    `heard`, where it is set, is called with each request that was accepted, one at a time.
    """

    def __init__(self, port: int = 0) -> None:
        self.arrivals: list[Arrival] = []
        self.heard: Callable[[Arrival], None] | None = None
        self._next: deque[Reply] = deque()
        self._lock = threading.Lock()
        self._server = _Server((LOOPBACK, port), _Handler)
        self._server.service = self
        self.origin = f"http://{LOOPBACK}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fail(self, *replies: Reply) -> None:
        """Gives the next requests these answers, whatever they say."""
        with self._lock:
            self._next.extend(replies)

    def answer(self, arrival: Arrival) -> Reply:
        """Returns what the service answers; one request at a time."""
        raise NotImplementedError

    def take(self, arrival: Arrival) -> Reply:
        """Answers a request and writes it down."""
        with self._lock:
            arrival.reply = self._next.popleft() if self._next else self.answer(arrival)
            self.arrivals.append(arrival)
            if self.heard is not None and arrival.reply.status < HTTPStatus.BAD_REQUEST:
                self.heard(arrival)
            return arrival.reply


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    service: Service


class _Handler(BaseHTTPRequestHandler):
    timeout = READ_SECONDS

    def do_POST(self) -> None:
        service = cast("_Server", self.server).service
        length = self.headers.get("Content-Length", "")
        size = int(length) if length.isascii() and length.isdigit() and len(length) < 9 else LARGEST_BYTES + 1
        raw = self.rfile.read(min(size, LARGEST_BYTES))
        arrival = Arrival(self.path, {name.lower(): value for name, value in self.headers.items()}, raw)
        if size > LARGEST_BYTES:
            reply = Reply(413, "too large")
        else:
            try:
                arrival.body = json.loads(raw)
            except (ValueError, RecursionError):
                arrival.body = None
            reply = service.take(arrival)
        data = reply.text.encode()
        self.close_connection = True
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in http.server
        pass
