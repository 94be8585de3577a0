"""A PostgreSQL of our own with as many statements as a large ERP has, and the peer that exports them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice, product
from pathlib import Path
from typing import Any

import psycopg
import yaml

from bench.processes import free_port, start, wait_until_ready

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
SHIPPED = Path("/usr/share/doc/prometheus-postgres-exporter/examples/queries.yaml")
_TEXT = 900  # characters of padding: statements of an ORM are long
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.max": "20000",
    "pg_stat_statements.track": "top",
    "fsync": "off",
    "autovacuum": "off",
}
# What the shipped query calls otherwise than PostgreSQL 13 and later do.
_RENAMED = {f" {word}_time": f" {word}_exec_time" for word in ("total", "min", "max", "mean", "stddev")}


@contextmanager
def server(settings: Mapping[str, str] = {}) -> Iterator[str]:
    """Run a PostgreSQL, with further settings; the address of its superuser."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="headroom-bench-")))
        folder.chmod(0o755)
        data = folder / "data"
        data.mkdir(mode=0o700)
        if os.getuid() == 0:
            shutil.chown(data, "postgres", "postgres")
        creation = [str(PROGRAMS / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync"]
        subprocess.run(_unprivileged(creation), check=True, stdout=subprocess.DEVNULL, cwd="/")
        port = free_port()
        command = [str(PROGRAMS / "postgres"), "-D", str(data), "-p", str(port)]
        command += [f"--{name}={value}" for name, value in (_SETTINGS | dict(settings)).items()]
        start(stack, _unprivileged([*command, "--log_min_messages=fatal"]))
        address = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        _prepare(address)
        yield address


@contextmanager
def exporter(address: str, folder: Path) -> Iterator[tuple[str, int]]:
    """Run postgres_exporter with its shipped query for statements, mended for this server; URL and pid."""
    shipped = yaml.safe_load(SHIPPED.read_text())["pg_stat_statements"]
    for old, new in _RENAMED.items():
        shipped["query"] = shipped["query"].replace(old, new)
    queries = folder / "queries.yaml"
    queries.write_text(yaml.safe_dump({"pg_stat_statements": shipped}))
    port = free_port()
    url = f"http://127.0.0.1:{port}/metrics"
    with ExitStack() as stack:
        process = start(
            stack,
            [
                "env",
                f"DATA_SOURCE_NAME={address}?sslmode=disable",
                "prometheus-postgres-exporter",
                f"--web.listen-address=127.0.0.1:{port}",
                f"--extend.query-path={queries}",
                "--disable-default-metrics",
                "--disable-settings-metrics",
                "--log.level=error",
            ],
        )
        wait_until_ready(process, url, "postgres_exporter")
        yield url, process.pid


def statements(wanted: int) -> list[str]:
    """Return so many statements that differ."""
    padding = f" /* {'x' * _TEXT} */"
    signs = islice(product("+-*", repeat=9), wanted)
    return ["SELECT 1" + "".join(f" {sign} 1" for sign in each) + padding for each in signs]


def run(connection: psycopg.Connection[Any], work: Sequence[str]) -> None:
    """Run statements one by one."""
    for statement in work:
        connection.execute(statement)


def _prepare(address: str) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            with psycopg.connect(address, autocommit=True) as connection:
                connection.execute("CREATE EXTENSION pg_stat_statements")
                return
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise SystemExit("PostgreSQL did not start; is postgresql-15 installed?") from None
            time.sleep(0.1)


def _unprivileged(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return command
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
