"""The memory of a Redis against what its container gives it; the guide's own two figures do not fit."""

from __future__ import annotations

from collections.abc import Iterator

from headroom.audit.finding import Finding
from headroom.audit.redis.case import RedisCase
from headroom.audit.redis.facts import RedisFacts
from headroom.audit.redis.settings import MAXMEMORY, ROOM
from headroom.audit.redis.told import limited, not_read, number, size
from headroom.budgets import Unit
from headroom.checks import State
from headroom.units import format_value

CONTAINER = 512 * 2**20
"""Bytes: section "Docker Resource Limits", memory of the container redis."""
_NEARLY = 0.9
_PURGE = "MEMORY PURGE, or CONFIG SET activedefrag yes; otherwise a larger container"
_GUIDE = "Docker Resource Limits: memory of redis 512M; Redis Configuration: maxmemory 1gb"
_ITS_OWN = "; the guide contradicts itself here: its own figures are 1gb in 512M"


def container(case: RedisCase) -> Iterator[Finding]:
    """Yield whether the server is full before its container stops it."""
    facts = case.facts
    state, found, fix = _judged(facts)
    yield Finding("redis.container", (("source", facts.source),), state, _GUIDE, found, fix)


def _judged(facts: RedisFacts) -> tuple[State, str, str]:
    maxmemory, limit = number("maxmemory", facts), facts.memory_limit
    if maxmemory is None:
        return State.CANNOT_CHECK, not_read("maxmemory", facts), ""
    has = f"maxmemory is {size(maxmemory)}" if maxmemory else "maxmemory is 0, which is no limit"
    if limit is None:
        beyond = maxmemory == 0 or maxmemory >= CONTAINER
        killed = ", which stops it before it is full" if beyond else ""
        found = f"{has}; what its container gives it is not declared; the guide gives it 512 MiB{killed}"
        return (
            State.CANNOT_CHECK,
            found,
            f"memory_limit: 512mb  # under sources: {facts.source}:, what it really is",
        )
    gives = f"its container gives it {size(limit)}"
    fault = _too_much(maxmemory, limit) or _nearly(maxmemory, limit, (facts.figures or {}).get("rss"))
    if fault is None:
        return State.PASS, f"{has}, {gives}", ""
    state, words = fault
    smaller = limited(int(limit * ROOM), facts)
    return state, f"{has}, {gives}{words}", smaller if maxmemory > ROOM * limit or not maxmemory else _PURGE


def _too_much(maxmemory: int, limit: int) -> tuple[State, str] | None:
    """Return what becomes of a server that may take more than there is."""
    if maxmemory == 0:
        return State.FAIL, ": when it has grown to that it is stopped, with all that it holds"
    if maxmemory < limit:
        return None
    share = format_value(limit / maxmemory, Unit.SHARE)
    never = f": it is stopped before it is full, and a limit above {share} of maxmemory can never be over"
    return State.FAIL, never + (_ITS_OWN if (maxmemory, limit) == (MAXMEMORY, CONTAINER) else "")


def _nearly(maxmemory: int, limit: int, rss: int | None) -> tuple[State, str] | None:
    """Return what is beside maxmemory in a container, where that leaves too little."""
    if maxmemory > ROOM * limit:
        return State.WARN, ": saving copies pages, and buffers are not counted in maxmemory"
    if rss is not None and rss > _NEARLY * limit:
        taken = f", and the process has taken {size(rss)} of it"
        return State.WARN, f"{taken}: fragments, buffers and copied pages are not counted in maxmemory"
    return None
