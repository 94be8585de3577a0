"""What a statement's parse tree shows, as a record without any constant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

MOST = 64  # tables, conditions, functions and so on of one statement; what exceeds it is left out
LONGEST_NAME = 64
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_BIG = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Unparsed:
    """That a text has no shape, and why: a clause without its subject, such as "does not parse"."""

    why: str


@dataclass(frozen=True, slots=True)
class Relation:
    """Something that the outermost FROM, or a write, names.

    Attributes:
        kind: "table" (or view), "cte", "subquery" or "function".
        alias: by which its columns are called; the name itself where there is no other.
    """

    kind: str
    schema: str
    name: str
    alias: str


@dataclass(frozen=True, slots=True)
class Condition:
    """One of the outermost conditions that must all hold.

    Attributes:
        alias, column: what is compared; the alias is empty where the text has none.
        operator: as it is written, "=" for all ways of writing it; "is" for IS NULL, IS TRUE and the like.
        operand: what it is compared with: "constant" (or parameter), "list" (IN), "single" (IN with one
            value), "array" (ANY), "column" or "other".
        other_alias, other_column: the other column, where it is one.
        binds: aliases of which rows fail that do not fulfil it: all but those that an outer join keeps.
    """

    alias: str
    column: str
    operator: str
    operand: str
    other_alias: str
    other_column: str
    binds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """A statement without its constants.

    Attributes:
        kind: "select", "insert", "update", "delete", "merge", "utility", or "empty" for a text without one.
        node: what the parser calls the statement, such as "CopyStmt".
        fingerprint: 16 hexadecimal digits; the same whatever its constants, their number and its comments.
        tables: (schema, name) of all tables anywhere in it, each once, those of the outermost FROM first.
        sources: of the outermost FROM, joins and write.
        joins: everywhere.
        ctes, subqueries, derived, sets: how many WITH queries, subqueries in expressions and FROM, UNIONs.
        recursive, writes: whether a WITH query refers to itself, or writes.
        functions: names of the functions called in the outermost query, in FROM and WITH.
        inner: names of those called in subqueries of expressions and in LATERAL ones.
        marked: of all of them those that only an aggregate can be by how it is called, such as count(*).
        windows: names of the window functions.
        grouped, grouping_sets, distinct, counts: GROUP BY or HAVING; CUBE and its kin; DISTINCT; whether all
            that is returned is one count.
        limit: where rows are limited: "outer", "branches" of a UNION, "inner" in FROM or WITH, or empty.
        exists: whether all that is asked is one EXISTS; sources and conditions are then those inside it.
        order: (column, descending) of the outermost ORDER BY; no column for expressions.
        where, star, locks, into: whether it has a WHERE; returns all columns of a table by `*`; FOR UPDATE
            and its kin; INTO a table.
        unbound: (schema, name) of the tables that an UPDATE or DELETE without WHERE writes, also in WITH.
        rows: of VALUES in an INSERT.
        copies: "in" or "out" for COPY.
    """

    kind: str
    node: str
    fingerprint: str
    tables: tuple[tuple[str, str], ...] = ()
    sources: tuple[Relation, ...] = ()
    joins: int = 0
    ctes: int = 0
    subqueries: int = 0
    derived: int = 0
    sets: int = 0
    recursive: bool = False
    writes: bool = False
    functions: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()
    marked: tuple[str, ...] = ()
    windows: tuple[str, ...] = ()
    grouped: bool = False
    grouping_sets: bool = False
    distinct: bool = False
    counts: bool = False
    limit: str = ""
    offset: bool = False
    exists: bool = False
    order: tuple[tuple[str, bool], ...] = ()
    conditions: tuple[Condition, ...] = ()
    where: bool = False
    star: bool = False
    locks: bool = False
    into: bool = False
    unbound: tuple[tuple[str, str], ...] = ()
    rows: int = 0
    copies: str = ""


_COUNTS = ("joins", "ctes", "subqueries", "derived", "sets", "rows")
_FLAGS = (
    "recursive",
    "writes",
    "grouped",
    "grouping_sets",
    "distinct",
    "counts",
    "offset",
    "exists",
    "where",
    "star",
    "locks",
    "into",
)
_NAMES = ("functions", "inner", "marked", "windows")
_KINDS = frozenset({"select", "insert", "update", "delete", "merge", "utility", "empty"})
_RELATIONS = frozenset({"table", "cte", "subquery", "function"})
_OPERANDS = frozenset({"constant", "single", "list", "array", "column", "other"})
_LIMITS = frozenset({"", "outer", "branches", "inner"})
_COPIES = frozenset({"", "in", "out"})


def read(record: Any) -> Shape:
    """Return what the child wrote as a shape; ValueError where it is none: the child is not to be trusted."""
    try:
        others: dict[str, Any] = {name: tuple(map(_name, _some(record[name]))) for name in _NAMES}
        others |= {name: _count(record[name]) for name in _COUNTS}
        others |= {name: bool(record[name]) for name in _FLAGS}
        return Shape(
            kind=_one_of(record["kind"], _KINDS),
            node=_name(record["node"]),
            fingerprint=_fingerprint(record["fingerprint"]),
            tables=_tables(record["tables"]),
            unbound=_tables(record["unbound"]),
            sources=tuple(
                Relation(_one_of(kind, _RELATIONS), _name(schema), _name(name), _name(alias))
                for kind, schema, name, alias in _some(record["sources"])
            ),
            order=tuple((_name(name), bool(down)) for name, down in _some(record["order"])),
            conditions=tuple(_condition(*parts) for parts in _some(record["conditions"])),
            limit=_one_of(record["limit"], _LIMITS),
            copies=_one_of(record["copies"], _COPIES),
            **others,
        )
    except (KeyError, TypeError) as error:
        raise ValueError("no shape") from error


def _tables(values: Any) -> tuple[tuple[str, str], ...]:
    return tuple((_name(schema), _name(name)) for schema, name in _some(values))


def _condition(
    alias: Any, column: Any, operator: Any, operand: Any, other_alias: Any, other_column: Any, binds: Any
) -> Condition:
    return Condition(
        _name(alias),
        _name(column),
        _name(operator),
        _one_of(operand, _OPERANDS),
        _name(other_alias),
        _name(other_column),
        tuple(map(_name, _some(binds))),
    )


def _some(values: Any) -> list[Any]:
    if not isinstance(values, list) or len(values) > MOST:
        raise ValueError("too many")
    return values


def _name(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_NAME:
        raise ValueError("no name")
    return value


def _fingerprint(value: Any) -> str:
    if not isinstance(value, str) or not _FINGERPRINT.fullmatch(value):
        raise ValueError("no fingerprint")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or not 0 <= value <= _BIG:
        raise ValueError("no count")
    return value


def _one_of(value: Any, allowed: frozenset[str]) -> str:
    if value not in allowed:
        raise ValueError("not allowed")
    return str(value)
