"""`${NAME}` and `${file:PATH}` inside the file's texts, replaced by what they stand for.

What is put in is never searched for further references and never shown: messages quote the file as written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headroom.config.problems import Key, UnreadableError
from headroom.config.reading import text_of

MAX_SECRET_BYTES = 64 * 1024
FORM = "${NAME}, ${file:PATH}, or $${ for a plain ${"

_REFERENCE = re.compile(r"\$(?P<escape>\$\{)|\$\{(?P<inside>[^{}]*)\}|(?P<open>\$\{)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WHOLE_NAME = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class UnknownReferenceError(Exception):
    """A reference that stands for nothing."""

    def __init__(self, wrong: str, allowed: str) -> None:
        super().__init__(wrong)
        self.wrong = wrong
        self.allowed = allowed


@dataclass(slots=True)
class Interpolation:
    """Replaces the references of one file.

    Attributes:
        folder: what relative paths start from.
        wrong: for each key whose text could not be made: what is wrong, and what is allowed.
        unset: urls of sources and of the application that are one unset `${NAME}`, with the name: not
            configured, which is no problem.
    """

    env: Mapping[str, str]
    folder: Path
    wrong: dict[Key, tuple[str, str]] = field(default_factory=dict)
    unset: dict[Key, str] = field(default_factory=dict)

    def filled(self, value: Any, key: Key = ()) -> Any:
        """Return a copy of the value with its references replaced; where that fails the text stays."""
        if isinstance(value, dict):
            return {name: self.filled(inner, (*key, name)) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.filled(inner, (*key, index)) for index, inner in enumerate(value)]
        if not isinstance(value, str) or "${" not in value:
            return value
        whole = _WHOLE_NAME.fullmatch(value)
        if whole and _may_be_unset(key) and not self.env.get(whole[1]):
            self.unset[key] = whole[1]
            return value
        try:
            return _REFERENCE.sub(self._meant, value)
        except UnknownReferenceError as error:
            self.wrong[key] = (error.wrong, error.allowed)
            return value

    def _meant(self, match: re.Match[str]) -> str:
        if match["escape"]:
            return "${"
        inside = match["inside"]
        if inside is None:
            raise UnknownReferenceError("which has a ${ without its }", FORM)
        if inside.startswith("file:"):
            return self._file(inside.removeprefix("file:"))
        if not _NAME.fullmatch(inside):
            raise UnknownReferenceError("which is no reference to a variable or file", FORM)
        value = self.env.get(inside)
        if not value:
            state = "empty" if inside in self.env else "not set"
            raise UnknownReferenceError(
                f"but {inside} is {state}", "names of environment variables that are set"
            )
        return value

    def _file(self, name: str) -> str:
        try:
            text = text_of(self.folder / name, MAX_SECRET_BYTES).strip()
        except UnreadableError as error:
            raise UnknownReferenceError(
                f"but the file is {error.problem.found}", "a readable file of at most 64 KiB of text"
            ) from None
        if not text:
            raise UnknownReferenceError("but the file is empty", "a file with a text in it")
        return text


def _may_be_unset(key: Key) -> bool:
    return key == ("application", "url") or _is_source_url(key)


def _is_source_url(key: Key) -> bool:
    return len(key) == 3 and key[0] == "sources" and key[2] == "url"  # noqa: PLR2004 sources, name, url
