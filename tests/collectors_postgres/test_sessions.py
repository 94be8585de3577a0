"""Connections by role, database and state; who waits, who sits, and what did not end well."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from collectors.postgres import failed, sessions
from collectors.postgres.activity import Activity, Crowd, Endings, Sitter
from collectors.postgres.entry import Change
from collectors.postgres.moved import Move
from collectors.postgres.snapshot import Label
from headroom.budgets import Kind, Measure, Reason
from headroom.evidence import Gauge
from headroom.observation import Absence, Quality, Series
from headroom.span import Span
from headroom.whose import Whose

from .asking import NAME, absence, collecting, connections, part, statements
from .conftest import Clusters, Start
from .server import MAJORS

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
SPAN = Span(AT - timedelta(seconds=15), AT, 15.0, Quality.EXACT)
NOTHING = Endings(0.0, 0, 0, 0, 0, 0, 0, 0, 0)


def looked(*crowds: Crowd, sitters: tuple[Sitter, ...] = ()) -> Activity:
    """Return a look at these connections."""
    return Activity(AT, crowds=crowds, sitters=sitters)


def test_the_most_numerous_are_recorded_one_by_one_and_the_rest_together() -> None:
    """20 series, and one more for all others, whatever roles and databases there are."""
    crowds = [Crowd("erp", f"role{number:02}", "idle", 40 - number) for number in range(25)]
    made = sessions.observations(NAME, looked(*crowds), SPAN)

    assert len(made) == 21
    assert made[0].series == Series(
        NAME, "connections:state", (("database", "erp"), ("role", "role00"), ("state", "idle"))
    )
    assert made[0].parts[0].evidence == Gauge.sample(40, 15.0)
    assert made[-1].series.subject == (("database", "*"), ("role", "*"), ("state", "*"))
    assert made[-1].parts[0].evidence == Gauge.sample(20 + 19 + 18 + 17 + 16, 15.0)


def test_who_waits_and_who_sits_is_told() -> None:
    """With role, database, age, and what it holds up."""
    seen = looked(
        Crowd("erp", "erp_app", "waiting for a lock", 3),
        Crowd("erp", "report", "waiting for a lock", 1),
        sitters=(
            Sitter("erp", "erp_app", 4000.0, holds=True, blocks=3),
            Sitter("erp", "admin", 75.0, holds=False, blocks=1),
            Sitter("erp", "admin", 70.0, holds=True, blocks=0),
            Sitter("erp", "admin", 61.0, holds=False, blocks=0),
        ),
    )

    end = "; idle_in_transaction_session_timeout would end it"
    assert list(sessions.notes(seen)) == [
        "4 sessions wait for a lock: 3 of role erp_app in database erp, 1 of role report in database erp",
        (
            "a session of role erp_app in database erp has been idle in a transaction for "
            "1 h 7 min and holds up "
            f"3 sessions and VACUUM{end}"
        ),
        (
            "a session of role admin in database erp has been idle in a transaction for 1 "
            "min 15 s and holds up "
            f"1 session{end}"
        ),
        (
            "a session of role admin in database erp has been idle in a transaction for 1 "
            "min 10 s and holds up "
            f"VACUUM{end}"
        ),
        "1 more session has been idle in a transaction for over a minute",
    ]


def rollback(times: int) -> Move:
    """Return what a statement ROLLBACK did."""
    return Move(Label("utility", "r", ""), 1, Change(times, 0.0, 0.0, None, 0.0, None, Quality.EXACT))


@pytest.mark.parametrize(
    ("ended", "rollbacks", "told"),
    [
        (NOTHING, 0, []),
        (
            NOTHING._replace(rolled_back=31),
            4,
            [
                (
                    "31 transactions were rolled back, and ROLLBACK was executed 4 times: "
                    "the others failed, were "
                    "cancelled or lost their client; statements that fail or are cancelled "
                    "are in no budget's figures"
                )
            ],
        ),
        (
            NOTHING._replace(rolled_back=1),
            1,
            [
                (
                    "1 transaction was rolled back, and ROLLBACK was executed 1 time; "
                    "statements that fail or are "
                    "cancelled are in no budget's figures"
                )
            ],
        ),
        (
            NOTHING._replace(rolled_back=2),
            0,
            [
                (
                    "2 transactions were rolled back; statements that fail or are "
                    "cancelled are in no budget's "
                    "figures"
                )
            ],
        ),
        (
            NOTHING._replace(deadlocks=1, abandoned=2, fatal=1, killed=3, conflicts=1),
            0,
            [
                (
                    "in this interval there was 1 deadlock, 1 conflict with recovery, 2 "
                    "sessions abandoned by the "
                    "client, 1 session ended by a fatal error, 3 sessions killed"
                )
            ],
        ),
        (
            NOTHING._replace(temporary_files=2, temporary_bytes=3 << 20),
            0,
            ["2 temporary files of 3 MiB were written: work_mem was too small"],
        ),
    ],
)
def test_what_did_not_end_well_is_told(ended: Endings, rollbacks: int, told: list[str]) -> None:
    """One sentence each, and only where there is something to say."""
    before = Activity(AT, endings={1: NOTHING})
    after = Activity(AT, endings={1: ended}, rollbacks=frozenset({"r"}))

    assert list(failed.notes(before, after, [rollback(rollbacks)] if rollbacks else [])) == told


def test_counters_that_began_again_are_left_out() -> None:
    """A reset, and a database that was not there, are no rollbacks."""
    many = NOTHING._replace(rolled_back=500)
    before = Activity(AT, endings={1: many, 2: many, 4: many})
    after = Activity(
        AT,
        endings={
            1: many._replace(rolled_back=3),
            2: many._replace(reset=7.0, rolled_back=900),
            3: many,
            4: many._replace(rolled_back=502),
        },
    )

    assert failed.since(before, after).rolled_back == 2


@pytest.mark.parametrize("major", MAJORS)
async def test_connections_are_told_by_state_on_every_version(cluster_of: Clusters, major: int) -> None:
    """Idle, idle in a transaction and our own, with the names of role and database."""
    server = cluster_of(major)
    with psycopg.connect(server.url_of("nobody")) as one, psycopg.connect(server.url_of("nobody")):
        one.execute("SELECT 1")
        async with collecting(server.url_of("monitor")) as collector:
            first = await collector.fetch()
            reading = collector.difference(first, await collector.fetch())

    found = {
        tuple(value for _, value in one.series.subject): one.parts[0].evidence.last
        for one in reading.observations
        if one.series.measure == "connections:state" and isinstance(one.parts[0].evidence, Gauge)
    }
    assert found["postgres", "nobody", "idle in transaction"] == 1
    assert found["postgres", "nobody", "idle"] == 1
    assert found["postgres", "monitor", "active"] == 1


async def test_the_budget_names_who_holds_most(start: Start) -> None:
    """Of all connections, of a role's, of a database's, and of a role's to a database."""
    server = start(max_connections="23")
    server.run(
        "CREATE EXTENSION pg_stat_statements",
        "CREATE ROLE monitor LOGIN",
        "GRANT pg_monitor TO monitor",
        "CREATE ROLE erp_app LOGIN",
        "CREATE DATABASE erp",
    )
    asked = [
        connections(),
        *(
            Measure(NAME, Kind.CONNECTIONS, "10", Whose(role, database).group)
            for role, database in (
                ("erp_app", None),
                (None, "erp"),
                ("erp_app", "postgres"),
                (None, "nowhere"),
            )
        ),
    ]
    held = [psycopg.connect(server.url_of("erp_app", database="erp")) for _ in range(4)]
    held.append(psycopg.connect(server.url_of("erp_app")))
    async with collecting(server.url_of("monitor"), dict.fromkeys(asked, ())) as collector:
        first = await collector.fetch()
        reading = collector.difference(first, await collector.fetch())
    for one in held:
        one.close()

    assert [part(reading, one).detail for one in asked[:-1]] == [
        (
            "6 of 20 (max_connections less those reserved), Headroom's own connection "
            "among them; role erp_app holds "
            "5 of them"
        ),
        "5 of 10",
        "4 of 10; role erp_app holds 4 of them",
        "1 of 10",
    ]
    detail = 'there is no database "nowhere" in this cluster; name an existing one in the budget'
    assert absence(reading, asked[-1]) == Absence(Series.of(asked[-1]), Reason.NO_DATA, detail)


