"""Statements that run and may never end well: seen once at each limit, told, and over in the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.postgres.activity import Activity, Execution
from collectors.postgres.in_flight import beside, notes, smallest
from headroom.budgets import Outcome, Verdict
from headroom.evidence import Moments
from headroom.judge import judge
from headroom.observation import Observation, Part, Quality, Reading, Series
from headroom.span import Span
from tests.judge.cases import Held, case, limit

from .asking import THRESHOLDS, collecting, connections, statements
from .conftest import Clusters, Start
from .server import MAJORS, Server

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
LOOKUP, ANALYTICS = statements("lookup"), statements("analytics")
LIMITS = {LOOKUP: (0.01, 0.05), ANALYTICS: (5.0,)}


def running(group: str | None, seconds: float, *, waits: str = "", several: bool = False) -> Execution:
    """Return a statement of erp_app that has been running for so long."""
    return Execution(group, "erp", "erp_app", seconds, waits, several)


def found(executions: list[Execution], since: float = 15.0) -> list[Part]:
    """Return what is added to the lookups of an interval of so many seconds."""
    span = Span(AT - timedelta(seconds=since), AT, since, Quality.EXACT)
    before = (Observation(Series.of(LOOKUP), ()),)
    seen = Activity(AT, tuple(executions))
    [after] = beside(before, LIMITS, AT - timedelta(seconds=since), seen, span)
    return list(after.parts)


def test_what_crossed_a_limit_in_the_interval_is_one_part() -> None:
    """At each limit it counts what crossed that one; what crossed a smaller one earlier was counted then."""
    part, hanging = found([running("lookup", 0.02), running("lookup", 3.0), running("lookup", 15.03)])

    assert (part.quality, hanging.quality) == (Quality.UNFINISHED, Quality.RUNNING)
    assert [(one.threshold, one.n, one.k_low, one.k_high) for one in hanging.bounds] == [
        (0.01, 3, 3, 3),
        (0.05, 3, 2, 2),
    ]
    assert (part.start, part.end) == (AT - timedelta(seconds=15), AT)
    assert part.evidence == Moments.of([0.02, 3.0, 15.03])
    assert [(one.threshold, one.n, one.k_low, one.k_high) for one in part.bounds] == [
        (0.01, 3, 2, 2),
        (0.05, 3, 2, 2),
    ]


def test_what_proves_nothing_is_no_part() -> None:
    """Too young, of another class, of none, or of an unknown one."""
    assert not found([running("lookup", 0.009), running("list", 1.0), running("", 1.0), running(None, 1.0)])


def test_what_crossed_a_limit_long_ago_hangs() -> None:
    """It is over its limit now, and was counted when it crossed it."""
    [part] = found([running("lookup", 16.0)])

    assert part.quality is Quality.RUNNING
    assert [(one.k_low, one.k_high) for one in part.bounds] == [(1, 1), (1, 1)]


def test_one_of_several_in_a_string_may_be_slow_or_not() -> None:
    """Its own age is not known: a doubt, which no promise is called met with."""
    [part] = found([running("lookup", 1.0, several=True)])

    assert part.quality is Quality.UNSORTED
    assert [(one.k_low, one.k_high) for one in part.bounds] == [(0, 1), (0, 1)]


@given(
    st.lists(st.tuples(st.integers(0, 60_000_000), st.integers(1, 90_000_000)), max_size=8),
    st.lists(st.integers(1, 40_000_000), min_size=1, max_size=8),
)
def test_every_execution_crosses_every_limit_once(
    executions: list[tuple[int, int]], intervals: list[int]
) -> None:
    """However the polls fall, an execution is counted at each limit at most once, and never below it."""
    counted = dict.fromkeys(LIMITS[LOOKUP], 0)
    now = 0
    for interval in intervals:
        now += interval
        alive = [
            running("lookup", (now - began) / 1_000_000)
            for began, lasted in executions
            if began <= now < began + lasted
        ]
        for part in (one for one in found(alive, interval / 1_000_000) if one.quality is Quality.UNFINISHED):
            for bounds in part.bounds:
                counted[bounds.threshold] += bounds.k_low
    for threshold, count in counted.items():
        assert count <= sum(lasted > threshold * 1_000_000 for _, lasted in executions)


def test_what_runs_over_its_limit_is_told_beside_the_verdict() -> None:
    """How many, the oldest, of which class, role and database, and what it waits for."""
    seen = Activity(
        AT,
        (
            running("analytics", 41.0),
            running("lookup", 12.3, waits="Lock"),
            running("analytics", 4.9),
            running(None, 3.0),
            running(None, 2.0),
            running("", 0.5),
            running("lookup", 2.0, several=True),
        ),
        truncated=True,
    )

    assert list(notes(LIMITS, seen)) == [
        (
            "2 statements are running for longer than allowed now: 41 s (analytics, role "
            "erp_app, database erp); "
            "12.3 s (lookup, role erp_app, database erp, waiting for Lock)"
        ),
        "2 statements are running that fall in no class, for up to 3 s",
        (
            "1 session is running several statements at once, or one of which the server "
            "shows only the beginning "
            "(track_activity_query_size), for 2 s: how long the present one runs is not known"
        ),
        "more than 500 statements run for longer than the smallest limit; not all are read",
    ]


def test_nothing_younger_than_the_smallest_limit_is_read() -> None:
    """Without a measure of statements, what is slow by the guide is."""
    assert smallest(LIMITS | {connections(): ()}) == 0.01
    assert smallest({connections(): ()}) == 1.0


@contextmanager
def locked(server: Server) -> Iterator[None]:
    """Hold the table of the tasks, as an ALTER TABLE that waits for its own turn does."""
    with psycopg.connect(server.url) as connection:
        connection.execute("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE")
        yield


def session(server: Server, statement: str, *, times: int, prepared: bool) -> None:
    """Run a statement that is cancelled each time."""
    with psycopg.connect(server.url_of("erp_app"), autocommit=True) as connection:
        connection.prepare_threshold = 0 if prepared else None
        for number in range(times):
            with connection.cursor() as cursor, suppress(psycopg.errors.QueryCanceled):
                cursor.execute(statement, [number])


def verdict(readings: list[Reading], group: str, threshold: float) -> Verdict:
    """Judge the parts of several polls, as a cycle does."""
    now = datetime.now(UTC)
    held = [
        Held(now - timedelta(seconds=index), part)
        for index, reading in enumerate(reversed(readings))
        for one in reading.observations
        if one.series == Series.of(statements(group))
        for part in one.parts
    ]
    return judge(case(held, limit(threshold=threshold), at=now))


def prepared(start: Start, major: int = 15) -> Server:
    """Return a server with a table of tasks, and a role whose statements are cancelled after a second."""
    server = start(major, max_connections="60")
    server.run(
        "CREATE EXTENSION pg_stat_statements",
        "CREATE ROLE monitor LOGIN",
        "GRANT pg_monitor TO monitor",
        "CREATE ROLE erp_app LOGIN",
        "ALTER ROLE erp_app SET statement_timeout = '900ms'",
        "CREATE TABLE tasks (id int PRIMARY KEY, booking int, title text)",
        "INSERT INTO tasks SELECT n, n % 10, 'task ' || n FROM generate_series(1, 100) n",
        "GRANT SELECT ON tasks TO erp_app",
    )
    return server


async def test_a_locked_table_is_over_though_the_server_counts_nothing(start: Start) -> None:
    """20 sessions' look-ups are cancelled, again and again: no statement of theirs ever ends well."""
    server = prepared(start)
    readings = []
    async with collecting(server.url_of("monitor"), every=15.0) as collector:
        before = await collector.fetch()
        with locked(server):
            sessions = [
                threading.Thread(
                    target=session,
                    args=(server, "SELECT title FROM tasks WHERE id = %s"),
                    kwargs={"times": 5, "prepared": number % 2 == 0},
                )
                for number in range(20)
            ]
            for one in sessions:
                one.start()
            for _ in range(5):
                await asyncio.sleep(0.75)
                after = await collector.fetch()
                readings.append(collector.difference(before, after))
                before = after
            for one in sessions:
                one.join()
        readings.append(collector.difference(before, await collector.fetch()))

    judged = verdict(readings, "lookup", THRESHOLDS["lookup"])
    assert judged.outcome is Outcome.OVER
    assert judged.firm
    assert judged.slow is not None
    assert 60 <= judged.slow[0] <= 100
    assert (
        "of them were seen running for longer than 10 ms and still run, were cancelled or failed"
        in judged.detail
    )
    told = " ".join(note for reading in readings for note in reading.notes)
    assert "20 sessions wait for a lock: 20 of role erp_app in database postgres" in told
    assert "(lookup, role erp_app, database postgres, waiting for Lock)" in told
    assert "statements that fail or are cancelled are in no budget's figures" in told


