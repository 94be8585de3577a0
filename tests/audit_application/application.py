"""A small application with health endpoints and payloads, served by the standard library."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROWS = json.dumps([{"id": number, "type": "income", "category": "rooms"} for number in range(400)]).encode()
UP = {"database": {"key": "database", "status": "up"}, "cache": {"key": "cache", "status": "up"}}


@dataclass
class Page:
    """What one path answers."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    compressed: bool = False


@dataclass
class Application:
    """Pages by path, and what was asked of it: the path with its headers."""

    pages: dict[str, Page]
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    place: str = ""

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{self.place}"


def page(told: object, **more: object) -> Page:
    """Return a page of JSON."""
    return Page(json.dumps(told).encode(), **more)  # type: ignore[arg-type]  # the caller names fields


PAGES = {
    "/health/live": page({"status": "OK"}),
    "/health/ready": page(UP),
    "/bookings": Page(ROWS, compressed=True),
    "/plain": Page(ROWS),
}


@contextmanager
def serving(**pages: Page) -> Iterator[Application]:
    """Run the application; `pages` are added by their paths, underscores for slashes."""
    own = {f"/{path.replace('_', '/')}": one for path, one in pages.items()}
    app = Application({**PAGES, **own})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one write for head and body, or the client's delayed acknowledgement costs 40 ms

        def do_GET(self) -> None:
            app.asked.append((self.path, dict(self.headers)))
            one = app.pages.get(self.path.partition("?")[0], Page(b"Cannot GET", 404))
            body = one.body
            self.send_response(one.status)
            if one.compressed and "gzip" in self.headers.get("Accept-Encoding", ""):
                body = gzip.compress(body, 6, mtime=0)
                self.send_header("Content-Encoding", "gzip")
            for name, value in one.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        app.place = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield app
        finally:
            server.shutdown()
            thread.join()
