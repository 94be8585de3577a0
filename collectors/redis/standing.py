"""What a person should know of how a Redis stands: replication, saving, refused writes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from collectors.redis import info, memory
from collectors.redis.cluster import SLOTS
from collectors.redis.snapshot import RedisSnapshot

LATE = 10
"""Seconds behind, of a replica, which reports every second; min-replicas-max-lag is 10 unless it is set."""
SILENT = 20
"""Seconds without a sign of the primary, which gives one every 10 (repl-ping-replica-period)."""
_BEHIND = 1 << 20  # bytes: repl-backlog-size unless set

_SAVING = {
    "bgsave": (
        "the last snapshot to disk failed (rdb_last_bgsave_status is not ok): unless "
        "stop-writes-on-bgsave-error is no, every write is refused with MISCONF until one succeeds; the "
        "server's log says why, mostly a full disk or too little memory to fork"
    ),
    "aof_write": (
        "the append-only file could not be written (aof_last_write_status is not ok): every write is refused "
        "with MISCONF until it can; make room on the server's disk"
    ),
    "aof_rewrite": (
        "the last rewrite of the append-only file failed (aof_last_bgrewrite_status is not ok): the file "
        "grows until one succeeds; the server's log says why"
    ),
}

_NO_ERRORS = (
    "INFO errorstats gives more than is read of one answer, and is left out for an hour: which errors rose, "
    "refused writes (OOM) among them, is not known; scripts begin their errors with too many different "
    "words, and CONFIG RESETSTAT empties it"
)


def notes(before: RedisSnapshot | None, after: RedisSnapshot, errors: Mapping[str, int]) -> Iterator[str]:
    """Return one sentence for each thing that is so; those on a node of a cluster name it.

    Args:
        before: the same run of the server at the last reading, or None.
        after: the server at this poll.
        errors: see `counters.Counted`.
    """
    prefix = f"{after.place}: " if after.place else ""
    for sentence in _notes(before, after, errors):
        yield f"{prefix}{sentence}"


def of_cluster(after: RedisSnapshot) -> Iterator[str]:
    """Return what is so of a cluster as a whole."""
    for place, sentence in after.missing.items():
        yield f"of the cluster's primaries {place} could not be read: {sentence}"
    if after.uncovered:
        yield (
            f"{after.uncovered:,} of the cluster's {SLOTS:,} hash slots have no primary: keys in them can be "
            "neither read nor written"
        )


def _notes(before: RedisSnapshot | None, after: RedisSnapshot, errors: Mapping[str, int]) -> Iterator[str]:
    figures = after.figures
    if count := errors.get("OOM"):
        yield (
            f"{count:,} commands were refused since the last reading for lack of memory (OOM): raise "
            "maxmemory, let keys expire, or choose a policy that evicts"
        )
    if count := errors.get("MISCONF"):
        yield f"{count:,} writes were refused since the last reading because data cannot be saved (MISCONF)"
    for name, sentence in _SAVING.items():
        if after.words.get(name, "ok") != "ok":
            yield sentence
    if after.words.get(info.UNREAD) == info.ERRORS:
        yield _NO_ERRORS
    if figures.get("loading"):
        yield (
            "the server is loading its data: its clients are told LOADING, and its figures are of what is "
            "loaded so far"
        )
    yield from _role(before, after)
    yield from _lag(after)
    keys, expiring = figures.get("keys", 0), figures.get("expiring", 0)
    if figures.get("maxmemory") and memory.few_expire(after.policy, figures):
        yield (
            f"maxmemory-policy is {after.policy}, which throws away keys with an expiry only, and "
            f"{expiring:,} of {keys:,} keys have one: when these are gone it refuses writes, like noeviction"
        )


def _role(before: RedisSnapshot | None, after: RedisSnapshot) -> Iterator[str]:
    role, figures = after.words.get("role"), after.figures
    if before is not None and before.words.get("role", role) != role:
        then, now = _ROLES.get(before.words["role"], "stranger"), _ROLES.get(role or "", "stranger")
        yield f"it was a {then} at the last reading and is a {now} now"
    if role != "slave":
        return
    yield (
        "this server is a replica: hits and misses are of what is read from it, and it ignores maxmemory "
        "unless replica-ignore-maxmemory is no"
    )
    if after.words.get("link") == "down":
        since = f" for {figures['down']:,} s" if "down" in figures else ""
        yield (
            f"its link to the primary is down{since}: what it answers is old, or MASTERDOWN where "
            "replica-serve-stale-data is no"
        )
    elif figures.get("silence", 0) > SILENT:
        yield f"its primary has sent nothing for {figures['silence']:,} s, where a sign is due every 10 s"


_ROLES = {"master": "primary", "slave": "replica"}


def _lag(after: RedisSnapshot) -> Iterator[str]:
    offset, room = after.figures.get("offset"), max(_BEHIND, after.figures.get("backlog", 0))
    for one in after.replicas:
        if one.state != "online":
            yield f"its replica {one.place} is not in step (state {one.state or 'not told'})"
            continue
        if one.lag is not None and one.lag > LATE:
            yield f"its replica {one.place} has not reported for {one.lag:,} s, where it should every second"
        if offset is not None and one.offset is not None and offset - one.offset > room:
            behind = (offset - one.offset) / 2**20
            yield (
                f"its replica {one.place} is {behind:,.1f} MiB behind, more than the backlog holds: if it "
                "loses its connection now, all data is sent again"
            )
