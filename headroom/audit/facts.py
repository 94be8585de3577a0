"""What the audit reads of a PostgreSQL server: its tables and indexes, as records."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from headroom.audit.server_facts import Server
from headroom.audit.workload_facts import Workload

Record = TypeVar("Record")
_Grouped = dict[tuple[str, str], list[Record]]


@dataclass(frozen=True, slots=True)
class Key:
    """One key column of an index.

    Attributes:
        column: its name; empty where the key is an expression.
        expression: as the server prints it; empty for a column, None where it could not be read.
        opclass: its name, such as "text_pattern_ops"; empty where it is the default of the column's type.
        collation: its name; empty where it is that of the column, or the type has none.
    """

    column: str
    expression: str | None = ""
    descending: bool = False
    nulls_first: bool = False
    opclass: str = ""
    collation: str = ""


@dataclass(frozen=True, slots=True)
class Index:
    """An index, or that of a partitioned table.

    Attributes:
        number: the server's own (oid): an index that was dropped and made again has another.
        method: "btree", "hash", "brin", ...
        keys: in their order.
        includes: columns behind INCLUDE.
        predicate: of a partial index, as the server prints it; empty where there is none, None where it could
            not be read.
        constraint: "p" primary key, "u" unique, "x" exclusion, "f" wanted by a foreign key of another table;
            empty where it backs none.
        valid, ready, live: see pg_index; an index that is not valid is written and never read.
        building: a CREATE INDEX or REINDEX is at work on it; None where the role may not see that.
        partitioned: belongs to a partitioned table and holds no rows itself.
        parent: schema and name of the partitioned index that it is part of; empty where there is none.
        scans: since the counters began; None where they were not told.
        last_scan: from PostgreSQL 16 on.
        pages: of 8,192 bytes as a rule, as of the last VACUUM or ANALYZE.
    """

    schema: str
    table: str
    name: str
    keys: tuple[Key, ...]
    method: str = "btree"
    number: int = 0
    includes: tuple[str, ...] = ()
    predicate: str | None = ""
    unique: bool = False
    constraint: str = ""
    valid: bool = True
    ready: bool = True
    live: bool = True
    building: bool | None = False
    replica_identity: bool = False
    partitioned: bool = False
    parent: tuple[str, str] | None = None
    scans: int | None = 0
    last_scan: datetime | None = None
    pages: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its key columns; empty for an expression."""
        return tuple(key.column for key in self.keys)


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """The columns of a table that refer to another.

    Attributes:
        to: schema and name of the other.
    """

    name: str
    columns: tuple[str, ...]
    to: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Table:
    """A table, partitioned table or materialised view.

    Attributes:
        number: the server's own (oid).
        columns: in their order.
        booleans: those of them that are of type boolean.
        rows: as of the last VACUUM, ANALYZE or CREATE INDEX; None where there was none (before PostgreSQL 14
            an empty table has none either).
        live: rows, as the counters have it.
        changed: rows written since the last ANALYZE, as the counters have it.
        analyzed: the last ANALYZE, by hand or by autovacuum, as the counters have it.
        partitioned: holds no rows itself; autovacuum never analyses it.
        parent: schema and name of the table that it is a partition of; None where it is none.
        locked: an ACCESS EXCLUSIVE lock was held on it, so that reading more would have waited.
        partitions: right below it, also those that are not among the tables that were read.
        foreign: those of them that are foreign tables, which are never read and can have no index.
    """

    schema: str
    name: str
    columns: tuple[str, ...] = ()
    booleans: frozenset[str] = frozenset()
    number: int = 0
    rows: float | None = None
    pages: int = 0
    live: int = 0
    changed: int = 0
    analyzed: datetime | None = None
    partitioned: bool = False
    parent: tuple[str, str] | None = None
    foreign_keys: tuple[ForeignKey, ...] = ()
    locked: bool = False
    partitions: int = 0
    foreign: int = 0

    @property
    def size(self) -> float:
        """Rows, by whatever knows most of them."""
        return max(self.rows or 0, self.live)


@dataclass(frozen=True, slots=True)
class Facts:
    """What one audit read, of the database that the source's address names.

    Attributes:
        at: our clock, UTC, when it was read.
        version: 150018 is 15.18.
        release: the version in the server's words.
        standby: the server is in recovery: it cannot be changed, and counts its own use only.
        counting_since: when table and index counters began; None where nobody knows.
        server: its settings and sessions; None where they were not read.
        workload: the statements that it ran; None where they were not read.
        skipped: what was not read and why, one sentence each.
        taken: schema and name of every relation that has, or begins with, a name of the guide's indexes:
            views and sequences, too, share one space of names with indexes.
    """

    source: str
    at: datetime
    database: str = ""
    version: int = 0
    release: str = ""
    standby: bool = False
    counting_since: datetime | None = None
    tables: tuple[Table, ...] = ()
    indexes: tuple[Index, ...] = ()
    server: Server | None = None
    workload: Workload | None = None
    skipped: tuple[str, ...] = ()
    taken: frozenset[tuple[str, str]] = frozenset()
    complete: bool = True
    """Every table and index of the database was read, those that are locked left aside."""
    _indexes: _Grouped[Index] = field(default_factory=dict, init=False, repr=False, compare=False)
    _parts: _Grouped[Index] = field(default_factory=dict, init=False, repr=False, compare=False)
    _partitions: _Grouped[Table] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for index in self.indexes:
            self._indexes.setdefault((index.schema, index.table), []).append(index)
            if index.parent is not None:
                self._parts.setdefault(index.parent, []).append(index)
        for table in self.tables:
            if table.parent is not None:
                self._partitions.setdefault(table.parent, []).append(table)

    def indexes_of(self, table: Table) -> tuple[Index, ...]:
        """Return the indexes of a table."""
        return tuple(self._indexes.get((table.schema, table.name), ()))

    def partitions_of(self, table: Table) -> tuple[Table, ...]:
        """Return the partitions right below a table."""
        return tuple(self._partitions.get((table.schema, table.name), ()))

    def parts_of(self, index: Index) -> tuple[Index, ...]:
        """Return the indexes right below that of a partitioned table."""
        return tuple(self._parts.get((index.schema, index.name), ()))
