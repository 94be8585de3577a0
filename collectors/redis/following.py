"""Answers to INFO that follow each other: a line that is what it was at the last poll is not read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import compress
from operator import ne

from collectors.redis import info
from collectors.redis.info import Replica

_MOST = 2048  # lines that are kept; INFO of everything has three hundred


@dataclass(frozen=True, slots=True)
class Standing:
    """What an answer tells in words, and of errors and replicas; see the functions of `info`."""

    run: str
    version: str
    several: bool
    product: str
    policy: str
    words: Mapping[str, str]
    errors: Mapping[str, int]
    replicas: tuple[Replica, ...]

    @classmethod
    def of(cls, found: Mapping[bytes, bytes]) -> Standing:
        """Return what these fields tell."""
        return cls(
            run=info.word(found, b"run_id"),
            version=info.version(found),
            several=info.takes_several(found),
            product=info.product(found),
            policy=info.word(found, b"maxmemory_policy"),
            words=info.words(found),
            errors=info.errors(found),
            replicas=info.replicas(found),
        )


class Following:
    """Gives of each answer what `info.fields` gives of it; most lines say what they said before."""

    def __init__(self) -> None:
        self._standing: Standing | None = None
        self._lines: list[bytes] = []
        self._found: dict[bytes, bytes] = {}

    def fields(self, text: bytes) -> dict[bytes, bytes]:
        """Return the wanted fields of an answer; the first of a name counts."""
        lines = text.split(b"\n")
        found = self._changed(lines)
        if found is None:
            found = info.fields(text)
            self._standing = None
            self._lines = lines if len(lines) <= _MOST and _each_once(lines, found) else []
        else:
            self._lines = lines
        self._found = found
        return found

    def standing(self) -> Standing:
        """Return how things stand in the latest answer."""
        if self._standing is None:
            self._standing = Standing.of(self._found)
        return self._standing

    def _changed(self, lines: list[bytes]) -> dict[bytes, bytes] | None:
        """Return the latest fields with what changed since; None where lines came, went or moved."""
        before = self._lines
        if len(lines) != len(before):
            return None
        found = self._found.copy()
        for old, new in compress(zip(before, lines, strict=True), map(ne, before, lines)):
            name = old[: old.find(b":") + 1]
            if not name or not new.startswith(name):
                return None
            field = name[:-1]
            if field in found:
                found[field] = new[len(name) :].rstrip(b"\r")
                if field not in info.MEASURED:
                    self._standing = None
        return found


def _each_once(lines: list[bytes], found: dict[bytes, bytes]) -> bool:
    """Tell whether no field is told twice: which of them changed would have to be known."""
    return sum(line.partition(b":")[0] in found for line in lines) == len(found)
