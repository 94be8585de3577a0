"""A statement on several lines, for reading: only white space changes, and none inside of quotes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dashboard.foreign import visible

_PIECE = re.compile(
    r"""(?P<kept>'(?:[^']|'')*'?|"(?:[^"]|"")*"?|\$(?P<tag>[A-Za-z_]*)\$.*?(?:\$(?P=tag)\$|$)|/\*.*?(?:\*/|$))
    |(?P<open>\()|(?P<close>\))
    |(?P<clause>\b(?:(?:LEFT|RIGHT|FULL|INNER|CROSS|NATURAL)\s+(?:OUTER\s+)?JOIN|JOIN|FROM|WHERE|GROUP\s+BY|HAVING
        |WINDOW|ORDER\s+BY|LIMIT|OFFSET|FETCH\s+FIRST|UNION(?:\s+ALL)?|INTERSECT|EXCEPT|SET|VALUES|RETURNING
        |ON\s+CONFLICT)\b)
    |(?P<and>\b(?:AND|OR)\b)
    |(?P<space>\s+)""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)

_SAME_CLAUSE = re.compile(r"\b(?:DELETE|DISTINCT)\s+$", re.IGNORECASE)
_BETWEEN = re.compile(r"\bBETWEEN\b", re.IGNORECASE)


def laid_out(text: str) -> str:
    """Return a statement with a line for each clause outside of parentheses."""
    text = visible(text.strip())
    if "\n" in text or "--" in text:  # it has lines of its own, which a comment may need
        return text
    return re.sub(r" +\n", "\n", "".join(_pieces(text)))


def _pieces(text: str) -> Iterator[str]:
    depth, at, between = 0, 0, False
    for found in _PIECE.finditer(text):
        plain = text[at : found.start()]
        yield plain
        kind, at = found.lastgroup, found.end()
        depth = max(0, depth + (kind == "open") - (kind == "close"))
        between = between or bool(_BETWEEN.search(plain))
        one_clause = found.start() == 0 or _SAME_CLAUSE.search(
            text[max(0, found.start() - 20) : found.start()]
        )
        if kind == "clause" and not depth and not one_clause:
            yield f"\n{found.group()}"
        elif kind == "and" and not depth and not between:
            yield f"\n  {found.group()}"
        else:
            yield found.group()
        between = between and kind != "and"
    yield text[at:]
