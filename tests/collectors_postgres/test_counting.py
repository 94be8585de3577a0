"""What of pg_stat_statements is read, and what is said of the rest, on real servers."""

from __future__ import annotations

import psycopg
import pytest

from collectors.postgres.address import address
from collectors.postgres.names import Names
from collectors.postgres.session import Session
from collectors.postgres.snapshot import PostgresSnapshot, Statements
from collectors.postgres.statements import MOST_ENTRIES, layout, load
from headroom.budgets import Reason
from headroom.observation import Quality
from headroom.statements import MEASURE

from .asking import absence, calls, collecting, moments, part, source, statements
from .conftest import Start
from .server import Server
from .simulation import record

LOOKUP = "SELECT title FROM tasks WHERE id = 1"
TABLE = ("CREATE TABLE tasks (id int PRIMARY KEY, title text)", "INSERT INTO tasks VALUES (1, 'one')")
COLUMNS = (
    "userid", "dbid", "toplevel", "queryid", "calls", "total_exec_time", "min_exec_time", "max_exec_time",
    "stddev_exec_time", "total_plan_time",
)  # fmt: skip


def told(snapshot: PostgresSnapshot) -> Statements:
    """Return the counters of a poll that read them."""
    assert isinstance(snapshot.statements, Statements)
    return snapshot.statements


async def test_planning_is_said_where_the_server_tracks_it(start: Start) -> None:
    """With track_planning the time that planning took stands next to the class, and in no figure."""
    server = start(pg_stat_statements__track_planning="on")
    server.run("CREATE EXTENSION pg_stat_statements", *TABLE)
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        server.run(*[LOOKUP] * 4)
        found = part(collector.difference(before, await collector.fetch()), statements("lookup"))
    ((planned, executed),) = server.run(
        "SELECT total_plan_time, total_exec_time FROM pg_stat_statements WHERE query LIKE 'SELECT title%'"
    )

    assert planned > 0
    assert moments(found).total == pytest.approx(executed / 1000)
    assert found.detail.startswith("planning took another ")
    assert found.detail.endswith(" a call on average")


async def test_names_outlive_what_they_name(start: Start) -> None:
    """A database and a role that were dropped keep their statements and, once met, their names."""
    server = start()
    server.run("CREATE EXTENSION pg_stat_statements", "CREATE DATABASE shop", "CREATE ROLE clerk LOGIN")
    server.run(*TABLE, "GRANT SELECT ON tasks TO clerk", database="shop")
    async with collecting(server.url) as collector:
        server.run(LOOKUP, role="clerk", database="shop")
        await collector.fetch()
        server.run(LOOKUP, role="clerk", database="shop")
        before = await collector.fetch()
        server.run(*[LOOKUP] * 3, role="clerk", database="shop")
        server.run("REVOKE ALL ON tasks FROM clerk", database="shop")
        server.run("DROP DATABASE shop", "DROP ROLE clerk")
        after = await collector.fetch()
        reading = collector.difference(before, after)

    assert calls(reading, "lookup") == 3
    assert "shop" in told(after).databases.values()
    assert "clerk" in told(after).roles.values()
    databases = {
        dict(one.series.subject)["database"]
        for one in reading.observations
        if one.series.measure == MEASURE and ("class", "lookup") in one.series.subject
    }
    assert databases == {"shop"}
    async with collecting(server.url) as restarted:
        loaded = restarted.load(after.dump())
        assert loaded is not None
        assert told(loaded).databases == told(after).databases
        assert "shop" in told(await restarted.fetch()).databases.values()


async def test_names_are_asked_for_seldom(cluster: Server) -> None:
    """Once for whoever is new, not again for who has no name, and now and then because names change."""
    now = [0.0]
    names = Names(clock=lambda: now[0])
    asked: list[int] = []

    async def study(*owners: tuple[int, int]) -> int:
        """Return how often names were asked for by then."""
        records = frozenset(record(len(asked), 1, 1, 1, 1, 0, owner=owner) for owner in owners)
        await session.run(lambda connection: names.study(connection, records))
        asked.append(len(asked))
        return sum(row[0] for row in cluster.run(_ASKED))

    session = Session(address(source(cluster.url)), 5.0)
    begun = sum(row[0] for row in cluster.run(_ASKED))
    counts = [await study((10, 5)), await study((10, 5)), await study((10, 4_000_000))]
    counts += [await study((10, 4_000_000)), await study((11, 5))]
    now[0] = 4_000.0
    counts.append(await study((10, 5)))
    await session.close()

    assert [count - begun for count in counts] == [1, 1, 2, 2, 3, 4]
    assert names.databases[5] == "postgres"
    assert 4_000_000 not in names.databases


_ASKED = "SELECT calls FROM pg_stat_statements WHERE query LIKE '%headroom%UNION ALL%pg_roles%'"


