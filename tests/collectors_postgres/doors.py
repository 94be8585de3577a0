"""Doors that stay shut: what a poll says then, and programs that listen where PostgreSQL should."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from headroom.observation import SourceError

from .asking import collecting
from .server import Server

PASSWORD = "planted-p%40ss"
BOTH = pytest.mark.parametrize("major", [15, 18])
"""The one that Debian has, and the newest: their words differ."""


async def refused(url: str | None, every: float = 15.0) -> SourceError:
    """Poll once and return the error, which must not hold the password."""
    async with collecting(url, every=every) as collector:
        with pytest.raises(SourceError) as caught:
            await collector.fetch()
    assert "planted" not in caught.value.message
    assert "planted" not in repr(collector)
    return caught.value


def rules(server: Server, *lines: str) -> None:
    """Let in by these lines of pg_hba.conf, and the superuser always."""
    text = "\n".join(("local all postgres trust", "host all postgres 127.0.0.1/32 trust", *lines, ""))
    (server.folder / "data" / "pg_hba.conf").write_text(text)
    reload(server)


def reload(server: Server) -> None:
    """Return once the server goes by its changed files."""
    loaded = server.run("SELECT pg_conf_load_time()")
    server.run("SELECT pg_reload_conf()")
    for _ in range(100):
        if server.run("SELECT pg_conf_load_time()") != loaded:
            return
        time.sleep(0.02)
    raise AssertionError("not loaded within two seconds")


def certificate(folder: Path, name: str, subject: str, signer: str = "") -> None:
    """Make a key and a certificate that `signer` has signed, or itself."""
    key, signed = folder / f"{name}.key", folder / f"{name}.crt"
    made = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={subject}", "-keyout", str(key)]
    if signer:
        request = folder / f"{name}.csr"
        _run(*made, "-out", str(request))
        by = [
            "-CA",
            str(folder / f"{signer}.crt"),
            "-CAkey",
            str(folder / f"{signer}.key"),
            "-CAcreateserial",
        ]
        _run("openssl", "x509", "-req", "-in", str(request), *by, "-days", "2", "-out", str(signed))
    else:
        _run(*made, "-x509", "-days", "2", "-out", str(signed))
    key.chmod(0o600)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@asynccontextmanager
async def listening(answer: bytes | None, pause: float = 0.0) -> AsyncIterator[int]:
    """Answer whatever comes with the same bytes and hang up; with None accept and stay silent.

    With a pause in seconds, send byte after byte, again and again.
    """
    tasks: set[asyncio.Task[None]] = set()

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await reader.read(8)
            if answer is None:
                await asyncio.sleep(60)
            elif pause:
                while True:
                    for byte in answer:
                        writer.write(bytes((byte,)))
                        await asyncio.sleep(pause)
            else:
                writer.write(answer)
        finally:
            writer.close()

    server = await asyncio.start_server(reply, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)  # for the transports to close
