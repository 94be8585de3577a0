"""How a connection to the history behaves, and what its failures mean in plain words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from headroom.history.prepared import cursor_of
from headroom.history.records import HistoryError

PATIENCE = 5.0
"""Seconds that a writer waits for another one: somebody's Action takes milliseconds."""

_WAL_AT_REST = 16 << 20  # bytes; a reader that stays long lets the log beside the database grow


def open_engine(path: Path, *, create: bool, foreign_keys: bool = True) -> Engine:
    """Return an engine whose transactions are deferred, or immediate under the option `write=True`.

    Args:
        path: the database file.
        create: whether a missing file is made, and the file put into WAL mode.
        foreign_keys: False only for migrations: SQLite would empty what refers to a table being rebuilt.
    """
    url = f"file:{quote(str(path))}?mode={'rwc' if create else 'rw'}"

    def connect() -> sqlite3.Connection:
        # isolation_level=None: sqlite3 begins no transaction of its own, neither too late nor around DDL.
        connection = sqlite3.connect(
            url, uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
        try:
            if create:
                connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
            connection.execute(f"PRAGMA journal_size_limit={_WAL_AT_REST}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail at once, without waiting, if another process
    # wrote in between; IMMEDIATE takes its turn at the start.
    write = connection.get_execution_options().get("write", False)
    text = "BEGIN IMMEDIATE" if write else "BEGIN"
    with cursor_of(connection, text) as cursor:
        cursor.execute(text)


def for_writing(engine: Engine) -> Engine:
    """Return an engine all of whose transactions are immediate; made once, since it costs as much as one."""
    return engine.execution_options(write=True)


@contextmanager
def writing(engine: Engine, path: Path) -> Iterator[Connection]:
    """Give a connection in one transaction that may write: committed at the end, undone by any exception."""
    writer = engine if engine.get_execution_options().get("write") else for_writing(engine)
    with explained(path), writer.begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine, path: Path) -> Iterator[Connection]:
    """Give a connection that sees one state of the history, whatever others commit meanwhile."""
    with explained(path), engine.begin() as connection:
        yield connection


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the database says into a sentence for people."""
    try:
        yield
    except IntegrityError as error:
        raise HistoryError(
            f"the history {path} refused rows that do not fit together: {error.orig}"
        ) from error
    except DBAPIError as error:
        raise HistoryError(_sentence(path, error.orig)) from error
    except PoolTimeoutError as error:
        raise HistoryError(
            f"the history {path} has too many readers in this process; close some pages"
        ) from error


def _sentence(path: Path, error: BaseException | None) -> str:
    name = getattr(error, "sqlite_errorname", "")
    for prefix, sentence in _SENTENCES.items():
        if name.startswith(prefix):
            return sentence.format(path=path, error=error)
    return f"the history {path} failed: {error}"


_SENTENCES = {
    "SQLITE_FULL": "the history {path} cannot be written: the disk is full; free some space",
    "SQLITE_NOTADB": "{path} is not a history: it is no SQLite file; "
    "name another file under `history:` in budgets.yaml, or move the file away",
    "SQLITE_READONLY": "the history {path} cannot be written: the file or its folder is read-only "
    "for this user; allow it, or name another file under `history:` in budgets.yaml",
    "SQLITE_CANTOPEN": "the history {path} cannot be opened: it is no readable file; "
    "see who may read it and its folder",
    "SQLITE_BUSY": "the history {path} is busy: another process has been writing to it for "
    f"{PATIENCE:g} s; find out which and stop it",
    "SQLITE_CORRUPT": "the history {path} is damaged: {error}; restore a copy, or move it away to begin anew",
    "SQLITE_IOERR": "the history {path} cannot be read or written: {error}; check the disk and its space",
}
