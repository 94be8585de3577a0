"""The other process: it dies in the middle of its work, holds the lock, reads, or has few rights."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import alembic.command  # noqa: F401 once, and not in every process that is to die
from sqlalchemy import Engine, Pool, event

from headroom.history import HistoryError, open_history
from headroom.history.migrate import Scripts, migrate
from tests.history import build


def sweep(start: Path, folder: Path, work: Callable[[Path], object]) -> int:
    """Do the work again and again on copies of a database, killed one moment later each time.

    Returns:
        How many times it was killed; the copy after the last of these is the finished work.
    """
    for moment in count(1):
        copy = folder / f"{moment}.db"
        if start.exists():
            shutil.copyfile(start, copy)
        child = os.fork()
        if not child:
            kill_at(moment)
            work(copy)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            assert os.waitstatus_to_exitcode(status) == 0
            return moment - 1
    raise AssertionError


def kill_at(moment: int) -> None:
    """Kill this process at a moment: at a connection, around a statement, before or after a commit.

    The database tells of its statements, whichever way they came to it: one of many rows as often as that.
    """
    passed = count(1)

    def pass_by(*_: object) -> None:
        if next(passed) == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    def connected(connection: sqlite3.Connection, _: object) -> None:
        pass_by()
        connection.set_trace_callback(pass_by)

    event.listen(Pool, "connect", connected)
    for target, name in ((Engine, "after_cursor_execute"), (Engine, "commit"), (Pool, "checkin")):
        event.listen(target, name, pass_by)


def say(what: object) -> None:
    """Tell the test at once, for the next moment may be the last."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def record_next(path: Path) -> None:
    """Record the third cycle."""
    with open_history(str(path), collecting=True) as history:
        history.record(build.cycle(2))


def record_for_ever(path: Path) -> None:
    """Record cycle after cycle, and say the number of each that is recorded."""
    with open_history(str(path), collecting=True) as history:
        for number in count(len(history.polls("metrics", build.START))):
            history.record(build.cycle(number))
            say(number)


def hold(path: Path) -> None:
    """Hold the lock until killed."""
    with open_history(str(path), collecting=True):
        say("collecting")
        time.sleep(60)


def read_until_closed(path: Path) -> None:
    """Read until standard input ends, every reading of one cycle; say how many readings and cycles."""
    os.set_blocking(sys.stdin.fileno(), False)
    seen: set[int] = set()
    with open_history(str(path), collecting=False) as history:
        say("reading")
        for readings in count(1):
            seqs = {standing.seq for standing in history.standings()}
            assert len(seqs) <= 1, seqs
            seen |= seqs
            history.recent_parts(None, build.START)
            if sys.stdin.buffer.read(1) == b"":
                say(f"{readings} {len(seen)}")
                return


def without_rights(path: Path) -> None:
    """Say what a user without any rights is told, who wants to collect."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    try:
        with open_history(str(path), collecting=True) as history:
            history.record(build.cycle(0))
    except HistoryError as error:
        say(error)


def main(command: str, path: Path, *more: str) -> None:
    """Do what the test asks for."""
    match command:
        case "sweep-record":
            say(sweep(path, Path(more[0]), record_next))
        case "sweep-migrate":
            scripts = Scripts(Path(more[1]), more[2])
            say(sweep(path, Path(more[0]), lambda copy: migrate(copy, scripts)))
        case "record":
            record_for_ever(path)
        case "hold":
            hold(path)
        case "read":
            read_until_closed(path)
        case "without-rights":
            without_rights(path)
        case _:
            raise ValueError(command)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
