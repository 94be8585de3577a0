"""The five servers that are supported: every figure exact against what the test itself did."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from redis.exceptions import OutOfMemoryError, ResponseError

from collectors.redis import info
from headroom import recorded
from headroom.evidence import Gauge, Ratio
from headroom.observation import Quality, Reading, Series
from tests.redis_servers import SERVERS

from .asking import EVICTIONS, HITS, MEMORY, NAME, collecting, part
from .conftest import Start

RECORDED = Path(__file__).parent / "recorded"
EVERY = pytest.mark.parametrize("which", SERVERS)


def record(reading: Reading, measure: str, *subject: tuple[str, str]) -> Ratio | Gauge:
    """Return the one exact figure that is recorded under a name."""
    found = [one for one in reading.observations if one.series == Series(NAME, measure, subject)]
    assert len(found) == 1, measure
    (only,) = found[0].parts
    assert only.quality is Quality.EXACT
    assert isinstance(only.evidence, Ratio | Gauge)
    return only.evidence


@pytest.mark.parametrize(
    ("name", "product", "version"),
    [
        ("redis-6.2.14", "Redis", "6.2.14"),
        ("redis-7.0.15", "Redis", "7.0.15"),
        ("redis-8.0.2", "Redis", "8.0.2"),
        ("valkey-8.1.1", "Valkey", "8.1.1"),
        ("valkey-9.1.2", "Valkey", "9.1.2"),
    ],
)
def test_every_version_tells_what_is_needed(name: str, product: str, version: str) -> None:
    """Each field is found in each version's recorded answer: its own version, keys and CPU time too."""
    found = info.fields((RECORDED / f"{name}.txt").read_bytes())

    of_replicas = {"silence", "down"}
    assert info.figures(found).keys() == info.FIGURES.keys() - of_replicas | {"busy", "keys", "expiring"}
    assert (info.figures(found)["keys"], info.figures(found)["expiring"]) == (5, 2)
    assert info.figures(found)["maxmemory"] == 10 * 2**20
    assert info.errors(found) == {"WRONGTYPE": 3}
    assert info.words(found) == {
        "role": "master", "bgsave": "ok", "aof_write": "ok", "aof_rewrite": "ok",
    }  # fmt: skip
    assert (info.product(found), info.version(found)) == (product, version)
    assert info.mode(found) == "standalone"
    assert info.word(found, b"maxmemory_policy") == "volatile-lru"
    assert len(info.word(found, b"run_id")) == 40
    assert info.takes_several(found) is (version != "6.2.14")


@EVERY
async def test_figures_are_exact(start: Start, which: str) -> None:
    """Look-ups, commands, errors, expirations and connections are those that were made, and no other."""
    server = start(which, maxclients="100")
    async with collecting(server.url) as collector:
        server.run("SET text x")
        before = await collector.fetch()
        server.run(
            *["GET text"] * 7, *["GET nothing"] * 3, "SET brief x PX 1", "PING",
        )  # fmt: skip
        for _ in range(4):
            with pytest.raises(ResponseError, match="WRONGTYPE"):
                server.run("LPUSH text a")
        await asyncio.sleep(0.01)
        server.run("GET brief")
        after = await collector.fetch()
        reading = collector.difference(before, after)
        quiet = collector.difference(after, await collector.fetch())

    assert part(reading, HITS).evidence == Ratio(7, 11)
    assert part(reading, EVICTIONS).evidence == Ratio(0, 17)
    assert record(reading, recorded.EXPIRED) == Ratio(1, 17)
    assert record(reading, recorded.ERRORS) == Ratio(4, 17)
    assert record(reading, recorded.ERRORS, ("error", "WRONGTYPE")) == Ratio(4, 17)
    assert record(reading, recorded.REJECTED) == Ratio(0, 6)
    clients = record(reading, recorded.CLIENTS)
    assert isinstance(clients, Gauge)
    assert clients.last in (0.01, 0.02)  # a connection that was closed just now may still be counted
    busy = record(reading, recorded.MAIN_THREAD)
    assert isinstance(busy, Ratio)
    assert busy.whole == (after.at - before.at).total_seconds()
    assert 0 <= busy.part < 1
    used, rss = record(reading, recorded.USED), record(reading, recorded.RSS)
    assert isinstance(used, Gauge)
    assert isinstance(rss, Gauge)
    assert (used.last, rss.last) == (after.figures["used"], after.figures["rss"])
    assert part(quiet, HITS).evidence == part(quiet, EVICTIONS).evidence == Ratio(0, 0)
    assert not [
        one for one in quiet.observations if one.series.subject and one.series.measure == recorded.ERRORS
    ]
    too_old = (
        "Redis 6.2.14 has no LATENCY HISTOGRAM, which came with 7.0: no P95/P99 of commands, only their mean"
    )
    assert reading.notes == ((too_old,) if which == "6.2" else ())


@EVERY
async def test_own_visits_leave_no_error(start: Start, which: str) -> None:
    """Not even before 7.0, where INFO takes one section at a time; one connection for all polls."""
    server = start(which)
    async with collecting(server.url) as collector:
        for _ in range(6):
            await collector.fetch()
        stats = server.run("INFO stats")
        errors = server.run("INFO errorstats")

    assert errors == {}
    assert stats["total_error_replies"] == 0
    assert stats["total_connections_received"] == 3  # ours, the one that waited for the start, and this one
    assert stats["keyspace_hits"] == stats["keyspace_misses"] == 0


@EVERY
async def test_evictions_are_exact(start: Start, which: str) -> None:
    """What is set and no longer there was evicted; the memory is told aside."""
    server = start(which, maxmemory="4mb", maxmemory_policy="allkeys-lru")
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        server.run(*[f"SET key:{number} {'x' * 4000}" for number in range(1500)])
        left = server.run("DBSIZE")
        reading = collector.difference(before, await collector.fetch())
        later = server.run("DBSIZE")  # a connection takes memory too, for which another key may go

    evicted = part(reading, EVICTIONS).evidence
    assert isinstance(evicted, Ratio)
    assert evicted.whole == 1501
    assert 100 < 1500 - left <= evicted.part <= 1500 - later <= 1500 - left + 9


@EVERY
async def test_a_full_memory_that_refuses(start: Start, which: str) -> None:
    """Under noeviction the memory is told as it is, and as full once a write was refused."""
    server = start(which, maxmemory="6mb", maxmemory_policy="noeviction")
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        for number in range(5000):
            server.run(f"SET key:{number} {'x' * 20000}")
            if server.run("INFO memory")["used_memory"] > 0.96 * 6 * 2**20:
                break
        full = await collector.fetch()
        for number in range(3):
            with pytest.raises(OutOfMemoryError):
                server.run(f"SET large:{number} {'x' * 500000}", "SET small x")
        refused = await collector.fetch()
        first, second = collector.difference(before, full), collector.difference(full, refused)

    evidence = part(first, MEMORY).evidence
    assert isinstance(evidence, Gauge)
    assert 0.95 < evidence.last < 1
    assert first.notes == () or which == "6.2"
    evidence = part(second, MEMORY).evidence
    assert isinstance(evidence, Gauge)
    assert evidence.last >= 1
    assert part(second, MEMORY).detail.endswith(
        "; 3 writes were refused since the last reading for lack of memory (OOM)"
    )
    assert (
        "3 commands were refused since the last reading for lack of memory (OOM): raise maxmemory, let keys "
        "expire, or choose a policy that evicts"
    ) in second.notes
