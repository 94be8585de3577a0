"""What polls of a real server give."""

from __future__ import annotations

import signal

import psycopg
import pytest

from collectors.postgres.classify import Classifier
from collectors.postgres.collector import PostgresCollector
from collectors.postgres.learning import Learning
from headroom.budgets import Reason
from headroom.evidence import Gauge, Moments, Ratio
from headroom.observation import Quality
from headroom.sources import QueryClass, QueryRules

from .asking import ALL, RULES, absence, calls, collecting, connections, moments, part, source, statements
from .conftest import Start
from .durations import LOGGING, OVERHEAD, PRECISION, executions, over
from .server import Server


async def test_first_poll_gives_absences(cluster: Server) -> None:
    """One reading is no interval."""
    async with collecting(cluster.url_of("monitor")) as collector:
        reading = collector.difference(None, await collector.fetch())

    assert [(one.reason, one.detail) for one in reading.absences] == [
        (Reason.NO_DATA, "one reading so far; a difference needs two")
    ] * len(ALL)
    assert reading.observations == ()


async def test_workload_falls_into_its_classes(cluster: Server) -> None:
    """Each class holds exactly the calls made between two polls, and the monitor's own are in none."""
    async with collecting(cluster.url_of("monitor")) as collector:
        before = await collector.fetch()
        cluster.run(
            *["SELECT title FROM tasks WHERE id = 7"] * 5,
            *["SELECT * FROM tasks ORDER BY id LIMIT 10"] * 4,
            *["SELECT booking, count(*) FROM tasks GROUP BY booking"] * 3,
            *["SELECT rank() OVER (ORDER BY booking) FROM tasks"] * 2,
            "UPDATE tasks SET title = 'done' WHERE id = 9",
            "SELECT title FROM tasks WHERE booking = 3",
        )
        after = await collector.fetch()
        reading = collector.difference(before, after)
        again = collector.difference(after, await collector.fetch())

    counts = {name: calls(reading, name) for name in ("lookup", "list", "aggregate", "analytics", "write")}
    assert counts == {"lookup": 5, "list": 4, "aggregate": 3, "analytics": 2, "write": 1}
    assert part(reading, "statements:exec_time:unclassified").evidence == Ratio(1, 16)
    assert [note for note in reading.notes if "no query class" in note]
    assert {part(again, statements(name)).evidence for name in counts} == {Moments(0, 0.0, 0.0)}
    assert part(again, "statements:exec_time:unclassified").evidence == Ratio(0, 0)
    assert again.notes == ()


async def test_bounds_hold_the_server_log(start: Start) -> None:
    """The calls that the server's own log shows as slow lie within the bounds, and the sum agrees."""
    server = start(**LOGGING)
    server.run("CREATE EXTENSION pg_stat_statements", "CREATE TABLE tasks (id int PRIMARY KEY, title text)")
    sleeps = [0.0] * 60 + [0.03] * 2
    async with collecting(server.url, {statements("lookup"): (0.01, 0.02)}) as collector:
        before = await collector.fetch()
        server.run("INSERT INTO tasks VALUES (1, 'one')")
        server.run(*[f"SELECT pg_sleep({nap}), title FROM tasks WHERE id = 1" for nap in sleeps])
        found = part(collector.difference(before, await collector.fetch()), statements("lookup"))

    logged = [one for one in executions(server) if "title FROM tasks WHERE id = 1" in one.text]
    truth = Moments.of([one.milliseconds / 1000 for one in logged])
    assert moments(found).n == truth.n == 62
    assert truth.total - 62 * OVERHEAD <= moments(found).total <= truth.total + 62 * PRECISION
    assert moments(found).squares == pytest.approx(truth.squares, rel=0.25)
    for bounds in found.bounds:
        fewest, most = over(logged, bounds.threshold)
        assert fewest == 2
        assert bounds.k_low <= most
        assert bounds.k_high >= fewest
    assert found.bounds[0].k_low >= 1


async def test_full_reset_counts_from_there(start: Start) -> None:
    """After a reset what ran since then counts, and the lost part is said."""
    server = start()
    server.run("CREATE EXTENSION pg_stat_statements", "CREATE TABLE tasks (id int PRIMARY KEY)")
    async with collecting(server.url) as collector:
        server.run(*["SELECT * FROM tasks WHERE id = 1"] * 9)
        before = await collector.fetch()
        server.run(*["SELECT * FROM tasks WHERE id = 1"] * 4)
        server.run("SELECT pg_stat_statements_reset()", *["SELECT * FROM tasks WHERE id = 1"] * 2)
        after = await collector.fetch()
        found = part(collector.difference(before, after), statements("lookup"))

    assert (moments(found).n, found.quality) == (2, Quality.RESET)
    assert found.detail == (
        f"all counters began again at {found.start:%H:%M:%S} UTC; what this interval held before is lost"
    )
    assert before.at < found.start < found.end == after.at
    assert before.epoch != after.epoch


