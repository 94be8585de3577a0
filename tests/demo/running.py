"""Starts the command `python -m demo` as a process and reads what it prints."""

import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "demo")


class RunningDemo:
    """One `python -m demo`, with its standard input held open."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by close()
        self.process = subprocess.Popen(
            [*COMMAND, "--dir", str(folder), *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._lines: list[str] = []
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._more:
                self._lines.append(line.rstrip("\n"))
                self._more.notify_all()

    @property
    def errors(self) -> str:
        """What it has written on standard error."""
        self._errors.seek(0)
        return self._errors.read()

    @property
    def servers(self) -> dict[str, Any]:
        """What it has published."""
        content: dict[str, Any] = json.loads((self.folder / "servers.json").read_text())
        return content

    @property
    def lines(self) -> tuple[str, ...]:
        """What it has written on standard output so far."""
        with self._more:
            return tuple(self._lines)

    def line(self, start: str, within: float = 30) -> str:
        """Returns the first line of standard output that begins so, waiting for it if need be."""

        def found() -> list[str]:
            return [line for line in self._lines if line.startswith(start)]

        with self._more:
            assert self._more.wait_for(found, within), f"no line {start!r} within {within} s: {self.errors}"
            return found()[0]

    def descendants(self) -> list[psutil.Process]:
        """Returns every process that it has started, directly or not."""
        found: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return found

    def close(self) -> None:
        """Ends it if it still runs, and closes what was opened for it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
        self._reader.join(5)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self._errors.close()


def still_running(processes: list[psutil.Process], within: float) -> list[psutil.Process]:
    """Waits at most `within` s for all of them to end and returns those that have not."""
    deadline = time.monotonic() + within
    while (left := [process for process in processes if _runs(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
