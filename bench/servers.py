"""The demo as the servers to measure on, in a folder of its own."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WARM_UP = 45.0  # seconds: until the windows hold something and the statements have been learnt


@dataclass(frozen=True)
class Servers:
    """A running demo."""

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def config(self) -> Path:
        """Its configuration."""
        return self.folder / ".headroom/demo/budgets.yaml"

    @property
    def addresses(self) -> dict[str, Any]:
        """The addresses of its servers."""
        found: dict[str, Any] = json.loads((self.folder / ".headroom/demo/servers.json").read_text())
        return found


@contextmanager
def demo() -> Iterator[Servers]:
    """Run a demo without its dashboard."""
    folder = Path(tempfile.mkdtemp(prefix="headroom-bench-"))
    folder.chmod(0o755)  # PostgreSQL runs as another user where we are root
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", "demo", "--no-dashboard"], cwd=folder, stdout=subprocess.DEVNULL
    )
    servers = Servers(folder, process)
    try:
        until = time.monotonic() + 60
        while not servers.config.exists():
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit("the demo did not start; run `make demo` to see why")
            time.sleep(0.2)
        print(f"The demo warms up for {WARM_UP:.0f} s ...")
        time.sleep(WARM_UP)
        yield servers
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)
