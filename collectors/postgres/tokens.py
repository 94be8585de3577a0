"""Words of SQL: a tokenizer that never fails, for texts cut anywhere and of any origin.

It cuts as the server's own scanner does, to the character: where the two disagreed on where a string ends,
what is inside it would be taken for words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# Of the scanner, any character outside ASCII is part of a name, a no-break space as well as a letter.
_PIECE = re.compile(
    r"""
      (?P<space>[ \t\n\r\f\v]+)
    | (?P<comment>--[^\n\r]*|/\*)
    | (?P<escaped>[eE]'(?:[^'\\]|\\.|'')*(?P<end_of_escaped>'|\Z))
    | (?P<string>(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?P<end_of_string>'|\Z))
    | (?P<dollar>\$(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*)?\$)
    | (?P<quoted>(?:[uU]&)?"(?:[^"]|"")*(?P<end_of_quoted>"|\Z))
    | (?P<parameter>\$[0-9]+|\?)
    | (?P<number>[0-9][A-Za-z0-9_.]*|\.[0-9][A-Za-z0-9_.]*)
    | (?P<word>[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*)
    | (?P<sign>::|[<>=!~]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_END = re.compile(r"/\*|\*/")


class Piece(NamedTuple):
    """A stretch of a text.

    Attributes:
        kind: "space", "comment", "string", "quoted", "parameter", "number", "word" or "sign".
        text: as it stands there.
        sure: False for what never ends, and for a string with a backslash, which ends elsewhere where
            standard_conforming_strings is off: of what follows, nobody can say what is inside a string.
    """

    kind: str
    text: str
    sure: bool = True


def pieces(text: str) -> Iterator[Piece]:
    """Yield all of a text, piece by piece."""
    at = 0
    while at < len(text):
        match = _PIECE.match(text, at)
        assert match is not None  # any character is a sign
        kind, start, at = match.lastgroup, at, match.end()
        word = match.group()
        sure = True
        match kind:
            case "comment" if word == "/*":
                at, sure = _after_comment(text, at)
            case "dollar":
                kind = "string"
                end = text.find(word, at)
                at, sure = (len(text), False) if end < 0 else (end + len(word), True)
            case "escaped":
                kind, sure = "string", bool(match.group("end_of_escaped"))
            case "string":
                sure = bool(match.group("end_of_string")) and "\\" not in word
            case "quoted":
                sure = bool(match.group("end_of_quoted"))
        assert kind is not None  # every alternative has a name
        yield Piece(kind, text[start:at], sure)


def _after_comment(text: str, at: int) -> tuple[int, bool]:
    """Return where a comment ends, and whether it does; comments nest."""
    open_comments = 1
    for match in _COMMENT_END.finditer(text, at):
        open_comments += 1 if match.group() == "/*" else -1
        if not open_comments:
            return match.end(), True
    return len(text), False


def words(text: str) -> Iterator[str]:
    """Yield words and signs without comments and space: lower case but for quoted names, constants as "?"."""
    for piece in pieces(text):
        match piece.kind:
            case "space" | "comment":
                pass
            case "string" | "number" | "parameter":
                yield "?"
            case "quoted":
                yield piece.text
            case _:
                yield piece.text.lower()


def normalised(text: str) -> str:
    """Return the words with one space between them, and lists and rows of constants as one.

    `IN ($1, $2)` and `IN ($1, $2, $3)` are one shape, although PostgreSQL before 18 counts them apart.
    """
    return _ROWS.sub("( ? )", _LIST.sub("( ?", " ".join(words(text))))


_LIST = re.compile(r"\( \?(?: , \?)+")
_ROWS = re.compile(r"\( \? \)(?: , \( \? \))+")
