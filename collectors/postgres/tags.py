"""The tags that applications put into comments: `/* key='value',… */` and `/* key:value,… */`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import unquote

from collectors.postgres.tokens import pieces

_MOST = 20
_LONGEST = 200
_LONGEST_COMMENT = 4_000
_NAME = r"(?P<name>[A-Za-z_][A-Za-z0-9_.%-]{0,63})"
# sqlcommenter percent-encodes what is inside the quotes; marginalia ends a value at the comma.
_TAG = re.compile(
    rf"\s*{_NAME}\s*(?:=\s*'(?P<quoted>(?:[^'\\]|\\.)*)'|[:=]\s*(?P<plain>[^,'\s*][^,'*]*?))\s*(?:,|\Z)"
)


def tags(text: str) -> Mapping[str, str]:
    """Return the tags in a statement's comments; the first of a name counts.

    A comment that is anything else than tags from its beginning on gives those before the rest.
    """
    found: dict[str, str] = {}
    if "/*" not in text and "--" not in text:
        return MappingProxyType(found)
    for piece in pieces(text):
        if not piece.sure:
            break
        if piece.kind == "comment" and len(piece.text) <= _LONGEST_COMMENT:
            _read(piece.text, found)
    return MappingProxyType(found)


def _read(comment: str, found: dict[str, str]) -> None:
    inside = comment[2:-2] if comment.startswith("/*") else comment[2:]
    at = 0
    while len(found) < _MOST and (match := _TAG.match(inside, at)) is not None:
        quoted = match.group("quoted")
        value = match.group("plain") if quoted is None else unquote(quoted.replace("\\'", "'"))
        found.setdefault(unquote(match.group("name")), value.strip()[:_LONGEST])
        at = match.end()
