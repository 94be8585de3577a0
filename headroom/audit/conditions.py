"""What statements ask of a column, read from their normalised texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto

_TOKEN = re.compile(
    r"""(?P<skip>\s+|--[^\n]*|/\*.*?\*/)|(?P<name>"(?:[^"]|"")+"|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)"""
    r"""|(?P<value>\$\d+|\?|'(?:[^']|'')*'|\d[\w.]*)|(?P<sign><>|!=|<=|>=|::|[^\s])""",
    re.DOTALL,
)
_BEFORE_A_TABLE = frozenset({"from", "join", "update", "only", "using"})
_NO_ALIAS = frozenset({
    "where", "on", "set", "join", "inner", "left", "right", "full", "cross", "natural", "order", "group",
    "having", "limit", "offset", "fetch", "for", "union", "intersect", "except", "using", "returning",
    "window", "values", "default", "select", "lateral", "tablesample", "as",
})  # fmt: skip
_COMPARED = frozenset({"=", "<", ">", "<=", ">=", "in", "between"})
_CONSTANTS = frozenset({"true", "false", "null"})


class Asked(Enum):
    """What a statement asks of a column of type boolean."""

    FALSE = auto()  # in words that an index WHERE column = false can be used for
    BOUND = auto()  # = $1: a constant or a parameter, which a normalised text does not tell apart
    OTHER = auto()  # in words that such an index cannot be used for, such as IS FALSE
    NOTHING = auto()


def compares(text: str, table: str, column: str) -> bool:
    """Tell whether a statement on a table compares a column of it with something in a condition."""
    return any(after in _COMPARED for _, after, _ in _mentions(_tokens(text), table, column))


def asked(text: str, table: str, column: str) -> Asked:
    """Return what a statement on a table asks of a boolean column of it in its conditions."""
    found = {_meant(before, after, value) for before, after, value in _mentions(_tokens(text), table, column)}
    return next((one for one in Asked if one in found), Asked.NOTHING)


def _meant(before: str, after: str, value: str) -> Asked:
    if before == "not":
        return Asked.FALSE if after not in {"is", "=", "<>", "!="} else Asked.OTHER
    if after in {"=", "<>", "!="}:
        if value in _CONSTANTS:
            return Asked.FALSE if (after == "=") == (value == "false") and value != "null" else Asked.OTHER
        return Asked.BOUND if value.startswith(("$", "?", "'", ":")) else Asked.OTHER
    return Asked.OTHER


def _mentions(tokens: list[str], table: str, column: str) -> Iterator[tuple[str, str, str]]:
    """Yield the words before and behind each place where a condition names the column, and the next."""
    known = _names(tokens, table)
    if not known:
        return
    begin = next((place for place, one in enumerate(tokens) if one in {"where", "on"}), len(tokens))
    padded = [*tokens, "", "", ""]
    for place in range(begin, len(tokens)):
        if tokens[place] != column:
            continue
        start = place
        if tokens[place - 1] == ".":
            if tokens[place - 2] not in known:
                continue
            start = place - 2
        if padded[place + 1] != ".":
            yield tokens[start - 1], padded[place + 1], padded[place + 2]


def _names(tokens: list[str], table: str) -> frozenset[str]:
    """Return the names under which a statement speaks of a table; none where it does not."""
    found = set()
    padded = [*tokens, "", "", ""]
    for place, one in enumerate(tokens):
        if one != table or not place:
            continue
        before = tokens[place - 3] if tokens[place - 1] == "." and place > 2 else tokens[place - 1]  # noqa: PLR2004
        if before not in _BEFORE_A_TABLE and before != ",":
            continue
        alias = padded[place + 2] if padded[place + 1] == "as" else padded[place + 1]
        if before == "," and "from" not in tokens[:place]:
            continue
        found |= {table}
        if alias and alias not in _NO_ALIAS and (alias[0].isalpha() or alias[0] in '_"'):
            found.add(alias)
    return frozenset(found)


def _tokens(text: str) -> list[str]:
    """Return names in lower case unless they are quoted, and everything else as it stands."""
    found = []
    for match in _TOKEN.finditer(text):
        word = match[0]
        if match["skip"] is not None:
            continue
        if match["name"] is not None:
            word = word[1:-1].replace('""', '"') if word.startswith('"') else word.lower()
        found.append(word)
    return found