async def test_reset_of_one_statement_is_noticed(start: Start) -> None:
    """A reset of one statement moves no clock, only its counters."""
    server = start()
    server.run("CREATE EXTENSION pg_stat_statements", "CREATE TABLE tasks (id int PRIMARY KEY)")
    lookup = "SELECT * FROM tasks WHERE id = 1"
    async with collecting(server.url) as collector:
        server.run(*[lookup] * 9)
        before = await collector.fetch()
        reset = (
            "SELECT pg_stat_statements_reset(0, 0, queryid) FROM pg_stat_statements "
            "WHERE query = 'SELECT * FROM tasks WHERE id = $1'"
        )
        server.run(lookup, reset, *[lookup] * 3)
        found = part(collector.difference(before, await collector.fetch()), statements("lookup"))

    assert (moments(found).n, found.quality) == (3, Quality.RESET)
    assert (
        found.detail == "1 of its statements began again; what they did before that in this interval is lost"
    )


async def test_clean_restart_loses_nothing(start: Start) -> None:
    """The server saves its counters, so the interval spans the restart; the poll after it works at once."""
    server = start()
    server.run("CREATE EXTENSION pg_stat_statements", "CREATE TABLE tasks (id int PRIMARY KEY)")
    lookup = "SELECT * FROM tasks WHERE id = 1"
    async with collecting(server.url) as collector:
        server.run(lookup)
        before = await collector.fetch()
        server.run(*[lookup] * 2)
        server.stop()
        server.start()
        server.run(*[lookup] * 3)
        after = await collector.fetch()
        found = part(collector.difference(before, after), statements("lookup"))

    assert (moments(found).n, found.quality) == (5, Quality.EXACT)
    assert after.started > before.started


async def test_crash_counts_from_there(start: Start) -> None:
    """A crash wipes all counters; what ran since then counts."""
    server = start()
    server.run("CREATE EXTENSION pg_stat_statements", "CREATE TABLE tasks (id int PRIMARY KEY)", "CHECKPOINT")
    lookup = "SELECT * FROM tasks WHERE id = 1"
    async with collecting(server.url) as collector:
        server.run(*[lookup] * 4)
        before = await collector.fetch()
        server.stop(signal.SIGKILL)
        server.start()
        server.run(*[lookup] * 6)
        found = part(collector.difference(before, await collector.fetch()), statements("lookup"))

    assert (moments(found).n, found.quality) == (6, Quality.RESET)


async def test_evictions_are_said_and_counted_from_birth(start: Start) -> None:
    """A statement that was thrown away and came back counts from its birth, never across it."""
    server = start(pg_stat_statements__max="100")
    server.run("CREATE EXTENSION pg_stat_statements", "CREATE TABLE tasks (id int PRIMARY KEY)")
    flood = ["SELECT " + ", ".join(["1"] * width) + " FROM tasks" for width in range(1, 200)]
    async with collecting(server.url) as collector:
        server.run("SELECT id FROM tasks WHERE id = 1")
        before = await collector.fetch()
        server.run(*flood, *flood, "SELECT id FROM tasks WHERE id = 1")
        reading = collector.difference(before, await collector.fetch())

    found = part(reading, statements("lookup"))
    assert moments(found).n == 1
    assert found.quality in (Quality.EXACT, Quality.RESET)
    assert any(
        note.startswith("pg_stat_statements threw entries away ")
        and note.endswith("raise pg_stat_statements.max")
        for note in reading.notes
    )


async def test_nested_statements_are_not_counted_twice(start: Start) -> None:
    """With track = all a function's statements are there too; their time is in the call's."""
    server = start(pg_stat_statements__track="all")
    server.run(
        "CREATE EXTENSION pg_stat_statements",
        "CREATE TABLE tasks (id int PRIMARY KEY)",
        "CREATE FUNCTION found() RETURNS bigint LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM id FROM tasks WHERE id = 1; RETURN 1; END $$",
    )
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        server.run(*["SELECT found() FROM tasks RIGHT JOIN (SELECT 1) one ON true LIMIT 1"] * 3)
        reading = collector.difference(before, await collector.fetch())

    assert calls(reading, "lookup") == 0
    assert calls(reading, "list") == 3


async def test_connections_of_cluster_and_role(cluster: Server) -> None:
    """The connections in use are counted against what is not reserved, or against the pool that is named."""
    cluster_wide, pool, missing = connections(), connections("5", "nobody"), connections("5", "ghost")
    async with collecting(cluster.url_of("monitor"), {cluster_wide: (), pool: (), missing: ()}) as collector:
        with psycopg.connect(cluster.url_of("nobody")), psycopg.connect(cluster.url_of("nobody")):
            before = await collector.fetch()
            after = await collector.fetch()
        reading = collector.difference(before, after)

    seconds = (after.at - before.at).total_seconds()
    assert part(reading, cluster_wide).evidence == Gauge.sample(3 / 27, seconds)
    assert part(reading, cluster_wide).detail == (
        "3 of 27 (max_connections less those reserved), Headroom's own connection among them; role nobody "
        "holds 2 of them"
    )
    assert part(reading, pool).evidence == Gauge.sample(2 / 5, seconds)
    assert part(reading, pool).detail == "2 of 5"
    assert absence(reading, missing).detail == (
        'there is no role "ghost" in this cluster; name an existing one in the budget'
    )


