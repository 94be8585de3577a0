"""Every major from 13 to 18: what a reading says against what was run, whatever became of the counters."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from itertools import count, product

import psutil
import psycopg
import pytest

from headroom.evidence import Ratio
from headroom.observation import Part, Quality, Reading

from .asking import THRESHOLDS, calls, collecting, moments, part, statements
from .conftest import Start, Templates
from .server import MAJORS, Server

LOOKUP = "SELECT title FROM tasks WHERE id = 1"
SLEEP = "SELECT title FROM tasks WHERE id = 1 AND pg_sleep({}) IS NOT NULL"
TABLE = ("CREATE TABLE tasks (id int PRIMARY KEY, title text)", "INSERT INTO tasks VALUES (1, 'one')")
CALLER = "SELECT found() FROM tasks LIMIT 1"
FUNCTION = (
    "CREATE FUNCTION found() RETURNS bigint LANGUAGE plpgsql AS "
    f"$$ BEGIN PERFORM {LOOKUP.removeprefix('SELECT ')}; RETURN 1; END $$"
)
RESET = "SELECT pg_stat_statements_reset()"
ALL_LEVELS = "SET pg_stat_statements.track = 'all'"
NESTED = (
    "pg_stat_statements before 1.9 does not tell nested statements from top-level ones and counts both where "
    "pg_stat_statements.track is all; ALTER EXTENSION pg_stat_statements UPDATE mends it"
)
STANDBY = "this server is a standby: what ran on its primary is not in these figures"
ONE_AGAIN = "1 of its statements began again; what they did before that in this interval is lost"
ONE_SUSPECT = "1 of its statements may have been thrown away and begun again; raise pg_stat_statements.max"
THROWN_AWAY = re.compile(
    r"pg_stat_statements threw entries away (\d+) times in this interval, and what they did last is lost; "
    r"raise pg_stat_statements\.max"
)


@pytest.fixture(scope="module", params=MAJORS)
def server(request: pytest.FixtureRequest, template_of: Templates) -> Iterator[Server]:
    """A server of each major, which these tests reset, crash and restart in turn."""
    server = Server(template_of(request.param)).start()
    server.run("CREATE EXTENSION pg_stat_statements", *TABLE)
    yield server
    server.remove()


@pytest.fixture
def database(server: Server, numbers: Iterator[int]) -> str:
    """A database of the server for one test, without the extension."""
    name = f"erp{next(numbers)}"
    server.run(f"CREATE DATABASE {name}")
    server.run(*TABLE, FUNCTION, database=name)
    return name


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    """Numbers for names."""
    return count()


def lookups(reading: Reading) -> Part:
    """Return the part of the class that all these tests run."""
    return part(reading, statements("lookup"))


def said(server: Server) -> tuple[str, ...]:
    """Return what every reading of a server says: the extension of 13 cannot tell nested statements."""
    return (NESTED,) if server.major == 13 else ()


async def test_first_sight_and_then_every_call(server: Server) -> None:
    """A statement met for the first time counts from its birth, one known from the last reading exactly."""
    work = [
        *["SELECT id, title FROM tasks WHERE id = 7"] * 5,
        *["SELECT * FROM tasks ORDER BY id LIMIT 10"] * 4,
        *["SELECT title, count(*) FROM tasks GROUP BY title"] * 3,
        *["SELECT rank() OVER (ORDER BY title) FROM tasks"] * 2,
        "UPDATE tasks SET title = 'done' WHERE id = 9",
    ]
    async with collecting(server.url) as collector:
        nothing = await collector.fetch()
        server.run(*work)
        first = await collector.fetch()
        server.run(*work, *work)
        again = await collector.fetch()
        sight, later = collector.difference(nothing, first), collector.difference(first, again)

    for reading, quality, times in ((sight, Quality.FIRST_SEEN, 1), (later, Quality.EXACT, 2)):
        found = {name: part(reading, statements(name)) for name in THRESHOLDS}
        assert {name: moments(one).n // times for name, one in found.items()} == {
            "lookup": 5, "list": 4, "aggregate": 3, "analytics": 2, "write": 1,
        }  # fmt: skip
        assert {(one.quality, one.detail) for one in found.values()} == {(quality, "")}
        assert part(reading, "statements:exec_time:unclassified").evidence == Ratio(0, 15 * times)
        assert reading.notes == said(server)
        assert reading.absences == ()


@pytest.mark.parametrize("server", [13, 18], indirect=True)
async def test_extension_in_another_schema(server: Server, database: str) -> None:
    """The extension is found wherever it was created, and reads the whole cluster."""
    server.run(
        'CREATE SCHEMA "Its Stats"',
        'CREATE EXTENSION pg_stat_statements SCHEMA "Its Stats"',
        database=database,
    )
    async with collecting(server.url_of("postgres", database=database)) as collector:
        server.run(LOOKUP)
        server.run(LOOKUP, database=database)
        before = await collector.fetch()
        server.run(*[LOOKUP] * 3)
        server.run(*[LOOKUP] * 4, database=database)
        found = lookups(collector.difference(before, await collector.fetch()))

    assert (moments(found).n, found.quality, found.detail) == (7, Quality.EXACT, "")


@pytest.mark.parametrize(
    ("server", "version"),
    [(13, "1.7"), (14, "1.8"), *product((15, 17, 18), ("1.7", "1.8", "1.9"))],
    indirect=["server"],
)
async def test_extension_older_than_the_server(server: Server, database: str, version: str) -> None:
    """As after an upgrade of the server alone: the columns decide; a nested call counts before 1.9."""
    told = version == "1.9"
    server.run(f"CREATE EXTENSION pg_stat_statements VERSION '{version}'", database=database)
    async with collecting(server.url_of("postgres", database=database)) as collector:
        readings, before = [], await collector.fetch()
        for _ in range(2):
            server.run(*[LOOKUP] * 5, database=database)
            server.run(ALL_LEVELS, *[CALLER] * 3, database=database)
            after = await collector.fetch()
            readings.append(collector.difference(before, after))
            before = after

    for reading, quality in zip(readings, (Quality.FIRST_SEEN, Quality.EXACT), strict=True):
        assert (moments(lookups(reading)).n, lookups(reading).quality) == (5 if told else 8, quality)
        assert calls(reading, "list") == 3
        assert [note for note in reading.notes if "query class" not in note] == ([] if told else [NESTED])


@pytest.mark.parametrize("server", [13, 14, 18], indirect=True)
async def test_nested_statements(server: Server) -> None:
    """With track = all those inside a function are told from those at top level, except on 13."""
    server.run(ALL_LEVELS, FUNCTION.replace("found", "nesting"))
    async with collecting(server.url) as collector:
        server.run(ALL_LEVELS, CALLER.replace("found", "nesting"))
        before = await collector.fetch()
        server.run(*[LOOKUP] * 2)
        server.run(ALL_LEVELS, *[CALLER.replace("found", "nesting")] * 3)
        reading = collector.difference(before, await collector.fetch())

    assert calls(reading, "lookup") == (5 if server.major == 13 else 2)
    assert calls(reading, "list") == 3
    assert reading.notes[-1:] == said(server)


async def test_reset_of_one_database(server: Server, database: str) -> None:
    """Its entries begin again without the clock of resets moving; another database's go on."""
    server.run(*[LOOKUP] * 6, database=database)
    # Extremes that stay are what tells an entry that went on from one that began again.
    server.run(SLEEP.format(0), SLEEP.format(0.03))
    oid = server.run("SELECT oid FROM pg_database WHERE datname = current_database()", database=database)[0][
        0
    ]
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        server.run(*[LOOKUP] * 9, database=database)
        server.run(*[SLEEP.format(0.005)] * 3)
        server.run(f"SELECT pg_stat_statements_reset(0, {oid}, 0)")
        server.run(*[LOOKUP] * 2, database=database)
        after = await collector.fetch()
        found = lookups(collector.difference(before, after))

    assert (moments(found).n, found.quality, found.detail) == (3 + 2, Quality.RESET, ONE_AGAIN)
    assert after.epoch == before.epoch


