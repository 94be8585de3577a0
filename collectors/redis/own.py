"""What this process itself does at a Redis server, so that others' figures can be told apart from it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True)
class Own:
    """What this process did at one source since it started, other than by polling.

    Attributes:
        commands: that the server has counted, as it counts them (each command of a pipeline is one).
        hits, misses: look-ups that they were; asking a key for its life counts as one.
        lock: held by whoever asks, from before its first command until what it did is in these counts; and
            by a poll while it reads the server's counters, which then never hold half of it.
    """

    commands: int = 0
    hits: int = 0
    misses: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


_LEDGERS: dict[str, Own] = {}


def ledger(source: str) -> Own:
    """Return the one account of a source in this process."""
    return _LEDGERS.setdefault(source, Own())
