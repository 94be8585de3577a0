"""A demo that runs while the tests look at it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psutil

T = TypeVar("T")


class Demo:
    """A `headroom demo` in a folder of its own, with what it printed."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "monitor", "demo", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def config(self) -> Path:
        """The configuration that it wrote."""
        return self.folder / ".headroom/demo/budgets.yaml"

    @property
    def dashboard(self) -> str:
        """The address that it announced."""
        announced = wait_for(
            lambda: [line for line in self.lines if line.startswith("Dashboard: ")], 120, self.told
        )
        return announced[0].removeprefix("Dashboard: ")

    def told(self) -> str:
        """Return all that it printed, for a failed assertion."""
        return "\n".join(self.lines)

    def check(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Run `headroom check --format json` on its configuration."""
        words = [sys.executable, "-m", "monitor", "check", "--config", str(self.config), "--format", "json"]
        done = subprocess.run([*words, *arguments], capture_output=True, text=True, timeout=60, check=False)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def command(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command on its configuration."""
        words = [sys.executable, "-m", "monitor", name, "--config", str(self.config)]
        return subprocess.run([*words, *arguments], capture_output=True, text=True, timeout=120, check=False)

    def received(self, channel: str = "webhook") -> list[dict[str, Any]]:
        """Return what one of its receivers got so far."""
        path = self.folder / ".headroom/demo/received.jsonl"
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        got = [json.loads(line) for line in lines if line.endswith("\n")]  # the last may be half written
        return [each for each in got if each["channel"] == channel]

    @property
    def servers(self) -> dict[str, Any]:
        """What it published of its servers."""
        content: dict[str, Any] = json.loads((self.folder / ".headroom/demo/servers.json").read_text())
        return content

    def family(self) -> list[psutil.Process]:
        """Return every process that it started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def close(self) -> None:
        """Hear it out, once it has ended."""
        self._listener.join(10)

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.lines.append(line.rstrip())


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[Demo]:
    """Run a demo; whatever the test does, nothing of it survives."""
    demo = Demo(folder, *arguments)
    family: list[psutil.Process] = []
    try:
        yield demo
        if demo.process.poll() is None:
            family = demo.family()
    finally:
        if demo.process.poll() is None:
            demo.process.send_signal(signal.SIGTERM)
            try:
                demo.process.wait(30)
            except subprocess.TimeoutExpired:
                demo.process.kill()
        for process in family:
            if process.is_running():
                process.kill()
        demo.close()


def wait_for(look: Callable[[], T], seconds: float, why: Callable[[], str] = str) -> T:
    """Look until something true is seen, and return it."""
    until = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < until, f"not within {seconds:.0f} s: {why()}"
        time.sleep(0.25)
    return seen