async def test_reset_of_all(server: Server) -> None:
    """What ran since the reset counts, from its time on where the extension tells it."""
    server.run(RESET, *[LOOKUP] * 5)
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        server.run(*[LOOKUP] * 9, RESET, *[LOOKUP] * 2)
        after = await collector.fetch()
        found = lookups(collector.difference(before, after))

    assert (moments(found).n, found.quality) == (2, Quality.RESET)
    assert found.end == after.at
    if server.major == 13:
        assert (found.start, found.detail) == (before.at, ONE_AGAIN)
        assert after.epoch == before.epoch
    else:
        assert before.at < found.start < after.at
        assert found.detail == began_again(found)
        assert after.epoch != before.epoch


def began_again(found: Part) -> str:
    """Return what is said of a part whose start is a reset."""
    return f"all counters began again at {found.start:%H:%M:%S} UTC; what this interval held before is lost"


@pytest.mark.parametrize("server", [17, 18], indirect=True)
async def test_reset_of_smallest_and_largest(server: Server) -> None:
    """From 17 on the extremes can be reset on their own: the counts go on, no largest time is claimed."""
    server.run(SLEEP.format(0.03))
    async with collecting(server.url, {statements("lookup"): (0.02,)}) as collector:
        before = await collector.fetch()
        server.run(SLEEP.format(0.03), "SELECT pg_stat_statements_reset(0, 0, 0, true)", SLEEP.format(0.001))
        found = lookups(collector.difference(before, await collector.fetch()))

    assert (moments(found).n, found.quality, moments(found).cap) == (2, Quality.EXACT, None)
    assert found.bounds[0].k_low <= 1 <= found.bounds[0].k_high


