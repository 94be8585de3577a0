"""Processes that Headroom starts beside itself: the dashboard, the collectors, the sample ERP.

None of them outlives the process that started it, however that one ends.
"""

from __future__ import annotations

import importlib.util
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

_LOWEST_PORT, _HIGHEST_PORT = 20_000, 32_000  # below the ephemeral ones, which collide now and then


def start(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    stdin: int | None = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own that gets SIGTERM when this process dies.

    A session of its own, since Ctrl-C in a terminal goes to the whole group: the children are stopped in
    order by their parent instead.
    """
    leash = shutil.which("setpriv")
    words = [leash, "--pdeathsig", "TERM", "--", *command] if leash else list(command)
    return subprocess.Popen(  # noqa: S603 the words are ours
        words, env=env, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True
    )


def stop(process: subprocess.Popen[bytes], *, patience: float = 8.0) -> None:
    """Ask a process to end, and end it if it does not listen."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def headroom(*arguments: str) -> list[str]:
    """Return the command line of another Headroom command."""
    return [sys.executable, "-m", "monitor", *arguments]


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    for port in range(_LOWEST_PORT + time.time_ns() // 1000 % 5000, _HIGHEST_PORT):
        if port_is_free(port):
            return port
    raise OSError(f"no free loopback port between {_LOWEST_PORT} and {_HIGHEST_PORT}")


def port_is_free(port: int) -> bool:
    """Tell whether a loopback port can be listened on now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def dashboard(config: Path, port: int) -> list[str]:
    """Return the command line of the dashboard on a loopback port."""
    found = importlib.util.find_spec("dashboard")
    assert found is not None
    assert found.origin is not None
    app = Path(found.origin).parent / "app.py"
    return [
        sys.executable, "-m", "streamlit", "run", str(app),
        "--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true",
        "--", "--config", str(config),
    ]  # fmt: skip


def healthy(url: str) -> bool:
    """Tell whether a Streamlit server answers its health check."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/_stcore/health", timeout=2) as answer:
            return bool(answer.read(16) == b"ok")
    except (urllib.error.URLError, OSError):
        return False  # not up yet; whoever asks knows for how long to ask
