"""Whether a query returns all columns of a table: by a star of its own, or of what its star is taken from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from collectors.postgres.parsing.nodes import Node, fields, names

_ALL = ""  # `*` without the name of a table


def returns_all(query: Node, ctes: Mapping[str, Node]) -> bool:
    """Tell whether all columns of some table are in the result.

    A star inside a subquery counts only where the columns of that subquery are asked for by a star, too:
    `SELECT count(*) FROM (SELECT * FROM t) x` returns one number.
    """
    stack, met = [query], set()
    while stack:
        select = fields(stack.pop(), "SelectStmt")
        if select is None:
            continue
        if select.get("op") != "SETOP_NONE":
            stack += [{"SelectStmt": select["larg"]}, {"SelectStmt": select["rarg"]}]
            continue
        wanted = set(_starred(select))
        for kind, source, alias in _sources(select) if wanted else ():
            if not wanted & {_ALL, alias}:
                continue
            if kind == "RangeSubselect":
                stack.append(source.get("subquery"))
                continue
            name = source.get("relname")
            if source.get("schemaname") or name not in ctes:
                return True
            if name not in met:
                met.add(name)
                stack.append(ctes[name])
    return False


def _starred(select: Node) -> Iterator[str]:
    """Yield the aliases whose columns are all asked for."""
    for target in select.get("targetList", ()):
        reference = fields((fields(target, "ResTarget") or {}).get("val"), "ColumnRef") or {}
        found = names(reference.get("fields"))
        if found[-1:] == ["*"]:
            yield found[-2] if len(found) > 1 else _ALL


def _sources(select: Node) -> Iterator[tuple[str, Node, str]]:
    """Yield the tables and subqueries of FROM: the kind of the node, its fields and its alias."""
    stack = list(select.get("fromClause", ()))
    while stack:
        item = stack.pop()
        if (join := fields(item, "JoinExpr")) is not None:
            stack += [join.get("larg"), join.get("rarg")]
            continue
        sample = fields(item, "RangeTableSample")
        for kind in ("RangeVar", "RangeSubselect"):
            source = fields(sample.get("relation") if sample else item, kind)
            if source is not None:
                alias = (source.get("alias") or {}).get("aliasname")
                yield kind, source, str(alias or source.get("relname", ""))
