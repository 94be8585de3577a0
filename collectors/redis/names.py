"""Which words are stored as names of commands: those that the server lists, none that a client made up."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

OTHER = "other"
"""Stands for every name that is not stored."""

_PLAIN = re.compile(r"[a-z][a-z0-9._|-]{0,30}")


@lru_cache(maxsize=1024)
def plain(name: bytes) -> str:
    """Return the name of a command out of the server's own statistics, in small letters."""
    word = name.decode("ascii", "replace").lower()
    return word if _PLAIN.fullmatch(word) else OTHER


def listed(word: bytes, known: Collection[str]) -> str:
    """Return the first word that a client sent, where it is a command.

    Anything can be sent as a command, and the slow log keeps it as it came.

    Args:
        word: as the slow log has it.
        known: names of commands out of the server's own statistics; "config|get" knows "config".
    """
    name = plain(word)
    return name if name in known else OTHER


def first_words(names: Collection[str]) -> frozenset[str]:
    """Return the commands themselves of commands and subcommands."""
    return frozenset(name.partition("|")[0] for name in names)
