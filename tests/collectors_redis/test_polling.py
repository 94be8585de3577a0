"""What polls of a real server give."""

from __future__ import annotations

import asyncio

from headroom.budgets import Reason
from headroom.evidence import Gauge, Ratio
from headroom.observation import Quality, Series

from .asking import EVICTIONS, HITS, MEMORY, absence, collecting, part
from .conftest import Start

RIGHTS = "resetkeys resetchannels -@all +info +slowlog|get +latency|histogram"
FILL = [f"SET key:{number} {'x' * 2000}" for number in range(400)]


async def test_first_poll_gives_absences(start: Start) -> None:
    """One reading is no interval, for evictions neither, which nobody asked for."""
    async with collecting(start().url) as collector:
        reading = collector.difference(None, await collector.fetch())

    assert [(one.series, one.reason, one.detail) for one in reading.absences] == [
        (Series.of(measure), Reason.NO_DATA, "one reading so far; a difference needs two")
        for measure in (MEMORY, HITS, EVICTIONS)
    ]
    assert reading.observations == ()


async def test_hits_and_misses_of_the_interval(start: Start) -> None:
    """Only look-ups between two polls count."""
    server = start(maxmemory="100mb")
    async with collecting(server.url) as collector:
        server.run("SET a 1", "GET a", "GET b")
        before = await collector.fetch()
        server.run("GET a", "GET a", "GET a", "GET b")
        after = await collector.fetch()
        reading = collector.difference(before, after)

    assert part(reading, HITS).evidence == Ratio(3, 4)
    assert part(reading, HITS).quality is Quality.EXACT
    assert (part(reading, HITS).start, part(reading, HITS).end) == (before.at, after.at)


async def test_no_look_ups_are_idle_and_own_commands_are_left_out(start: Start) -> None:
    """A quiet server is idle, although it was asked for its figures, over two connections."""
    server = start(requirepass="secret")
    url = f"redis://:secret@127.0.0.1:{server.port}"
    async with collecting(url) as collector:
        before = await collector.fetch()
        quiet = collector.difference(before, await collector.fetch())
        before = await collector.fetch()
        await collector.close()
        again = collector.difference(before, await collector.fetch())
    async with collecting(url) as collector:
        anew = collector.difference(before, await collector.fetch())

    for reading in (quiet, again):
        assert part(reading, HITS).evidence == Ratio(0, 0)
        assert part(reading, EVICTIONS).evidence == Ratio(0, 0)
    assert part(anew, EVICTIONS).evidence == Ratio(
        0, 2
    )  # the other process's last poll, which this one cannot know


async def test_memory_without_eviction(start: Start) -> None:
    """Under noeviction the share of maxmemory is what is judged, with nothing to say against it."""
    server = start(maxmemory="3mb", maxmemory_policy="noeviction")
    async with collecting(server.url) as collector:
        server.run(*FILL)
        before = await collector.fetch()
        server.run("SET a 1")
        after = await collector.fetch()
        reading = collector.difference(before, after)

    used = after.figures["used"] / (3 * 2**20)
    assert 0.5 < used < 1
    assert part(reading, MEMORY).evidence == Gauge.sample(used, (after.at - before.at).total_seconds())
    assert part(reading, MEMORY).detail == f"{after.figures['used'] / 2**20:.1f} of 3.0 MiB"
    assert reading.absences == ()
    assert part(reading, EVICTIONS).evidence == Ratio(0, 1)


async def test_memory_with_eviction_is_judged_by_evictions(start: Start) -> None:
    """Under allkeys-lru the gauge has a series of its own, and a reason stands in the memory's."""
    server = start(maxmemory="1300kb", maxmemory_policy="allkeys-lru")
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        server.run(*FILL, *FILL)
        after = await collector.fetch()
        reading = collector.difference(before, after)

    aside = [one for one in reading.observations if one.series.measure == f"{MEMORY.key}:evicting"]
    gauge = aside[0].parts[0].evidence
    assert isinstance(gauge, Gauge)
    assert 0.7 < gauge.last < 1.1
    assert not [one for one in reading.observations if one.series.measure == MEMORY.key]
    assert (absence(reading, MEMORY).reason, absence(reading, MEMORY).detail) == (
        Reason.POLICY,
        "maxmemory-policy is allkeys-lru, under which a full cache is healthy",
    )
    evictions = part(reading, EVICTIONS).evidence
    assert isinstance(evictions, Ratio)
    assert evictions.whole == 800
    assert evictions.part == after.figures["evicted"] > 100


async def test_no_limit_is_not_nothing_used(start: Start) -> None:
    """With maxmemory 0 there is no share."""
    async with collecting(start().url) as collector:
        reading = collector.difference(await collector.fetch(), await collector.fetch())

    found = absence(reading, MEMORY)
    assert found.reason is Reason.NO_LIMIT
    assert found.detail == (
        "maxmemory is 0: Redis has no limit and grows until the machine or the container stops it; "
        "set maxmemory"
    )