async def test_a_slow_statement_that_ends_well_is_not_counted_twice(start: Start) -> None:
    """It is seen running, and counted when it ends: one of 41, which is less than the twentieth allowed."""
    server = prepared(start)
    readings = []
    slow = "SELECT DISTINCT a.id, rank() OVER (ORDER BY a.id), pg_sleep(2)::text FROM tasks a WHERE id = 1"
    quick = "SELECT a.id, rank() OVER (ORDER BY a.id) FROM tasks a WHERE id < %s"
    limits = {statements("analytics"): (1.0,), statements("lookup"): (0.01,)}
    async with collecting(server.url_of("monitor"), limits) as collector:
        server.run(slow.replace("(2)", "(0)"))
        before = await collector.fetch()
        running = threading.Thread(target=server.run, args=(slow,))
        running.start()
        for _ in range(6):
            server.run(*[quick % number for number in range(10)])
            await asyncio.sleep(0.5)
            after = await collector.fetch()
            readings.append(collector.difference(before, after))
            before = after
        running.join()

    unfinished = [
        part
        for reading in readings
        for one in reading.observations
        if one.series == Series.of(statements("analytics"))
        for part in one.parts
        if part.quality is Quality.UNFINISHED
    ]
    assert [[bounds.k_low for bounds in part.bounds] for part in unfinished] == [[1]]
    judged = verdict(readings, "analytics", 1.0)
    assert judged.outcome is not Outcome.OVER
    assert judged.slow == (1, 1)
    assert judged.n == 61


