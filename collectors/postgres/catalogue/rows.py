"""Rows of the catalogue as the audit's records."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from headroom.audit.facts import ForeignKey, Index, Key, Table


def table_of(row: Sequence[Any], references: Sequence[ForeignKey], locked: Collection[int]) -> Table:
    """Return the table of a row of `tables.sql`."""
    (
        number, schema, name, partitioned, rows, pages, live, changed, analyzed, parent, columns, below,
        foreign,
    ) = row  # fmt: skip
    return Table(
        schema=schema,
        name=name,
        columns=tuple(column for column, _ in columns or ()),
        booleans=frozenset(column for column, kind in columns or () if kind == "boolean"),
        number=number,
        rows=rows,
        pages=pages,
        live=live or 0,
        changed=changed or 0,
        analyzed=_utc(analyzed),
        partitioned=partitioned,
        parent=_pair(parent),
        foreign_keys=tuple(references),
        locked=number in locked,
        partitions=below,
        foreign=foreign,
    )


def index_of(row: Sequence[Any], table: Table, building: frozenset[int] | None) -> Index:
    """Return the index of a row of `indexes.sql`; what needs printing is None for now."""
    (
        _, number, name, method, unique, valid, ready, live, identity, partitioned, pages, scans, last_scan,
        partial, constraint, parent, keys, includes,
    ) = row  # fmt: skip
    return Index(
        schema=table.schema,
        table=table.name,
        name=name,
        keys=tuple(_key(key) for key in keys or ()),
        method=method,
        number=number,
        includes=tuple(includes or ()),
        predicate=None if partial else "",
        unique=unique,
        constraint=constraint or "",
        valid=valid,
        ready=ready,
        live=live,
        building=None if building is None else number in building,
        replica_identity=identity,
        partitioned=partitioned,
        parent=_pair(parent),
        scans=scans,
        last_scan=_utc(last_scan),
        pages=pages,
    )


def foreign_key_of(row: Sequence[Any]) -> ForeignKey:
    """Return the foreign key of a row of `foreign_keys.sql`, without the table's number."""
    name, schema, table, columns = row
    return ForeignKey(name, tuple(columns or ()), (schema, table))


def _key(record: Sequence[Any]) -> Key:
    column, descending, nulls_first, opclass, collation = record
    return Key(
        column=column or "",
        expression="" if column else None,
        descending=bool(descending),
        nulls_first=bool(nulls_first),
        opclass=opclass or "",
        collation=collation or "",
    )


def _pair(names: Sequence[str] | None) -> tuple[str, str] | None:
    return None if names is None else (names[0], names[1])


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)
