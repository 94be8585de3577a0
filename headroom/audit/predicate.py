"""What the predicate of a partial index means, however it is written."""

from __future__ import annotations

import re

FALSE, TRUE, NOT_NULL = "= false", "= true", "IS NOT NULL"

_NAME = r'("(?:[^"]|"")+"|[a-z_][\w$]*)'
_COMPARED = re.compile(rf"{_NAME} (=|<>) (true|false)")
_TURNED = re.compile(rf"(true|false) (=|<>) {_NAME}")
_TESTED = re.compile(rf"{_NAME} (IS (?:NOT )?(?:TRUE|FALSE|NULL|UNKNOWN))")
_BARE = re.compile(_NAME)
_CAST = re.compile(rf"\({_NAME}\)::boolean\b")  # so the server prints a column whose type is a domain over it
# The server prints strings without E'': what it doubles is doubled in every form.
_CONSTANT = re.compile(
    r"""(?P<name>"(?:[^"]|"")*"|[^\W\d][\w$]*(?!['\w$]))|[A-Za-z]*'(?:[^']|'')*'?|\.?\d[\w.]*(?:(?<=[eE])[+-]\d+)?"""
)
_OPPOSITE = {TRUE: FALSE, FALSE: TRUE}


def meaning(text: str) -> tuple[str, str] | None:
    """Return the column and what is asked of it: "= false", "= true", "IS NOT NULL", "IS FALSE", ...

    `x = false`, `NOT x` and `x <> true` are one to the planner. `x IS FALSE` is another: no PostgreSQL from
    13 to 18 uses an index with that predicate for a statement that says `x = false`, nor the other way round.
    None for anything else, such as two conditions.
    """
    text = _unwrapped(_CAST.sub(r"\1", " ".join(text.split())))
    if text.upper().startswith("NOT "):
        inner = meaning(text[4:])
        return (inner[0], _OPPOSITE[inner[1]]) if inner is not None and inner[1] in _OPPOSITE else None
    if found := _COMPARED.fullmatch(text):
        return _name(found[1]), _boolean(found[2], found[3])
    if found := _TURNED.fullmatch(text):
        return _name(found[3]), _boolean(found[2], found[1])
    if found := _TESTED.fullmatch(text):
        return _name(found[1]), found[2]
    if found := _BARE.fullmatch(text):
        return _name(found[1]), TRUE
    return None


def without_constants(text: str) -> str:
    """Return a predicate or expression with "…" for each string and number, which may be anybody's data.

    `true`, `false` and NULL stay, and so do names; the guide's own predicates have nothing else.
    """
    return _CONSTANT.sub(lambda found: found[0] if found["name"] else "…", text)


def _unwrapped(text: str) -> str:
    while text.startswith("(") and text.endswith(")") and _closes(text) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def _closes(text: str) -> int:
    """Return where the parenthesis at the start is closed; -1 where it is not."""
    depth, inside = 0, ""
    for place, sign in enumerate(text):
        if inside:
            inside = "" if sign == inside else inside
        elif sign in "\"'":
            inside = sign
        elif sign in "()":
            depth += 1 if sign == "(" else -1
            if depth == 0:
                return place
    return -1


def _boolean(operator: str, value: str) -> str:
    return TRUE if (operator == "=") == (value == "true") else FALSE


def _name(text: str) -> str:
    return text[1:-1].replace('""', '"') if text.startswith('"') else text
