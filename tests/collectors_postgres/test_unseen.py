"""What no figure of a real server holds, and where that is said."""

from __future__ import annotations

from contextlib import suppress

import psycopg

from .asking import collecting, part, statements
from .conftest import Start


async def test_roles_and_databases_that_are_not_tracked_are_named(start: Start) -> None:
    """An idle class may be a busy one there."""
    server = start()
    server.run(
        "CREATE EXTENSION pg_stat_statements",
        "CREATE ROLE quiet LOGIN",
        "CREATE DATABASE dark",
        "ALTER ROLE quiet SET pg_stat_statements.track = 'none'",
        "ALTER DATABASE dark SET compute_query_id = off",
    )
    server.run("SELECT 1", role="quiet")
    server.run("SELECT 1", database="dark")
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        notes = collector.difference(before, await collector.fetch()).notes

    told = (
        "is counted nowhere: pg_stat_statements.track = none or compute_query_id = off is set there; RESET it"
    )
    assert {note for note in notes if "counted nowhere" in note} == {
        f"what any role runs in database dark {told} by ALTER ROLE or ALTER DATABASE",
        f"what role quiet runs {told} by ALTER ROLE or ALTER DATABASE",
    }


async def test_the_url_should_name_the_database_of_the_application(start: Start) -> None:
    """Only its keys can be read."""
    server = start()
    server.run("CREATE EXTENSION pg_stat_statements", "CREATE DATABASE erp")
    server.run("CREATE TABLE users (uid int PRIMARY KEY)", database="erp")
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        server.run(*["SELECT * FROM users WHERE uid = 1"] * 50, database="erp")
        notes = collector.difference(before, await collector.fetch()).notes

    assert any(
        note.endswith(
            "of the calls are in database erp, whose keys cannot be read from postgres: let the URL end in "
            "/erp, or its look-ups are told by the names of columns"
        )
        for note in notes
    ), notes


async def test_what_is_cancelled_stands_in_the_sentence_of_each_class(start: Start) -> None:
    """Rollbacks that nobody asked for: the statement may have been of any class."""
    server = start()
    server.run("CREATE EXTENSION pg_stat_statements", "CREATE TABLE tasks (id int PRIMARY KEY)")
    async with collecting(server.url) as collector:
        await collector.fetch()
        before = await collector.fetch()
        with psycopg.connect(server.url, autocommit=True, options="-c statement_timeout=20ms") as connection:
            for _ in range(3):
                with suppress(psycopg.errors.QueryCanceled):
                    connection.execute("SELECT pg_sleep(1)")
        server.run("BEGIN", "ROLLBACK")
        found = part(collector.difference(before, await collector.fetch()), statements("lookup"))

    assert found.detail == (
        "3 transactions were rolled back without ROLLBACK, and what fails or is cancelled is in no figure"
    )
