"""What the body of a health endpoint says of each part: known words under plain names, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from headroom.audit.application.words import BAD, BETWEEN, CACHE, DATABASE, GOOD, OTHER, UNTOLD, WHOLE

MOST_PARTS = 30
"""Names that are kept."""
LARGEST = 64 * 1024
"""Bytes of a body that are read as health: the guide's has 150."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")
_MOST_DIGITS = 3
"""In a name: with more of them it may be a key or an identifier of somebody."""
_WORDS = GOOD | BAD | BETWEEN | UNTOLD
_BETWEEN_WORDS = re.compile(r"[\s_-]+")
_ASKED = frozenset({*DATABASE, *CACHE})
_FAULTS = frozenset({"error", "errors", "maintenance", "debug"})
"""Names whose false is good news."""
_STATES = ("status", "state", "health", "healthy", "ok", "up")
_AROUND = frozenset(
    {"info", "error", "details", "checks", "components", "dependencies", "services", "data", "result"}
)
"""Names that hold parts (Terminus, Spring, health+json, a wrapping interceptor); "error" may be empty."""
_DEEPEST = 4
_LONGEST = 40  # of a word


def said(body: bytes, quotable: Callable[[str], bool]) -> dict[str, str] | None:
    """Return what a health endpoint says of each part, in lower case; None where it says nothing.

    `quotable` tells whether a name may be shown; others, and those that are no plain names, are numbered.
    """
    if len(body) > LARGEST:
        return None
    text = body.decode(errors="replace")
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        word = _word(text)
        return {WHOLE: word} if word in _WORDS - {OTHER} else None
    found: dict[str, str] = {}
    for number, (name, word) in enumerate(_parts(parsed), 1):
        if len(found) >= MOST_PARTS:
            break
        fits = _NAME.fullmatch(name) and sum(map(str.isdigit, name)) <= _MOST_DIGITS and quotable(name)
        plain = name if fits else f"part-{number}"
        # Terminus tells a part twice; and of two that bear one name the worse must not be lost.
        found[plain] = min(found.get(plain, word), word, key=_goodness)
    return found or None


def _parts(parsed: Any, depth: int = 0) -> Iterator[tuple[str, str]]:
    if not isinstance(parsed, dict):
        if (word := _word(parsed)) and word != OTHER:
            yield WHOLE, word
        return
    for key, value in parsed.items():
        if key in _AROUND and isinstance(value, dict):
            yield from _parts(value, depth + 1) if depth < _DEEPEST else ()
        elif key in _STATES and (word := _word(value)):
            yield WHOLE, word
        elif value is False and key.lower() in _FAULTS:
            continue
        elif (word := _state(value)) or ((word := _word(value)) and word != OTHER):
            yield key, word
        elif key.lower() in _ASKED:  # what cannot be understood of them must not pass for silence
            yield key, OTHER


def _state(value: Any) -> str:
    """Return what one part says of itself; of several entries the worst."""
    if isinstance(value, list):
        words = [word for each in value[:MOST_PARTS] if (word := _state(each))]
        return min(words, key=_goodness, default="")
    if isinstance(value, dict):
        words = [word for name in _STATES if (word := _word(value.get(name)))]
        return words[0] if words else ""
    return ""


def _goodness(word: str) -> int:
    return next((rank for rank, words in enumerate((BAD, BETWEEN, UNTOLD)) if word in words), 3)


def _word(value: Any) -> str:
    """Return a known word, "other" for another one, "" for what is no word."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return ""
    word = _BETWEEN_WORDS.sub("_", value[:_LONGEST].strip().lower())
    return word if word in _WORDS else OTHER
