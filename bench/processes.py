"""Processes of a benchmark: started, stopped at its end, and what processor time they took."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

_PATIENCE = 20.0  # seconds


def start(stack: ExitStack, command: Sequence[str], *, quiet: bool = False) -> subprocess.Popen[bytes]:
    """Start a process that ends with the stack; `quiet`: nobody sees what it says."""
    said = subprocess.DEVNULL if quiet else None
    process = stack.enter_context(subprocess.Popen(command, stdout=said, stderr=said))
    stack.callback(process.terminate)
    return process


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def wait_until_ready(process: subprocess.Popen[bytes], url: str, name: str) -> None:
    """Return once the address answers."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise SystemExit(f"{name} did not start; is it installed? `make setup` fetches it")
        try:
            with urlopen(url, timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise SystemExit(f"{name} was not ready within {_PATIENCE:g} s")


def cpu(pid: int) -> float:
    """Return the CPU seconds of a process; by its threads' run time, since clock ticks are 10 ms."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9
