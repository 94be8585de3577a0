"""The demo's own PostgreSQL: its cluster, its settings, its sample data and its three roles."""

import os
import pwd
import secrets
import shutil
import signal
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString
from urllib.parse import quote

import psycopg
from psycopg import sql

from demo import passwords
from demo.errors import DemoError
from demo.ports import LOOPBACK
from demo.processes import Child, Children, Launch

MAX_CONNECTIONS = 60
DATABASE = "erp"
OWNER = "owner"
ACCOUNT = "postgres"  # the server refuses to run as root

# The settings of the performance guide, scaled to a machine that runs everything else as well.
SETTINGS = f"""
listen_addresses = '{LOOPBACK}'
unix_socket_directories = ''
shared_buffers = 128MB
effective_cache_size = 256MB
work_mem = 4MB
maintenance_work_mem = 64MB
random_page_cost = 1.1
effective_io_concurrency = 200
max_connections = {MAX_CONNECTIONS}
statement_timeout = 60000
log_min_duration_statement = 1000
log_lock_waits = on
log_temp_files = 0
shared_preload_libraries = 'pg_stat_statements'
pg_stat_statements.track = top
track_io_timing = on
# The data are thrown away at the end, so nothing has to survive a crash, and the log of it stays small.
fsync = off
synchronous_commit = off
wal_level = minimal
max_wal_senders = 0
min_wal_size = 32MB
max_wal_size = 128MB
# On two cores, compiling a statement and starting workers cost more than the sample queries take.
jit = off
max_parallel_workers_per_gather = 0
"""

ROLES: tuple[LiteralString, ...] = (
    "CREATE ROLE erp LOGIN PASSWORD {erp}",
    "CREATE ROLE headroom LOGIN PASSWORD {headroom} CONNECTION LIMIT 5",
    "ALTER ROLE headroom SET default_transaction_read_only = on",
    "GRANT pg_monitor TO headroom",
    "REVOKE TEMPORARY ON DATABASE erp FROM PUBLIC",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO erp",
)


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running PostgreSQL with the sample data, one connection URL per role."""

    child: Child
    owner_url: str
    erp_url: str
    headroom_url: str


class Cluster:
    """Where the data of one demo are, outside the demo's folder if the server could not enter it."""

    def __init__(self, folder: Path, warn: Callable[[str], None]) -> None:
        self.user = ACCOUNT if os.geteuid() == 0 else None
        self._private: Path | None = None
        closed = _closed_parent(folder) if self.user else None
        if closed:
            self._private = Path(tempfile.mkdtemp(prefix="headroom-demo-postgres-"))
            warn(
                f"PostgreSQL runs as user {ACCOUNT}, who may not pass through {closed} (chmod o+x would let "
                f"it); its data are in {self._private} until the end."
            )
        self.folder = self._private or folder / "postgres"
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._give(self.folder)

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    def secret_file(self, secret: str) -> Path:
        """Writes a file that only the server's account can read."""
        path = self.folder / "password"
        path.touch(mode=0o600)
        path.write_text(secret + "\n")
        self._give(path)
        return path

    def remove_outside(self) -> None:
        """Removes the data if they are outside the demo's folder."""
        if self._private:
            shutil.rmtree(self._private, ignore_errors=True)

    def _give(self, path: Path) -> None:
        if self.user:
            account = pwd.getpwnam(self.user)
            os.chown(path, account.pw_uid, account.pw_gid)


