"""A private Redis on a free loopback port."""

from __future__ import annotations

import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from tests.redis_servers import command


def free_port() -> int:
    """Return a port that no other program is given by chance: those are above 32767."""
    while True:
        port = random.randint(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Server:
    """One server, of one of the versions in `tests.redis_servers`; it keeps nothing when it stops."""

    def __init__(self, which: str = "7.0", **settings: str) -> None:
        self.which = which
        self.folder = Path(tempfile.mkdtemp(prefix="headroom-redis-"))
        self.port = free_port()
        base = {"port": str(self.port), "bind": "127.0.0.1", "save": "", "dir": str(self.folder)}
        self.settings = base | {name.replace("_", "-"): value for name, value in settings.items()}
        self.options: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the default user."""
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> Server:
        """Start, and return once it answers."""
        options = [word for name, value in self.settings.items() for word in (f"--{name}", value)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command(self.which), *self.options, *options], stdout=log, stderr=log
            )
        for _ in range(200):
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as probe:
                    if self.settings["port"] != "0":
                        probe.sendall(b"PING\r\n")
                        probe.recv(1)
            except OSError:
                time.sleep(0.02)
            else:
                return self
        self.stop()
        raise RuntimeError((self.folder / "log").read_text())

    def stop(self) -> None:
        """Stop at once."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def remove(self) -> None:
        """Stop and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Let the server not run; the kernel still accepts connections for it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def run(self, *commands: str, password: str | None = None) -> Any:
        """Run commands one by one over one connection; return the last answer."""
        answer = None
        with redis.Redis(
            port=self.port, password=password, protocol=2, driver_info=None, single_connection_client=True
        ) as client:
            for command in commands:
                answer = client.execute_command(*command.split(" "))
        return answer
