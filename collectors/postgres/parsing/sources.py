"""What the outermost FROM names, and the conditions that its joins make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from collectors.postgres.parsing.conditions import Found, conditions, equal
from collectors.postgres.parsing.nodes import Node, fields, names


class Sources:
    """Reads FROM lists.

    Attributes:
        found: the fields of `Relation`, as JSON has them.
        conditions: those of the joins.
    """

    def __init__(self, ctes: frozenset[str]) -> None:
        self.found: list[list[str]] = []
        self.conditions: list[Found] = []
        self._ctes = ctes

    @property
    def aliases(self) -> list[str]:
        """By what the columns of the sources are called."""
        return [alias for _, _, _, alias in self.found]

    def read(self, items: Iterable[Node]) -> None:
        """Read the items of a FROM list, or a table alone."""
        for item in items:
            self._item(item)

    def table(self, relation: Node) -> None:
        """Read a table's own fields."""
        schema, name = str(relation.get("schemaname", "")), str(relation.get("relname", ""))
        kind = "cte" if not schema and name in self._ctes else "table"
        self.found.append([kind, schema, name, _alias(relation) or name])

    def _item(self, item: Node) -> None:
        join = fields(item, "JoinExpr")
        if join is None:
            self._source(item)
            return
        start = len(self.found)
        self._item(join.get("larg"))
        middle = len(self.found)
        self._item(join.get("rarg"))
        self._join(join, self.aliases[start:middle], self.aliases[middle:])

    def _source(self, node: Node) -> None:
        for kind in ("RangeSubselect", "RangeFunction", "RangeTableFunc", "JsonTable"):
            inside = fields(node, kind)
            if inside is not None:
                name = "subquery" if kind == "RangeSubselect" else "function"
                self.found.append([name, "", "", _alias(inside)])
                return
        sample = fields(node, "RangeTableSample")
        relation = fields(sample["relation"] if sample else node, "RangeVar")
        if relation is not None:
            self.table(relation)

    def _join(self, join: Node, left: Sequence[str], right: Sequence[str]) -> None:
        binds = _binds(join.get("jointype"), left, right)
        for name in names(join.get("usingClause")):
            if len(left) == len(right) == 1:
                self.conditions.append(equal((left[0], name), (right[0], name), binds))
        self.conditions.extend(conditions(join.get("quals"), binds))


def _binds(kind: str, left: Sequence[str], right: Sequence[str]) -> Sequence[str]:
    """Return whose rows fail with a join's condition; an outer join keeps those of one side."""
    match kind:
        case "JOIN_INNER":
            return [*left, *right]
        case "JOIN_LEFT":
            return right
        case "JOIN_RIGHT":
            return left
    return ()


def _alias(node: Node) -> str:
    return str((node.get("alias") or {}).get("aliasname", ""))