async def test_crash_of_a_backend(server: Server) -> None:
    """It wipes all counters while the server's start stays; what ran since then counts."""
    async with collecting(server.url) as collector:
        server.run(RESET, *[LOOKUP] * 9)
        before = await collector.fetch()
        with psycopg.connect(server.url) as connection:
            backend = psutil.Process(connection.info.backend_pid)
            assert backend.name() == "postgres"
            os.kill(backend.pid, signal.SIGKILL)
            backend.wait(10)
        server.awaited()
        server.run(*[LOOKUP] * 6)
        after = await collector.fetch()
        found = lookups(collector.difference(before, after))

    assert after.started == before.started
    assert (moments(found).n, found.quality) == (6, Quality.RESET)
    assert found.detail == (ONE_AGAIN if server.major == 13 else began_again(found))


async def test_immediate_stop(server: Server) -> None:
    """Even then the counters are saved: the interval spans the restart, and nothing is lost."""
    server.run(LOOKUP)
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        server.run(*[LOOKUP] * 2)
        server.stop(signal.SIGQUIT)
        server.start()
        server.run(*[LOOKUP] * 3)
        after = await collector.fetch()
        found = lookups(collector.difference(before, after))

    assert after.started > before.started
    assert (moments(found).n, found.quality, found.detail) == (5, Quality.EXACT, "")


async def test_standby(server: Server) -> None:
    """In recovery everything is read, and counted are the standby's own statements, not the primary's."""
    standby = server.standby()
    try:
        assert standby.run("SELECT pg_is_in_recovery()") == [(True,)]
        async with collecting(standby.url) as collector:
            standby.run(LOOKUP)
            before = await collector.fetch()
            server.run(*[LOOKUP] * 9)
            standby.run(*[LOOKUP] * 3)
            reading = collector.difference(before, await collector.fetch())
    finally:
        standby.remove()

    found = lookups(reading)
    assert (moments(found).n, found.quality, found.detail) == (3, Quality.EXACT, "")
    assert reading.notes == (STANDBY, *said(server))
    assert reading.absences == ()


@pytest.mark.parametrize("major", MAJORS)
async def test_eviction_and_return(start: Start, major: int) -> None:
    """Thrown away and back with more calls than before: told from 17 on, a suspicion on older majors."""
    server = start(major, pg_stat_statements__max="100")
    server.run("CREATE EXTENSION pg_stat_statements", *TABLE)
    flood = [f"SELECT {', '.join(['1'] * width)} FROM tasks" for width in range(1, 150)]
    server.run(SLEEP.format(0.004))
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        evicted = evictions(server)
        server.run(*(each for each in flood for _ in range(3)))
        # Both extremes move, so that nothing speaks for the old life, and nothing against it.
        server.run(*(SLEEP.format(nap) for nap in (0.001, 0.004, 0.1)))
        evicted = evictions(server) - evicted
        reading = collector.difference(before, await collector.fetch())
    life = server.run("SELECT calls FROM pg_stat_statements WHERE query LIKE '%pg_sleep%'")

    assert life == [(3,)]
    found = lookups(reading)
    told = (3, Quality.RESET, ONE_AGAIN) if major >= 17 else (2, Quality.SUSPECT, ONE_SUSPECT)
    assert (moments(found).n, found.quality, found.detail) == told
    matched = [match for note in reading.notes if (match := THROWN_AWAY.fullmatch(note))]
    assert len(matched) == (major > 13)
    assert all(0 <= int(match[1]) - evicted <= 1 for match in matched)


def evictions(server: Server) -> int:
    """Return how often the server threw entries away; 13 does not tell."""
    if server.major == 13:
        return 0
    return int(server.run("SELECT dealloc FROM pg_stat_statements_info")[0][0])
