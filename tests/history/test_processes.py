"""One process collects, and others read beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from headroom.history import HistoryLocked, open_history
from tests.history import build
from tests.history.processes import check_cycles, start


def test_a_second_collecting_process_is_refused(path: Path) -> None:
    """It is told who collects; readers are not refused; kill -9 frees the lock."""
    with start("hold", path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "collecting\n"
        refused = re.escape(
            f"another Headroom is collecting into {path} (process {process.pid}); "
            "stop it or name another file under `history:` in budgets.yaml"
        )
        with pytest.raises(HistoryLocked, match=f"^{refused}$"):
            open_history(str(path), collecting=True)
        with open_history(str(path), collecting=False) as reader:
            assert reader.standings() == []
        process.kill()
        process.wait()
        with open_history(str(path), collecting=True) as history:
            history.record(build.cycle(0))


def test_the_lock_is_of_the_file_not_of_its_name(path: Path, tmp_path: Path) -> None:
    """Two names of one history are one history; one process cannot collect twice either."""
    with open_history(str(path), collecting=True):
        (tmp_path / "other").symlink_to(path.parent)
        with pytest.raises(HistoryLocked, match=r"^another Headroom is collecting into "):
            open_history(str(tmp_path / "other" / "history.db"), collecting=True)


def test_a_failed_opening_frees_the_lock(path: Path) -> None:
    """The next one is told what is wrong with the file, and not that somebody collects."""
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 100)
    for _ in range(2):
        with pytest.raises(Exception, match="is not a history"):
            open_history(str(path), collecting=True)


def test_another_process_reads_while_cycles_are_recorded(path: Path) -> None:
    """Neither waits for the other, and every reading is of one cycle whole."""
    with open_history(str(path), collecting=True) as history:
        history.record(build.cycle(0))
        with start("read", path) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stdout.readline() == "reading\n"
            for number in range(1, 150):
                history.record(build.cycle(number))
            process.stdin.close()
            readings, cycles = map(int, process.stdout.read().split())
        check_cycles(history, range(150))

    assert readings > 5
    assert cycles > 3


def test_a_long_reading_sees_one_moment_and_delays_nobody(path: Path) -> None:
    """A report that takes its time neither blocks the next cycle nor sees half of it."""
    with (
        open_history(str(path), collecting=True) as history,
        open_history(str(path), collecting=False) as reader,
    ):
        history.record(build.cycle(0))
        with reader._reading() as connection:
            counted = "SELECT count(*) FROM evidence"
            assert connection.exec_driver_sql(counted).scalar() == 3
            history.record(build.cycle(1))
            assert connection.exec_driver_sql(counted).scalar() == 3
        assert len(reader.polls("metrics", build.START)) == 2
