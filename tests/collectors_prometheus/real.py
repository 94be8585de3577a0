"""A real Prometheus on a free loopback port, and targets whose exposition the test writes by hand."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from tests import servers

PERIOD = 0.2
"""Seconds between two scrapes."""


class Target:
    """A scrape target; `text` is what it exposes, None makes the scrape fail with 503.

    Attributes:
        scraped: set once it was asked for anything.
    """

    def __init__(self) -> None:
        self.text: str | None = ""
        self.scraped = threading.Event()
        target = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                target.scraped.set()
                text = target.text
                self.send_response(200 if text is not None else 503)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write((text or "").encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def prometheus(folder: Path, jobs: Mapping[str, list[str]]) -> Iterator[str]:
    """Run the installed Prometheus, which scrapes `jobs`, and give its host:port."""
    with servers.prometheus(folder, servers.scraping(jobs), period=PERIOD) as place:
        yield place