async def start_postgres(
    binaries: Path, cluster: Cluster, logs: Path, children: Children, sample_password: str
) -> Postgres:
    """Creates the cluster, starts the server and fills it; every sample user has `sample_password`.

    Raises:
        DemoError: a step failed; the message names the log.
    """
    secret = {role: secrets.token_urlsafe(18) for role in (OWNER, "erp", "headroom")}
    await _create_cluster(binaries, cluster, logs, children, secret[OWNER])

    def launch_on(port: int) -> Launch:
        return Launch(
            "postgres",
            (str(binaries / "postgres"), "-D", str(cluster.data), "-p", str(port)),
            logs / "postgres.log",
            die_with=signal.SIGQUIT,  # takes its backends along; SIGKILL would leave them to notice
            stop_with=signal.SIGINT,  # SIGTERM would wait for every client to leave
            user=cluster.user,
        )

    async def is_ready(_: Child, port: int) -> bool:
        try:
            await (await _connect(_url(OWNER, secret[OWNER], port, "postgres"))).close()
        except psycopg.OperationalError:
            return False  # refused, still starting, or a stranger's server to which our password is nothing
        return True

    child, port = await children.start_on_a_port(launch_on, is_ready)
    owner_url = _url(OWNER, secret[OWNER], port, DATABASE)
    try:
        await _connect_once(_url(OWNER, secret[OWNER], port, "postgres"), "CREATE DATABASE erp")
        await _fill(owner_url, secret, sample_password)
    except psycopg.Error as error:
        raise DemoError(f"The sample data could not be made: {error}; log: {child.log}") from error
    return Postgres(
        child, owner_url, _url("erp", secret["erp"], port), _url("headroom", secret["headroom"], port)
    )


async def _create_cluster(
    binaries: Path, cluster: Cluster, logs: Path, children: Children, secret: str
) -> None:
    password = cluster.secret_file(secret)
    initdb = (str(binaries / "initdb"), "-D", str(cluster.data), "-U", OWNER, "-A", "scram-sha-256")
    how = ("--pwfile", str(password), "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
    await children.run(Launch("initdb", (*initdb, *how), logs / "initdb.log", user=cluster.user))
    password.unlink()
    with (cluster.data / "postgresql.conf").open("a") as settings:
        settings.write(SETTINGS)


async def _fill(owner_url: str, secret: dict[str, str], sample_password: str) -> None:
    async with await _connect(owner_url) as connection:
        for setting in ("log_temp_files", "log_min_duration_statement"):
            await connection.execute(f"SET {setting} = -1")  # the log is for what the traffic does
        await connection.execute("CREATE EXTENSION pg_stat_statements")
        hashed = passwords.hash_password(sample_password)
        await connection.execute("SELECT set_config('demo.password_hash', %s, false)", [hashed])
        for file in ("schema.sql", "seed.sql", "indexes.sql"):
            await connection.execute(script(file))
        for statement in ROLES:
            verifiers = {role: _verifier(connection, role, secret[role]) for role in ("erp", "headroom")}
            await connection.execute(sql.SQL(statement).format(**verifiers))
        await connection.execute("VACUUM ANALYZE")


def script(file: str) -> LiteralString:
    """Returns the text of one of the package's SQL files."""
    return (Path(__file__).parent / file).read_text()


async def forget_statistics(owner_url: str) -> None:
    """Empties pg_stat_statements, so that the longest times in it are those of the steady state."""
    await _connect_once(owner_url, "SELECT pg_stat_statements_reset()")


async def _connect_once(url: str, statement: LiteralString) -> None:
    async with await _connect(url) as connection:
        await connection.execute(statement)


def _verifier(connection: psycopg.AsyncConnection, role: str, secret: str) -> sql.Literal:
    # Both the log and pg_stat_statements keep utility statements word for word, so none holds a password.
    hashed = connection.pgconn.encrypt_password(secret.encode(), role.encode(), b"scram-sha-256")
    return sql.Literal(hashed.decode())


async def _connect(url: str) -> psycopg.AsyncConnection:
    return await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=10)


def _url(role: str, secret: str, port: int, database: str = DATABASE) -> str:
    return f"postgresql://{role}:{quote(secret, safe='')}@{LOOPBACK}:{port}/{database}"


def _closed_parent(folder: Path) -> Path | None:
    for parent in (folder, *folder.parents):
        if not parent.stat().st_mode & 0o001:
            return parent
    return None
