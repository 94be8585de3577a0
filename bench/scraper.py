"""A Prometheus of our own with an application behind it, and what the two ends of a question to it cost."""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from bench.processes import cpu, free_port, start, wait_until_ready

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
        theirs, received = cpu(self.pid), self._sent()
        begun, ours = time.perf_counter(), time.process_time()
        work()
        ours, wall = time.process_time() - ours, time.perf_counter() - begun
        return Cost(ours, cpu(self.pid) - theirs, self._sent() - received, wall)

    def _sent(self) -> float:
        with urlopen(f"{self.url}/metrics", timeout=5) as answer:
            found = _BYTES.search(answer.read())
        return float(found[1]) if found else 0.0


@contextmanager
def scraper() -> Iterator[Scraper]:
    """Run a Prometheus that scrapes the application's instances."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="headroom-bench-")))
        ports = [free_port() for _ in range(INSTANCES)]
        for port in ports:
            start(stack, [sys.executable, "-m", "bench.application", str(port)])
        port = free_port()
        targets = [{"targets": [f"127.0.0.1:{each}" for each in ports]}]
        config = {
            "global": {"scrape_interval": f"{SCRAPES:g}s", "scrape_timeout": f"{SCRAPES:g}s"},
            "scrape_configs": [{"job_name": "erp", "static_configs": targets}],
        }
        (folder / "prometheus.yml").write_text(json.dumps(config))
        process = start(
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
        wait_until_ready(process, f"{url}/-/ready", "Prometheus")
        yield Scraper(url, process.pid)
