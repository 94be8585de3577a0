"""The few fields of INFO that are understood, by name; whatever else a server says is passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

SECTIONS = (
    "stats",  # first, so that where each is asked by itself, the counters hold none of the same poll
    "server",
    "clients",
    "memory",
    "persistence",
    "replication",
    "cpu",
    "errorstats",
    "cluster",
    "keyspace",
)

COUNTERS = {
    "hits": b"keyspace_hits",
    "misses": b"keyspace_misses",
    "evicted": b"evicted_keys",
    "commands": b"total_commands_processed",
    "expired": b"expired_keys",
    "connections": b"total_connections_received",
    "rejected": b"rejected_connections",
    "failures": b"total_error_replies",
}
"""What CONFIG RESETSTAT sets to zero, all at once: the fall of any one tells of it."""
FIGURES = {
    "used": b"used_memory",
    "rss": b"used_memory_rss",
    "uncounted": b"mem_not_counted_for_evict",
    "maxmemory": b"maxmemory",
    "uptime": b"uptime_in_seconds",
    "clock": b"server_time_usec",
    "clients": b"connected_clients",
    "maxclients": b"maxclients",
    "loading": b"loading",
    "cluster": b"cluster_enabled",
    "offset": b"master_repl_offset",
    "backlog": b"repl_backlog_size",
    "silence": b"master_last_io_seconds_ago",
    "down": b"master_link_down_since_seconds",
    **COUNTERS,
}
WORDS = {
    "role": b"role",
    "link": b"master_link_status",
    "bgsave": b"rdb_last_bgsave_status",
    "aof_write": b"aof_last_write_status",
    "aof_rewrite": b"aof_last_bgrewrite_status",
}
"""States that a server tells in a word."""

# Valkey calls itself redis_version 7.2.4 for ever.
_VERSIONS = (b"valkey_version", b"redis_version")
_MODES = (b"server_mode", b"redis_mode")
# In seconds with six places, by what is summed; that of the process holds what it does in the background too.
_BUSY = (
    (b"used_cpu_user_main_thread", b"used_cpu_sys_main_thread"),
    (b"used_cpu_user", b"used_cpu_sys"),
)

MEASURED = frozenset({*FIGURES.values(), *(name for names in _BUSY for name in names)})
"""The fields of which `figures` are made, besides those of the databases."""
_WANTED = {
    *MEASURED,
    *WORDS.values(),
    *_VERSIONS,
    *_MODES,
    b"run_id",
    b"maxmemory_policy",
}
_NUMBERED = (b"errorstat_", b"slave", b"db")
_WORD = re.compile(rb"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
_DIGITS = 20
_FIGURE = re.compile(rb"[0-9]{1,20}")
_SECONDS = re.compile(rb"[0-9]{1,12}\.[0-9]{1,9}")
_ERROR = re.compile(rb"errorstat_(.*)", re.DOTALL)
_ITEM = re.compile(rb"([a-z_]{1,32})=([^,]{0,128})")
_DATABASE = re.compile(rb"db[0-9]{1,9}")
_REPLICA = re.compile(rb"slave[0-9]{1,9}")
_PLACE = re.compile(r"[0-9A-Za-z.:_-]{1,249}:[0-9]{1,5}")

_SEVERAL = 7  # the first Redis whose INFO takes more than one section
MOST_ERRORS = 20
UNREAD = "unread"
"""Stands among the words of a snapshot for the section of INFO that was left out of it."""
ERRORS = "errorstats"
_ALWAYS = ("OOM", "MISCONF")  # of which sentences are made
_OWN_ERRORS = frozenset(
    b"ERR OOM WRONGTYPE NOPERM NOAUTH WRONGPASS MISCONF LOADING BUSY NOSCRIPT READONLY MASTERDOWN MOVED ASK "
    b"CROSSSLOT CLUSTERDOWN TRYAGAIN EXECABORT NOREPLICAS BUSYGROUP NOGROUP BUSYKEY UNKILLABLE NOTBUSY "
    b"NOPROTO INPROG NOGOODSLAVE IOERR DENIED UNBLOCKED NOMASTERLINK NOTREADY SYNTAX NOTFOUND "
    b"REDIRECT NOSUB".split()
)
"""What servers say themselves. A script may begin an error with any word, such as the name of a key."""
OTHER_ERRORS = "other"
_MOST_REPLICAS = 20


@dataclass(frozen=True, slots=True)
class Replica:
    """What a primary tells of one of its replicas.

    Attributes:
        place: host:port.
        lag: seconds since it last said how far it is; None where the server does not tell.
        offset: how far it is, in bytes of the stream of changes.
    """

    place: str
    state: str
    lag: int | None
    offset: int | None


def fields(text: bytes) -> dict[bytes, bytes]:
    """Return the wanted fields of an answer; the first of a name counts."""
    lines = [line.partition(b":") for line in text.split(b"\n")]
    return {
        name: value.rstrip(b"\r")
        for name, colon, value in reversed(lines)
        if (name in _WANTED or name.startswith(_NUMBERED)) and colon
    }


def figures(found: Mapping[bytes, bytes]) -> dict[str, int]:
    """Return the figures that are whole numbers; a garbled one counts as not given.

    Besides FIGURES: `busy`, microseconds of CPU time of the main thread; `keys` of all databases, and
    `expiring`, those among them that have an expiry; neither where there are none.
    """
    told = {
        name: int(value)
        for name, field in FIGURES.items()
        if (value := found.get(field, b"")).isdigit() and len(value) <= _DIGITS
    }
    for names in _BUSY:
        if all(name in found and _SECONDS.fullmatch(found[name]) for name in names):
            told["busy"] = round(sum(float(found[name]) for name in names) * 1e6)
            break
    return told | _keys(found)


def _keys(found: Mapping[bytes, bytes]) -> dict[str, int]:
    """Return the sums over the databases: nothing where one of them is garbled."""
    keys = expiring = 0
    for name in filter(_DATABASE.fullmatch, found.keys() - _WANTED):
        items = _items(found[name])
        if not all(_FIGURE.fullmatch(items.get(one, b"")) for one in (b"keys", b"expires")):
            return {}
        keys += int(items[b"keys"])
        expiring += int(items[b"expires"])
    return {"keys": keys, "expiring": expiring} if keys else {}


def errors(found: Mapping[bytes, bytes]) -> dict[str, int]:
    """Return how often each kind of error was answered, of the most frequent kinds, by their first words.

    Those with a word that is not a server's own are counted together, as OTHER_ERRORS.
    """
    told: dict[str, int] = {}
    for name in found.keys() - _WANTED:
        kind = _ERROR.fullmatch(name)
        if kind is None:
            continue
        count = _items(found[name]).get(b"count", b"")
        if _FIGURE.fullmatch(count):
            name_of = kind[1].decode("ascii") if kind[1] in _OWN_ERRORS else OTHER_ERRORS
            told[name_of] = told.get(name_of, 0) + int(count)
    kept = sorted(told, key=lambda kind: (kind not in _ALWAYS, -told[kind], kind))[:MOST_ERRORS]
    return {kind: told[kind] for kind in kept}


def replicas(found: Mapping[bytes, bytes]) -> tuple[Replica, ...]:
    """Return the replicas that a primary knows."""
    return tuple(_replicas(found))


def _replicas(found: Mapping[bytes, bytes]) -> Iterator[Replica]:
    for name in sorted(filter(_REPLICA.fullmatch, found.keys() - _WANTED))[:_MOST_REPLICAS]:
        items = _items(found[name])
        place = b":".join((items.get(b"ip", b""), items.get(b"port", b""))).decode("utf-8", "replace")
        if not _PLACE.fullmatch(place):
            continue
        lag, offset = (
            int(items[one]) if _FIGURE.fullmatch(items.get(one, b"")) else None for one in (b"lag", b"offset")
        )
        yield Replica(place, word(items, b"state"), lag, offset)


def _items(value: bytes) -> dict[bytes, bytes]:
    """Return what a line holds behind its colon, by name, whatever its order."""
    pairs = (_ITEM.fullmatch(item) for item in value.split(b","))
    return {pair[1]: pair[2] for pair in pairs if pair is not None}


def words(found: Mapping[bytes, bytes]) -> dict[str, str]:
    """Return the states that the server tells."""
    told = {name: word(found, field) for name, field in WORDS.items()}
    return {name: one for name, one in told.items() if one}


def word(found: Mapping[bytes, bytes], *names: bytes) -> str:
    """Return the first of these fields that is one plain word, or nothing."""
    for name in names:
        if name in found and _WORD.fullmatch(found[name]):
            return found[name].decode("ascii")
    return ""


def version(found: Mapping[bytes, bytes]) -> str:
    """Return the version of the server itself."""
    return word(found, *_VERSIONS)


def product(found: Mapping[bytes, bytes]) -> str:
    """Return who made it: "Valkey" or "Redis"."""
    return "Valkey" if word(found, b"valkey_version") else "Redis"


def mode(found: Mapping[bytes, bytes]) -> str:
    """Return "standalone", "cluster" or "sentinel"; nothing where it is not told."""
    return word(found, *_MODES)


def takes_several(found: Mapping[bytes, bytes]) -> bool:
    """Tell whether one INFO may name several sections: from Redis 7.0 on, and always in Valkey."""
    first = version(found).partition(".")[0]
    return word(found, b"valkey_version") != "" or (first.isdigit() and int(first) >= _SEVERAL)
