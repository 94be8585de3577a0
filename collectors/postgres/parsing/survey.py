"""What is anywhere in a statement: tables, functions, joins, subqueries, whatever their place."""

from __future__ import annotations

from typing import Any

from collectors.postgres.parsing.nodes import LEAVES, Node, fields, limits, names, parts

_OUTER, _FROM, _INNER = "outer", "from", "inner"
_WRITES = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})


class Survey:
    """Goes over a tree once.

    Attributes:
        tables: schema and name, as often as they are named.
        ctes: names of WITH queries.
        limited: whether a query in FROM or WITH has a LIMIT.
        marks: of lists, arrays, LIMIT and OFFSET, which the parser's own fingerprint does not tell apart.
    """

    def __init__(self) -> None:
        self.tables: list[list[str]] = []
        self.ctes: list[str] = []
        self.limited = False
        self._starring: list[Node] = []
        self.marks: set[str] = set()
        self._counts = dict.fromkeys(("joins", "subqueries", "derived", "sets"), 0)
        self._flags = dict.fromkeys(
            ("recursive", "writes", "grouped", "grouping_sets", "distinct", "star", "locks", "offset"), False
        )
        self._functions: dict[str, dict[str, None]] = {
            name: {} for name in ("functions", "inner", "marked", "windows")
        }

    def fields(self) -> dict[str, Any]:
        """Return what was found as fields of a `Shape`."""
        return {
            **self._counts,
            **self._flags,
            "ctes": len(self.ctes),
            **{name: list(found) for name, found in self._functions.items()},
        }

    def read(self, root: Node) -> None:
        """Go over a statement."""
        stack: list[tuple[Node, str]] = [(root, _OUTER)]
        while stack:
            value, place = stack.pop()
            if isinstance(value, list):
                stack.extend((one, place) for one in reversed(value))
                continue
            self._fields(value, place)
            for name, inside in reversed(value.items()):
                if isinstance(inside, list) or (isinstance(inside, dict) and not name[0].isupper()):
                    stack.append((inside, place))
                elif isinstance(inside, dict) and name not in LEAVES:
                    self._flags["writes"] |= name in _WRITES and value is not root
                    stack.append((inside, self._node(name, inside, place)))
        self.tables = [[schema, name] for schema, name in self.tables if schema or name not in self.ctes]
        self._flags["star"] = any(map(self._starred, self._starring))

    def _fields(self, value: Node, place: str) -> None:
        """Look at what may stand without its type's name."""
        if "relpersistence" in value:
            self.tables.append([str(value.get("schemaname", "")), str(value.get("relname", ""))])
        elif "limitOption" in value:
            self._select(value, place)
        elif "ctes" in value and value.get("recursive"):
            self._flags["recursive"] |= any(map(_refers_to_itself, value["ctes"]))

    def _select(self, select: Node, place: str) -> None:
        self._counts["joins"] += max(0, len(select.get("fromClause", ())) - 1)
        self._counts["sets"] += select["op"] != "SETOP_NONE"
        self.marks.update(mark for mark in ("limitCount", "limitOffset") if mark in select)
        if place == _INNER:
            return
        self._flags["grouped"] |= "groupClause" in select or "havingClause" in select
        self._flags["distinct"] |= "distinctClause" in select
        self._flags["locks"] |= "lockingClause" in select
        self._flags["offset"] |= "limitOffset" in select
        self.limited |= place == _FROM and limits(select)
        if any(map(_star, select.get("targetList", ()))):
            self._starring.append(select)

    def _starred(self, select: Node) -> bool:
        """Tell whether all columns of a table are asked for; of a subquery they are those that it names."""
        return any(
            name == "RangeVar" and (inside.get("schemaname") or inside.get("relname") not in self.ctes)
            for item in select.get("fromClause", ())
            if fields(item, "RangeSubselect") is None
            for name, inside in parts(item)
        )

    def _node(self, name: str, inside: Node, place: str) -> str:
        """Look at a node; return the place of what is inside it."""
        match name:
            case "JoinExpr":
                self._counts["joins"] += 1
            case "GroupingSet" if inside.get("kind") != "GROUPING_SET_EMPTY":
                self._flags["grouping_sets"] = True
            case "A_Expr" if inside.get("kind") in {"AEXPR_IN", "AEXPR_OP_ANY", "AEXPR_OP_ALL"}:
                self.marks.add(inside["kind"])
            case "FuncCall":
                self._call(inside, place)
            case "SubLink":
                self._counts["subqueries"] += 1
                return _INNER
            case "RangeSubselect":
                self._counts["derived"] += 1
                return _INNER if place == _INNER or inside.get("lateral") else _FROM
            case "CommonTableExpr":
                self.ctes.append(str(inside.get("ctename", "")))
                return _INNER if place == _INNER else _FROM
        return place

    def _call(self, call: Node, place: str) -> None:
        name = (names(call.get("funcname")) or [""])[-1]
        if "over" in call:
            self._functions["windows"][name] = None
            return
        self._functions["inner" if place == _INNER else "functions"][name] = None
        if any(
            call.get(mark)
            for mark in ("agg_star", "agg_distinct", "agg_filter", "agg_order", "agg_within_group")
        ):
            self._functions["marked"][name] = None


def _star(target: Node) -> bool:
    """Tell whether a column of the result is `*` or `t.*`."""
    reference = fields((fields(target, "ResTarget") or {}).get("val"), "ColumnRef")
    return reference is not None and fields((reference.get("fields") or [None])[-1], "A_Star") is not None


def _refers_to_itself(cte: Node) -> bool:
    query = fields(cte, "CommonTableExpr") or {}
    return any(
        name == "RangeVar" and "schemaname" not in inside and inside.get("relname") == query.get("ctename")
        for name, inside in parts(query.get("ctequery"))
    )
