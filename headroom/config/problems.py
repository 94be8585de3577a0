"""What is wrong with a budgets.yaml: file, line, key, what was found, what is allowed.

No problem ever holds a value that came from the environment, from a referenced file, or from behind a "://".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

Key = tuple[str | int, ...]
"""Where a value stands in the file: ("budgets", 3, "limits", 0, "max")."""

_LONGEST = 60
_PRINTED = 50


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that must be changed in the file.

    Attributes:
        line: counted from 1; None where the file as a whole is meant.
        key: "budgets[3].limits[0].max"; empty where the file as a whole is meant.
        hint: the nearest spelling that is allowed; empty where none is near.
    """

    line: int | None
    key: str
    found: str
    allowed: str
    hint: str = ""

    def __str__(self) -> str:
        where = f" {self.key}:" if self.key else ""
        hint = f'; did you mean "{self.hint}"?' if self.hint else ""
        return f"{where} found {self.found}; allowed: {self.allowed}{hint}"


class ConfigError(Exception):
    """A configuration that cannot be used.

    Attributes:
        path: the file as the caller named it.
        problems: all of them, in the order of the file.
    """

    def __init__(self, path: Path, problems: Iterable[Problem]) -> None:
        self.path = path
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__(self.path, self.problems)

    def __str__(self) -> str:
        lines = [
            f"{self.path}:{'' if problem.line is None else f'{problem.line}:'}{problem}"
            for problem in self.problems[:_PRINTED]
        ]
        more = len(self.problems) - _PRINTED
        return "\n".join(lines + ([f"{self.path}: and {more} more"] if more > 0 else []))


class UnreadableError(Exception):
    """A file of which nothing can be used."""

    def __init__(self, line: int | None, found: str, allowed: str, key: Key = ()) -> None:
        super().__init__(found)
        self.problem = Problem(line, spelled(key), found, allowed)


def quoted(text: str) -> str:
    """Return a text of the file in quotes: one line, bounded, harmless to terminals, no URL past ://."""
    head, scheme, hidden = text.partition("://")
    kept = head + scheme + ("…" if hidden else "")
    if len(kept) > _LONGEST:
        kept = kept[:_LONGEST] + "…"
    return '"' + "".join(_harmless(letter) for letter in kept) + '"'


def _harmless(letter: str) -> str:
    if letter in '"\\':
        return "\\" + letter
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode()


def closest(found: object, allowed: Iterable[str]) -> str:
    """Return the allowed word that was most probably meant; empty where none is near."""
    words = {word.lower(): word for word in allowed}
    near = get_close_matches(str(found)[:_LONGEST].lower(), words, n=1, cutoff=0.6)
    return words[near[0]] if near else ""


def one_of(words: Iterable[str]) -> str:
    """Return the allowed words as a list for people."""
    return ", ".join(words)


def spelled(key: Key) -> str:
    """Return a key as people write it: "budgets[3].limits[0].max"."""
    text = ""
    for part in key:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"[\w$-]{1,60}", part):
            text += f".{part}" if text else part
        else:
            text += f"[{quoted(part)}]"
    return text
