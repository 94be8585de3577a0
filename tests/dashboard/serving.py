"""The dashboard as its users start it: Streamlit in a process of its own, on a free loopback port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import dashboard

APP = Path(dashboard.__file__).with_name("app.py")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(config: Path, *, cwd: Path) -> Iterator[str]:
    """Start the dashboard on a configuration from some folder; yield its address, and stop it at the end."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(APP)]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1", "--", "--config", str(config)]
    with (cwd / "streamlit.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=cwd, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, "HOME": str(cwd)}
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(address, process, cwd / "streamlit.log")
            yield address
        finally:
            process.terminate()
            process.wait(timeout=15)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, f"Streamlit ended: {log.read_text()}"
        try:
            with urlopen(f"{address}/_stcore/health", timeout=2) as answer:
                if answer.read() == b"ok":
                    return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError(f"Streamlit did not answer: {log.read_text()}")
