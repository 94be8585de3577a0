"""The keys of tables, as the catalogue of the database that we are connected to tells them."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from psycopg import errors

from collectors.postgres.session import Connection
from collectors.postgres.statements import load


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view.

    Attributes:
        view: whether it is one, whose rows no key tells apart.
        primary: the columns of its primary key; empty where it has none.
        unique: the columns of each of its other keys.
    """

    schema: str
    name: str
    view: bool = False
    primary: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()

    @property
    def keys(self) -> tuple[tuple[str, ...], ...]:
        """All keys, the primary one first."""
        return ((self.primary,) if self.primary else ()) + self.unique


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What was read so far.

    Attributes:
        database: id of the database that it is of; None where nothing was read yet.
        tables: by name, those of all schemas; an empty tuple for a name that there is not.
        aggregates: functions that are aggregates, besides PostgreSQL's own.
    """

    database: int | None = None
    tables: Mapping[str, tuple[Table, ...]] = field(default_factory=lambda: MappingProxyType({}))
    aggregates: frozenset[str] = frozenset()

    def find(self, schema: str, name: str) -> tuple[Table, ...] | None:
        """Return the tables that a name may mean; None where it was not asked for."""
        found = self.tables.get(name)
        if found is None or not schema:
            return found
        return tuple(table for table in found if table.schema == schema)


async def read_keys(
    connection: Connection, before: Catalogue, tables: Collection[str], functions: Collection[str]
) -> Catalogue:
    """Return what is known with these names added; as it was where the catalogue itself is locked."""
    with contextlib.suppress(errors.LockNotAvailable):
        cursor = await connection.execute(load("keys"), [sorted(tables), sorted(functions)])
        rows = await cursor.fetchall()
        database = rows[0][0] if rows else None
        if database != before.database:
            before = Catalogue(database)
        found = {name: _tables(rows, name) for name in tables}
        aggregates = {name for _, kind, _, name, _ in rows if kind == "aggregate"}
        return Catalogue(
            database, MappingProxyType({**before.tables, **found}), before.aggregates | aggregates
        )
    return before


def _tables(rows: Iterable[tuple[object, ...]], name: str) -> tuple[Table, ...]:
    kept: dict[str, Table] = {}
    for _, kind, schema, other, columns in rows:
        if other != name or kind == "aggregate":
            continue
        assert isinstance(schema, str)  # as `keys.sql` gives it
        assert isinstance(columns, list)
        table = kept.get(schema, Table(schema, name))
        key = tuple(columns)
        kept[schema] = Table(
            schema,
            name,
            view=table.view or kind == "view",
            primary=key if kind == "primary" else table.primary,
            unique=(*table.unique, key) if kind == "unique" else table.unique,
        )
    return tuple(kept.values())
