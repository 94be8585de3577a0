"""What a poll says of servers that start, stop, recover, follow or take over; after that it goes on."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from headroom.budgets import Reason
from headroom.observation import SourceError

from .asking import calls, collecting
from .conftest import Start
from .doors import BOTH, refused
from .server import Server, as_postgres

_MINE = ("CREATE EXTENSION pg_stat_statements", "CREATE ROLE clerk LOGIN", "GRANT pg_monitor TO clerk")


@contextmanager
def following(server: Server) -> Iterator[Server]:
    """Give a standby of a server."""
    standby = server.standby()
    try:
        yield standby
    finally:
        standby.remove()


@BOTH
async def test_promoted(start: Start, major: int) -> None:
    """A hot standby is read, and goes on to be when it takes over, over the same session."""
    server = start(major)
    server.run(*_MINE)
    with following(server) as standby:
        async with collecting(standby.url_of("clerk")) as collector:
            followed = await collector.fetch()
            again = collector.difference(followed, await collector.fetch())
            standby.run("SELECT pg_promote()")
            took_over = await collector.fetch()
            reading = collector.difference(followed, took_over)
        primary = await refused(standby.url_of("clerk") + "?target_session_attrs=standby")

    assert followed.standby
    assert not took_over.standby
    assert calls(again, "lookup") == calls(reading, "lookup") == 0
    assert primary.message == (
        f"127.0.0.1:{standby.port} is a primary, and target_session_attrs asks for a standby: correct the URL"
    )


@BOTH
async def test_the_primary_of_several(start: Start, major: int) -> None:
    """Of two hosts the one that may be written is found, although our session may write nowhere."""
    server = start(major)
    server.run(*_MINE)
    with following(server) as standby:
        both = f"127.0.0.1:{standby.port},127.0.0.1:{server.port}"
        for asked, expected in (("read-write", False), ("primary", False), ("standby", True), ("any", True)):
            url = f"postgresql://clerk@{both}/postgres?target_session_attrs={asked}"
            async with collecting(url) as collector:
                assert (await collector.fetch()).standby is expected
        alone = await refused(standby.url_of("clerk") + "?target_session_attrs=read-write")

    assert alone.message == (
        f"127.0.0.1:{standby.port} is a standby, and target_session_attrs asks for the primary: "
        "correct the URL"
    )


@BOTH
async def test_standby_that_answers_no_queries(start: Start, major: int) -> None:
    """With hot_standby off a standby only follows."""
    server = start(major)
    server.run(*_MINE)
    with following(server) as standby:
        standby.stop()
        standby.settings["hot_standby"] = "off"
        _start_unread(standby)
        error = await _settled(standby, "starting up")

    place = f"127.0.0.1:{standby.port}"
    if major >= 14:
        assert error.message == (
            f"{place} is a standby that answers no queries: set hot_standby = on there and restart it, "
            "or let the URL name the primary"
        )
    assert error.reason is Reason.UNREACHABLE


@BOTH
async def test_not_consistent_yet(start: Start, major: int) -> None:
    """A copy that lacks what was written while it was taken cannot be read."""
    server = start(major)
    server.run(*_MINE)
    with following(server) as standby:
        standby.stop()
        _torn_copy(server, standby)
        _start_unread(standby)
        error = await _settled(standby, "starting up")

    assert (error.reason, error.message) == (
        Reason.UNREACHABLE,
        (
            f"127.0.0.1:{standby.port} has not replayed enough of its log yet to be read: "
            "the next poll tries again"
        ),
    )


@BOTH
async def test_shutting_down(start: Start, major: int) -> None:
    """A server that waits for its last session lets nobody in, and is read again once it was started."""
    server = start(major)
    server.run(*_MINE)
    assert server._process is not None
    with psycopg.connect(server.url):
        server._process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        error = await refused(server.url_of("clerk"))
    server._process.wait(20)
    server.start()
    async with collecting(server.url_of("clerk")) as collector:
        await collector.fetch()

    assert error.message == f"127.0.0.1:{server.port} is shutting down: start it again"


@BOTH
async def test_crashed(start: Start, major: int) -> None:
    """A server that loses one process throws all sessions out and recovers; the poll after that reads."""
    server = start(major)
    server.run(*_MINE)
    async with collecting(server.url_of("clerk")) as collector:
        before = await collector.fetch()
        with psycopg.connect(server.url) as connection:
            os.kill(connection.info.backend_pid, signal.SIGKILL)
            said = []
            until = time.monotonic() + 20
            while time.monotonic() < until:
                try:
                    after = await collector.fetch()
                except SourceError as error:
                    said.append(error.message)
                    await asyncio.sleep(0.02)
                else:
                    if after.backend != before.backend:
                        break
            connection.close()
        server.awaited()
        reading = collector.difference(after, await collector.fetch())

    place = f"127.0.0.1:{server.port} "
    assert {one.removeprefix(place) for one in said} <= {
        "is recovering from a crash: the next poll tries again",
        "is starting up: the next poll tries again",
        "has not replayed enough of its log yet to be read: the next poll tries again",
        "closed the connection at once: it is shutting down, or is not PostgreSQL",
    }
    assert calls(reading, "lookup") == 0


async def test_session_ended(start: Start) -> None:
    """Somebody ends our session between two polls; the second one opens another and says nothing."""
    server = start()
    server.run(*_MINE)
    async with collecting(server.url_of("clerk")) as collector:
        before = await collector.fetch()
        server.run(f"SELECT pg_terminate_backend({before.backend}, 2000)")
        after = await collector.fetch()

    assert after.backend != before.backend


def _torn_copy(server: Server, copy: Server) -> None:
    """Give one server the files of another, taken while it was written to, without what was written."""
    data = copy.folder / "data"
    owner = data.owner()
    shutil.rmtree(data)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("SELECT pg_backup_start('copy', true)")
        subprocess.run(as_postgres("cp", "-a", str(server.folder / "data"), str(data)), check=True, cwd="/")
        connection.execute("CREATE TABLE meanwhile AS SELECT generate_series(1, 100)")
        label = connection.execute("SELECT labelfile FROM pg_backup_stop()").fetchone()
    assert label is not None
    (data / "postmaster.pid").unlink()
    for name, text in (("backup_label", label[0]), ("standby.signal", "")):
        (data / name).write_text(text)
        shutil.chown(data / name, owner)
    copy.settings.pop("primary_conninfo")


def _start_unread(server: Server) -> None:
    """Start a server that will not answer."""
    server.awaited = lambda: server  # type: ignore[method-assign]
    server.start()


async def _settled(server: Server, passing: str) -> SourceError:
    """Return what is said once the start is over."""
    for _ in range(100):
        error = await refused(server.url_of("clerk"))
        if passing not in error.message and "refuses connections" not in error.message:
            return error
        await asyncio.sleep(0.1)
    raise AssertionError(error.message)
