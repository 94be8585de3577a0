"""What a server is doing while its keys are looked at: whose run it is, and what speaks against going on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_FLOOR

from collectors.redis import info
from collectors.redis.memory import evicts
from headroom.wording import share

_WORD = re.compile(r"[0-9A-Za-z_-]{1,64}")
_KEYS = re.compile(rb"db([0-9]{1,5}):.*?\bkeys=([0-9]{1,19})\b")
_BUSY = (
    ("loading", "it is loading its data"),
    ("async_loading", "it is loading its data"),
    ("rdb_bgsave_in_progress", "it is saving: pages that change are copied while it does"),
    ("aof_rewrite_in_progress", "it is rewriting its append-only file: pages that change are copied"),
)


FULL = 0.9
"""Of memory, where no budget says otherwise."""


@dataclass(frozen=True, slots=True)
class Room:
    """What a server must leave free for its keys to be looked at.

    Attributes:
        full: the share of maxmemory, where nothing is evicted, and of its container that is over budget.
        container: bytes that its container gives it; None where not declared.
    """

    full: float = FULL
    container: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """One answer to INFO, as far as a pass over the keys needs it.

    Attributes:
        run: its run_id; empty where it tells none.
        role: "master" or "slave".
        cluster: whether it is one node of several.
        keys: by database.
        busy: why nothing should be added to what it does; empty where nothing speaks against it.
    """

    run: str
    role: str
    cluster: bool
    keys: dict[int, int]
    busy: str


def standing(text: bytes, room: Room) -> Standing:
    """Read an answer to INFO; what is garbled counts as not told."""
    told: dict[str, str] = {}
    keys: dict[int, int] = {}
    for line in text.split(b"\n"):
        name, colon, value = line.strip().partition(b":")
        if found := _KEYS.match(line):
            keys[int(found[1])] = int(found[2])
        elif colon:
            told.setdefault(name.decode("ascii", "replace"), value.decode("ascii", "replace"))

    def word(*names: str) -> str:
        return next((told[name] for name in names if _WORD.fullmatch(told.get(name, ""))), "")

    return Standing(
        run=word("run_id"),
        role=word("role"),
        cluster=word("redis_mode", "server_mode") == "cluster" or word("cluster_enabled") == "1",
        keys=keys,
        busy=next((why for name, why in _BUSY if word(name) not in ("", "0")), "")
        or _full(text, word("role"), room),
    )


def _full(text: bytes, role: str, room: Room) -> str:
    """Return that a server is over the budget of its memory, as `collectors.redis.memory` reckons it."""
    found = info.fields(text)
    told = info.figures(found)
    taken = [(told.get("rss", 0), room.container or 0, "its container")]
    if role == "master" and not evicts(info.word(found, b"maxmemory_policy"), told):
        used = max(0, told.get("used", 0) - told.get("uncounted", 0))
        taken.insert(0, (used, told.get("maxmemory", 0), "maxmemory, and evicts nothing"))
    return next(
        (
            f"it takes {share(part / whole, ROUND_FLOOR, room.full)} of {what}, over "
            f"{share(room.full)}: its keys are left alone"
            for part, whole, what in taken
            if whole and part > room.full * whole
        ),
        "",
    )
