"""What cannot be opened or written says what happened, why, and what to do: one sentence each."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import Pool, event

from headroom.history import Cycle, History, HistoryError, open_history
from headroom.history.migrate import SHIPPED, Scripts
from tests.history import build
from tests.history.processes import check_cycles, run


def refusal(url: str | Path, *, collecting: bool = True, scripts: Scripts = SHIPPED) -> str:
    """Return the sentence with which a history is refused."""
    with pytest.raises(HistoryError) as caught:
        open_history(str(url), collecting=collecting, scripts=scripts)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def written(path: Path) -> Path:
    """A history of one cycle, closed."""
    with open_history(str(path), collecting=True) as history:
        history.record(build.cycle(0))
    return path


def test_a_path_and_a_url_are_the_same(path: Path) -> None:
    """Whatever stands in the path."""
    with open_history(f"sqlite:///{path.parent.parent / 'plain.db'}", collecting=True) as history:
        history.record(build.cycle(0))
    with open_history(str(path.parent.parent / "plain.db"), collecting=False) as history:
        check_cycles(history, [0])


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (
            "postgresql://headroom:hush@db/headroom",
            "history: cannot be such a postgresql URL yet; give a file, such as .headroom/history.db",
        ),
        (
            "sqlite:///x.db?mode=ro&password=hush",
            "history: cannot be such a sqlite URL yet; give a file, such as .headroom/history.db",
        ),
        ("no t://hush@", "history: is not a URL; give a file, such as .headroom/history.db"),
        ("sqlite://", "history: names no file, and would be lost at the end; give .headroom/history.db"),
        (":memory:", "history: names no file, and would be lost at the end; give .headroom/history.db"),
    ],
)
def test_other_urls_are_refused(url: str, sentence: str) -> None:
    """Without printing them: they may hold a password."""
    assert refusal(url) == sentence


@pytest.mark.parametrize("leave", ["nothing", "an empty file"])
def test_reading_needs_a_written_history(path: Path, leave: str) -> None:
    """A page that is opened before the first cycle says so, and makes no file."""
    if leave == "an empty file":
        path.parent.mkdir()
        path.touch()

    said = refusal(path, collecting=False)

    assert said == f"the history {path} has not been written yet; start `headroom run`"
    assert path.exists() == (leave == "an empty file")


def test_an_older_schema_is_migrated_by_the_collecting_process_only(written: Path) -> None:
    """A reader leaves it alone."""
    newer_release = Scripts(SHIPPED.folder, "0004")

    assert refusal(written, collecting=False, scripts=newer_release) == (
        f"the history {written} was written by an older Headroom; "
        "start this version's `headroom run` once to bring it up to date"
    )


@pytest.mark.parametrize("collecting", [True, False])
def test_a_newer_schema_is_refused(written: Path, *, collecting: bool) -> None:
    """An old version would not know what it destroys."""
    database = sqlite3.connect(written)
    database.execute("UPDATE alembic_version SET version_num = '0007'")
    database.commit()
    database.close()

    assert refusal(written, collecting=collecting) == (
        f"the history {written} was written by a newer Headroom (schema 0007, this version knows 0003); "
        "update Headroom, or name another file under `history:` in budgets.yaml"
    )


@pytest.mark.parametrize("collecting", [True, False])
def test_a_file_that_is_not_sqlite(path: Path, *, collecting: bool) -> None:
    """It is not touched."""
    path.parent.mkdir()
    path.write_text("version: 1\n" * 100)

    assert refusal(path, collecting=collecting) == (
        f"{path} is not a history: it is no SQLite file; "
        "name another file under `history:` in budgets.yaml, or move the file away"
    )
    assert path.read_text() == "version: 1\n" * 100


def test_a_database_of_somebody_else(path: Path) -> None:
    """It is not touched either, not even its journal mode."""
    path.parent.mkdir()
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE places (url TEXT)")
    database.close()
    before = path.read_bytes()

    assert refusal(path) == (
        f"{path} is not a history: it is an SQLite file with other tables in it; "
        "name another file under `history:` in budgets.yaml"
    )
    assert path.read_bytes() == before


def test_a_folder(tmp_path: Path) -> None:
    """The sentence says what the file could be called."""
    assert refusal(tmp_path) == (
        f"the history {tmp_path} is a folder; name a file in it: {tmp_path / 'history.db'}"
    )


def test_a_path_through_a_file(written: Path) -> None:
    """A file where a folder should be."""
    assert refusal(written / "deeper" / "history.db") == (
        f"the history {written}/deeper/history.db cannot be reached: Not a directory at {written}/deeper; "
        "see what is there and who may use it, or name another file under `history:` in budgets.yaml"
    )


def test_a_folder_that_may_not_be_written() -> None:
    """Said to a user without rights, by a process that has none."""
    with tempfile.TemporaryDirectory() as name:  # the tests' own folders are closed to other users
        folder = Path(name).resolve()
        folder.chmod(0o555)
        said = run("without-rights", folder / "history.db")

    assert said == (
        f"the history {folder}/history.db cannot be written: Permission denied at {folder}/history.db.lock; "
        "let this user write to that folder, or name another file under `history:` in budgets.yaml\n"
    )


def test_a_file_that_may_not_be_written() -> None:
    """The folder is open, the file is not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        with open_history(str(folder / "history.db"), collecting=True):
            pass
        (folder / "history.db").chmod(0o444)
        (folder / "history.db.lock").chmod(0o666)
        folder.chmod(0o777)
        said = run("without-rights", folder / "history.db")

    assert said == (
        f"the history {folder}/history.db cannot be written: the file or its folder is read-only for this "
        "user; allow it, or name another file under `history:` in budgets.yaml\n"
    )


