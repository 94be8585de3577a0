"""What of a statement's text may be kept: no constant, no comment, and nothing of what carries secrets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from collectors.postgres.tokens import Piece, pieces
from headroom.statements import LONGEST

PLACEHOLDER = "$?"
CUT = " …"
_ENOUGH = 2 * LONGEST  # characters of words and signs, after which nothing more can be shown
_LONGEST_NAME = 128  # the server cuts names at 63 bytes

# Such statements carry passwords, connection strings, or settings that may be either; a setting that is one
# bare word is no constant.
_VERBS = frozenset({"create", "alter"})
_SECRET = frozenset({"role", "user", "group", "database", "server", "subscription", "publication", "system"})
_SECRET |= {"foreign", "function", "procedure", "routine"}
_CHANNELS = frozenset({"listen", "notify", "unlisten"})  # often called after a tenant, a user or a token
_SCOPES = frozenset({"session", "local"})


def redacted(text: str) -> str:
    """Return the text without constants, comments and what may be a secret, at most LONGEST characters.

    Needs no text that parses: from where it cannot be said for sure what is a constant, all is dropped.
    """
    found: list[str] = []
    statement: list[Piece] = []
    length = 0
    for piece in pieces(text):
        if not piece.sure or length > _ENOUGH:
            found.append(_statement(statement) + CUT)
            break
        statement.append(piece)
        length += len(piece.text) if piece.kind in {"word", "quoted", "sign"} else 1
        if piece.kind == "sign" and piece.text == ";":
            found.append(_statement(statement))
            statement = []
    else:
        found.append(_statement(statement))
    shown = " ".join(one for one in found if one).strip()
    return shown if len(shown) <= LONGEST else shown[: LONGEST - len(CUT)].rstrip() + CUT


def _statement(found: Sequence[Piece]) -> str:
    meant = [piece for piece in found if piece.kind not in {"space", "comment"}]
    kept = _kept(meant)
    if kept is None:
        return "".join(_spaced(found)).rstrip()
    return " ".join(_shown(piece) for piece in meant[:kept]) + CUT


def _kept(meant: Sequence[Piece]) -> int | None:
    """Return of how many words a statement that may carry secrets is shown; None for any other."""
    names = [piece.text.lower() if piece.kind == "word" else "" for piece in meant]
    match names:
        case [verb, "or", "replace", kind, *_] if verb in _VERBS and kind in _SECRET:
            return 4
        case [verb, kind, *_] if verb in _VERBS and kind in _SECRET:
            return 2
        case [verb, *rest] if verb in _CHANNELS or (verb == "copy" and "program" in rest):
            return 1
        case ["set", scope, *_] if scope in _SCOPES:
            return 3 + _dots(meant, 3)
        case ["set", *_]:
            return 2 + _dots(meant, 2)
    return None


def _dots(meant: Sequence[Piece], at: int) -> int:
    """Return how many pieces more a name has that goes on after dots."""
    start = at
    while at + 1 < len(meant) and meant[at].text == "." and meant[at + 1].kind in {"word", "quoted"}:
        at += 2
    return at - start


def _spaced(found: Sequence[Piece]) -> Iterator[str]:
    """Yield what is shown of each piece; any space or comment is one space."""
    blank = True
    for piece in found:
        if piece.kind in {"space", "comment"}:
            if not blank:
                yield " "
            blank = True
        else:
            yield _shown(piece)
            blank = False


def _shown(piece: Piece) -> str:
    if piece.kind in {"string", "number"}:
        return PLACEHOLDER
    text = piece.text if len(piece.text) <= _LONGEST_NAME else piece.text[:_LONGEST_NAME] + "…"
    return text if text.isprintable() else "".join(sign if sign.isprintable() else "�" for sign in text)
