"""What receivers say, without the secrets of the channel: many of them answer with what they were asked."""

from __future__ import annotations

import base64
import html
import json
import re
from binascii import Error as NoBase64
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

_SHORTEST = 6  # characters of a part that is hidden; parts of passwords may be shorter:
_SHORTEST_PASSWORD = 3
_LONG, _LONG_WORD = 8, 16  # shorter ones only as words of their own: "auth" not in "unauthorized"
_ENDS, _LONG_ENOUGH = 8, 12  # so many characters at an end of a secret so long give it away as well
_WAYS_IN = frozenset({"bearer", "basic", "digest", "token", "apikey", "negotiate"})
_HIDDEN = "…"


def without(secrets: Iterable[str], text: str) -> str:
    """Return a text in which none of the secrets stands: not whole, not encoded, not as its beginning or end.

    Args:
        secrets: as `in_address`, `in_header` and `in_password` give them.
        text: what a receiver said, as long as it is: what was cut may end in half a secret.
    """
    plain, encoded = _forms(tuple(secrets))
    for piece in (*plain, *encoded):
        edge = r"\b" if _may_be_a_word(piece) else ""
        text = re.sub(f"{edge}{re.escape(piece)}{edge}", _HIDDEN, text, flags=re.IGNORECASE)
    for piece in plain:
        if len(piece) >= _LONG_ENOUGH and not _may_be_a_word(piece) and not set(piece) & set("/ &"):
            text = _without_beginning(piece, text)
            text = _without_beginning(piece[::-1], text[::-1])[::-1]
    return text


def in_address(url: str, *, host: bool = False) -> tuple[str, ...]:
    """Return what is secret in an address: the parts of all but its scheme and host, whole and in pieces.

    Args:
        url: as it is asked for.
        host: whether what stands in the place of the host is a secret too, as in tgram://token/chat.
    """
    if host:
        rest = url.partition("://")[2] or url
        return tuple(_pieces(rest, _SHORTEST_PASSWORD))
    try:
        parts = urlsplit(url)
    except ValueError:
        return tuple(_pieces(url, _SHORTEST))
    login = parts.netloc.rpartition("@")[0]
    found = [*_pieces(f"{parts.path} {parts.query} {parts.fragment}", _SHORTEST)]
    found += [each for each in (parts.path.strip("/"), parts.query) if len(each) >= _SHORTEST]
    if login:
        found += _pieces(login, _SHORTEST_PASSWORD)
        found.append(base64.b64encode(unquote(login).encode()).decode())
    return tuple(found)


def in_header(value: str) -> tuple[str, ...]:
    """Return what is secret in the value of a header: all of it, and its parts, as that behind Bearer."""
    found = [value.strip(), *_pieces(value, _SHORTEST)]
    for word in value.split():
        try:
            login = base64.b64decode(word, validate=True).decode()
        except (NoBase64, ValueError):
            continue
        found += [login, *_pieces(login, _SHORTEST)]
    return tuple(each for each in found if len(each) >= _SHORTEST and each.lower() not in _WAYS_IN)


def in_password(password: str, user: str = "") -> tuple[str, ...]:
    """Return a password, and what of it and its user goes over the line when somebody logs in."""
    if len(password) < _SHORTEST_PASSWORD:
        return ()
    told = (password, f"\0{user}\0{password}", f"{user}:{password}")
    return (password, *(base64.b64encode(each.encode()).decode() for each in told))


def _may_be_a_word(piece: str) -> bool:
    return (piece.isalnum() and len(piece) < _LONG) or (piece.isalpha() and len(piece) < _LONG_WORD)


def _pieces(text: str, shortest: int) -> Iterator[str]:
    for piece in re.split(r"[\s/:@?&=,;#\"']", text):
        if len(piece) >= shortest:
            yield piece


@lru_cache(maxsize=256)
def _forms(secrets: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return secrets as they are, and in the forms in which a receiver may say them; the longest first."""
    plain = {form for each in secrets for form in (each, unquote(each)) if form}
    encoded = set()
    for each in plain:
        encoded |= {quote(each), quote(each, safe=""), html.escape(each), json.dumps(each)[1:-1]}
    return _longest_first(plain), _longest_first(encoded - plain)


def _longest_first(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(texts, key=lambda each: (-len(each), each)))


def _without_beginning(secret: str, text: str) -> str:
    """Return a text without any beginning of a secret that is long enough to be known for it."""
    lower, wanted, at = text.lower(), secret.lower(), 0
    if len(lower) != len(text) or len(wanted) != len(secret):  # some letters grow when they become small
        lower, wanted = text, secret
    kept: list[str] = []
    while (found := lower.find(wanted[:_ENDS], at)) >= 0:
        end = found + _ENDS
        while end < len(text) and end - found < len(wanted) and lower[end] == wanted[end - found]:
            end += 1
        kept += [text[at:found], _HIDDEN]
        at = end
    return "".join([*kept, text[at:]])