def limit_pages(connection: sqlite3.Connection, _: object) -> None:
    """Let a database grow by nothing."""
    connection.execute("PRAGMA max_page_count = 1")


def test_a_full_disk_while_migrating(path: Path) -> None:
    """Nothing is left of the attempt, and the next one works."""
    event.listen(Pool, "connect", limit_pages)
    try:
        said = refusal(path)
    finally:
        event.remove(Pool, "connect", limit_pages)

    assert said == f"the history {path} cannot be written: the disk is full; free some space"
    with open_history(str(path), collecting=True) as history:
        history.record(build.cycle(0))
        check_cycles(history, [0])


def test_a_full_disk_while_recording(history: History, path: Path) -> None:
    """The cycle is lost whole, the ones before are not, and once there is space the next is recorded."""
    history.record(build.cycle(0))
    with history._reading() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")

    with pytest.raises(HistoryError) as caught:
        history.record(build.cycle(1, breadth=500))
    assert str(caught.value) == f"the history {path} cannot be written: the disk is full; free some space"

    with history._reading() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    check_cycles(history, [0])
    history.record(build.cycle(1))
    check_cycles(history, [0, 1])


def test_another_writer_that_does_not_end(history: History, path: Path) -> None:
    """After some patience the cycle is given up, not the process."""
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    with history._reading() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 50")

    with pytest.raises(HistoryError) as caught:
        history.record(Cycle(build.START))
    other.rollback()
    other.close()

    assert str(caught.value) == (
        f"the history {path} is busy: another process has been writing to it for 5 s; "
        "find out which and stop it"
    )
    history.record(Cycle(build.START))


def test_damaged_pages(written: Path) -> None:
    """Noticed at the start, where the list of tables itself is damaged."""
    content = bytearray(written.read_bytes())
    content[4096 * 3 :] = b"\xff" * (len(content) - 4096 * 3)
    written.write_bytes(content)

    for collecting in (True, False):
        assert refusal(written, collecting=collecting) == (
            f"the history {written} is damaged: database disk image is malformed; "
            "restore a copy, or move it away to begin anew"
        )
