"""What breaks while a server is being read: locks, databases and extensions that go, texts of any size."""

from __future__ import annotations

import asyncio
import time

import psycopg
import pytest

from headroom.budgets import Reason
from headroom.observation import SourceError

from .asking import absence, calls, collecting, connections, part, statements
from .conftest import Start
from .doors import BOTH, reload
from .server import Server

_CATALOGUE = ("pg_class", "pg_attribute", "pg_type", "pg_proc", "pg_authid", "pg_database", "pg_extension")
_LOCKED = "was locked for longer than a second, as VACUUM FULL or ALTER does: the next poll tries again"


def prepared(start: Start, major: int, **settings: str) -> Server:
    """Return a server whose role clerk may read all that is asked."""
    server = start(major, **settings)
    server.run("CREATE EXTENSION pg_stat_statements", "CREATE ROLE clerk LOGIN", "GRANT pg_monitor TO clerk")
    return server


@BOTH
async def test_vacuum_full_of_the_catalogue(start: Start, major: int) -> None:
    """While tables of the catalogue are rewritten again and again, each poll reads or says what is locked."""
    server = prepared(start, major)
    said: list[str] = []
    took: list[float] = []

    async def rewrite(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await asyncio.to_thread(server.run, *(f"VACUUM FULL {table}" for table in _CATALOGUE))

    stop = asyncio.Event()
    async with collecting(server.url_of("clerk"), every=5.0) as collector:
        await collector.fetch()
        rewriting = asyncio.create_task(rewrite(stop))
        for _ in range(20):
            began = time.monotonic()
            try:
                await collector.fetch()
            except SourceError as error:
                said.append(error.message)
            took.append(time.monotonic() - began)
            await asyncio.sleep(0.05)
        stop.set()
        await rewriting
        after = await collector.fetch()
        reading = collector.difference(after, await collector.fetch())

    assert max(took) < 4
    assert set(said) <= {f"a table of the catalogue of 127.0.0.1:{server.port} {_LOCKED}"}
    assert calls(reading, "lookup") == 0


@BOTH
async def test_locked_statistics(start: Start, major: int) -> None:
    """A lock on what is read costs the statements of one poll, and no other part of it."""
    server = prepared(start, major)
    async with collecting(server.url_of("clerk"), every=5.0) as collector:
        before = await collector.fetch()
        with psycopg.connect(server.url) as other:
            other.execute("LOCK TABLE pg_stat_statements_info IN ACCESS EXCLUSIVE MODE")
            began = time.monotonic()
            locked = await collector.fetch()
            took = time.monotonic() - began
        blind = collector.difference(before, locked)
        after = await collector.fetch()
        reading = collector.difference(after, await collector.fetch())

    assert took < 2.5
    found = absence(blind, statements("lookup"))
    assert (found.reason, found.detail) == (Reason.NO_DATA, f"pg_stat_statements {_LOCKED}")
    assert part(blind, connections()).quality.value == "exact"
    assert calls(reading, "lookup") == 0


@BOTH
async def test_locked_before_the_session(start: Start, major: int) -> None:
    """A new session cannot begin while what it must look up is locked; that ends in time, too."""
    server = prepared(start, major)
    with psycopg.connect(server.url) as other:
        other.execute("LOCK TABLE pg_class, pg_authid, pg_database IN ACCESS EXCLUSIVE MODE")
        async with collecting(server.url_of("clerk"), every=5.0) as collector:
            began = time.monotonic()
            with pytest.raises(SourceError) as caught:
                await collector.fetch()
            took = time.monotonic() - began
            other.rollback()
            await collector.fetch()

    assert took < 4
    assert caught.value.message == (
        f"127.0.0.1:{server.port} opened no session within 2 s: it hangs, its catalogue is locked, "
        "it is not PostgreSQL, or a firewall drops packets"
    )


@BOTH
async def test_database_dropped(start: Start, major: int) -> None:
    """The database that the session is in goes, and comes back."""
    server = prepared(start, major)
    server.run("CREATE DATABASE erp")
    server.run("CREATE EXTENSION pg_stat_statements", database="erp")
    async with collecting(server.url_of("clerk", database="erp")) as collector:
        await collector.fetch()
        server.run("DROP DATABASE erp WITH (FORCE)")
        with pytest.raises(SourceError) as caught:
            await collector.fetch()
        server.run("CREATE DATABASE erp")
        server.run("CREATE EXTENSION pg_stat_statements", database="erp")
        before = await collector.fetch()
        reading = collector.difference(before, await collector.fetch())

    assert (caught.value.reason, caught.value.message) == (
        Reason.UNREACHABLE,
        f'127.0.0.1:{server.port} says that database "erp" does not exist: create it, or correct the URL',
    )
    assert calls(reading, "lookup") == 0


@BOTH
async def test_database_dropped_while_it_is_read(start: Start, major: int) -> None:
    """Dropped again and again at any moment of a poll, it gives a sentence or a snapshot."""
    server = prepared(start, major)
    said = set()

    async def come_and_go(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await asyncio.to_thread(server.run, "CREATE DATABASE brief")
            await asyncio.sleep(0.03)
            await asyncio.to_thread(server.run, "DROP DATABASE brief WITH (FORCE)")

    stop = asyncio.Event()
    coming = asyncio.create_task(come_and_go(stop))
    async with (
        collecting(server.url_of("clerk", database="brief")) as inside,
        collecting(server.url_of("clerk")) as beside,
    ):
        until = time.monotonic() + 3
        while time.monotonic() < until:
            await beside.fetch()
            try:
                await inside.fetch()
            except SourceError as error:
                said.add(error.message.removeprefix(f"127.0.0.1:{server.port} "))
            await asyncio.sleep(0)
        stop.set()
        await coming

    assert said <= {
        'says that database "brief" does not exist: create it, or correct the URL',
        "ended the session: it is shutting down, or somebody ends sessions there; the next poll tries again",
        (
            "closed the connection: it crashed or was restarted, or somebody ended the session; the next "
            "poll tries again"
        ),
        'lets nobody into database "brief", which is being dropped: create it again, or correct the URL',
    }
    assert said


@BOTH
async def test_track_is_none(start: Start, major: int) -> None:
    """Counters that stand still are no evidence of an idle server; connections are told all the same."""
    server = prepared(start, major)
    for setting in ("pg_stat_statements.track = none", "compute_query_id = off"):
        name = setting.partition(" ")[0]
        server.run(f"ALTER SYSTEM SET {setting}")
        reload(server)
        async with collecting(server.url_of("clerk")) as collector:
            before = await collector.fetch()
            server.run("SELECT 1")
            after = await collector.fetch()
            blind = collector.difference(before, after)
            server.run(f"ALTER SYSTEM RESET {name}")
            reload(server)
            await asyncio.sleep(0.1)
            again = await collector.fetch()
            reading = collector.difference(again, await collector.fetch())

        found = absence(blind, statements("lookup"))
        assert (found.reason, found.detail) == (
            Reason.BROKEN_INSTRUMENTATION,
            (
                "pg_stat_statements recorded nothing between two readings, not even these readings: check "
                "that pg_stat_statements.track is not none and compute_query_id is not off"
            ),
        )
        assert part(blind, connections()).quality.value == "exact"
        assert calls(reading, "lookup") == 0


@BOTH
async def test_texts_of_any_size(start: Start, major: int) -> None:
    """A text of a megabyte, one that no parser takes and one that nests ever deeper are read all the same."""
    server = prepared(start, major)
    long = "SELECT 1 AS " + "a" * 60 + ", '" + "x" * 1_000_000 + "'"
    deep = "SELECT " + "(" * 1000 + "1" + ")" * 1000
    many = "SELECT " + " + ".join(["1"] * 50_000)
    async with collecting(server.url_of("clerk")) as collector:
        before = await collector.fetch()
        for text in (long, deep):
            server.run(text)
        with pytest.raises(psycopg.errors.StatementTooComplex):
            server.run(many)
        server.run("DO $$ BEGIN PERFORM 1; END $$", "SELECT 'a' -- no end\n;", "/* b /* c */ */ SELECT 2")
        began = time.monotonic()
        after = await collector.fetch()
        took = time.monotonic() - began
        reading = collector.difference(before, after)

    assert took < 5
    assert not [one for one in reading.absences if one.series.measure.startswith("statements")]
