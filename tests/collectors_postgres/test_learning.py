"""What is learnt of the statements of a real server, with the keys of its catalogue."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from importlib.resources import files

import psycopg
import pytest

from collectors.postgres.classify import Classifier, Runner
from collectors.postgres.collector import PostgresCollector
from collectors.postgres.keys import Catalogue, read_keys
from collectors.postgres.learning import Learning
from collectors.postgres.lookup import Sight
from collectors.postgres.names import Names
from collectors.postgres.parsing import Parser, Shape
from collectors.postgres.session import Connection
from collectors.postgres.snapshot import Labels, PostgresSnapshot, Statements
from demo import queries
from headroom.sources import QueryClass, QueryRules
from headroom.statements import Statement

from .asking import ALL, NAME, RULES, source
from .conftest import Start, Templates
from .server import DEBIANS, Server

KEYED = (
    "CREATE SCHEMA shop",
    "CREATE TABLE shop.users (id int PRIMARY KEY, email text UNIQUE, login text, gone bool, a int, b int)",
    "ALTER TABLE shop.users ADD c int",
    "CREATE UNIQUE INDEX ON shop.users (login) WHERE NOT gone",
    "CREATE UNIQUE INDEX ON shop.users (lower(login))",
    "CREATE UNIQUE INDEX ON shop.users (a, b) INCLUDE (c)",
    "ALTER TABLE shop.users ADD CONSTRAINT late UNIQUE (c) DEFERRABLE",
    "CREATE TABLE parents (id int PRIMARY KEY)",
    "CREATE TABLE children () INHERITS (parents)",
    "CREATE TABLE parts (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)",
    "CREATE VIEW people AS SELECT * FROM shop.users",
    "CREATE MATERIALIZED VIEW sums AS SELECT id, count(*) FROM shop.users GROUP BY id",
    "CREATE UNIQUE INDEX ON sums (id)",
    "CREATE TABLE keyless (id int)",
    "CREATE AGGREGATE longest (int) (SFUNC = int4larger, STYPE = int)",
)
NAMED = ("users", "parents", "children", "parts", "people", "sums", "keyless", "nowhere")


async def connected(server: Server, *, database: str = "postgres") -> Connection:
    """Return a connection as the collector has it."""
    return await psycopg.AsyncConnection.connect(
        server.url_of("monitor", database=database),
        autocommit=True,
        prepare_threshold=None,
        options="-c lock_timeout=500ms -c statement_timeout=5s",
    )


@pytest.fixture(scope="module")
def keyed(template_of: Templates) -> Iterator[Server]:
    """A server with keys of all kinds."""
    server = Server(template_of(DEBIANS)).start()
    server.run(
        "CREATE EXTENSION pg_stat_statements",
        "CREATE ROLE monitor LOGIN",
        "GRANT pg_monitor TO monitor",
        "CREATE DATABASE elsewhere",
        *KEYED,
    )
    yield server
    server.remove()


async def test_keys_are_those_that_hold_for_all_rows_at_once(keyed: Server) -> None:
    """Partial, deferrable and expression indexes, and those of parents with children, tell no rows apart."""
    connection = await connected(keyed)
    found = await read_keys(connection, Catalogue(), NAMED, {"longest", "count"})
    await connection.close()

    told = {
        name: [(one.schema, one.view, one.keys) for one in tables] for name, tables in found.tables.items()
    }
    assert told == {
        "users": [("shop", False, (("id",), ("email",), ("a", "b")))],
        "parents": [("public", False, ())],
        "children": [("public", False, ())],
        "parts": [("public", False, (("id", "day"),))],
        "people": [("public", True, ())],
        "sums": [("public", False, (("id",),))],
        "keyless": [("public", False, ())],
        "nowhere": [],
    }
    assert found.aggregates == {"longest"}
    assert found.database is not None


async def test_keys_are_read_while_tables_are_locked(keyed: Server) -> None:
    """ALTER TABLE in another session keeps nobody from the catalogue."""
    connection = await connected(keyed)
    with psycopg.connect(keyed.url) as blocker:
        blocker.execute("LOCK TABLE shop.users, people, parts IN ACCESS EXCLUSIVE MODE")
        found = await read_keys(connection, Catalogue(), NAMED, ())
    await connection.close()

    assert found.tables["users"][0].keys[0] == ("id",)


async def test_a_locked_catalogue_is_asked_later(keyed: Server) -> None:
    """VACUUM FULL of the catalogue makes new statements wait, not the poll."""
    connection = await connected(keyed)
    before = await read_keys(connection, Catalogue(), ["keyless"], ())
    with psycopg.connect(keyed.url, options="-c allow_system_table_mods=on") as blocker:
        blocker.execute("LOCK TABLE pg_index IN ACCESS EXCLUSIVE MODE")
        after = await read_keys(connection, before, ["users"], ())
    await connection.close()

    assert after is before


async def poll(collector: PostgresCollector) -> PostgresSnapshot:
    """Return a snapshot with statements in it."""
    snapshot = await collector.fetch()
    assert isinstance(snapshot.statements, Statements)
    return snapshot


def learner(server: Server, *, parser: Parser | None = None, rules: QueryRules = RULES) -> PostgresCollector:
    """Return a collector that reads texts at every poll."""
    now = iter(range(0, 1_000_000, 100))
    names = Names()
    learning = Learning(
        Classifier(rules), clock=lambda: float(next(now)), source=NAME, names=names, parser=parser
    )
    return PostgresCollector(source(server.url_of("monitor")), ALL, learning, names)


def told(collector: PostgresCollector) -> dict[str, Statement]:
    """Return what was learnt, by text."""
    return {one.text: one for _, one in collector.learning.learnt}


async def test_what_is_learnt_says_class_reason_and_traits(keyed: Server) -> None:
    """Each new shape comes once, with the keys of its own database only."""
    collector = learner(keyed)
    keyed.run(
        "SELECT a FROM shop.users WHERE email = 'x' /* controller='users' */",
        "SELECT a FROM shop.users WHERE email IN ('y', 'z') ORDER BY a DESC, lower(email) LIMIT 5 OFFSET 3",
        "SELECT a FROM shop.users WHERE email IN ('x','y','z') ORDER BY a DESC,lower(email) LIMIT 5 OFFSET 3",
        "SELECT longest(a) FROM shop.users",
        "SELECT a FROM people WHERE id = 1",
    )
    keyed.run(
        "CREATE TABLE users (id int, email text)",
        "SELECT email FROM users WHERE email = 'x'",
        database="elsewhere",
    )
    await poll(collector)
    learnt = told(collector)
    await collector.close()

    one = learnt["SELECT a FROM shop.users WHERE email = $1"]
    assert (one.source, one.group) == (NAME, "lookup")
    assert one.why == "one row at most: users by its unique key (email)"
    assert one.traits == (
        ("equal", "email"), ("kind", "select"), ("tables", "shop.users"), ("where", "yes"),
    )  # fmt: skip
    pages = [one for text, one in learnt.items() if "OFFSET" in text]
    assert len(pages) == 1
    assert pages[0].traits == (
        ("kind", "select"), ("limit", "yes"), ("listed", "email"), ("offset", "yes"), ("order", "-a,"),
        ("tables", "shop.users"), ("where", "yes"),
    )  # fmt: skip
    assert learnt["SELECT longest(a) FROM shop.users"].group == "aggregate"
    assert learnt["SELECT a FROM people WHERE id = $1"].why == (
        "reads people by id, which is not known to be a key of it, without LIMIT; "
        "people is a view, whose keys cannot be known"
    )
    assert learnt["SELECT email FROM users WHERE email = $1"].why == (
        "reads users by email, which is not known to be a key of it, without LIMIT; "
        "the catalogue of database elsewhere cannot be read from here"
    )


async def test_texts_of_a_megabyte_are_not_parsed(keyed: Server) -> None:
    """What is too long says so, and is a write where it begins as one."""
    collector = learner(keyed)
    keyed.run(
        "INSERT INTO keyless VALUES " + ", ".join(["(1)"] * 150_000),
        "SELECT " + ", ".join(f"id AS column_{number}" for number in range(1_600)) + " FROM keyless",
    )
    await poll(collector)
    learnt = [one for one in told(collector).values() if "characters" in one.why]
    await collector.close()

    assert {(one.group, one.why) for one in learnt} == {
        ("write", "begins with INSERT; its text is longer than 10,000 characters"),
        ("", "its text is longer than 10,000 characters"),
    }
    assert max(len(one.text) for one in learnt) == 4_000


async def test_planted_secrets_reach_neither_labels_nor_statements(start: Start) -> None:
    """Utility statements stand in pg_stat_statements as they were written, passwords and all."""
    server = start()
    server.run(
        "CREATE EXTENSION pg_stat_statements",
        "CREATE EXTENSION dblink",
        "CREATE ROLE monitor LOGIN",
        "GRANT pg_monitor TO monitor",
        "CREATE ROLE clerk LOGIN PASSWORD 'planted-1'",
        "ALTER USER clerk WITH ENCRYPTED PASSWORD $x$planted-2$x$",
        "SET my.secret = planted3",
        "DO $$ BEGIN PERFORM 'planted-4'; END $$",
        "CREATE SERVER s FOREIGN DATA WRAPPER dblink_fdw OPTIONS (host 'planted-5')",
        "CREATE USER MAPPING FOR clerk SERVER s OPTIONS (user 'u', password 'planted-6')",
        "COMMENT ON ROLE clerk IS E'it\\'s planted-7'",
        "SELECT 'planted-8' /* planted-9 */ AS x -- planted-10",
        "CREATE TABLE t (a text DEFAULT 'planted-11', b int DEFAULT 4111111111111111)",
        "NOTIFY channel, 'planted-12'",
        "PREPARE p AS SELECT a FROM t WHERE a = 'planted-13'",
        "COPY (SELECT 1) TO PROGRAM 'cat > /dev/null # planted-14'",
        "ALTER DATABASE postgres SET my.other = 'planted-15'",
    )
    collector = learner(server)
    before = await poll(collector)
    after = await poll(collector)
    reading = collector.difference(before, after)
    everything = repr((collector.learning.learnt, collector.learning.labels, reading, before, after))
    await collector.close()

    assert len(told(collector)) > 12
    assert "planted" not in everything
    assert "4111" not in everything
    assert b"planted" not in after.dump()
    assert "CREATE ROLE …" in told(collector)
    assert "SET my . secret …" in told(collector)


async def test_only_what_is_new_is_told_after_a_restart(keyed: Server) -> None:
    """The history has the rest; labels of other rules are learnt anew, and told anew."""
    first = learner(keyed)
    keyed.run("SELECT b FROM shop.users WHERE id = 1")
    stored = (await poll(first)).dump()
    await first.close()
    same, other = learner(keyed), learner(keyed, rules=QueryRules((QueryClass("mine", ("shop",)),)))
    keyed.run("SELECT b, c FROM shop.users WHERE id = 1", "SELECT b FROM shop.users WHERE id = 1")
    for collector in (same, other):
        assert collector.load(stored) is not None
        await poll(collector)
        await collector.close()

    assert "SELECT b FROM shop.users WHERE id = $1" not in told(same)
    assert "SELECT b, c FROM shop.users WHERE id = $1" in told(same)
    assert told(other)["SELECT b FROM shop.users WHERE id = $1"].group == "mine"
    assert [number for number, _ in same.learning.learnt] == list(range(1, same.learning.upto + 1))


async def test_without_a_parser_statements_wait(keyed: Server) -> None:
    """A parser that cannot start is said in every reading, and what it missed is learnt once it can."""
    broken = Parser(("/nowhere/python",))
    collector = learner(keyed, parser=broken)
    keyed.run("SELECT c FROM shop.users WHERE id = 1")
    snapshot = await poll(collector)
    assert isinstance(snapshot.statements, Statements)
    said, labels = snapshot.statements.texts, snapshot.statements.labels
    broken._command = Parser()._command
    await poll(collector)
    await collector.close()

    assert said == (
        "the parser of statements could not be started: [Errno 2] No such file or directory: "
        "'/nowhere/python'; new statements are in no class until it can"
    )
    assert labels == Labels(labels.rules)
    assert told(collector)["SELECT c FROM shop.users WHERE id = $1"].group == "lookup"


async def test_a_catalogue_that_is_locked_makes_statements_wait(keyed: Server) -> None:
    """No statement gets a wrong class for good since the catalogue could not be read for a second."""
    collector = learner(keyed)
    await poll(collector)
    keyed.run("SELECT a, b FROM sums, shop.users WHERE sums.id = 1")
    keyed.run("SELECT id FROM parts WHERE id = 1 AND day = now()::date")
    with psycopg.connect(keyed.url, options="-c allow_system_table_mods=on") as blocker:
        blocker.execute("LOCK TABLE pg_index IN ACCESS EXCLUSIVE MODE")
        locked = await poll(collector)
    missing = set(told(collector))
    await poll(collector)
    await collector.close()

    assert isinstance(locked.statements, Statements)
    assert locked.statements.texts == (
        "the catalogue was locked; statements on new tables are classified later"
    )
    text = "SELECT id FROM parts WHERE id = $1 AND day = now()::date"
    assert text not in missing
    assert told(collector)[text].group == "lookup"


async def test_running_statements_are_classed_by_their_text(keyed: Server) -> None:
    """A text is parsed once, however often it is seen running."""
    parser = Parser()
    collector = learner(keyed, parser=parser)
    texts = [("SELECT count(*) FROM t", "app", "postgres"), ("BROKEN", "app", "postgres")]

    first = await collector.learning.classes(texts)
    again = await collector.learning.classes(texts)

    assert first == again == ["aggregate", ""]
    assert parser.started == 1


async def test_statements_of_the_demo_have_the_class_that_a_person_gives_them(start: Start) -> None:
    """All but two: those read by what is no key, and the reason says so; a rule can claim them."""
    server = start()
    schema = files("demo").joinpath("schema.sql").read_text()
    server.run(
        "CREATE ROLE monitor LOGIN",
        *(statement for statement in re.sub("--.*", "", schema).split(";") if statement.strip()),
    )
    asked = [one for one in vars(queries).values() if isinstance(one, queries.Query)]
    asked += [*queries.TRIM, *queries.NEWEST_ID]
    numbers = iter(range(1, 1000))
    texts = [re.sub("%s", lambda _: f"${next(numbers)}", one.sql) for one in asked]
    shapes = [shape for shape in await Parser().shapes(texts) if isinstance(shape, Shape)]
    assert len(shapes) == len(texts)
    connection = await connected(server)
    catalogue = await read_keys(
        connection, Catalogue(), {name for shape in shapes for _, name in shape.tables}, ()
    )
    await connection.close()
    claim = QueryClass(
        "lookup", ("FROM employee_wallet WHERE user_id =", "FROM transactions WHERE booking_id =")
    )

    def unlike(rules: QueryRules) -> dict[str, tuple[str, str]]:
        labels = (
            Classifier(rules).label(text, shape, Sight(catalogue), Runner())
            for text, shape in zip(texts, shapes, strict=True)
        )
        return {
            one.sql: (label.group, label.why)
            for one, label in zip(asked, labels, strict=True)
            if label.group != one.kind
        }

    assert unlike(QueryRules(())) == {
        queries.WALLET_BY_USER.sql: (
            "",
            "reads employee_wallet by user_id and tenant_id, which are no key of it, without LIMIT",
        ),
        queries.TRANSACTIONS_BY_BOOKING.sql: (
            "",
            "reads transactions by booking_id and is_deleted, which are no key of it, without LIMIT",
        ),
    }
    assert unlike(QueryRules((claim,))) == {}


async def test_a_parser_that_is_slow_to_start_holds_no_poll_up(cluster: Server) -> None:
    """The counters come in time, with a word; the classes come with a later poll, from the same reading."""
    slow = ("/bin/sh", "-c", f"sleep 1; exec {sys.executable} -P -m collectors.postgres.parsing")
    parser = Parser(slow)
    learning = Learning(Classifier(RULES), source=NAME, parser=parser, patience=0.2)
    collector = PostgresCollector(source(cluster.url_of("monitor"), 2.0), ALL, learning)
    try:
        cluster.run("SELECT title FROM tasks WHERE id = 7")
        first = await collector.fetch()
        assert isinstance(first, PostgresSnapshot)
        assert isinstance(first.statements, Statements)
        assert first.statements.texts == (
            "new statements are still being parsed, and in no class until that is done"
        )
        assert not first.statements.labels.known
        for _ in range(40):
            await asyncio.sleep(0.1)
            later = await collector.fetch()
            assert isinstance(later.statements, Statements)
            if later.statements.labels.known:
                break
        assert "lookup" in {label.group for label in later.statements.labels.known.values()}
    finally:
        await collector.close()
