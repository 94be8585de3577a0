"""Checks of one Redis: do the limits on its memory mean anything under its policy, and can they fire?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from collectors.redis import memory
from collectors.redis.snapshot import RedisSnapshot
from headroom.budgets import Budget, Kind, Unit
from headroom.checks import Check, State
from headroom.sources import Source
from headroom.units import format_value

ROOM = 0.75
"""Share of a container that maxmemory may take: saving copies pages, and buffers are not counted in it."""

NEARLY = 0.9
"""Share of a container that the process may have taken, whatever maxmemory says."""
_HITS = {
    "target": "{name: target, statistic: average, min: 80%, severity: warning}",
    "alert": "{name: alert, statistic: average, min: 50%, severity: critical}",
}


def examine_redis(source: Source, budgets: Sequence[Budget], seen: RedisSnapshot) -> Iterator[Check]:
    """Yield every check of one Redis; `budgets` are those that it feeds."""
    yield Check(f"server:{source.name}", State.PASS, f"What answers for {source.name}", _version(seen))
    maxmemory = _maxmemory(seen)
    if maxmemory is None:
        return  # evidence: says that INFO leaves it out
    yield _container(source, maxmemory, max(_of_nodes(seen, "rss"), default=0))
    for budget in budgets:
        if budget.measure.kind is Kind.MEMORY_LIMIT:
            keys = {name: sum(_of_nodes(seen, name)) for name in ("keys", "expiring")}
            yield _policy(source, budget, seen.policy, keys)
            yield from _reached(source, budget, maxmemory, evicts=memory.evicts(seen.policy, keys))


def _version(seen: RedisSnapshot) -> str:
    told = f"{seen.product} {seen.version}"
    return f"{told}, a cluster of which {len(seen.nodes)} primaries answer" if seen.nodes else told


def _maxmemory(seen: RedisSnapshot) -> int | None:
    """Return maxmemory; of a cluster that of the primary which has most, and 0 is no end."""
    found = _of_nodes(seen, "maxmemory")
    return (0 if 0 in found else max(found)) if found else None


def _of_nodes(seen: RedisSnapshot, name: str) -> list[int]:
    return [one.figures[name] for one in seen.nodes or (seen,) if name in one.figures]


def _container(source: Source, maxmemory: int, rss: int) -> Check:
    ident, title = f"memory:{source.name}", f"Memory of {source.name}"
    limit = source.memory_limit
    if not maxmemory:
        size = "512mb" if limit is None else _spelled(int(limit * ROOM))
        detail = (
            "maxmemory is 0: it grows until the machine or the container stops it, and no share can be told"
        )
        return Check(ident, State.FAIL, title, detail, _set(size))
    has = f"maxmemory is {_size(maxmemory)}"
    if limit is None:
        detail = f"{has}; what its container gives it is not declared, so nobody can tell which ends first"
        fix = f"memory_limit: {_spelled(2 * maxmemory)}  # under sources: {source.name}:, what it really is"
        return Check(ident, State.WARN, title, detail, fix)
    if maxmemory >= limit:
        detail = f"{has}, its container gives it {_size(limit)}: it is killed before it is full"
        return Check(ident, State.FAIL, title, detail, _set(_spelled(int(limit * ROOM))))
    if maxmemory > ROOM * limit:
        detail = (
            f"{has} of the {_size(limit)} that its container gives it: saving copies pages, and buffers are "
            "not counted in it"
        )
        return Check(ident, State.WARN, title, detail, _set(_spelled(int(limit * ROOM))))
    if rss > NEARLY * limit:
        detail = (
            f"{has}, and its process has taken {_size(rss)} of the {_size(limit)} of its container: "
            "fragments, buffers and copied pages are not counted in maxmemory"
        )
        return Check(ident, State.WARN, title, detail, "MEMORY PURGE, or CONFIG SET activedefrag yes")
    return Check(ident, State.PASS, title, f"{has} of the {_size(limit)} that its container gives it")


def _policy(source: Source, budget: Budget, policy: str, keys: Mapping[str, int]) -> Check:
    ident, title = f"policy:{budget.id}", f"{budget.title}: policy and limits"
    if not memory.known(policy):
        return Check(ident, State.CANNOT_CHECK, title, f"{source.name} does not tell its maxmemory-policy")
    if not memory.evicts(policy, keys):
        has = memory.few_expire(policy, keys) or policy
        return Check(ident, State.PASS, title, f"{has}: a full memory refuses to store, so its limits say it")
    if alone := _evictions_alone(budget):
        detail = (
            f"{policy}: a full cache throws a key away for each miss that it stores, so its evictions alone "
            f"({', '.join(alone)}) call one over that hits well"
        )
        fix = "evicting:\n" + "\n".join(f"  - {_HITS[name]}" for name in alone if name in _HITS)
        return Check(ident, State.WARN, title, detail, fix if "- " in fix else "")
    if budget.evicting:
        return Check(
            ident, State.PASS, title, f"{policy}: the limits under evicting: hold instead of memory's"
        )
    detail = (
        f"always on: under {policy} a healthy cache is full, so limits on used memory are passed for ever; "
        "no `evicting:` limits are given, and the budget stays undecided"
    )
    fix = (
        "evicting:\n"
        "  - {name: target, statistic: average, max: 1 per 1000 commands, severity: warning}\n"
        f"  - {_HITS['target']}\n"
        "  - {name: alert, statistic: average, max: 10 per 1000 commands, severity: critical}\n"
        f"  - {_HITS['alert']}"
    )
    return Check(ident, State.FAIL, title, detail, fix)


def _evictions_alone(budget: Budget) -> list[str]:
    """Return the names that stand for a limit on evictions and for none on the hit rate."""
    hits = {limit.name for limit in budget.evicting if limit.at_least}
    return [limit.name for limit in budget.evicting if not limit.at_least and limit.name not in hits]


def _reached(source: Source, budget: Budget, maxmemory: int, *, evicts: bool) -> Iterator[Check]:
    """Yield a check for each limit on used memory that the container ends before."""
    if source.memory_limit is None or not maxmemory:
        return
    for limit in budget.limits:
        if limit.unit is not Unit.SHARE:
            continue
        ident = f"never:{budget.id}:{limit.name}"
        promised = format_value(limit.threshold, limit.unit)
        title = f"{budget.title}, {limit.name}: can {promised} be reached?"
        at = limit.threshold * maxmemory
        what = f"{promised} of {_size(maxmemory)} is {_size(at)}"
        if at >= source.memory_limit:
            detail = f"can never be over: {what}, and its container ends at {_size(source.memory_limit)}"
            yield Check(ident, State.FAIL, title, detail, _set(_spelled(int(source.memory_limit * ROOM))))
        elif not evicts:
            yield Check(ident, State.PASS, title, f"{what}, of {_size(source.memory_limit)} in its container")


def _set(size: str) -> str:
    return f"CONFIG SET maxmemory {size}"


def _size(size: float) -> str:
    return format_value(size, Unit.BYTES)


def _spelled(size: int) -> str:
    """Return a size as redis.conf and budgets.yaml spell it, rounded down."""
    for unit, step in (("gb", 2**30), ("mb", 2**20), ("kb", 2**10)):
        if size % step == 0 and size:
            return f"{size // step}{unit}"
    return f"{size // 2**20}mb" if size >= 2**20 else f"{size}b"
