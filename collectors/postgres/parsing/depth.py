"""How deeply a text is nested, found before the parser goes down there. Pure."""

from __future__ import annotations

import re

MOST_NESTED = 150
MOST_CHAINED = 400

_STEP = re.compile(
    r"""
      '(?:[^']|'')*'
    | (?P<open>[\[({]|\bcase\b)
    | (?P<close>[\])}]|\bend\b)
    | (?P<next>,|\band\b|\bor\b|\bwhere\b|\bfrom\b)
    | (?P<chain>::|\|\||[-+*/%^~\#&]|\b(?:not|union|except|intersect|join|is)\b)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_OPENING = ("(", "[", "{", "case")
_LEANING = (*":|-+*/%^~#&", "not", "union", "except", "intersect", "join", "is")


def too_deep(text: str) -> str | None:
    """Return why a text must not be parsed; None where it may.

    A rough count: brackets and CASE inside each other, and operators that lean on the one before. AND and OR
    make one flat list, and are not counted.
    """
    lower = text.lower()
    if sum(map(lower.count, _OPENING)) <= MOST_NESTED and sum(map(lower.count, _LEANING)) <= MOST_CHAINED:
        return None  # as nearly all texts, told at a tenth of the cost
    chains = [0]
    deepest = longest = 0
    for match in _STEP.finditer(text):
        match match.lastgroup:
            case "open":
                chains.append(0)
                deepest = max(deepest, len(chains) - 1)
            case "close" if len(chains) > 1:
                chains.pop()
            case "next":
                chains[-1] = 0
            case "chain":
                chains[-1] += 1
                longest = max(longest, chains[-1])
    if deepest > MOST_NESTED:
        return f"is nested {deepest:,} deep, and more than {MOST_NESTED} are not looked at"
    if longest > MOST_CHAINED:
        return f"chains {longest:,} operators, and more than {MOST_CHAINED} are not looked at"
    return None
