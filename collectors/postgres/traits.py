"""What the audit asks of a shape, as words that a history can keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from collectors.postgres.parsing import Shape

_LONGEST = 500
_FLAGS = ("star", "where", "offset", "counts", "distinct", "locks")


def traits(shape: Shape) -> tuple[tuple[str, str], ...]:
    """Return names and values, sorted; a name that does not hold is left out.

    "kind"; "tables", "equal", "listed" (IN), "any" (= ANY) and "order" hold names between commas, an order
    that goes down with a "-" before it; "limit", "offset", "star", "where", "counts", "groups",
    "distinct" and "locks" are "yes"; "rows" of VALUES is a number.
    """
    return tuple(sorted((name, value[:_LONGEST]) for name, value in _found(shape) if value))


def _found(shape: Shape) -> Iterator[tuple[str, str]]:
    yield "kind", shape.kind
    yield "tables", _joined(f"{schema}.{name}" if schema else name for schema, name in shape.tables)
    for name, operands in (("equal", ("constant",)), ("listed", ("single", "list")), ("any", ("array",))):
        yield (
            name,
            _joined(
                one.column for one in shape.conditions if one.operator == "=" and one.operand in operands
            ),
        )
    yield "order", _joined(f"{'-' if down else ''}{name}" for name, down in shape.order)
    yield from ((name, "yes") for name in _FLAGS if getattr(shape, name))
    yield "limit", "yes" if shape.limit in {"outer", "branches"} else ""
    yield "groups", "yes" if shape.grouped else ""
    yield "rows", str(shape.rows) if shape.rows else ""


def _joined(names: Iterable[str]) -> str:
    return ",".join(dict.fromkeys(name.replace(",", "_") for name in names))
