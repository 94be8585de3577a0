"""A kill -9 at any moment loses at most the cycle in flight, and the next start goes on."""

from __future__ import annotations

import random
import shutil
import sqlite3
import time
from pathlib import Path

import pytest

from headroom.history import open_history
from headroom.history.migrate import SHIPPED, Scripts
from tests.history import build
from tests.history.processes import check_cycles, check_file, run, start
from tests.history.test_schema import statements


@pytest.fixture
def two_cycles(tmp_path: Path) -> Path:
    """A history of two cycles, closed."""
    path = tmp_path / "start.db"
    with open_history(str(path), collecting=True) as history:
        history.record(build.cycle(0))
        history.record(build.cycle(1))
    return path


@pytest.fixture
def next_release(tmp_path: Path) -> Scripts:
    """The shipped migrations, and one more that rebuilds tables."""
    folder = tmp_path / "100% next"
    shutil.copytree(SHIPPED.folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(Path(__file__).parent / "next_migration" / "0004_next.py", folder / "versions")
    return Scripts(folder, "0004")


def killed(tmp_path: Path, command: str, beginning: Path, *more: str | Path) -> list[Path]:
    """Return the databases of a sweep, in the order of the kills, and the finished one."""
    folder = tmp_path / "killed"
    folder.mkdir()
    kills = int(run(command, beginning, folder, *more))
    return [folder / f"{moment}.db" for moment in range(1, kills + 2)]


def schema_of(path: Path) -> str:
    """Return the version of a schema, "" for an empty database."""
    database = sqlite3.connect(path)
    try:
        if not database.execute("SELECT name FROM sqlite_master").fetchall():
            return ""
        return str(database.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    finally:
        database.close()


def test_a_kill_in_the_first_migration(tmp_path: Path) -> None:
    """At each statement: the database is empty or whole, and the next start records."""
    paths = killed(tmp_path, "sweep-migrate", tmp_path / "none.db", SHIPPED.folder, SHIPPED.head)
    schemas = [schema_of(path) for path in paths]
    whole = statements(paths[-1])

    assert schemas == sorted(schemas)
    assert set(schemas) == {"", "0003"}
    for path in paths:
        with open_history(str(path), collecting=True) as history:
            history.record(build.cycle(0))
            check_cycles(history, [0])
        assert statements(path) == whole
    assert len(paths) > 60


def test_a_kill_while_tables_are_rebuilt(tmp_path: Path, two_cycles: Path, next_release: Scripts) -> None:
    """At each statement: the old schema or the new one, with every row, and the next start goes on."""
    paths = killed(tmp_path, "sweep-migrate", two_cycles, next_release.folder, next_release.head)
    schemas = [schema_of(path) for path in paths]
    old, new = statements(two_cycles), statements(paths[-1])

    assert schemas == sorted(schemas)
    assert set(schemas) == {"0003", "0004"}
    assert [name for name in new if new[name] != old.get(name)] == ["series", "ix_series_unit", "evidence"]
    for path, schema in zip(paths, schemas, strict=True):
        assert statements(path) == (old if schema == "0003" else new)
        with open_history(str(path), collecting=True, scripts=next_release) as history:
            check_cycles(history, [0, 1])
            history.record(build.cycle(2))
            check_cycles(history, [0, 1, 2])
            check_file(history)
        assert statements(path) == new
    assert len(paths) > 30


def test_a_kill_while_a_cycle_is_recorded(tmp_path: Path, two_cycles: Path) -> None:
    """At each statement: the cycle in flight is there or not, all of it; the others are, and the next is."""
    paths = killed(tmp_path, "sweep-record", two_cycles)
    found = []
    for path in paths:
        with open_history(str(path), collecting=True) as history:
            cycles = len(history.polls("metrics", build.START))
            check_cycles(history, range(cycles))
            history.record(build.cycle(cycles))
            check_cycles(history, range(cycles + 1))
            check_file(history)
        found.append(cycles)

    assert found == sorted(found)
    assert set(found) == {2, 3}
    assert len(paths) > 30


def test_kills_at_random_times(tmp_path: Path) -> None:
    """Ten processes after each other record into one history and are killed; what they confirmed is there."""
    path = tmp_path / "history.db"
    dice = random.Random(7)
    recorded = 0
    for _ in range(10):
        with start("record", path) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == f"{recorded}\n"
            time.sleep(dice.uniform(0, 0.03))
            process.kill()
            said = process.stdout.read().splitlines(keepends=True)
        confirmed = max([recorded] + [int(line) for line in said if line.endswith("\n")]) + 1
        with open_history(str(path), collecting=True) as history:
            recorded = len(history.polls("metrics", build.START))
            assert recorded in {confirmed, confirmed + 1}
            check_cycles(history, range(recorded))
            history.record(build.cycle(recorded))
            recorded += 1
    with open_history(str(path), collecting=False) as history:
        check_cycles(history, range(recorded))
        check_file(history)
