"""The few fields of INFO that are understood, by name; whatever else a server says is passed over."""

from __future__ import annotations

import re
from collections.abc import Mapping

SECTIONS = ("server", "memory", "stats")

COUNTERS = {
    "hits": b"keyspace_hits",
    "misses": b"keyspace_misses",
    "evicted": b"evicted_keys",
    "commands": b"total_commands_processed",
    # Only read so that a reset of all counters shows in one of them.
    "expired": b"expired_keys",
    "connections": b"total_connections_received",
}
FIGURES = {
    "used": b"used_memory",
    "uncounted": b"mem_not_counted_for_evict",
    "maxmemory": b"maxmemory",
    "uptime": b"uptime_in_seconds",
    "clock": b"server_time_usec",
    **COUNTERS,
}
# Valkey calls itself redis_version 7.2.4 for ever.
_VERSIONS = (b"valkey_version", b"redis_version")

_WANTED = {*FIGURES.values(), *_VERSIONS, b"run_id", b"maxmemory_policy"}
_WORD = re.compile(rb"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
_FIGURE = re.compile(rb"[0-9]{1,20}")


def fields(text: bytes) -> dict[bytes, bytes]:
    """Return the wanted fields of an answer; the first of a name counts."""
    found: dict[bytes, bytes] = {}
    for line in text.split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon and name in _WANTED:
            found.setdefault(name, value.rstrip(b"\r"))
    return found


def figures(found: Mapping[bytes, bytes]) -> dict[str, int]:
    """Return the figures that are whole numbers; a garbled one counts as not given."""
    return {
        name: int(found[field])
        for name, field in FIGURES.items()
        if field in found and _FIGURE.fullmatch(found[field])
    }


def word(found: Mapping[bytes, bytes], *names: bytes) -> str:
    """Return the first of these fields that is one plain word, or nothing."""
    for name in names:
        if name in found and _WORD.fullmatch(found[name]):
            return found[name].decode("ascii")
    return ""


def version(found: Mapping[bytes, bytes]) -> str:
    """Return the version of the server itself."""
    return word(found, *_VERSIONS)
