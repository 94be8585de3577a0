"""A real HTTP server on a free loopback port that behaves as told: its faults are what is tested."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Arrival:
    """One request that arrived whole."""

    path: str
    headers: dict[str, str]
    body: str
    at: float


Behaviour = Callable[["Exchange"], None]


class Exchange:
    """One request and its open connection."""

    def __init__(self, handler: BaseHTTPRequestHandler, closing: threading.Event, sent: list[int]) -> None:
        self._handler = handler
        self._sent = sent
        self.closing = closing

    def write(self, data: bytes) -> None:
        """Send raw bytes at once; OSError once the client is gone."""
        self._handler.connection.sendall(data)
        self._sent.append(len(data))


def answer(status: int, text: str = "", **headers: str) -> Behaviour:
    """Answer at once."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(text.encode())}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return lambda exchange: exchange.write("\r\n".join([*lines, "", text]).encode())


def hang(exchange: Exchange) -> None:
    """Never answer."""
    exchange.closing.wait(30)


def break_off(exchange: Exchange) -> None:
    """Close the connection without a word."""


def drip_headers(exchange: Exchange) -> None:
    """Answer for ever, a byte at a time, without reaching the end of the headers."""
    exchange.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not exchange.closing.wait(0.05):
        exchange.write(b"x")


def drip_body(exchange: Exchange) -> None:
    """Accept, and then drip the body."""
    exchange.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not exchange.closing.wait(0.05):
        exchange.write(b"x")


def slow(exchange: Exchange) -> None:
    """Accept after a while."""
    exchange.closing.wait(0.7)
    answer(200)(exchange)


def break_body_off(exchange: Exchange) -> None:
    """Accept, and close in the middle of a chunk of the body."""
    exchange.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\nhalf")


def endless(status_line: str) -> Behaviour:
    """Answer with a body that never ends, as fast as it is read."""

    def behave(exchange: Exchange) -> None:
        exchange.write(f"HTTP/1.1 {status_line}\r\nContent-Type: text/plain\r\n\r\n".encode())
        while not exchange.closing.is_set():
            exchange.write(b"y" * 65536)

    return behave


class Receiver:
    """Answers the first requests as `behaviours` say, in order, and all further ones as the last one says."""

    def __init__(self, *behaviours: Behaviour, port: int = 0) -> None:
        self.behaviours = list(behaviours) or [answer(200, "thanks")]
        self.arrivals: list[Arrival] = []
        self.sent: list[int] = []
        self._port = port
        self._closing = threading.Event()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The address, with a token that must never be seen anywhere."""
        return f"http://127.0.0.1:{self.port}/hook/s3cret-token"

    @property
    def port(self) -> int:
        """The loopback port."""
        return self._port

    def __enter__(self) -> Self:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
                behave = receiver._arrived(Arrival(self.path, dict(self.headers), body, monotonic()))
                try:
                    behave(Exchange(self, receiver._closing, receiver.sent))
                except OSError:
                    return  # the client has gone, as the test wants it to

            do_GET = do_POST  # noqa: N815 the base class looks for this name

            def log_message(self, *_: object) -> None:
                """Be quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = True

        self._server = Server(("127.0.0.1", self._port), Handler)
        self._port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _arrived(self, arrival: Arrival) -> Behaviour:
        with self._lock:
            self.arrivals.append(arrival)
            return self.behaviours[min(len(self.arrivals), len(self.behaviours)) - 1]


def free_port() -> int:
    """Return a loopback port on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
