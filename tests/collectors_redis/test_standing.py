"""What is said of replication, saving and refused writes: of real servers where they can be brought to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from collectors.redis.info import Replica, fields, replicas
from collectors.redis.own import ledger
from collectors.redis.standing import notes
from headroom.evidence import Ratio
from headroom.observation import Reading
from tests.redis_servers import SERVERS

from .asking import EVICTIONS, HITS, NAME, collecting, part
from .conftest import Start
from .server import Server
from .test_difference import BEFORE, later

REPLICA = (
    "this server is a replica: hits and misses are of what is read from it, and it ignores maxmemory unless "
    "replica-ignore-maxmemory is no"
)
MIB = 2**20


async def until(said: Callable[[], object]) -> None:
    """Wait until it is so."""
    began = time.monotonic()
    while not said():
        assert time.monotonic() - began < 15, "the servers did not come to this"
        await asyncio.sleep(0.05)


async def told(server: Server) -> Reading:
    """Poll a server twice."""
    async with collecting(server.url) as collector:
        return collector.difference(await collector.fetch(), await collector.fetch())


@pytest.mark.parametrize("which", SERVERS)
async def test_replica(start: Start, which: str) -> None:
    """A replica says so; when its primary is gone it still tells, although it answers nobody else."""
    primary = start(which, repl_diskless_sync_delay="0")
    replica = start(which, replica_serve_stale_data="no")
    replica.run(f"REPLICAOF 127.0.0.1 {primary.port}")
    await until(lambda: replica.run("INFO replication")["master_link_status"] == "up")
    await until(lambda: primary.run("INFO replication")["slave0"]["state"] == "online")
    linked = await told(replica)
    of_primary = await told(primary)
    primary.stop()
    await until(lambda: replica.run("INFO replication")["master_link_status"] == "down")
    cut = await told(replica)

    own = [note for note in linked.notes if "LATENCY HISTOGRAM" not in note]
    assert own == [REPLICA]
    assert not [note for note in of_primary.notes if "replica" in note]
    assert REPLICA in cut.notes
    (down,) = [note for note in cut.notes if "link" in note]
    assert down.startswith("its link to the primary is down for ")
    assert down.endswith(" s: what it answers is old, or MASTERDOWN where replica-serve-stale-data is no")
    assert part(cut, HITS).evidence == Ratio(0, 0)


async def test_disk_that_refuses(start: Start) -> None:
    """A snapshot that could not be written, and the writes that are refused for it."""
    server = start(save="3600 1")
    server.run("SET a 1", "CONFIG SET rdbcompression no")
    (server.folder / "dump.rdb").mkdir()
    server.run("BGSAVE")
    await until(lambda: server.run("INFO persistence")["rdb_last_bgsave_status"] == "err")
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        with pytest.raises(Exception, match="unable to persist to disk"):
            server.run("SET a 2")
        reading = collector.difference(before, await collector.fetch())

    assert reading.notes == (
        "1 writes were refused since the last reading because data cannot be saved (MISCONF)",
        (
            "the last snapshot to disk failed (rdb_last_bgsave_status is not ok): unless "
            "stop-writes-on-bgsave-error is no, every write is refused with MISCONF until one succeeds; the "
            "server's log says why, mostly a full disk or too little memory to fork"
        ),
    )


async def test_volatile_policy_without_volatile_keys(start: Start) -> None:
    """A policy that finds nothing to throw away is told before the first write is refused."""
    server = start(maxmemory="20mb", maxmemory_policy="volatile-lru")
    server.run(*[f"SET key:{number} x" for number in range(99)], "SET brief x EX 1000")
    few = await told(server)
    server.run(*[f"EXPIRE key:{number} 1000" for number in range(20)])
    enough = await told(server)

    assert few.notes == (
        (
            "maxmemory-policy is volatile-lru, which throws away keys with an expiry only, and 1 of 100 keys "
            "have one: when these are gone it refuses writes, like noeviction"
        ),
    )
    assert enough.notes == ()


@pytest.mark.parametrize(
    ("figures", "words", "said"),
    [
        ({"loading": 1}, {}, "the server is loading its data: "),
        ({}, {"aof_write": "err"}, "the append-only file could not be written "),
        ({}, {"aof_rewrite": "err"}, "the last rewrite of the append-only file failed "),
        ({"silence": 20}, {"role": "slave", "link": "up"}, ""),
        ({"silence": 21}, {"role": "slave", "link": "up"}, "its primary has sent nothing for 21 s, "),
    ],
)
def test_each_state_has_its_sentence(figures: dict[str, Any], words: dict[str, str], said: str) -> None:
    """Only what is not as it should be is told."""
    found = [one for one in notes(None, replace(later(**figures), words=words), {}) if one != REPLICA]

    assert [one for one in found if one.startswith(said)] == found
    assert len(found) == (said != "")


@pytest.mark.parametrize(
    ("replica", "said"),
    [
        (Replica("10.0.0.9:6379", "online", 10, 5 * MIB - 2**20), ""),
        (
            Replica("10.0.0.9:6379", "online", 11, 5 * MIB),
            "its replica 10.0.0.9:6379 has not reported for 11 s, where it should every second",
        ),
        (
            Replica("10.0.0.9:6379", "online", 0, 3 * MIB),
            (
                "its replica 10.0.0.9:6379 is 2.0 MiB behind, more than the backlog holds: if it loses its "
                "connection now, all data is sent again"
            ),
        ),
        (
            Replica("10.0.0.9:6379", "wait_bgsave", None, None),
            "its replica 10.0.0.9:6379 is not in step (state wait_bgsave)",
        ),
    ],
)
def test_replicas_that_lag(replica: Replica, said: str) -> None:
    """By seconds, by bytes, or not there yet."""
    after = replace(later(offset=5 * MIB, backlog=MIB), replicas=(replica,))

    assert list(notes(None, after, {})) == ([said] if said else [])


def test_replicas_are_read_by_name() -> None:
    """In any order, with what is unknown passed over, and what is garbled left out."""
    text = (
        b"slave0:ip=10.0.0.1,port=6379,state=online,offset=42,lag=1,type=replica\r\n"
        b"slave1:lag=-1,offset=x,new=7,state=online,port=6380,ip=10.0.0.2\r\n"
        b"slave2:ip=<script>,port=1,state=online\r\nslave_expires_tracked_keys:0\r\nslave3:\r\n"
    )

    assert replicas(fields(text)) == (
        Replica("10.0.0.1:6379", "online", 1, 42),
        Replica("10.0.0.2:6380", "online", None, None),
    )


def test_a_change_of_roles_is_told() -> None:
    """A replica that was promoted is the same server still."""
    before = replace(BEFORE, words={"role": "slave"})
    after = replace(later(), words={"role": "master"})

    assert list(notes(before, after, {})) == ["it was a replica at the last reading and is a primary now"]
    assert list(notes(before, replace(after, place="here:1"), {})) == [
        "here:1: it was a replica at the last reading and is a primary now"
    ]


async def test_own_probes_are_taken_out(start: Start) -> None:
    """Look-ups that this process made itself are in no figure, and nothing falls below zero."""
    server = start()
    own = ledger(NAME)
    async with collecting(server.url) as collector:
        server.run("SET a x")
        before = await collector.fetch()
        server.run("GET a", "GET b", "PTTL a", "PTTL b", "PTTL b")
        own.commands, own.hits, own.misses = own.commands + 3, own.hits + 1, own.misses + 2
        after = await collector.fetch()
        own.commands, own.hits = own.commands + 100, own.hits + 100
        more = await collector.fetch()
        reading, below = collector.difference(before, after), collector.difference(after, more)
        again = collector.difference(more, await collector.fetch())

    assert part(reading, HITS).evidence == Ratio(1, 2)
    assert part(reading, EVICTIONS).evidence == Ratio(0, 2)
    assert part(below, HITS).evidence == part(below, EVICTIONS).evidence == Ratio(0, 0)
    assert part(again, HITS).evidence == Ratio(0, 0)


async def test_a_batch_of_probes_is_not_cut_in_two(start: Start) -> None:
    """A poll waits for the probes that are under way."""
    server = start()
    async with collecting(server.url) as collector:
        await collector.fetch()
        async with ledger(NAME).lock:
            waiting = asyncio.create_task(collector.fetch())
            await asyncio.sleep(0.05)
            assert not waiting.done()
        await waiting
