"""A Prometheus of our own with an application behind it, and what the two ends of a question to it cost."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

INSTANCES = 2
SCRAPES = 2.0  # seconds
_BYTES = re.compile(
    rb'^prometheus_http_response_size_bytes_sum\{handler="/api/v1/query"\} (\S+)$', re.MULTILINE
)


@dataclass(frozen=True)
class Cost:
    """What something cost.

    Attributes:
        ours, theirs: CPU seconds of this process and of Prometheus.
        received: bytes that Prometheus sent.
        wall: seconds on the wall.
    """

    ours: float
    theirs: float
    received: float
    wall: float


@dataclass(frozen=True)
class Scraper:
    """A running Prometheus."""

    url: str
    pid: int

    def cost(self, work: Callable[[], object]) -> Cost:
        """Do some work and return what it cost."""
        theirs, received = _cpu(self.pid), self._sent()
        begun, ours = time.perf_counter(), time.process_time()
        work()
        ours, wall = time.process_time() - ours, time.perf_counter() - begun
        return Cost(ours, _cpu(self.pid) - theirs, self._sent() - received, wall)

    def _sent(self) -> float:
        with urlopen(f"{self.url}/metrics", timeout=5) as answer:
            found = _BYTES.search(answer.read())
        return float(found[1]) if found else 0.0


@contextmanager
def scraper() -> Iterator[Scraper]:
    """Run a Prometheus that scrapes the application's instances."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="headroom-bench-")))
        ports = [_free_port() for _ in range(INSTANCES)]
        for port in ports:
            _start(stack, [sys.executable, "-m", "bench.application", str(port)])
        port = _free_port()
        targets = [{"targets": [f"127.0.0.1:{each}" for each in ports]}]
        config = {
            "global": {"scrape_interval": f"{SCRAPES:g}s", "scrape_timeout": f"{SCRAPES:g}s"},
            "scrape_configs": [{"job_name": "erp", "static_configs": targets}],
        }
        (folder / "prometheus.yml").write_text(json.dumps(config))
        process = _start(
            stack,
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--log.level=error",
            ],
        )
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(process, url)
        yield Scraper(url, process.pid)


def _start(stack: ExitStack, command: list[str]) -> subprocess.Popen[bytes]:
    process = stack.enter_context(subprocess.Popen(command))
    stack.callback(process.terminate)
    return process


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _wait_until_ready(process: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if process.poll() is not None:
            raise SystemExit("Prometheus did not start; is it installed? `make setup` fetches it")
        try:
            with urlopen(f"{url}/-/ready", timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise SystemExit("Prometheus was not ready within 20 s")


def _cpu(pid: int) -> float:
    """Return the CPU seconds of a process; by its threads' run time, since clock ticks are 10 ms."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9
