"""Collecting processes that judge the memory of a real Redis several times a second, and what they told."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from headroom.history import Delivery, History, HistoryError, open_history
from headroom.incidents import Incident, NoticeStatus, State
from tests.collectors_redis.server import Server

figures = logging.getLogger("figures")
"""Tells what was measured: `--log-cli-level=INFO` shows it."""

LEASH = ("setpriv", "--pdeathsig", "KILL", "--")  # a test that fails must leave nothing behind
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
PATIENCE = 30.0
_NEVER_FLAPPING = {"times": 100, "within": "100ms"}

OVER, UNDER = 50, 2
"""Millions of bytes: over every limit, and under."""


def gauge(ident: str, source: str, *limits: int, **times: str) -> dict[str, Any]:
    """Return a budget on the memory of a source: its last limit is critical, those before it are warnings."""
    names = ["warning"] * (len(limits) - 1) + ["critical"]
    return {
        "id": ident,
        "title": ident,
        "measure": {"redis_memory": "maxmemory", "source": source},
        "window": "800ms",
        "for": "100ms",
        "recover_for": "100ms",
        **times,
        "limits": [
            {"name": name, "statistic": "average", "max": f"{limit}%", "severity": name}
            for name, limit in zip(names, limits, strict=True)
        ],
    }


def hook(url: str, **more: Any) -> dict[str, Any]:
    """Return a webhook channel that takes all there is at once."""
    return {"kind": "webhook", "url": url, "at_most": "1000 per 1s", "timeout": "2s", **more}


class Headroom:
    """A budgets file in a folder, and the collecting process on it; `start` and `kill` as often as wanted."""

    def __init__(
        self,
        folder: Path,
        caches: dict[str, Server],
        channels: dict[str, Any],
        *,
        budgets: Sequence[dict[str, Any]] = (),
        every: str = "200ms",
        **alerts: Any,
    ) -> None:
        """Write the file: a budget of 50 % on each cache unless told otherwise, all channels told of all."""
        self.folder = folder
        self.config = folder / "budgets.yaml"
        self.path = folder / "history.db"
        self.log = folder / "log"
        routes = [{"channels": list(channels)}] if channels else []
        document = {
            "version": 1,
            "history": "history.db",
            "sources": {
                name: {"kind": "redis", "url": cache.url, "every": every} for name, cache in caches.items()
            },
            "budgets": list(budgets) or [gauge(f"{name}.memory", name, 50) for name in caches],
            "alerts": {
                "channels": channels,
                "routes": routes,
                "flapping": _NEVER_FLAPPING,
                "remind": "0s",
                **alerts,
            },
        }
        self.config.write_text(json.dumps(document))  # JSON is YAML
        self.process: subprocess.Popen[bytes] | None = None
        self._before = 0

    def start(self, *before: str, **env: str) -> None:
        """Run it; `before` is put in front of the command."""
        self._before = self._starts
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*LEASH, *before, sys.executable, "-m", "monitor", "run", "--config", str(self.config)],
                env={**os.environ, **env},
                stderr=log,
            )

    def until_started(self) -> None:
        """Wait until it has begun to poll."""
        self.until(lambda: self._starts > self._before, "the end of the start")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it with kill -9, if it runs."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def stop(self) -> int:
        """End it in order, and return its exit code."""
        self.signal(signal.SIGTERM)
        return self.ended(20)

    def ended(self, within: float) -> int:
        """Wait for its end, and return its exit code."""
        assert self.process is not None
        code = self.process.wait(within)
        self.process = None
        return code

    @property
    def said(self) -> str:
        """Its log."""
        return self.log.read_text()

    @property
    def _starts(self) -> int:
        return self.said.count(" INFO headroom: collecting from ") if self.log.exists() else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGCONT)
        self.kill()

    # ---- what it recorded

    @contextmanager
    def reading(self) -> Iterator[History]:
        """Open its history to read."""
        with open_history(str(self.path), collecting=False) as history:
            yield history

    def incidents(self) -> list[Incident]:
        """Return all incidents, oldest first."""
        with self.reading() as history:
            return history.incidents(limit=100_000)[::-1]

    def deliveries(self) -> list[Delivery]:
        """Return all messages, oldest first."""
        with self.reading() as history:
            return history.deliveries(limit=100_000)[::-1]

    def firing(self) -> set[str]:
        """Return the budgets that have an incident which fires."""
        return {one.budget for one in self.incidents() if one.state is State.FIRING}

    def until(self, seen: Callable[[], object], what: str, seconds: float = PATIENCE) -> float:
        """Wait until something is seen, and return the seconds that it took."""
        begun = time.monotonic()
        while time.monotonic() < begun + seconds:
            with suppress(HistoryError):  # before the first migration is done
                if seen():
                    return time.monotonic() - begun
            assert self.process is None or self.process.poll() is None, f"it ended: {self.said[-3000:]}"
            time.sleep(0.05)
        raise AssertionError(f"not seen in {seconds:.0f} s: {what}\n{self.said[-3000:]}")


def fill(cache: Server, millions: float) -> None:
    """Let a Redis hold so many million bytes, of the hundred that it may hold."""
    cache.run("DEL filler", f"SETRANGE filler {int(millions * 1_000_000)} x")


def told(arrivals: Sequence[Any]) -> list[dict[str, Any]]:
    """Return what a webhook was told of incidents, in order, those of a message of several one by one."""
    bodies = [json.loads(arrival.body) for arrival in list(arrivals)]
    each = [one for body in bodies for one in body.get("alerts", [body])]
    return [one for one in each if one["status"] != NoticeStatus.SYSTEM.value]


def statuses(arrivals: Sequence[Any]) -> list[str]:
    """Return what those messages said, in order."""
    return [body["status"] for body in told(arrivals)]
