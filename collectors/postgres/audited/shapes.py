"""What the rules of the audit need of a statement's shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from collectors.postgres import parsing
from headroom.audit.workload_facts import Shape

_CATALOGUES = frozenset({"pg_catalog", "information_schema", "pg_toast"})


def shape_of(parsed: parsing.Shape) -> Shape:
    """Return it, without the tables of the server's own catalogue, which tools ask."""
    nested = parsed.ctes or parsed.derived or parsed.sets or parsed.subqueries
    equal = tuple(_compared(parsed, "constant"))
    return Shape(
        kind=parsed.kind,
        tables=tuple(_own(parsed.tables)),
        unbound=tuple(_own(parsed.unbound)),
        star=parsed.star,
        where=parsed.where or bool(nested),
        limit=bool(parsed.limit),
        offset=parsed.offset,
        counts=parsed.counts,
        grouped=parsed.grouped or bool(parsed.windows),
        equal=tuple(one.column for one in equal),
        owners=tuple(_owner(one, parsed) for one in equal),
        any_of=tuple(one.column for one in _compared(parsed, "array")),
        listed=tuple(one.column for one in _compared(parsed, "single", "list")),
        singles=not any(_compared(parsed, "list")),
        order=parsed.order,
        inserted=parsed.rows,
    )


def _own(tables: Iterable[tuple[str, str]]) -> Iterator[str]:
    return (
        _called(schema, name)
        for schema, name in tables
        if schema not in _CATALOGUES and not name.startswith("pg_")
    )


def _called(schema: str, name: str) -> str:
    return f"{schema}.{name}" if schema else name


def _compared(parsed: parsing.Shape, *operands: str) -> Iterator[parsing.Condition]:
    """Yield the conditions that hold a column equal to something of these kinds, one for each column."""
    found = (one for one in parsed.conditions if one.operator == "=" and one.operand in operands)
    first: dict[str, parsing.Condition] = {}
    for one in found:
        first.setdefault(one.column, one)
    return iter(first.values())


def _owner(condition: parsing.Condition, parsed: parsing.Shape) -> str:
    """Return the table whose column is compared; empty where that is not certain."""
    some = [one for one in parsed.sources if condition.alias in ("", one.alias)]
    return _called(some[0].schema, some[0].name) if len(some) == 1 and some[0].kind == "table" else ""
