"""How single nodes of the parser's JSON are read: names, columns, constants. Nothing here calls itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Node = Any
"""A value of the parser's JSON: {"Type": {fields}}, the fields alone, a list of such, or a plain value."""

LEAVES = frozenset({"String", "A_Star", "A_Const", "ParamRef", "SQLValueFunction"})
"""Nodes in which there are no others."""
_NESTED = (dict, list)
# What gives another value for every row binds no column.
_VOLATILE = frozenset(
    {
        "random",
        "random_normal",
        "clock_timestamp",
        "timeofday",
        "nextval",
        "gen_random_uuid",
        "uuid_generate_v4",
    }
)


def fields(node: Node, kind: str) -> Any:
    """Return the fields of a node of this type; None for any other."""
    return node.get(kind) if isinstance(node, dict) else None


def parts(node: Node) -> Iterator[tuple[str, Any]]:
    """Yield all nodes with a type inside this one, itself among them."""
    stack = [node]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack.extend(reversed(value))
        elif isinstance(value, dict):
            for name, inside in reversed(value.items()):
                if isinstance(inside, dict) and name[0].isupper():
                    yield name, inside
                    if name not in LEAVES:
                        stack.append(inside)
                elif isinstance(inside, _NESTED):
                    stack.append(inside)


def names(values: Node) -> list[str]:
    """Return a list of names; "*" for a star."""
    found = []
    for value in values or ():
        if (name := fields(value, "String")) is not None:
            found.append(str(name.get("sval", "")))
        elif fields(value, "A_Star") is not None:
            found.append("*")
    return found


def column(node: Node) -> tuple[str, str] | None:
    """Return alias and name of a plain column."""
    reference = fields(node, "ColumnRef")
    if reference is None:
        return None
    found = names(reference.get("fields"))
    if not found or found[-1] == "*":
        return None
    return (found[-2] if len(found) > 1 else "", found[-1])


def constant(node: Node) -> bool:
    """Tell whether a value is the same for all rows, and takes no other query to find."""
    for name, inside in parts(node):
        if name in {"ColumnRef", "SubLink", "SetToDefault", "CurrentOfExpr"}:
            return False
        if (
            name == "FuncCall"
            and names(inside.get("funcname"))[-1:]
            and (names(inside.get("funcname"))[-1] in _VOLATILE)
        ):
            return False
    return bool(node)


def row(node: Node) -> list[Node]:
    """Return the parts of a row, or the one value."""
    inside = fields(node, "RowExpr")
    return [node] if inside is None else list(inside.get("args", ()))


def limits(select: Node) -> bool:
    """Tell whether LIMIT or FETCH bounds the rows; LIMIT ALL and LIMIT NULL do not."""
    count = select.get("limitCount")
    null = fields(count, "A_Const")
    return count is not None and not (null is not None and null.get("isnull"))
