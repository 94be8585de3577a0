"""What the migrations build is what the tables say, and is recognised without Alembic."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.schema import CreateIndex, CreateTable

from headroom.history import History, open_history
from headroom.history.migrate import SHIPPED
from headroom.history.prune import old_rows
from headroom.history.read import recent_parts_query
from headroom.history.schema import SCHEMA, Schema, compared
from headroom.history.tables import metadata
from tests.history import build


def statements(path: Path) -> dict[str, list[str]]:
    """Return the lines of the CREATE statements of a database by the names of what they create.

    Sorted: Alembic writes the constraints of a rebuilt table in any order; SQLite quotes the name of one that
    was renamed.
    """
    database = sqlite3.connect(path)
    try:
        found = database.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    finally:
        database.close()
    return {
        name: sorted(line.rstrip(" ,").replace(f'"{name}"', name) for line in sql.splitlines())
        for name, sql in found
        if name not in {"alembic_version", "sqlite_sequence"}
    }


def test_the_known_schema_is_the_newest_script() -> None:
    """A migration that is added without raising the number would never run."""
    config = Config()
    config.set_main_option("script_location", str(SHIPPED.folder))

    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA]


def test_migrations_build_the_tables(history: History, path: Path, tmp_path: Path) -> None:
    """Letter by letter: columns, keys, indexes and the names of all constraints."""
    history.close()
    engine = create_engine(f"sqlite:///{tmp_path}/tables.db")
    metadata.create_all(engine)
    engine.dispose()

    assert statements(path) == statements(tmp_path / "tables.db")


def test_every_constraint_has_a_name() -> None:
    """One without could not be dropped later."""
    unnamed = [
        f"{table.name}: {constraint}"
        for table in metadata.tables.values()
        for constraint in table.constraints
        if not constraint.name
    ]

    assert unnamed == []


def test_the_tables_are_postgresql_too() -> None:
    """The same tables, for the day when one machine is not enough."""
    dialect = PGDialect()  # type: ignore[no-untyped-call]
    tables = {
        table.name: str(CreateTable(table).compile(dialect=dialect)) for table in metadata.sorted_tables
    }
    indexes = [
        str(CreateIndex(index).compile(dialect=dialect))
        for table in metadata.sorted_tables
        for index in sorted(table.indexes, key=str)
    ]

    assert "seq BIGSERIAL NOT NULL" in tables["poll_log"]
    assert "figures BYTEA NOT NULL" in tables["evidence"]
    assert "source_id BIGINT NOT NULL" in tables["snapshots"]
    assert "CREATE INDEX ix_evidence_series_id_at ON evidence (series_id, at)" in indexes


@pytest.mark.parametrize(
    ("number", "schema"),
    [
        ("", Schema.EMPTY),
        ("0009", Schema.OLDER),
        ("0010", Schema.CURRENT),
        ("0100", Schema.NEWER),
        (None, Schema.FOREIGN),
    ],
)
def test_schemas_are_compared_by_number(number: str | None, schema: Schema) -> None:
    """Against the tenth, so that text and number differ."""
    assert compared(number, "0010") is schema


def test_connections_wait_and_are_durable(history: History) -> None:
    """The settings of every connection, asked of the database itself."""
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    with history._reading() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}

    assert found == wanted


def test_writers_take_their_turn_at_the_start(history: History) -> None:
    """A cycle begins immediate, a read deferred: seen in the statements."""
    seen: list[str] = []
    event.listen(history._engine, "checkout", lambda driver, *_: driver.set_trace_callback(seen.append))

    history.record(build.cycle(1))
    history.standings()

    assert [statement for statement in seen if statement.startswith("BEGIN")] == ["BEGIN IMMEDIATE", "BEGIN"]
    assert seen[0] == "BEGIN IMMEDIATE"


def test_old_and_recent_evidence_is_found_by_index(history: History) -> None:
    """With 35 days of rows, reading the whole table would stop the cycles for seconds."""
    queries = {
        table.name: query
        for table, _, query in reversed(old_rows(build.START, build.moment(1) - build.START))
    }
    queries["recent"] = recent_parts_query(None, build.START)
    queries["of a source"] = recent_parts_query(["metrics"], build.START)
    plans = {}
    with history._reading() as connection:
        for name, query in queries.items():
            sql = query.compile(
                connection, compile_kwargs={"literal_binds": True, "render_postcompile": True}
            )
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}").all()
            plans[name] = "\n".join(row.detail for row in rows)

    ranged = "SEARCH evidence USING {}INDEX ix_evidence_series_id_at (series_id=? AND at{}?)"
    assert ranged.format("COVERING ", "<") in plans["evidence"]
    assert ranged.format("", ">") in plans["recent"]
    assert ranged.format("", ">") in plans["of a source"]
    assert "USING COVERING INDEX ix_poll_log_source_id_at (source_id=? AND at<?)" in plans["poll_log"]
    assert "SEARCH outbox USING INDEX ix_outbox_state_ended (state=? AND ended<?)" in plans["outbox"]


def test_alembic_is_imported_only_to_migrate(path: Path) -> None:
    """Neither the package nor a start on the newest schema pays for it."""
    open_history(str(path), collecting=True).close()
    program = (
        "import sys, headroom.history\n"
        "headroom.history.open_history(sys.argv[1], collecting=True).close()\n"
        "print([name for name in ('alembic', 'pandas', 'psycopg', 'mako') if name in sys.modules])"
    )

    ran = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)

    assert ran.stdout == "[]\n"
