"""`headroom up`: the collectors and the dashboard as two processes that live and die together."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import click

from monitor import children

FAILED = 1
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """Becomes set on SIGINT, SIGTERM or SIGHUP; the first signal asks, it never interrupts."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        for name in _STOPPING:
            signal.signal(name, lambda *_: self._asked.set())

    def asked(self) -> bool:
        """Tell whether the process was asked to end."""
        return self._asked.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait until asked to end, at most `seconds`; tell whether it was."""
        return self._asked.wait(seconds)


def announce(url: str, processes: Mapping[str, subprocess.Popen[bytes]], stop: Stop) -> bool:
    """Print where the dashboard is as soon as it answers; False where it does not, or a process has ended."""
    until = time.monotonic() + 60
    while not stop.asked() and time.monotonic() < until:
        if any(process.poll() is not None for process in processes.values()):
            return False
        if children.healthy(url):
            click.echo(f"Dashboard: {url}")
            return True
        stop.wait(0.1)
    return stop.asked()


def watch(
    processes: Mapping[str, subprocess.Popen[bytes]], stop: Stop, *, seconds: float | None = None
) -> int:
    """Wait for the end: asked for, timed, or since one of the processes ended by itself (exit code 1)."""
    until = None if seconds is None else time.monotonic() + seconds
    while not stop.wait(0.2):
        for name, process in processes.items():
            if process.poll() is not None:
                click.echo(
                    f"{name} ended by itself with exit code {process.returncode}; see its log above", err=True
                )
                return process.returncode if process.returncode == 2 else FAILED  # noqa: PLR2004 a usage error's code
        if until is not None and time.monotonic() >= until:
            return 0
    return 0


def up(config: Path, port: int) -> int:
    """Run both until asked to end; return the exit code."""
    stop = Stop()
    if not children.port_is_free(port):
        click.echo(f"port {port} is taken on 127.0.0.1; name another one with --port", err=True)
        return 2
    started: dict[str, subprocess.Popen[bytes]] = {}
    try:
        started["collectors"] = children.start(children.headroom("run", "--config", str(config)))
        started["dashboard"] = children.start(children.dashboard(config, port), stdout=sys.stderr.fileno())
        url = f"http://127.0.0.1:{port}"
        if not announce(url, started, stop) and all(each.poll() is None for each in started.values()):
            click.echo("the dashboard does not answer; see its log above", err=True)
            return FAILED
        return watch(started, stop)
    finally:
        for process in reversed(started.values()):
            children.stop(process)
