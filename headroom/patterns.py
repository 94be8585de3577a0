"""The patterns that tell classes, of routes, labels and statuses: a list of them is one regular expression.

In a route `{name}`, `<name>` and the segment `:name` stand for one or more signs without `/`. `*` stands for
anything, in routes too; `?` for one sign and `[...]` for one of several, which in a route are never a `/`.
Those of alerts know `*` only.
Matching takes no longer than the length of the text times that of the pattern, times the number of routes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache

Token = tuple[str, str]
"""A kind and its text: sign (that very sign), star, one, set (its regular expression), segment."""

_STAR, _ONE, _SEGMENT = ("star", "*"), ("one", "?"), ("segment", "")
_NAMED = re.compile(r"\{[^/{}]+\}|<[^/<>]+>|(?<=/):[A-Za-z_][A-Za-z0-9_]*(?=/|\Z)")
_SET = re.compile(r"\[(!?\]?[^\]]*)\]")
_STATUS = re.compile(r"([1-5])[xX]{2}")
_CODES = 0x100000
"""Where Unicode keeps signs for private use: here they stand for tokens that are no sign."""


def routes(patterns: Iterable[str]) -> re.Pattern[str]:
    """Return what matches a path that any of these routes describes."""
    return _any(_tokens(pattern, route=True) for pattern in patterns)


def globs(patterns: Iterable[str]) -> re.Pattern[str]:
    """Return what matches a text that any of these shell patterns describes."""
    return _any(_tokens(pattern, route=False) for pattern in patterns)


def starred(text: str, pattern: str) -> bool:
    """Tell whether a pattern of alerts describes a text: `*` is any text, and every other sign itself.

    Subjects hold brackets, as in `[::1]:6379`, and question marks: who copies one means that very one.
    """
    return _starred(pattern).match(text) is not None


@lru_cache(maxsize=1_000)
def _starred(pattern: str) -> re.Pattern[str]:
    return _any([[_STAR if sign == "*" else ("sign", sign) for sign in pattern]])


def of_status(pattern: str) -> str:
    """Return the shell pattern of a status: "2xx" is a class of them, also where a metric says just "2xx"."""
    return _STATUS.sub(r"\1[0-9xX][0-9xX]", pattern)


def unpaired(route: str) -> bool:
    """Tell whether a brace or an angle bracket stands alone, so that a name was meant and none is read."""
    return any(kind == "sign" and text in "{}<>" for kind, text in _tokens(route, route=True))


def within(narrow: str, wide: str, *, route: bool) -> bool:
    """Tell whether `wide` surely matches all that `narrow` does; False where that is not certain."""
    if any(ord(sign) >= _CODES for sign in narrow + wide):
        return False
    inner, outer = _tokens(narrow, route=route), _tokens(wide, route=route)
    codes: dict[Token, str] = {}
    for token in (_STAR, _SEGMENT, _ONE, *outer, *inner):
        if token[0] != "sign":
            codes.setdefault(token, chr(_CODES + len(codes)))
    # The narrow pattern as a text, in which a sign for private use stands for each token that is no sign.
    text = "".join(codes.get(token, token[1]) for token in inner)
    kinds = {"segment": f"[^/{codes[_STAR]}]", "one": f"[^{codes[_STAR]}]"}
    sign = f"(?![{chr(_CODES)}-{chr(sys.maxunicode)}])"
    sets = {token: f"(?:{sign}{token[1]}|{code})" for token, code in codes.items() if token[0] == "set"}
    spelled = [("set", sets[token]) if token in sets else token for token in outer]
    return re.fullmatch(_expression(spelled, kinds), text) is not None


def _any(patterns: Iterable[list[Token]]) -> re.Pattern[str]:
    kinds = {"segment": "[^/]", "one": "."}
    return re.compile("|".join(_expression(tokens, kinds) for tokens in patterns))


def _tokens(pattern: str, *, route: bool) -> list[Token]:
    return list(_read(pattern, route=route))


def _read(pattern: str, *, route: bool) -> Iterator[Token]:
    place = 0
    while place < len(pattern):
        named = _NAMED.match(pattern, place) if route else None
        some = _SET.match(pattern, place)
        if named:
            yield _SEGMENT
            place = named.end()
        elif some and some[1] not in ("", "!"):
            yield "set", _one_of(some[1], route=route)
            place = some.end()
        else:
            sign = pattern[place]
            place += 1
            if sign == "?":
                yield ("set", "[^/]") if route else _ONE
            else:
                yield _STAR if sign == "*" else ("sign", sign)


def _one_of(body: str, *, route: bool) -> str:
    """Return the regular expression of `[body]`; a range that runs backwards holds nothing."""
    out = body.startswith("!")
    rest = body[1:] if out else body
    kept = ""
    while rest:
        if len(rest) > 2 and rest[1] == "-":  # noqa: PLR2004 as "a-z"
            kept += f"{re.escape(rest[0])}-{re.escape(rest[2])}" if rest[0] <= rest[2] else ""
            rest = rest[3:]
        else:
            kept += re.escape(rest[0])
            rest = rest[1:]
    if not kept:
        return "[^/]" if out and route else "." if out else "(?!)"
    return f"{'(?!/)' if route else ''}[{'^' if out else ''}{kept}]"


def _expression(tokens: list[Token], kinds: dict[str, str]) -> str:
    """Return the regular expression, in which nothing is tried twice.

    Between two stars the first place that fits leaves the most to what follows, since a segment holds no `/`
    and a `/` only stands for itself: so what has fitted is never taken back (`(?>...)`).
    """
    pieces: list[list[Token]] = [[]]
    for token in tokens:
        if token == _STAR:
            pieces.append([])
        else:
            pieces[-1].append(token)
    first, *others = [_piece(piece, kinds) for piece in pieces]
    if not others:
        return f"(?s:{first}\\Z)"
    middle = "".join(f"(?>.*?{piece})" for piece in others[:-1] if piece)
    return f"(?s:(?>{first}){middle}.*{others[-1]}\\Z)"


def _piece(tokens: list[Token], kinds: dict[str, str]) -> str:
    runs = [""]
    for kind, text in tokens:
        if kind == "segment":
            runs.append("")
        else:
            runs[-1] += re.escape(text) if kind == "sign" else kinds.get(kind, text)
    first, *named = runs
    segment = f"{kinds['segment']}+?"
    last = segment + named.pop() if named else ""
    return first + "".join(f"(?>{segment}{run})" for run in named) + last
