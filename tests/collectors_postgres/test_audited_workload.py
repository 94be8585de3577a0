"""What the audit says of statements that a real server really ran, while it was looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from collectors.postgres.audited.reading import completed
from collectors.postgres.audited.texts import Texts
from collectors.postgres.parsing import Parser
from headroom.audit.case import Case
from headroom.audit.facts import Facts
from headroom.audit.finding import Finding
from headroom.audit.rules import POSTGRES
from headroom.checks import State
from headroom.sources import Secret, Source, SourceKind
from monitor.audit.look import read_structure

from .conftest import Start
from .server import Server

_PASSWORD = "s3cret-pw-of-the-test"


def _source(url: str) -> Source:
    return Source("erp-db", SourceKind.POSTGRES, Secret(url), timedelta(seconds=15))


async def _audited(server: Server, *runs: Sequence[str], role: str = "monitor") -> list[Finding]:
    """Audit a server; each of the lists runs between two readings."""
    left = list(runs)

    async def sleep(_: float) -> None:
        if left[0]:
            await asyncio.to_thread(server.run, *left.pop(0))

    source = _source(server.url_of(role))
    facts = await completed(
        await read_structure(source, datetime.now(UTC)), source, readings=1 + len(runs), sleep=sleep
    )
    case = Case(facts)
    return [finding for rule in POSTGRES for finding in rule(case)]


def _of(rule: str, found: Sequence[Finding]) -> list[Finding]:
    return [one for one in found if one.rule == rule]


@pytest.fixture
def erp(start: Start) -> Server:
    """A server with bookings and their tasks; statements before are forgotten."""
    server = start()
    server.run(
        "CREATE EXTENSION pg_stat_statements",
        "CREATE ROLE monitor LOGIN",
        "GRANT pg_monitor TO monitor",
        "CREATE ROLE nobody LOGIN",
        "CREATE TABLE bookings (id int PRIMARY KEY, name text)",
        "CREATE TABLE tasks (id int PRIMARY KEY, booking_id int, title text)",
        "INSERT INTO bookings SELECT n, 'booking' FROM generate_series(1, 100) n",
        "INSERT INTO tasks SELECT n, n / 100, 'task' FROM generate_series(1, 20000) n",
        "CREATE INDEX ON tasks (booking_id)",
    )
    # In a session of its own: the one that wrote the rows counts them behind VACUUM's own count.
    server.run("VACUUM ANALYZE", "SELECT pg_stat_statements_reset()")
    return server


_LIST = "SELECT id FROM bookings ORDER BY id LIMIT 30"
_TASKS = "SELECT title FROM tasks WHERE booking_id = {} ORDER BY id LIMIT 10"


async def test_n_plus_one(erp: Server) -> None:
    """One statement for each row of a list is confirmed by the second window, and not claimed before."""
    page = [_LIST, *[_TASKS.format(at) for at in range(1, 31)]]
    erp.run(*page * 4)
    (once,) = _of("postgres.n_plus_one", await _audited(erp, page * 5))
    (found,) = _of("postgres.n_plus_one", await _audited(erp, page * 5, page * 6))

    assert once.state is State.WARN
    assert "; ratio seen once only: 30 for each call of a list of bookings (" in once.found
    assert found.state is State.FAIL
    assert found.found.startswith(
        "600 calls on tasks, 10 rows each; ratio confirmed: 30 for each call of a list"
    )
    assert found.found.endswith(
        "and 1 for each row that it returned, about one in each of 2 windows; its text: "
        "SELECT title FROM tasks WHERE booking_id = $1 ORDER BY id LIMIT $2"
    )
    assert dict(found.subject)["database"] == "postgres"


@pytest.mark.parametrize(
    ("child", "column"),
    [
        ("SELECT title FROM tasks WHERE booking_id IN ({}) LIMIT 5", "booking_id"),
        ("SELECT t.title, k.label FROM tasks t LEFT JOIN kinds k ON k.id = t.id WHERE t.owner = {}", "owner"),
    ],
)
async def test_other_shapes_of_n_plus_one(erp: Server, child: str, column: str) -> None:
    """A list of one value, and a join by a foreign key, are one statement for each row, too."""
    erp.run(
        "CREATE TABLE kinds (id int PRIMARY KEY, label text)",
        "ALTER TABLE tasks ADD owner int DEFAULT 1 REFERENCES bookings",
        "CREATE INDEX ON tasks (owner)",
        "UPDATE tasks SET owner = 1 + id / 1000",
        "SELECT pg_stat_statements_reset()",
    )
    page = [_LIST.replace("30", "10"), *[child.format(at) for at in range(91, 101)]]
    erp.run(*page * 5)
    (found,) = _of("postgres.n_plus_one", await _audited(erp, page * 11, page * 12))

    assert found.state is State.FAIL
    assert f"FROM tasks WHERE {column} = ANY ($1)" in found.fix
    assert ("; owner refers to bookings; its text: " in found.found) is (column == "owner")


async def test_offset(erp: Server) -> None:
    """The pattern alone is a warning; pages that go deeper from window to window are a finding."""
    page = "SELECT id FROM tasks ORDER BY title, id LIMIT 20 OFFSET {}"
    by_key = "SELECT id FROM codes ORDER BY code LIMIT 20 OFFSET {}"
    erp.run(
        "CREATE TABLE codes AS SELECT n AS id, md5(n::text) AS code FROM generate_series(1, 20000) n",
        "CREATE INDEX ON codes (code)",
    )
    erp.run("VACUUM ANALYZE codes")
    by_index = ["SET enable_sort = off", "SET enable_seqscan = off"]
    erp.run(*by_index, *[by_key.format(9_000)] * 5)
    shallow = [*by_index, *[by_key.format(at) for at in range(0, 60, 10)]]
    deep = [*by_index, *[by_key.format(9_000)] * 30]
    (pattern,) = _of("postgres.offset_pagination", await _audited(erp, shallow, shallow))
    (growing,) = _of("postgres.offset_pagination", await _audited(erp, shallow, deep))
    erp.run("SELECT pg_stat_statements_reset()", *[page.format(100)] * 6)
    (sorted_anew,) = _of("postgres.offset_pagination", await _audited(erp, []))

    assert pattern.state is State.WARN
    assert "page by OFFSET; pattern only: how deep its pages lie cannot be seen (2." in pattern.found
    assert growing.state is State.FAIL
    assert "blocks per row grew from window to window (2." in growing.found
    assert growing.fix == (
        "… AND (code, id) > ($1, $2) ORDER BY code, id LIMIT $3 -- with the values of the last row; id "
        "stands for the table's key"
    )
    assert sorted_anew.state is State.WARN


async def test_count_beside_each_page(erp: Server) -> None:
    """What findAndCount asks is known by the count that runs as often; a small table may be paged so."""
    erp.run(*["SELECT id FROM tasks ORDER BY id LIMIT 5 OFFSET 5", "SELECT count(*) FROM tasks"] * 6)
    erp.run(*["SELECT id FROM bookings ORDER BY id LIMIT 5 OFFSET 5", "SELECT count(*) FROM bookings"] * 6)
    found, small = _of("postgres.offset_pagination", await _audited(erp, []))

    assert found.state is State.WARN
    assert small.state is State.PASS
    assert small.found.startswith("6 calls page by OFFSET; its table has about 100 rows: the guide has ")
    assert "; and with each page all rows are counted: 6 calls of a count on the same table (" in found.found


async def test_habits(erp: Server) -> None:
    """SELECT *, no WHERE and lists of many lengths are found, with what was measured."""
    erp.run(
        *["SELECT * FROM tasks WHERE booking_id = 5"] * 3,
        *["SELECT title FROM tasks"] * 2,
        "UPDATE tasks SET title = 'done'",
        "SELECT max(id) FROM tasks",
        *[f"SELECT title FROM tasks WHERE id IN ({', '.join(map(str, range(n)))})" for n in range(1, 9)],
    )
    found = await _audited(erp, [])
    (star,), (lists,) = _of("postgres.select_star", found), _of("postgres.in_lists", found)
    whole = _of("postgres.no_where", found)

    assert star.found == (
        "asks for all 3 columns of tasks; 3 calls, 100 rows each; its text: "
        "SELECT * FROM tasks WHERE booking_id = $1"
    )
    assert star.fix == "name the columns that are used; these are all: id, booking_id, title"
    assert lists.found.startswith("8 lengths of one list are as many entries of pg_stat_statements, of 5,000")
    assert [(one.state, one.found.partition(";")[0]) for one in whole] == [
        (State.FAIL, "has no WHERE and goes over tasks, about 20,000 rows"),
        (State.WARN, "has no WHERE and goes over tasks, about 20,000 rows"),
    ]
    assert "UPDATE tasks SET title = $1" in whole[0].found


async def test_stars_that_return_columns(erp: Server) -> None:
    """A star accuses where the columns of a table come back, and not where they are counted or picked."""
    whole = (
        "SELECT x.* FROM (SELECT * FROM tasks) x",
        "WITH w AS (SELECT * FROM bookings) SELECT * FROM w",
        "TABLE bookings",
        "SELECT id, booking_id, title FROM tasks UNION SELECT t.* FROM tasks t",
        "SELECT b.name, t.* FROM bookings b LEFT JOIN (tasks t CROSS JOIN (SELECT 1 AS x) y) ON true LIMIT 1",
    )
    erp.run(
        *whole,
        "SELECT count(*) FROM (SELECT * FROM tasks) x",
        "SELECT x.* FROM (SELECT id FROM tasks) x JOIN bookings b ON b.id = x.id",
        "WITH w AS (SELECT * FROM tasks) SELECT id FROM w",
        "WITH w AS (SELECT id FROM bookings) SELECT * FROM w",
        "WITH RECURSIVE w AS (SELECT 1 AS n UNION SELECT n + 1 FROM w WHERE n < 3) SELECT * FROM w",
        "SELECT id FROM bookings b WHERE EXISTS (SELECT * FROM tasks t WHERE t.booking_id = b.id)",
        "WITH d AS (DELETE FROM bookings WHERE id = 7 RETURNING *) SELECT * FROM d",
    )
    found = _of("postgres.select_star", await _audited(erp, []))

    assert {one.found.rpartition("its text: ")[2].replace("$1", "1")[:40] for one in found} == {
        text.partition(" AS x")[0][:40] for text in whole
    }


async def test_writes_without_where(erp: Server) -> None:
    """Emptying a table is seen by its rows; a WITH hides no write."""
    erp.run(
        "CREATE TABLE staging AS SELECT n FROM generate_series(1, 12000) n",
        "DELETE FROM staging",
        "WITH done AS (SELECT 1 AS x) UPDATE tasks SET title = 'b' FROM done",
        "WITH d AS (UPDATE tasks SET title = 'c' RETURNING 1) SELECT count(*) FROM d",
        "WITH d AS (UPDATE tasks SET title = 'd' WHERE id < 5 RETURNING 1) SELECT count(*) FROM d",
        "EXPLAIN DELETE FROM tasks",
    )
    erp.run("VACUUM ANALYZE staging")
    found = _of("postgres.no_where", await _audited(erp, []))

    assert {one.state for one in found} == {State.FAIL}
    assert sorted(one.found.partition(";")[0].partition(",")[0] for one in found) == [
        "has no WHERE and goes over staging",
        "has no WHERE and goes over tasks",
        "has no WHERE and goes over tasks",
    ]


async def test_single_rows(erp: Server) -> None:
    """Single rows in masses are told with their number per second."""
    rows = [f"INSERT INTO bookings VALUES ({at}, 'new')" for at in range(1000, 1500)]
    erp.run("INSERT INTO bookings VALUES (999, 'new')")
    (found,) = _of("postgres.row_by_row_writes", await _audited(erp, rows))

    assert found.state is State.WARN
    assert " calls a second now, 1 row each, on bookings; whether " in found.found


async def test_hostile_texts(erp: Server) -> None:
    """Names and texts that others chose control no terminal, and passwords are not in what is found."""
    name = 'evil\x1b[31m\u202e";--'
    quoted = '"' + name.replace('"', '""') + '"'
    erp.run(
        f"CREATE TABLE {quoted} (id int)",
        f"CREATE ROLE {quoted} LOGIN PASSWORD '{_PASSWORD}' CONNECTION LIMIT 1",
        f"ALTER ROLE {quoted} SET statement_timeout = 0",
        *[f"SELECT * FROM {quoted}"] * 3,
        f"SELECT * FROM tasks WHERE title = '{_PASSWORD}' /* {_PASSWORD} */",
        f"SELECT * FROM tasks WHERE title = 'x' OR id IN ({', '.join(['1'] * 20_000)})",
    )
    found = await _audited(erp, [])
    told = "\n".join(f"{one.subject} {one.found} {one.fix}" for one in found)

    assert _PASSWORD not in told
    assert all(one.found.isprintable() and one.fix.isprintable() for one in found)
    assert "asks for all columns of evil\\u001b[31m\\u202e" in told


async def test_role_without_rights(erp: Server) -> None:
    """What this role may not see cannot be checked, and passes nowhere."""
    erp.run(*["SELECT * FROM tasks WHERE booking_id = 5"] * 3)
    found = await _audited(erp, [], role="nobody")
    of_statements = [one for one in found if one.rule in ("postgres.select_star", "postgres.n_plus_one")]

    assert {(one.state, one.found) for one in of_statements} == {
        (State.CANNOT_CHECK, "this role may not read the statements of others: GRANT pg_monitor to it")
    }
    (rights,) = _of("postgres.statistics.rights", found)
    assert rights.state is State.FAIL


async def test_parser_that_does_not_start() -> None:
    """Without the parser the statements are known by their texts alone."""
    texts = Texts(Parser(("/does/not/exist",)))
    (known,) = await texts(["SELECT 1"])

    assert known.shape is None
    assert known.text == "SELECT $?"
    assert texts.why.startswith("the parser of statements could not be started: ")


async def test_server_that_goes(start: Start) -> None:
    """What could not be read is said, and what was read before stays."""
    server = start()
    url = server.url
    server.stop()
    facts = await completed(Facts("erp-db", datetime.now(UTC), database="erp"), _source(url))

    assert facts.database == "erp"
    assert [one.partition(":")[0] for one in facts.skipped] == [
        "settings and sessions were not read",
        "the statements were not read",
    ]
