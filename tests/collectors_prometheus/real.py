"""A real Prometheus on a free loopback port, and targets whose exposition the test writes by hand."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

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


def free_place() -> str:
    """Return host:port of a port that is free now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{one.getsockname()[1]}"


@contextmanager
def prometheus(folder: Path, jobs: Mapping[str, list[str]]) -> Iterator[str]:
    """Run a Prometheus that scrapes `jobs`, and give its host:port."""
    scrapes = [{"job_name": job, "static_configs": [{"targets": targets}]} for job, targets in jobs.items()]
    settings = {"global": {"scrape_interval": f"{round(PERIOD * 1000)}ms", "scrape_timeout": "150ms"}}
    config = folder / "prometheus.yml"
    config.write_text(json.dumps({**settings, "scrape_configs": scrapes}))
    place = free_place()
    command = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={place}",
        "--log.level=error",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "GOMAXPROCS": "1"})
        try:
            _wait_until_ready(process, place)
            yield place
        finally:
            process.terminate()
            process.wait(10)


def _wait_until_ready(process: subprocess.Popen[bytes], place: str) -> None:
    deadline = monotonic() + 15
    while monotonic() < deadline:
        assert process.poll() is None, "prometheus went away while starting; see its log"
        try:
            with urlopen(f"http://{place}/-/ready", timeout=1) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            pass
        threading.Event().wait(0.03)
    raise AssertionError("prometheus was not ready within 15 s")
