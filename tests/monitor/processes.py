"""Collecting processes with a Redis source a second, and what they recorded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from headroom.history import History, HistoryError, Poll, open_history

LEASH = ("setpriv", "--pdeathsig", "KILL", "--")  # a test that fails must leave nothing behind


def configure(folder: Path, *, limit: str = "80%", alerts: str = "", **urls: str) -> Path:
    """Write a configuration with one Redis source a second for each url."""
    sources = "\n".join(f'  {name}: {{kind: redis, url: "{url}", every: 1s}}' for name, url in urls.items())
    measure = "measure: {{redis_memory: maxmemory, source: {name}}}"
    times = "window: 10s, for: 1s, recover_for: 2s"
    budgets = "\n".join(
        f"  - {{id: {name}.memory, title: Memory of {name}, {measure.format(name=name)}, {times},"
        f" limits: [{{statistic: average, max: {limit}}}]}}"
        for name in urls
    )
    path = folder / "budgets.yaml"
    path.write_text(f"version: 1\nhistory: history.db\nsources:\n{sources}\nbudgets:\n{budgets}\n{alerts}")
    return path


def collecting(config: Path, *arguments: str, **env: str) -> subprocess.Popen[bytes]:
    """Start `headroom run`."""
    with (config.parent / "log").open("ab") as log:
        return subprocess.Popen(
            [*LEASH, sys.executable, "-m", "monitor", "run", "--config", str(config), *arguments],
            env={**os.environ, **env},
            stderr=log,
        )


def stop(process: subprocess.Popen[bytes]) -> int:
    """End a collecting process in order; return its exit code."""
    process.send_signal(signal.SIGTERM)
    return process.wait(20)


def reading(config: Path) -> History:
    """Open the history that a configuration names, to read."""
    return open_history(f"sqlite:///{config.parent}/history.db", collecting=False)


def polls(config: Path, source: str) -> list[Poll]:
    """Return the recorded polls of a source, whatever the clock said."""
    with reading(config) as history:
        return history.polls(source, datetime(2000, 1, 1, tzinfo=UTC))


def wait_until(config: Path, seen: Callable[[History], object], what: str, seconds: float = 30) -> None:
    """Wait until the history shows something."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(HistoryError), reading(config) as history:  # until the first migration is done
            if seen(history):
                return
        time.sleep(0.2)
    raise AssertionError(f"not seen in {seconds:.0f} s: {what}\n{(config.parent / 'log').read_text()}")


def wait_for_poll(config: Path, source: str, result: str) -> None:
    """Wait until the newest poll of a source has a result."""

    def seen(history: History) -> bool:
        poll = history.last_polls().get(source)
        return poll is not None and poll.result == result

    wait_until(config, seen, f"a poll of {source} that comes out as {result}")