async def test_nothing_recorded_is_not_idle(start: Start) -> None:
    """Where recording is switched off nothing moves, not even by the poll: that is no proof of quiet."""
    server = start(pg_stat_statements__track="none")
    server.run("CREATE EXTENSION pg_stat_statements")
    async with collecting(server.url) as collector:
        reading = collector.difference(await collector.fetch(), await collector.fetch())

    found = absence(reading, statements("lookup"))
    assert found.reason is Reason.BROKEN_INSTRUMENTATION
    assert found.detail == (
        "pg_stat_statements recorded nothing between two readings, not even these readings: check that "
        "pg_stat_statements.track is not none and compute_query_id is not off"
    )
    assert part(reading, connections()).quality is Quality.EXACT


async def test_restored_snapshot_loses_no_interval(cluster: Server) -> None:
    """A new process goes on from the stored snapshot, classes included, without reading texts anew."""
    async with collecting(cluster.url_of("monitor")) as collector:
        stored = (await collector.fetch()).dump()
    cluster.run(*["SELECT title FROM tasks WHERE id = 3"] * 2)
    async with collecting(cluster.url_of("monitor")) as collector:
        before = collector.load(stored)
        assert before is not None
        assert "lookup" in {label.group for label in collector.learning.labels.known.values()}
        reading = collector.difference(before, await collector.fetch())

    assert calls(reading, "lookup") == 2


async def test_texts_are_read_about_once_a_minute(cluster: Server) -> None:
    """A few readings at once, then one a minute; what is met in between counts as unclassified until then."""
    now = [1000.0]
    learning = Learning(Classifier(RULES), clock=lambda: now[0])
    collector = PostgresCollector(source(cluster.url_of("monitor")), ALL, learning)
    before = await collector.fetch()
    found = []
    for number in range(5):
        now[0] += 61.0 if number == 4 else 0.0
        cluster.run(f"SELECT title {', booking' * (number + 2)} FROM tasks WHERE id = 3")
        after = await collector.fetch()
        found.append(collector.difference(before, after))
        before = after
    cluster.run("SELECT title , booking, booking, booking, booking, booking FROM tasks WHERE id = 3")
    last = collector.difference(before, await collector.fetch())
    await collector.close()

    assert [calls(reading, "lookup") for reading in found] == [1, 1, 0, 0, 1]
    assert calls(last, "lookup") == 1
    assert "1 statement is too new to be classified; texts are read about once a minute" in found[2].notes


async def test_patterns_of_the_rules_win(cluster: Server) -> None:
    """A class of one's own takes what its pattern finds, whatever the statement's shape."""
    rules = QueryRules((QueryClass("board", (r"FROM tasks\b.*booking =",)), QueryClass("lookup")))
    async with collecting(cluster.url_of("monitor"), {statements("board"): (0.1,)}, rules) as collector:
        before = await collector.fetch()
        cluster.run("SELECT id FROM tasks WHERE booking = 3", "SELECT id FROM tasks WHERE id = 3")
        reading = collector.difference(before, await collector.fetch())

    assert calls(reading, "board") == 1


async def test_no_text_is_kept(start: Start) -> None:
    """Neither a password in a utility statement nor any other text is in what is stored."""
    server = start()
    server.run(
        "CREATE EXTENSION pg_stat_statements",
        "CREATE ROLE clerk LOGIN PASSWORD 'planted-secret'",
        "CREATE TABLE planted_table (id int)",
        "SELECT 'planted-literal' FROM planted_table /* planted-comment */ LIMIT 1",
    )
    async with collecting(server.url) as collector:
        await collector.fetch()
        snapshot = await collector.fetch()
        reading = collector.difference(snapshot, await collector.fetch())

    assert b"planted" not in snapshot.dump()
    assert "planted" not in repr(reading)
    assert "planted" not in repr(collector.learning.labels)


async def test_session_is_gentle(cluster: Server) -> None:
    """The session may not write, waits for no lock, and ends its statements by itself."""
    async with collecting(cluster.url_of("monitor"), every=15.0) as collector:
        await collector.fetch()
        assert collector._session is not None
        connection = collector._session._connection
        assert connection is not None
        settings = {}
        for name in ("application_name", "transaction_read_only", "lock_timeout", "statement_timeout"):
            row = await (await connection.execute(f"SHOW {name}".encode())).fetchone()
            settings[name] = row[0] if row else None
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await connection.execute("CREATE TABLE x (y int)")
        await collector.fetch()
        backends = cluster.run("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'headroom'")

    assert settings == {
        "application_name": "headroom",
        "transaction_read_only": "on",
        "lock_timeout": "1s",
        "statement_timeout": "7500ms",
    }
    assert backends == [(1,)]
