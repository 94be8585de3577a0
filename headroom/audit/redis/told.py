"""Words that the rules about a Redis share: sizes as redis.conf spells them, and why nothing is known."""

from __future__ import annotations

from headroom.audit.amounts import clean
from headroom.audit.redis.facts import RedisFacts
from headroom.budgets import Unit
from headroom.units import format_value

NEAR = 0.8
"""Share of a limit: what holds more of it already is full soon, with buffers at once."""
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


def limited(value: int, facts: RedisFacts) -> str:
    """Return the commands that limit a server's memory, or, where they would do harm now, what comes first.

    A limit that is below what is held already makes the server refuse each write, or throw keys away.
    """
    used, before = (facts.figures or {}).get("used"), number("maxmemory", facts)
    policy = (facts.settings or {}).get("maxmemory-policy", "")
    new, evicts = spelled(value), policy.startswith("allkeys-")
    raised = before is not None and 0 < before <= value
    if not raised and used is None:
        return f"first see that used_memory, which was not read, is below {NEAR:.0%} of {new}"
    if not raised and used is not None and used > NEAR * value:
        harm = "keys would be thrown away until it fits" if evicts else "each write would be refused"
        return (
            f"first make it smaller, by shorter lives or by moving keys elsewhere: it holds {size(used)}, "
            f"over {NEAR:.0%} of {new}, and at that limit {harm}; or give it more memory, and a higher limit"
        )
    commands = change("maxmemory", new)
    if evicts:
        return commands
    under = clean(policy) or "its policy"
    return f"{commands}  # under {under} writes may be refused once it is full: see maxmemory-policy first"


def evicting(facts: RedisFacts) -> str:
    """Return the commands that make a server evict from all keys, with what is lost by that."""
    commands, before = change("maxmemory-policy", "allkeys-lru"), number("maxmemory", facts)
    if (facts.settings or {}).get("maxmemory-policy", "").startswith("allkeys-"):
        return commands
    keys, expiring = ((facts.figures or {}).get(name) for name in ("keys", "expiring"))
    there = "" if keys is None or expiring is None else f" (now {max(0, keys - expiring):,} of {keys:,})"
    when = "once maxmemory is set and reached" if before == 0 else "once maxmemory is reached"
    return (
        f"{commands}  # only where all of it is a cache: {when}, keys without an expiry{there} are thrown "
        "away too, such as jobs of queues, sessions and locks; move those to a server of their own first"
    )


def not_read(name: str, facts: RedisFacts) -> str:
    """Return that a setting is not known, and why where that is known."""
    why = next((one for one in facts.denied if "CONFIG GET" in one), "")
    return f"the server's {name} was not read" + (f": {why}" if why else "")


def number(name: str, facts: RedisFacts) -> int | None:
    """Return a setting that is a whole number; None where it was not read."""
    text = (facts.settings or {}).get(name, "")
    return int(text) if text.removeprefix("-").isascii() and text.removeprefix("-").isdigit() else None
