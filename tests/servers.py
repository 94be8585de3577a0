"""Prometheus of several versions and VictoriaMetrics for the tests: where they are, and how one is run."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

_FETCHED = Path(__file__).parents[1] / ".headroom" / "servers"

PROMETHEUS = {
    "2.42": Path(shutil.which("prometheus") or "/usr/bin/prometheus"),
    "2.53": _FETCHED / "trixie" / "prometheus",
    "3.5": _FETCHED / "forky" / "prometheus",
}
"""By what the Debian suites had when the tests were written; forky moves on within 3.x."""
VICTORIA_METRICS = _FETCHED / "forky" / "victoria-metrics"

Scrapes = Sequence[Mapping[str, Any]]
"""The `scrape_configs` of a Prometheus."""

_READY = b"Server is ready to receive web requests"
_PATIENCE = 20.0


def version(binary: Path) -> str:
    """Return what a server says of its version, and so find out whether it is there at all."""
    assert binary.exists(), f"{binary} is missing; `scripts/setup.sh tests` fetches what the tests run on"
    done = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=20, check=True)
    said = (done.stdout or done.stderr).splitlines()
    if not said:  # VictoriaMetrics knows it only where its makers built it
        packages = (binary.parent / "versions").read_text().splitlines()
        said = [line for line in packages if line.startswith(f"{binary.name} ")]
    return said[0]


def free_place() -> str:
    """Return host:port of a port that is free now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{one.getsockname()[1]}"


def scraping(jobs: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Return the scrape configurations of jobs that are nothing but lists of targets."""
    return [
        {"job_name": job, "static_configs": [{"targets": list(targets)}]} for job, targets in jobs.items()
    ]


@contextmanager
def prometheus(
    folder: Path,
    scrapes: Scrapes,
    *,
    binary: Path = PROMETHEUS["2.42"],
    flags: Sequence[str] = (),
    web: Mapping[str, Any] | None = None,
    period: float = 0.2,
    place: str = "",
) -> Iterator[str]:
    """Run a Prometheus, and give its host:port once it answers.

    Data, configuration and log are kept in `folder`: started again with the same folder and place, it goes
    on where it stopped. `web` is the content of its web configuration file; it scrapes every `period`
    seconds.
    """
    place = place or free_place()
    config = folder / "prometheus.yml"
    config.write_text(json.dumps({"global": _every(period), "scrape_configs": scrapes}))
    command = [
        str(binary),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={place}",
        *flags,
    ]
    if web is not None:
        (folder / "web.yml").write_text(json.dumps(web))
        command.append(f"--web.config.file={folder / 'web.yml'}")
    log = folder / "prometheus.log"
    log.write_bytes(b"")
    # By its log, for with a web configuration nothing may be asked without user or certificate.
    with _running(command, log, lambda: _READY in log.read_bytes()):
        yield place


@contextmanager
def victoria_metrics(
    folder: Path,
    scrapes: Scrapes,
    *,
    flags: Sequence[str] = ("-search.latencyOffset=0s",),
    period: float = 0.2,
    place: str = "",
) -> Iterator[str]:
    """Run a VictoriaMetrics that scrapes by itself, and give its host:port once it answers."""
    place = place or free_place()
    config = folder / "promscrape.yml"
    config.write_text(json.dumps({"global": _every(period), "scrape_configs": scrapes}))
    command = [
        str(VICTORIA_METRICS),
        f"-promscrape.config={config}",
        f"-storageDataPath={folder / 'data'}",
        f"-httpListenAddr={place}",
        "-retentionPeriod=1d",
        "-memory.allowedBytes=64MB",
        *flags,
    ]
    with _running(command, folder / "victoria-metrics.log", lambda: _healthy(f"http://{place}/health")):
        yield place


def _every(seconds: float) -> dict[str, str]:
    return {"scrape_interval": f"{seconds * 1000:.0f}ms", "scrape_timeout": f"{seconds * 750:.0f}ms"}


@contextmanager
def _running(command: list[str], log: Path, ready: Callable[[], bool]) -> Iterator[None]:
    version(Path(command[0]))
    name = Path(command[0]).name
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, "GOMAXPROCS": "1"}
        )
    try:
        deadline = monotonic() + _PATIENCE
        while not ready():
            assert process.poll() is None, f"{name} went away while starting: {_end(log)}"
            assert monotonic() < deadline, f"{name} was not ready within {_PATIENCE:.0f} s: {_end(log)}"
            threading.Event().wait(0.03)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def _healthy(url: str) -> bool:
    try:
        with urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _end(log: Path) -> str:
    return log.read_text(errors="replace")[-600:]
