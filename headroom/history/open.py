"""From the word in the configuration to an open history, or a sentence that says why not."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from headroom.history import outbox
from headroom.history.engine import open_engine, reading, writing
from headroom.history.history import History
from headroom.history.lock import CollectingLock
from headroom.history.migrate import SHIPPED, Scripts, migrate
from headroom.history.records import HistoryError
from headroom.history.schema import Schema, compared, version


def open_history(url: str, *, collecting: bool, scripts: Scripts = SHIPPED) -> History:
    """Open the history at a path or `sqlite:///` URL.

    Args:
        url: where it is; a relative path counts from the working directory.
        collecting: take the lock, make or migrate the database where need be, and allow writing. Otherwise
            the database must have been written by this version, and is only read.
        scripts: the migrations to know; other than the shipped ones only where migrating itself is tested.

    Raises:
        HistoryLocked: another process collects into it.
        HistoryError: it cannot be used; the text says why and what to do.
    """
    path = file_of(url)
    try:
        if path.is_dir():
            raise HistoryError(f"the history {path} is a folder; name a file in it: {path / 'history.db'}")
        if not collecting:
            return _for_reading(path, scripts)
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = CollectingLock(path)
    except OSError as error:
        raise HistoryError(
            f"the history {path} cannot be reached: {error.strerror} at {error.filename}; "
            "see what is there and who may use it, or name another file under `history:` in budgets.yaml"
        ) from error
    try:
        return _for_collecting(path, lock, scripts)
    except BaseException:
        lock.release()
        raise


def file_of(url: str) -> Path:
    """Return the file that a path or `sqlite:///` URL names; HistoryError where it names none."""
    name = url
    if "://" in url:
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            # Without the URL itself: it may hold a password.
            raise HistoryError("history: is not a URL; give a file, such as .headroom/history.db") from error
        if parsed.get_backend_name() != "sqlite" or parsed.query:
            raise HistoryError(
                f"history: cannot be such a {parsed.drivername} URL yet; "
                "give a file, such as .headroom/history.db"
            )
        name = parsed.database or ""
    if name in {"", ":memory:"}:
        raise HistoryError("history: names no file, and would be lost at the end; give .headroom/history.db")
    return Path(name).resolve()


def _for_reading(path: Path, scripts: Scripts) -> History:
    match _schema(path, scripts):
        case Schema.EMPTY:
            raise HistoryError(f"the history {path} has not been written yet; start `headroom run`")
        case Schema.OLDER:
            raise HistoryError(
                f"the history {path} was written by an older Headroom; "
                "start this version's `headroom run` once to bring it up to date"
            )
    return History(path, open_engine(path, create=False), None)


def _for_collecting(path: Path, lock: CollectingLock, scripts: Scripts) -> History:
    if _schema(path, scripts) in {Schema.EMPTY, Schema.OLDER}:
        migrate(path, scripts)
    engine = open_engine(path, create=True)
    try:
        with writing(engine, path) as connection:
            outbox.release_all(connection)
        return History(path, engine, lock)
    except BaseException:
        engine.dispose()
        raise


def _schema(path: Path, scripts: Scripts) -> Schema:
    if not path.exists():
        return Schema.EMPTY
    engine = open_engine(path, create=False)
    try:
        with reading(engine, path) as connection:
            number = version(connection)
    finally:
        engine.dispose()
    schema = compared(number, scripts.head)
    if schema is Schema.FOREIGN:
        raise HistoryError(
            f"{path} is not a history: it is an SQLite file with other tables in it; "
            "name another file under `history:` in budgets.yaml"
        )
    if schema is Schema.NEWER:
        raise HistoryError(
            f"the history {path} was written by a newer Headroom (schema {number}, this version knows "
            f"{scripts.head}); update Headroom, or name another file under `history:` in budgets.yaml"
        )
    return schema