async def test_more_entries_than_are_read(cluster: Server) -> None:
    """A server that may hold more sends one more than are read, and no more; another is not counted out."""
    many = layout("public", COLUMNS, informed=True, most=MOST_ENTRIES + 1)
    few = layout("public", COLUMNS, informed=True, most=MOST_ENTRIES)
    unknown = layout("public", COLUMNS, informed=True, most=None)
    assert many is not None
    assert few is not None
    assert unknown is not None
    with psycopg.connect(cluster.url) as connection:
        texts = [each.counters.as_string(connection) for each in (many, few, unknown)]
        found = [connection.cursor(binary=True).execute(each.counters).fetchone() for each in (many, few)]

    assert [f"LIMIT {MOST_ENTRIES + 1}" in text for text in texts] == [True, False, True]
    for row in found:
        assert row is not None
        count, unreadable, data = row
        assert (count > 0, unreadable, len(data) % 64) == (True, 0, 0)


def test_extension_without_a_column_is_not_guessed() -> None:
    """What lacks the longest time, say, is no extension that is known."""
    columns = [name for name in COLUMNS if name != "max_exec_time"]

    assert layout("public", columns, informed=True, most=5000) is None


async def test_entries_of_others_are_counted(cluster: Server) -> None:
    """A role without the right sees that entries are there, not which: they are counted and left out."""
    how = layout("public", COLUMNS, informed=True, most=5000)
    assert how is not None
    cluster.run("SELECT 1", role="nobody")
    with psycopg.connect(cluster.url_of("nobody")) as connection:
        row = connection.cursor(binary=True).execute(how.counters).fetchone()
    assert row is not None
    count, unreadable, data = row

    assert 0 < unreadable < count
    assert len(data) // 64 <= count - unreadable


async def test_another_tool_resets(start: Start) -> None:
    """The session outlived the reset, so that no crash of the server can have been the cause."""
    server = start()
    server.run("CREATE EXTENSION pg_stat_statements", *TABLE)
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        server.run(LOOKUP, "SELECT pg_stat_statements_reset()", LOOKUP)
        reading = collector.difference(before, await collector.fetch())
    at = part(reading, statements("lookup")).start

    seconds = (at - before.at).total_seconds()
    assert (
        f"another tool or person reset pg_stat_statements at {at:%H:%M:%S} UTC; "
        f"what the {seconds:.0f} s before that held is lost"
    ) in reading.notes


async def test_a_database_is_reset_by_itself(start: Start) -> None:
    """No clock moves and nothing was evicted: entries that began again say that somebody reset them."""
    server = start()
    server.run("CREATE EXTENSION pg_stat_statements", "CREATE DATABASE shop", *TABLE)
    server.run(*TABLE, database="shop")
    # PgHero does this.
    reset = "SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = 'shop'"
    async with collecting(server.url) as collector:
        server.run(*[LOOKUP] * 5, database="shop")
        await collector.fetch()
        before = await collector.fetch()
        server.run(LOOKUP, reset, database="postgres")
        server.run(*[LOOKUP] * 2, database="shop")
        reading = collector.difference(before, await collector.fetch())

    said = [note for note in reading.notes if "reset one by one" in note]
    assert len(said) == 1
    assert "(database shop), which Headroom never does" in said[0]
    assert part(reading, statements("lookup")).quality is Quality.RESET
    assert calls(reading, "lookup") == 3


async def test_extension_is_dropped_and_comes_back(start: Start) -> None:
    """Between two polls the extension goes, which is said, and comes back elsewhere, which is found."""
    server = start()
    server.run("CREATE EXTENSION pg_stat_statements", *TABLE, "CREATE SCHEMA stats")
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        server.run("DROP EXTENSION pg_stat_statements")
        without = await collector.fetch()
        refused = collector.difference(before, without)
        server.run("CREATE EXTENSION pg_stat_statements SCHEMA stats", *[LOOKUP] * 3)
        after = await collector.fetch()
        again = collector.difference(without, after)
        reading = collector.difference(before, after)

    found = absence(refused, statements("lookup"))
    assert (found.reason, found.detail) == (
        Reason.BROKEN_INSTRUMENTATION,
        (
            'pg_stat_statements is not installed in database "postgres": run there, as a superuser, '
            "CREATE EXTENSION pg_stat_statements;"
        ),
    )
    assert absence(again, statements("lookup")).detail == (
        "one reading of pg_stat_statements so far; a difference needs two"
    )
    assert calls(reading, "lookup") == 3


async def test_extension_is_updated_between_polls(start: Start) -> None:
    """The session goes on with the columns it knows; the next one knows more, and does not mix the two."""
    server = start(17)
    server.run("CREATE EXTENSION pg_stat_statements VERSION '1.10'", *TABLE)
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        server.run("ALTER EXTENSION pg_stat_statements UPDATE", *[LOOKUP] * 2)
        after = await collector.fetch()
        reading = collector.difference(before, after)
    async with collecting(server.url) as collector:
        newer = await collector.fetch()
        across = collector.difference(after, newer)

    assert (told(before).births, told(after).births, told(newer).births) == (False, False, True)
    assert calls(reading, "lookup") == 2
    assert absence(across, statements("lookup")).detail == (
        "pg_stat_statements was updated since the last reading; a difference needs two readings of one kind"
    )


def test_statements_bear_their_mark() -> None:
    """Every statement begins with the mark by which it is known, so that it is left out of the figures."""
    for name in ("statements", "information", "names", "pulse", "extension", "columns"):
        assert load(name).as_string(None).lstrip().startswith("SELECT /* headroom */"), name