async def test_reset_counters_count_from_there(start: Start) -> None:
    """After CONFIG RESETSTAT the part since then counts, and the lost part is said."""
    server = start()
    async with collecting(server.url) as collector:
        server.run("SET a 1", *["GET a"] * 9)
        before = await collector.fetch()
        server.run("GET a", "CONFIG RESETSTAT", "GET a", "GET b")
        found = part(collector.difference(before, await collector.fetch()), HITS)

    assert (found.evidence, found.quality) == (Ratio(1, 2), Quality.RESET)
    assert found.detail == "the counters were reset; what this interval held before that is lost"


async def test_restart_counts_from_there(start: Start) -> None:
    """A restarted server counts from zero; the poll after it works at once, over a new connection."""
    server = start()
    async with collecting(server.url) as collector:
        server.run(*["GET a"] * 9)
        before = await collector.fetch()
        server.stop()
        server.start()
        server.run("SET a 1", "GET a", "GET b", "GET b")
        after = await collector.fetch()
        reading = collector.difference(before, after)

    found = part(reading, HITS)
    assert (found.evidence, found.quality) == (Ratio(1, 3), Quality.RESET)
    assert found.detail == "the server was started anew; what this interval held before that is lost"
    assert before.epoch != after.epoch
    assert part(reading, EVICTIONS).evidence == Ratio(0, 5)  # and the PING that waited for the start


async def test_own_visit_leaves_no_trace(start: Start) -> None:
    """No error in the server's statistics, no name, no look-up; one connection for all polls."""
    server = start()
    async with collecting(server.url) as collector:
        for _ in range(5):
            await collector.fetch()
        clients = server.run("CLIENT LIST")
        errors = server.run("INFO errorstats")
        stats = server.run("INFO stats")

    ours = [line for line in clients.decode().splitlines() if "cmd=client" not in line]
    assert len(ours) == 1
    assert " name= " in ours[0]
    assert errors == {}
    assert stats["keyspace_hits"] == stats["keyspace_misses"] == stats["unexpected_error_replies"] == 0


async def test_least_privilege(start: Start) -> None:
    """The user of docs/redis.md sees everything, and is refused nothing."""
    server = start()
    server.run(f"ACL SETUSER monitor on >secret {RIGHTS}")
    async with collecting(f"redis://monitor:secret@127.0.0.1:{server.port}/3") as collector:
        reading = collector.difference(await collector.fetch(), await collector.fetch())

    assert part(reading, HITS).evidence == Ratio(0, 0)
    assert reading.notes == ()
    assert server.run("ACL LOG") == []


async def test_info_alone_is_enough_for_the_figures(start: Start) -> None:
    """What a user may not ask is asked once, and said; the figures need INFO only."""
    server = start()
    server.run("ACL SETUSER monitor on >secret resetkeys resetchannels -@all +info")
    async with collecting(f"redis://monitor:secret@127.0.0.1:{server.port}/3") as collector:
        before = await collector.fetch()
        for _ in range(9):
            after = await collector.fetch()
        reading = collector.difference(before, after)

    assert part(reading, HITS).evidence == Ratio(0, 0)
    assert part(reading, EVICTIONS).evidence == Ratio(0, 0)
    assert sorted(reading.notes) == [
        (
            'LATENCY HISTOGRAM is not allowed for user "monitor": no P95/P99 of commands, only their mean; '
            "ACL SETUSER monitor +latency|histogram"
        ),
        (
            'SLOWLOG GET is not allowed for user "monitor": no slow commands by name; '
            "ACL SETUSER monitor +slowlog|get"
        ),
    ]
    assert len(server.run("ACL LOG")) == 2


async def test_no_key_no_value_no_argument_is_kept(start: Start) -> None:
    """Neither names nor values of keys, nor a client's name, nor the server's files are in what is stored."""
    server = start(maxmemory="5mb")
    server.run(
        "CLIENT SETNAME planted-client",
        "SET planted-key planted-value",
        "GET planted-key",
        "GET planted-missing",
    )
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        after = await collector.fetch()
        reading = collector.difference(before, after)

    assert b"planted" not in after.dump()
    assert str(server.folder).encode() not in after.dump()
    assert "planted" not in repr(reading)
    assert len(after.dump()) < 2000


async def test_hanging_server_is_left_at_once(start: Start) -> None:
    """A cancelled poll ends at once though the server hangs; the poll after its recovery works."""
    server = start()
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        with server.hanging():
            for _ in range(2):
                began = asyncio.get_running_loop().time()
                try:
                    await asyncio.wait_for(collector.fetch(), 0.2)
                except TimeoutError:
                    took = asyncio.get_running_loop().time() - began
                else:
                    took = 0.0
                assert 0.2 <= took < 0.6
        server.run("GET a")
        found = part(collector.difference(before, await collector.fetch()), HITS)

    assert found.evidence == Ratio(0, 1)


async def test_restored_snapshot_loses_no_interval(start: Start) -> None:
    """A new process goes on from the stored snapshot."""
    server = start()
    async with collecting(server.url) as collector:
        stored = (await collector.fetch()).dump()
    server.run("GET a", "GET b")
    async with collecting(server.url) as collector:
        before = collector.load(stored)
        assert before is not None
        reading = collector.difference(before, await collector.fetch())

    assert part(reading, HITS).evidence == Ratio(0, 2)
    assert part(reading, EVICTIONS).evidence == Ratio(0, 2)
