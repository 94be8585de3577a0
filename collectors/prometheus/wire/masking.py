"""What a server repeats of our credentials, however it spells them: words that do so are not shown at all.

Cutting the secret out would not do: a server escapes, quotes or shortens what it was sent as it likes.
"""

from __future__ import annotations

import html
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from urllib.parse import unquote

from collectors.prometheus.words import LONGEST, printable
from headroom.sources import Access

LEFT_OUT = "(its words repeat our login and are left out)"
PIECE = 6
"""As many signs of a secret in a row give it away; shorter secrets count as whole words only."""
_SHORTEST_HEADER = 4
"""Headers also hold numbers of tenants and switches: hiding each sentence with a 1 in it protects nothing."""
_MOST_FORMS = 64
"""Words that can be read in more ways than this were made to deceive."""
_DEEPEST = 3
"""How often one spelling is looked for inside another."""
_SCHEME = re.compile(r"(?i)(basic|bearer|token|apikey|digest)\s+")
_ESCAPE = re.compile(
    r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|([0-7]{3})|(.))",
    re.DOTALL,
)
_URL_SAFE = str.maketrans("+/", "-_")
"""From one alphabet of base64 to the other."""
_BLANKS = dict.fromkeys("nrtabfv", " ")


class Mask:
    """Knows what one server was sent to log in, and whether words of it repeat a piece of that."""

    def __init__(self, access: Access, sent: Mapping[str, bytes]) -> None:
        self._access = access
        self._sent = dict(sent)

    def quotable(self, words: str, longest: int = LONGEST) -> str:
        """Return a server's words, at most `longest` signs; `LEFT_OUT` where they repeat a secret."""
        if self._sent and self._repeats(words[: max(longest, LONGEST) * 8]):  # no more than that is printed
            return LEFT_OUT
        return printable(words, longest)

    def _repeats(self, words: str) -> bool:
        pieces, whole, alone = self._known
        forms = _forms(words)
        if forms is None:
            return True
        for form in forms:
            bare = _bare(form)
            if any(bare[at : at + PIECE] in pieces for at in range(len(bare) - PIECE + 1)):
                return True
            if any(secret in bare for secret in whole) or any(pattern.search(form) for pattern in alone):
                return True
        return False

    @cached_property
    def _known(self) -> tuple[frozenset[str], frozenset[str], tuple[re.Pattern[str], ...]]:
        """Pieces, what has fewer signs once its blanks are dropped, and short secrets as whole words."""
        pieces, whole, short = set[str](), set[str](), set[str]()
        for secret in self._secrets():
            bare = _bare(secret)
            if len(bare) >= PIECE:
                pieces.update(bare[at : at + PIECE] for at in range(len(bare) - PIECE + 1))
            elif len(secret) >= PIECE:
                whole.add(bare)
            else:
                short.add(secret.strip())
        alone = (re.compile(rf"(?i)(?<!\w){re.escape(word)}(?!\w)") for word in sorted(short - {""}))
        return frozenset(pieces), frozenset(whole - {""}), tuple(alone)

    def _secrets(self) -> Iterator[str]:
        """Yield all spellings of all secrets that cannot be undone in the server's words."""
        own = {name.lower() for name in self._access.headers}
        for name, value in self._sent.items():
            kept = _SCHEME.sub("", value.decode(errors="surrogateescape"), count=1)
            if name.lower() not in own or len(kept) >= _SHORTEST_HEADER:
                yield from _spelled(kept)
                yield kept.translate(_URL_SAFE)
        if self._access.password is not None:
            yield from _spelled(self._access.password.reveal())


def _spelled(secret: str) -> Iterator[str]:
    raw = secret.encode(errors="surrogateescape")
    yield secret
    yield raw.decode("latin-1")  # as servers read bytes that they take for another encoding
    yield raw.decode(errors="replace")
    if len(raw) >= PIECE:
        yield raw.hex()
        yield b64encode(raw).decode().rstrip("=")
        yield urlsafe_b64encode(raw).decode().rstrip("=")


def _forms(words: str) -> set[str] | None:
    """Return the words as they are, and with all that could be an escape undone; None for too many."""
    forms = {words}
    newest = forms
    for _ in range(_DEEPEST):
        newest = {undo(form) for form in newest for undo in _UNDOING} - forms
        forms = forms | newest
        if len(forms) > _MOST_FORMS:
            return None
    return forms


def _bare(text: str) -> str:
    """Return a text without what may be doubled or added on the way: blanks, control signs, backslashes."""
    return "".join(
        [sign for sign in text if sign.isprintable() and not sign.isspace() and sign != "\\"]
    ).casefold()


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    single = _ESCAPE.sub(_sign, text)
    return single.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")  # joins pairs


def _sign(found: re.Match[str]) -> str:
    *coded, octal, plain = found.groups()
    if plain is not None:
        return _BLANKS.get(plain, plain)
    number = int(octal, 8) if octal is not None else int(next(code for code in coded if code), 16)
    return chr(number) if number <= 0x10FFFF else " "  # noqa: PLR2004 the last code point


_UNDOING: tuple[Callable[[str], str], ...] = (
    _unescaped,
    unquote,
    lambda text: unquote(text, "latin-1"),
    lambda text: text.replace("+", " "),
    html.unescape,
)
