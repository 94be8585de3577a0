"""Words that the rules about a Redis share: sizes as redis.conf spells them, and why nothing is known."""

from __future__ import annotations

from headroom.audit.redis.facts import RedisFacts
from headroom.budgets import Unit
from headroom.units import format_value

_STEPS = (("gb", 2**30), ("mb", 2**20), ("kb", 2**10))


def size(count: float) -> str:
    """Return bytes for people: "1 GiB"."""
    return format_value(count, Unit.BYTES)


def spelled(count: int) -> str:
    """Return bytes as redis.conf spells them, rounded down to whole megabytes from one on: "384mb"."""
    for suffix, step in _STEPS:
        if count and count % step == 0:
            return f"{count // step}{suffix}"
    return f"{count >> 20}mb" if count >= 1 << 20 else f"{count}b"


def change(name: str, value: str) -> str:
    """Return the commands that change a setting for now and for the next start."""
    return f"CONFIG SET {name} {value}; CONFIG REWRITE"


def not_read(name: str, facts: RedisFacts) -> str:
    """Return that a setting is not known, and why where that is known."""
    why = next((one for one in facts.denied if "CONFIG GET" in one), "")
    return f"the server's {name} was not read" + (f": {why}" if why else "")


def number(name: str, facts: RedisFacts) -> int | None:
    """Return a setting that is a whole number; None where it was not read."""
    text = (facts.settings or {}).get(name, "")
    return int(text) if text.removeprefix("-").isascii() and text.removeprefix("-").isdigit() else None
