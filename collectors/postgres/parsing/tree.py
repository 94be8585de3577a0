"""From the parser's JSON of one statement to the fields of a `Shape`; runs in the child only."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from collectors.postgres.parsing.conditions import conditions
from collectors.postgres.parsing.nodes import Node, column, fields, limits, names
from collectors.postgres.parsing.shape import LONGEST_NAME, MOST
from collectors.postgres.parsing.sources import Sources
from collectors.postgres.parsing.survey import Survey

_KINDS = {
    "SelectStmt": "select",
    "InsertStmt": "insert",
    "UpdateStmt": "update",
    "DeleteStmt": "delete",
    "MergeStmt": "merge",
}


def shape(tree: Node, fingerprint: str) -> dict[str, Any]:
    """Return what a parsed text shows; ValueError where it holds more than one statement."""
    statements = tree.get("stmts", [])
    if len(statements) > 1:
        raise ValueError(f"holds {len(statements)} statements")
    if not statements:
        return _record("empty", "", fingerprint, Survey(), Sources(frozenset()))
    node, root = next(iter(statements[0]["stmt"].items()))
    if node == "PrepareStmt":  # its calls are those of EXECUTE, which the server counts under this text
        node, root = next(iter(root["query"].items()))
    survey = Survey()
    survey.read({node: root})
    kind = _KINDS.get(node, "utility")
    sources = Sources(frozenset(survey.ctes))
    extra: dict[str, Any] = {}
    match kind:
        case "select":
            extra = _select(root, sources)
        case "insert":
            sources.table(root["relation"])
            values = fields(root.get("selectStmt"), "SelectStmt") or {}
            extra = {"rows": len(values.get("valuesLists", ()))}
        case "update" | "delete":
            sources.table(root["relation"])
            sources.read(root.get("fromClause") or root.get("usingClause") or ())
            extra = {"where": "whereClause" in root, "conditions": _conditions(root, sources)}
        case "merge":
            sources.table(root["relation"])
            sources.read([root.get("sourceRelation")])
    if node == "CopyStmt":
        extra = {"copies": "in" if root.get("is_from") else "out"}
    return _record(kind, node, fingerprint, survey, sources, **extra)


def _select(root: Node, sources: Sources) -> dict[str, Any]:
    if root.get("op") != "SETOP_NONE":
        whole = "outer" if limits(root) else "branches" if all(map(limits, _branches(root))) else ""
        return {"limit": whole, "order": _order(root)}
    exists = _existing(root)
    select = root if exists is None else exists
    sources.read(select.get("fromClause", ()))
    return {
        "exists": exists is not None,
        "limit": "outer" if limits(select) else "",
        "order": _order(select),
        "where": "whereClause" in select,
        "conditions": _conditions(select, sources),
        "counts": _counts(select),
        "into": "intoClause" in root,
    }


def _branches(root: Node) -> list[Node]:
    """Return the SELECTs that a UNION combines."""
    found, stack = [], [root]
    while stack:
        select = stack.pop()
        if select.get("op") == "SETOP_NONE" or limits(select):
            found.append(select)
        else:
            stack += [select["larg"], select["rarg"]]
    return found


def _existing(root: Node) -> Node | None:
    """Return the query of `SELECT EXISTS (…)`, where that is all."""
    targets = root.get("targetList", ())
    if len(targets) != 1 or root.get("fromClause"):
        return None
    sublink = fields(targets[0]["ResTarget"].get("val"), "SubLink")
    if sublink is None or sublink.get("subLinkType") != "EXISTS_SUBLINK":
        return None
    return fields(sublink.get("subselect"), "SelectStmt")


def _counts(select: Node) -> bool:
    targets = select.get("targetList", ())
    if len(targets) != 1 or select.get("groupClause"):
        return False
    value = targets[0]["ResTarget"].get("val")
    while (cast := fields(value, "TypeCast")) is not None:
        value = cast.get("arg")
    call = fields(value, "FuncCall")
    return call is not None and names(call.get("funcname"))[-1:] == ["count"] and "over" not in call


def _order(select: Node) -> list[list[Any]]:
    found = []
    for item in select.get("sortClause", ()):
        by = item["SortBy"]
        found.append([(column(by.get("node")) or ("", ""))[1], by.get("sortby_dir") == "SORTBY_DESC"])
    return found


def _conditions(statement: Node, sources: Sources) -> list[Any]:
    return [*conditions(statement.get("whereClause"), sources.aliases), *sources.conditions]


def _record(
    kind: str, node: str, fingerprint: str, survey: Survey, sources: Sources, **extra: Any
) -> dict[str, Any]:
    own = [[schema, name] for source, schema, name, _ in sources.found if source == "table"]
    tables = [list(table) for table in dict.fromkeys(map(tuple, [*own, *survey.tables]))]
    record = {
        "kind": kind,
        "node": node,
        "fingerprint": _identity(fingerprint, tables, survey),
        "tables": tables,
        "sources": sources.found,
        "limit": "",
        "offset": False,
        "order": [],
        "conditions": [],
        "copies": "",
        "where": False,
        "counts": False,
        "exists": False,
        "into": False,
        "rows": 0,
        **survey.fields(),
        **extra,
    }
    if not record["limit"] and survey.limited:
        record["limit"] = "inner"
    return {name: _cut(value) for name, value in record.items()}


def _identity(fingerprint: str, tables: list[list[str]], survey: Survey) -> str:
    """Return what tells shapes apart.

    The parser's own fingerprint takes `=`, IN and ANY for one, and LIMIT for OFFSET, and leaves schemas out.
    """
    told = json.dumps([fingerprint, sorted(tables), sorted(survey.marks)])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _cut(value: Any) -> Any:
    """Return a value with lists and names no longer than a shape may have them."""
    if isinstance(value, str):
        return value[:LONGEST_NAME]
    return [_cut(one) for one in value[:MOST]] if isinstance(value, list) else value
