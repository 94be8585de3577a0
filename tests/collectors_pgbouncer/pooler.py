"""A private PgBouncer on a free loopback port, before a PostgreSQL of the tests."""

from __future__ import annotations

import shutil
import subprocess
import time

import psutil
import psycopg

from tests.collectors_postgres.server import Server, as_postgres, free_port, new_folder

PROGRAM = "/usr/sbin/pgbouncer"
USERS = {"monitor": "watches", "boss": "secret", "erp_app": "app"}


class Pooler:
    """One PgBouncer with the databases erp (3 server connections per pool) and others."""

    def __init__(self, server: Server, **settings: str) -> None:
        self.folder = new_folder()
        self.port = free_port()
        place = f"host=127.0.0.1 port={server.port} user=postgres"
        own = {
            "listen_addr": "127.0.0.1",
            "listen_port": str(self.port),
            "unix_socket_dir": "",
            "auth_type": "md5",
            "auth_file": str(self.folder / "users.txt"),
            "admin_users": "boss",
            "stats_users": "monitor",
            "pool_mode": "transaction",
            "max_client_conn": "40",
        } | settings
        lines = [f"{name} = {value}" for name, value in own.items()]
        (self.folder / "users.txt").write_text(
            "".join(f'"{name}" "{word}"\n' for name, word in USERS.items())
        )
        (self.folder / "pgbouncer.ini").write_text(
            "\n".join(
                [
                    "[databases]",
                    f"erp = {place} dbname=postgres pool_size=3",
                    f"capped = {place} dbname=postgres max_db_connections=2",
                    f"endless = {place} dbname=postgres pool_size=0",
                    "[pgbouncer]",
                    *lines,
                    "",
                ]
            )
        )
        self._process: subprocess.Popen[bytes] | None = None

    def url_of(self, role: str = "monitor", password: str | None = None, database: str = "pgbouncer") -> str:
        """Return the address for a user."""
        word = USERS.get(role, "") if password is None else password
        return f"postgresql://{role}:{word}@127.0.0.1:{self.port}/{database}"

    def start(self) -> Pooler:
        """Start, and return once it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                as_postgres(PROGRAM, str(self.folder / "pgbouncer.ini")), stdout=log, stderr=log, cwd="/"
            )
        for _ in range(200):
            try:
                psycopg.connect(self.url_of(), autocommit=True, connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return self
        raise RuntimeError((self.folder / "log").read_text())

    def client(self, database: str = "erp") -> psycopg.Connection[tuple[object, ...]]:
        """Return a client in a transaction, which takes a server connection."""
        connection = psycopg.connect(self.url_of("erp_app", database=database))
        connection.prepare_threshold = None
        connection.execute("SELECT 1")
        return connection

    def admin(self, command: str) -> None:
        """Run a command of the console."""
        with psycopg.connect(self.url_of("boss"), autocommit=True) as console:
            console.execute(command.encode())

    def stop(self) -> None:
        """Stop at once."""
        if self._process is not None:
            process = psutil.Process(self._process.pid)
            self._process.terminate()
            self._process.wait(20)
            psutil.wait_procs([process], timeout=20)
            self._process = None

    def remove(self) -> None:
        """Stop and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder)