async def test_several_statements_in_one_string_prove_nothing(cluster_of: Clusters) -> None:
    """The server's start is that of the string: the second statement may have begun a moment ago."""
    server = cluster_of(15)
    text = "SELECT pg_sleep(1.2); SELECT title, pg_sleep(4) FROM tasks WHERE id = 1"
    async with collecting(server.url_of("monitor")) as collector:
        before = await collector.fetch()
        one = threading.Thread(target=server.run, args=(text,))
        one.start()
        await asyncio.sleep(1.9)
        reading = collector.difference(before, await collector.fetch())
        one.join()

    qualities = {part.quality for one in reading.observations for part in one.parts}
    assert Quality.UNFINISHED not in qualities
    assert any(note.startswith("1 session is running several statements at once") for note in reading.notes)


async def test_no_text_of_what_runs_is_kept(cluster_of: Clusters) -> None:
    """A secret in a running statement is in no snapshot, and in nothing that is recorded."""
    server = cluster_of(15)
    text = "SELECT title, 's3cret', pg_sleep(1.5) FROM tasks WHERE id = 1"
    async with collecting(server.url_of("monitor")) as collector:
        before = await collector.fetch()
        one = threading.Thread(target=server.run, args=(text,))
        one.start()
        await asyncio.sleep(0.7)
        after = await collector.fetch()
        reading = collector.difference(before, after)
        one.join()

    assert b"s3cret" not in after.dump()
    assert "s3cret" not in repr(after)
    assert "s3cret" not in repr(reading)


@pytest.mark.parametrize("major", MAJORS)
async def test_what_runs_is_classed_on_every_version(cluster_of: Clusters, major: int) -> None:
    """Also on 13, which tells no id of what runs: its text says the class."""
    server = cluster_of(major)
    text = "SELECT title, pg_sleep(3) FROM tasks WHERE id = 1"
    async with collecting(server.url_of("monitor")) as collector:
        before = await collector.fetch()
        one = threading.Thread(target=server.run, args=(text,))
        one.start()
        await asyncio.sleep(0.7)
        after = await collector.fetch()
        one.join()

    assert before.activity is not None
    assert isinstance(after.activity, Activity)
    assert [(one.group, one.waits) for one in after.activity.running] == [("lookup", "Timeout")]
