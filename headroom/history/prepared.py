"""Statements that every cycle runs: their texts are made once, and their rows go straight to the driver.

SQLAlchemy spends several times as long on the way to the driver as the database on such a statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Delete, Dialect, Insert, Update
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Text:
    """A statement as one driver takes it.

    Attributes:
        binds: the names of the values, in the driver's order, and how each becomes what is stored.
        positional: whether the driver takes the values by their place, or by their names.
    """

    text: str
    binds: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    positional: bool

    def values(self, row: Row) -> Any:
        if self.positional:
            return [row[name] if store is None else store(row[name]) for name, store in self.binds]
        return {name: row[name] if store is None else store(row[name]) for name, store in self.binds}


class Prepared:
    """A statement that changes rows; each row that it is run with names the same values."""

    def __init__(self, statement: Insert | Update | Delete, columns: Sequence[str] | None = None) -> None:
        """`columns` are what an insert fills; an update names its values itself."""
        self._statement = statement
        self._columns = columns
        self._made: tuple[Dialect, _Text] | None = None

    def run(self, connection: Connection, row: Row) -> int:
        """Run it once, and return how many rows it changed."""
        made = self._text(connection)
        with cursor_of(connection, made.text) as cursor:
            cursor.execute(made.text, made.values(row))
            return cursor.rowcount

    def run_each(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Run it for each row, in order."""
        made = self._text(connection)
        with cursor_of(connection, made.text) as cursor:
            if len(rows) == 1:
                cursor.execute(made.text, made.values(rows[0]))
            else:
                cursor.executemany(made.text, [made.values(row) for row in rows])

    def returned(self, connection: Connection, row: Row) -> Any:
        """Run it once, and return the one value of its RETURNING."""
        made = self._text(connection)
        with cursor_of(connection, made.text) as cursor:
            cursor.execute(made.text, made.values(row))
            # All rows are fetched: SQLite ends a statement, and can commit, only after the last one.
            ((value,),) = cursor.fetchall()
            return value

    def _text(self, connection: Connection) -> _Text:
        dialect = connection.dialect
        if self._made is None or self._made[0] is not dialect:
            self._made = dialect, self._compiled(dialect)
        return self._made[1]

    def _compiled(self, dialect: Dialect) -> _Text:
        compiled = self._statement.compile(dialect=dialect, column_keys=self._columns)
        binds = compiled.binds
        names = compiled.positiontup or list(binds)
        stores = ((name, binds[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names)
        return _Text(str(compiled), tuple(stores), bool(compiled.positiontup))


@contextmanager
def cursor_of(connection: Connection, text: str) -> Iterator[DBAPICursor]:
    """Give a cursor of the driver in the connection's transaction; its errors are raised as SQLAlchemy's.

    `text` is what will be run, for the error; values are never in it.
    """
    failures = connection.dialect.loaded_dbapi.Error
    try:
        cursor = connection.connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()
    except failures as error:
        raise DBAPIError.instance(text, None, error, failures, hide_parameters=True) from error
