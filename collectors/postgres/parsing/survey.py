"""What is anywhere in a statement: tables, functions, joins, subqueries, whatever their place."""

from __future__ import annotations

from typing import Any

from collectors.postgres.parsing.nodes import LEAVES, Node, fields, limits, names, parts
from collectors.postgres.parsing.stars import returns_all

_OUTER, _FROM, _INNER = "outer", "from", "inner"
_WRITES = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})


class Survey:
    """Goes over a tree once.

    Attributes:
        tables: schema and name, as often as they are named.
        ctes: the WITH queries by their names.
        unbound: schema and name of the tables that an UPDATE or DELETE without WHERE writes.
        limited: whether a query in FROM or WITH has a LIMIT.
        marks: of lists, arrays, LIMIT and OFFSET, which the parser's own fingerprint does not tell apart.
    """

    def __init__(self) -> None:
        self.tables: list[list[str]] = []
        self.ctes: dict[str, Node] = {}
        self.unbound: list[list[str]] = []
        self._withs = 0
        self.limited = False
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
            "ctes": self._withs,
            "unbound": self.unbound,
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
        self._flags["star"] = returns_all(root, self.ctes)

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
            case "UpdateStmt" | "DeleteStmt" if "whereClause" not in inside:
                written = inside["relation"]
                self.unbound.append([str(written.get("schemaname", "")), str(written.get("relname", ""))])
            case "SubLink":
                self._counts["subqueries"] += 1
                return _INNER
            case "RangeSubselect":
                self._counts["derived"] += 1
                return _INNER if place == _INNER or inside.get("lateral") else _FROM
            case "CommonTableExpr":
                self._withs += 1
                self.ctes.setdefault(str(inside.get("ctename", "")), inside.get("ctequery"))
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


def _refers_to_itself(cte: Node) -> bool:
    query = fields(cte, "CommonTableExpr") or {}
    return any(
        name == "RangeVar" and "schemaname" not in inside and inside.get("relname") == query.get("ctename")
        for name, inside in parts(query.get("ctequery"))
    )
