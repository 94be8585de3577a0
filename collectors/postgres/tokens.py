"""Words of SQL: a tokenizer that never fails, for texts cut anywhere and of any origin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
      (?P<space>\s+|--[^\n]*)
    | (?P<comment>/\*)
    | (?P<string>[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z) | (?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?:'|\Z))
    | (?P<dollar>\$(?:[^\W\d]\w*)?\$)
    | (?P<quoted>(?:[uU]&)?"(?:[^"]|"")*(?:"|\Z))
    | (?P<parameter>\$\d+|\?)
    | (?P<number>\d[\w.]*|\.\d[\w.]*)
    | (?P<word>[^\W\d][\w$]*)
    | (?P<sign>::|[<>=!~]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_END = re.compile(r"/\*|\*/")


@dataclass(frozen=True, slots=True)
class Token:
    """One word or sign.

    Attributes:
        text: lower case, except for quoted names, which come without their quotes; "?" for any constant.
        kind: "word", "quoted", "constant" or "sign".
        depth: how many parentheses are open around it; a parenthesis counts as outside itself.
    """

    text: str
    kind: str
    depth: int


def tokens(text: str) -> list[Token]:
    """Return the words of a statement, without comments and space, and with every constant as "?"."""
    found, depth = [], 0
    for kind, word in _raw(text):
        if word == ")" and kind == "sign":
            depth = max(0, depth - 1)
        found.append(Token(word, kind, depth))
        if word == "(" and kind == "sign":
            depth += 1
    return found


def _raw(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        assert match is not None  # any character is a sign
        at = match.end()
        word = match.group()
        match match.lastgroup:
            case "space":
                pass
            case "comment":
                at = _after_comment(text, at)
            case "dollar":
                end = text.find(word, at)
                at = len(text) if end < 0 else end + len(word)
                yield "constant", "?"
            case "string" | "number" | "parameter":
                yield "constant", "?"
            case "quoted":
                yield "quoted", word.strip('"').replace('""', '"')
            case kind:
                assert kind is not None
                yield kind, word.lower()


def _after_comment(text: str, at: int) -> int:
    """Return where a comment ends; comments nest."""
    open_comments = 1
    for match in _COMMENT_END.finditer(text, at):
        open_comments += 1 if match.group() == "/*" else -1
        if not open_comments:
            return match.end()
    return len(text)


def normalised(words: Sequence[Token]) -> str:
    """Return the words with one space between them, and lists of constants as one.

    `IN ($1, $2)` and `IN ($1, $2, $3)` are one shape, although PostgreSQL before 18 counts them apart.
    """
    text = " ".join(f'"{word.text}"' if word.kind == "quoted" else word.text for word in words)
    return _LIST.sub("in (?)", text)


_LIST = re.compile(r"\bin \( \?(?: , \?)+ \)")