async def test_rollbacks_and_failures_are_told(start: Start) -> None:
    """A failure that the application answers by ROLLBACK is one transaction, and one ROLLBACK."""
    server = start()
    server.run("CREATE EXTENSION pg_stat_statements", "CREATE TABLE tasks (id int PRIMARY KEY)", "ROLLBACK")
    async with collecting(server.url) as collector:
        await collector.fetch()  # learns what ROLLBACK is
        before = await collector.fetch()
        with psycopg.connect(server.url, autocommit=True) as connection:
            for statement in ("BEGIN", "SELECT 1 / 0", "ROLLBACK", "SELECT 1 / 0", "SELECT 1 / 0"):
                with suppress(psycopg.errors.DivisionByZero):
                    connection.execute(statement)
        await asyncio.sleep(1.2)  # until the server has the counters of the session
        reading = collector.difference(before, await collector.fetch())

    assert (
        "3 transactions were rolled back, and ROLLBACK was executed 1 time: the others "
        "failed, were cancelled or "
        "lost their client; statements that fail or are cancelled are in no budget's figures"
    ) in reading.notes


async def test_a_session_that_sits_is_told_with_whom_it_holds_up(
    cluster_of: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a minute; here after a tenth of a second."""
    monkeypatch.setattr("collectors.postgres.watch.LONG_IDLE", 0.1)
    server = cluster_of(15)

    def waits() -> None:
        with psycopg.connect(server.url) as other:
            other.execute("UPDATE tasks SET title = title WHERE id = 7")

    with psycopg.connect(server.url) as sitting:
        sitting.execute("UPDATE tasks SET title = title WHERE id = 7")
        waiting = threading.Thread(target=waits)
        waiting.start()
        await asyncio.sleep(0.5)
        async with collecting(server.url_of("monitor")) as collector:
            first = await collector.fetch()
            reading = collector.difference(first, await collector.fetch())
    waiting.join()

    told = [note for note in reading.notes if "idle in a transaction" in note]
    assert len(told) == 1
    assert told[0].startswith(
        "a session of role postgres in database postgres has been idle in a transaction for "
    )
    assert told[0].endswith(
        " and holds up 1 session and VACUUM; idle_in_transaction_session_timeout would end it"
    )
    assert "1 session waits for a lock: 1 of role postgres in database postgres" in reading.notes


@pytest.mark.parametrize(
    "table",
    ["tasks", "pg_authid", "pg_database", "pg_class", "pg_proc", "pg_attribute", "pg_type", "pg_namespace"],
)
async def test_a_poll_waits_for_no_lock(start: Start, table: str) -> None:
    """An ALTER TABLE, or VACUUM FULL of the catalogue, holds up no poll of a session that is open.

    The server itself tells in its log who waits for longer than a moment.
    """
    server = start(log_min_messages="log", log_lock_waits="on", deadlock_timeout="5ms")
    server.run(
        "CREATE EXTENSION pg_stat_statements",
        "CREATE ROLE monitor LOGIN",
        "GRANT pg_monitor TO monitor",
        "CREATE ROLE erp_app",
        "CREATE TABLE tasks (id int PRIMARY KEY)",
    )
    asked = {statements("lookup"): (0.01,), connections(): (), connections("20", "erp_app"): ()}
    async with collecting(server.url_of("monitor"), asked) as collector:
        await collector.fetch()
        first = await collector.fetch()
        with psycopg.connect(server.url) as holding:
            holding.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            after = await collector.fetch()
        reading = collector.difference(first, after)

    assert "still waiting" not in (server.folder / "log").read_text()
    assert not reading.absences
