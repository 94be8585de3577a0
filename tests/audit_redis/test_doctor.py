"""What the doctor says of a Redis: what its process takes, clusters, and limits that mislead."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from collectors.redis.snapshot import RedisSnapshot
from headroom.checks import Check, State
from headroom.sources import Secret, Source, SourceKind
from monitor.doctor.redis import examine_redis
from tests.doctor.examples import NOON, one, shipped

from .cases import MIB

CACHE = Source(
    "erp-cache", SourceKind.REDIS, Secret("redis://x"), timedelta(seconds=15), memory_limit=512 * MIB
)
MEMORY = next(each for each in shipped().budgets if each.id == "resource.redis_memory")


def _seen(**figures: int) -> RedisSnapshot:
    told = {name: value * MIB for name, value in figures.items()}
    return RedisSnapshot(NOON, "run", "8.1.1", "allkeys-lru", told, "visitor", 1, product="Valkey")


def _check(seen: RedisSnapshot, ident: str) -> Check:
    return one(examine_redis(CACHE, [MEMORY], seen), ident)


def test_what_the_process_takes() -> None:
    """A process near the end of its container is told, whatever its maxmemory."""
    near, far = (_check(_seen(maxmemory=256, rss=rss), "memory:erp-cache") for rss in (470, 300))

    assert (near.state, near.detail, near.fix) == (
        State.WARN,
        (
            "maxmemory is 256 MiB, and its process has taken 470 MiB of the 512 MiB of its "
            "container: fragments, "
            "buffers and copied pages are not counted in maxmemory"
        ),
        "MEMORY PURGE, or CONFIG SET activedefrag yes",
    )
    assert far.state is State.PASS


def test_a_cluster() -> None:
    """Of a cluster the primary with most memory counts, and one without a limit has most."""
    nodes = tuple(_seen(maxmemory=size) for size in (64, 1024, 256))
    seen = replace(nodes[0], nodes=nodes)

    assert _check(seen, "server:erp-cache").detail == "Valkey 8.1.1, a cluster of which 3 primaries answer"
    assert _check(seen, "memory:erp-cache").detail == (
        "maxmemory is 1 GiB, its container gives it 512 MiB: it is killed before it is full"
    )
    endless = replace(nodes[0], nodes=(*nodes, _seen(maxmemory=0)))
    assert _check(endless, "memory:erp-cache").detail.startswith("maxmemory is 0: it grows")


def test_evictions_alone() -> None:
    """A limit on evictions without one on the hit rate calls a healthy cache over; the fix adds it."""
    alone = replace(MEMORY, evicting=tuple(each for each in MEMORY.evicting if not each.at_least))
    check = one(examine_redis(CACHE, [alone], _seen(maxmemory=256)), "policy:resource.redis_memory")

    assert (check.state, check.detail) == (
        State.WARN,
        (
            "allkeys-lru: a full cache throws a key away for each miss that it stores, so its "
            "evictions alone "
            "(target, alert) call one over that hits well"
        ),
    )
    assert check.fix == (
        "evicting:\n"
        "  - {name: target, statistic: average, min: 80%, severity: warning}\n"
        "  - {name: alert, statistic: average, min: 50%, severity: critical}"
    )
    assert _check(_seen(maxmemory=256), "policy:resource.redis_memory").state is State.PASS
