"""The conditions that must all hold, out of WHERE and of the joins, and which rows each of them fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from collectors.postgres.parsing.nodes import Node, column, constant, fields, names, row

Found = list[object]
"""The fields of a `Condition`, as JSON has them."""
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_NAMED = {
    "AEXPR_BETWEEN": "between",
    "AEXPR_NOT_BETWEEN": "not between",
    "AEXPR_LIKE": "like",
    "AEXPR_ILIKE": "ilike",
    "AEXPR_SIMILAR": "similar to",
    "AEXPR_DISTINCT": "is distinct from",
    "AEXPR_NOT_DISTINCT": "is not distinct from",
}


def conditions(quals: Node, binds: Sequence[str]) -> Iterator[Found]:
    """Yield what is joined by AND."""
    stack = [quals]
    while stack:
        term = stack.pop()
        both = fields(term, "BoolExpr")
        if both is not None and both.get("boolop") == "AND_EXPR":
            stack.extend(reversed(both.get("args", ())))
        elif term is not None:
            yield from _term(term, list(binds))


def equal(left: tuple[str, str], right: tuple[str, str], binds: Sequence[str]) -> Found:
    """Return that two columns are equal, as USING says."""
    return [*left, "=", "column", *right, list(binds)]


def _term(term: Node, binds: list[str]) -> Iterator[Found]:
    negated = fields(term, "BoolExpr")
    if negated is not None and negated.get("boolop") == "NOT_EXPR":
        term = negated["args"][0]
        if column(term) is None:
            return
    if (plain := column(term)) is not None:  # a boolean column
        yield [*plain, "=", "constant", "", "", binds]
        return
    for test in ("NullTest", "BooleanTest"):
        inside = fields(term, test)
        if inside is not None and (tested := column(inside.get("arg"))) is not None:
            yield [*tested, "is", "constant", "", "", binds]
    sublink = fields(term, "SubLink")
    if sublink is not None and (tested := column(sublink.get("testexpr"))) is not None:
        yield [*tested, "=", "other", "", "", binds]
    expression = fields(term, "A_Expr")
    if expression is not None:
        yield from _expression(expression, binds)


def _expression(expression: Node, binds: list[str]) -> Iterator[Found]:
    kind = expression.get("kind")
    operator = (names(expression.get("name")) or [""])[-1]
    left, right = expression.get("lexpr"), expression.get("rexpr")
    match kind:
        case "AEXPR_OP":
            lefts, rights = row(left), row(right)
            if len(lefts) == len(rights):
                for one, other in zip(lefts, rights, strict=True):
                    yield from _compared(one, operator, other, binds)
        case "AEXPR_IN":
            items = (fields(right, "List") or {}).get("items", ())
            plain = "single" if len(items) == 1 else "list"
            operand = plain if all(map(constant, items)) else "other"
            yield from _held(left, operator, operand, binds)
        case "AEXPR_OP_ANY":
            yield from _held(left, operator, "array" if constant(right) else "other", binds)
        case _ if kind in _NAMED:
            yield from _held(left, _NAMED[kind], "constant" if constant(right) else "other", binds)


def _held(left: Node, operator: str, operand: str, binds: list[str]) -> Iterator[Found]:
    for one in row(left):
        if (plain := column(one)) is not None:
            yield [*plain, operator, operand, "", "", binds]


def _compared(left: Node, operator: str, right: Node, binds: list[str]) -> Iterator[Found]:
    one, other = column(left), column(right)
    if one is None and other is not None:
        left, right, one, other = right, left, other, one
        operator = _TURNED.get(operator, operator)
    if one is None:
        return
    if other is not None:
        yield [*one, operator, "column", *other, binds]
    else:
        yield [*one, operator, "constant" if constant(right) else "other", "", "", binds]
