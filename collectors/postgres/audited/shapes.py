"""What the rules of the audit need of a statement's shape."""

from __future__ import annotations

from collections.abc import Iterator

from collectors.postgres import parsing
from headroom.audit.workload_facts import Shape

_CATALOGUES = frozenset({"pg_catalog", "information_schema", "pg_toast"})


def shape_of(parsed: parsing.Shape) -> Shape:
    """Return it, without the tables of the server's own catalogue, which tools ask."""
    nested = parsed.ctes or parsed.derived or parsed.sets or parsed.subqueries
    return Shape(
        kind=parsed.kind,
        tables=tuple(
            f"{schema}.{name}" if schema else name
            for schema, name in parsed.tables
            if schema not in _CATALOGUES and not name.startswith("pg_")
        ),
        star=parsed.star,
        where=parsed.where or bool(nested),
        limit=bool(parsed.limit),
        offset=parsed.offset,
        counts=parsed.counts,
        grouped=parsed.grouped or bool(parsed.windows),
        equal=tuple(_compared(parsed, "constant")),
        any_of=tuple(_compared(parsed, "array")),
        listed=tuple(_compared(parsed, "list")),
        order=parsed.order,
        inserted=parsed.rows,
    )


def _compared(parsed: parsing.Shape, operand: str) -> Iterator[str]:
    """Yield the columns that are held equal to something of this kind, each once."""
    return iter(
        dict.fromkeys(
            one.column for one in parsed.conditions if one.operator == "=" and one.operand == operand
        )
    )
