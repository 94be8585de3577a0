"""A private PostgreSQL of any major on a free loopback port."""

from __future__ import annotations

import os
import platform
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

import psutil
import psycopg

MAJORS = (13, 14, 15, 16, 17, 18)
DEBIANS = 15
"""The major of Debian's package, the only one with psql and pgbench, which work with all."""
BINARIES = Path(f"/usr/lib/postgresql/{DEBIANS}/bin")
_FETCHED = Path(__file__).parents[2] / ".headroom" / "servers"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_preload_libraries": "pg_stat_statements",
    "fsync": "off",
    "max_connections": "30",
    "autovacuum": "off",
    "log_min_messages": "fatal",
}


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


def as_postgres(*command: str) -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return list(command)
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]


def new_folder() -> Path:
    """Return an empty folder that the server's user owns."""
    folder = Path(tempfile.mkdtemp(prefix="headroom-pg-"))
    folder.chmod(0o755)
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    return folder


def fetched_here() -> bool:
    """Whether the majors besides Debian's are to be had for this machine."""
    return (platform.system(), platform.machine()) == ("Linux", "x86_64")


def initialised(major: int = DEBIANS) -> Path:
    """Return a folder with a fresh cluster in `data` and the programs of its major in `server/bin`."""
    programs = BINARIES.parent if major == DEBIANS else _FETCHED / f"postgres-{major}"
    initdb = programs / "bin" / "initdb"
    assert initdb.exists(), f"{initdb} is missing; `scripts/setup.sh tests` fetches what the tests run on"
    folder = new_folder()
    if subprocess.run(as_postgres("test", "-x", str(initdb)), check=False, cwd="/").returncode == 0:
        (folder / "server").symlink_to(programs)
    else:  # the checkout is in a folder that the server's user may not pass through
        shutil.copytree(programs, folder / "server", symlinks=True)
    subprocess.run(
        as_postgres(
            str(folder / "server" / "bin" / "initdb"), "-D", str(folder / "data"),
            "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
        ),
        check=True, capture_output=True, cwd="/", timeout=60,
    )  # fmt: skip
    return folder


def _alive(process: psutil.Process) -> bool:
    """Whether a process still runs; one that its new parent did not collect yet does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Server:
    """One server; its data stays while it is stopped.

    The template, of `initialised` or the folder of another server that is stopped, says which major.
    """

    def __init__(self, template: Path, **settings: str) -> None:
        self.folder = new_folder()
        (self.folder / "server").symlink_to((template / "server").resolve())
        subprocess.run(
            as_postgres("cp", "-a", str(template / "data"), str(self.folder / "data")), check=True, cwd="/"
        )
        self.port = free_port()
        self.settings = SETTINGS | {name.replace("__", "."): value for name, value in settings.items()}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def major(self) -> int:
        """The major version."""
        return int((self.folder / "data" / "PG_VERSION").read_text())

    @property
    def url(self) -> str:
        """The address of the superuser."""
        return self.url_of("postgres")

    def url_of(self, role: str, password: str = "", database: str = "postgres") -> str:
        """Return the address for a role."""
        secret = f":{password}" if password else ""
        return f"postgresql://{role}{secret}@127.0.0.1:{self.port}/{database}"

    def start(self) -> Server:
        """Start, and return once it answers."""
        options = ["-D", str(self.folder / "data"), "-p", str(self.port)]
        options += [f"--{name}={value}" for name, value in self.settings.items()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                as_postgres(str(self.folder / "server" / "bin" / "postgres"), *options),
                stdout=log, stderr=log, cwd="/",
            )  # fmt: skip
        return self.awaited()

    def awaited(self) -> Server:
        """Return once it answers."""
        for _ in range(200):
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return self
        self.stop()
        raise RuntimeError((self.folder / "log").read_text())

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop, by default without waiting for sessions; SIGKILL loses what was not saved."""
        if self._process is None:
            return
        family = [
            psutil.Process(self._process.pid),
            *psutil.Process(self._process.pid).children(recursive=True),
        ]
        self._process.send_signal(how)
        self._process.wait(20)
        deadline = time.monotonic() + 20
        while any(_alive(process) for process in family) and time.monotonic() < deadline:
            time.sleep(0.005)
        self._process = None

    def standby(self) -> Server:
        """Return a standby that is started; this server was stopped for the copy and runs again."""
        self.stop()
        other = Server(self.folder, **self.settings)
        (other.folder / "data" / "standby.signal").touch()
        other.settings["primary_conninfo"] = f"host=127.0.0.1 port={self.port} user=postgres"
        self.start()
        return other.start()

    def remove(self) -> None:
        """Stop and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Let no process of the server run; the kernel still accepts connections for it."""
        assert self._process is not None
        parent = psutil.Process(self._process.pid)
        stopped = [parent, *parent.children(recursive=True)]
        for process in stopped:
            process.suspend()
        try:
            yield
        finally:
            for process in stopped:
                process.resume()

    def run(self, *statements: str, role: str = "postgres", database: str = "postgres") -> list[Any]:
        """Run statements one by one; return the rows of the last."""
        rows: list[Any] = []
        with psycopg.connect(self.url_of(role, database=database), autocommit=True) as connection:
            connection.prepare_threshold = None
            for statement in statements:
                cursor = connection.execute(statement)
                rows = cursor.fetchall() if cursor.description else []
        return rows
