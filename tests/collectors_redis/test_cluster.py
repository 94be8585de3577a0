"""A real cluster of three primaries: each is read, all are told as one, and nobody is forgotten."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from collectors.redis.cluster import primaries
from collectors.redis.difference import difference
from collectors.redis.snapshot import load
from headroom.budgets import Measure, Reason
from headroom.evidence import Gauge, Ratio
from headroom.observation import Part, Quality, Reading, Series, SourceError

from .asking import EVICTIONS, HITS, MEMORY, NAME, absence, collecting, part, source
from .server import Server, free_port

BOUNDS = (0, 5461, 10923, 16384)
# Keys with these tags belong to the first, the second and the third node.
TAGS = ("b", "c", "a")


def cluster_port() -> int:
    """Return a free port whose bus port, 10,000 above, is one too: both below those given by chance."""
    while (port := free_port()) > 22000:
        pass
    return port


def until(said: Callable[[], bool]) -> None:
    """Wait until it is so."""
    for _ in range(300):
        if said():
            return
        time.sleep(0.05)
    raise AssertionError("the cluster did not come to this")


@contextmanager
def cluster() -> Iterator[list[Server]]:
    """Run four nodes: three with a third of the slots each, and an empty one."""
    servers = []
    for _ in range(4):
        one = Server(
            cluster_enabled="yes",
            cluster_node_timeout="1500",
            maxmemory="100mb",
            repl_diskless_sync_delay="0",
            cluster_require_full_coverage="no",
        )
        one.port = cluster_port()
        one.settings["port"] = str(one.port)
        servers.append(one.start())
    try:
        for one, low, high in zip(servers, BOUNDS, BOUNDS[1:], strict=False):
            one.run(f"CLUSTER ADDSLOTSRANGE {low} {high - 1}")
        for number, one in enumerate(servers, 1):
            one.run(f"CLUSTER SET-CONFIG-EPOCH {number}", f"CLUSTER MEET 127.0.0.1 {servers[0].port}")
        until(lambda: all(b"cluster_known_nodes:4" in one.run("CLUSTER INFO") for one in servers))
        until(lambda: all(b"cluster_state:ok" in one.run("CLUSTER INFO") for one in servers))
        yield servers
    finally:
        for one in servers:
            one.remove()


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Server]]:
    """The nodes of a cluster that tests leave as they found it; it takes three seconds."""
    with cluster() as servers:
        yield servers


@pytest.fixture
def mortal() -> Iterator[list[Server]]:
    """The nodes of a cluster that belongs to one test."""
    with cluster() as servers:
        yield servers


def of_node(reading: Reading, measure: Measure, server: Server) -> Part:
    """Return the one part of a primary."""
    series = Series.of(measure, (("node", f"127.0.0.1:{server.port}"),))
    found = [one for one in reading.observations if one.series == series]
    assert len(found) == 1, reading
    assert len(found[0].parts) == 1
    return found[0].parts[0]


async def test_counters_are_summed_and_memory_is_the_worst(nodes: list[Server]) -> None:
    """Any node leads to all primaries; each is told by itself too."""
    async with collecting(nodes[3].url) as collector:
        before = await collector.fetch()
        for one, tag, times in zip(nodes, TAGS, (1, 2, 4), strict=False):
            one.run(f"SET {{{tag}}} {'x' * 1000000 * times}", *[f"GET {{{tag}}}"] * times, f"GET {{{tag}}}no")
        after = await collector.fetch()
        for one, tag in zip(nodes, TAGS, strict=False):
            one.run(f"DEL {{{tag}}}")
        before_quiet = await collector.fetch()
        reading = collector.difference(before, after)
        quiet = collector.difference(before_quiet, await collector.fetch())

    assert part(reading, HITS).evidence == Ratio(7, 10)
    assert part(reading, EVICTIONS).evidence == Ratio(0, 13)
    assert [of_node(reading, HITS, one).evidence for one in nodes[:3]] == [
        Ratio(1, 2),
        Ratio(2, 3),
        Ratio(4, 5),
    ]
    worst, third = part(reading, MEMORY), of_node(reading, MEMORY, nodes[2])
    assert worst.evidence == third.evidence
    assert worst.detail == f"the worst of 3 primaries: 127.0.0.1:{nodes[2].port}, {third.detail}"
    assert isinstance(third.evidence, Gauge)
    assert third.evidence.last > 0.04
    assert part(quiet, EVICTIONS).evidence == Ratio(0, 0)
    assert load(after.dump()) == after


async def test_primary_that_is_silent_is_named(nodes: list[Server]) -> None:
    """Without one of them nothing is said of all; the others are told, and in time."""
    async with collecting(nodes[0].url, every=2.0) as collector:
        before = await collector.fetch()
        with nodes[1].hanging():
            began = time.monotonic()
            after = await collector.fetch()
            took = time.monotonic() - began
        reading = collector.difference(before, after)
        back = await collector.fetch()
        recovered = collector.difference(after, back)

    place = f"127.0.0.1:{nodes[1].port}"
    silent = f"{place} did not answer within 0.6 s: it hangs, or a firewall drops packets"
    assert took < 1.4
    for measure in (HITS, MEMORY, EVICTIONS):
        found = absence(reading, measure)
        assert found.reason is Reason.UNREACHABLE
        assert found.detail == f"1 of the cluster's 3 primaries could not be read: {silent}"
        node = [one for one in reading.absences if one.series == Series.of(measure, (("node", place),))]
        assert [(one.reason, one.detail) for one in node] == [(Reason.UNREACHABLE, silent)]
        assert of_node(reading, measure, nodes[0]).quality is Quality.EXACT
    assert f"of the cluster's primaries {place} could not be read: {silent}" in reading.notes
    joined = f"{place} gives its first reading as a primary of the cluster; a difference needs two"
    assert (absence(recovered, HITS).reason, absence(recovered, HITS).detail) == (Reason.RESET, joined)
    assert isinstance(part(recovered, MEMORY).evidence, Gauge)


async def test_entrance_that_is_lost(mortal: list[Server]) -> None:
    """Once the cluster is known, another node answers for the one that the URL names."""
    async with collecting(mortal[0].url) as collector:
        before = await collector.fetch()
        mortal[0].stop()
        reading = collector.difference(before, await collector.fetch())

    place = f"127.0.0.1:{mortal[0].port}"
    assert absence(reading, HITS).detail == (
        f"1 of the cluster's 3 primaries could not be read: {place} refuses connections: start Redis there, "
        "or correct host and port in the URL"
    )
    assert of_node(reading, HITS, mortal[1]).evidence == Ratio(0, 0)


async def test_failover_makes_no_false_difference(mortal: list[Server]) -> None:
    """A replica that takes over counts from its second reading on, and what was lost is said."""
    first, replica = mortal[0], mortal[3]
    replica.run(f"CLUSTER REPLICATE {first.run('CLUSTER MYID').decode()}")
    until(lambda: replica.run("INFO replication").get("master_link_status") == "up")
    until(lambda: bool(replica.run("INFO replication").get("master_repl_offset")))
    async with collecting(mortal[1].url) as collector:
        first.run("SET {b} x", *["GET {b}"] * 50)
        before = await collector.fetch()
        assert len(before.nodes) == 3
        replica.run("CLUSTER FAILOVER")
        until(lambda: replica.run("INFO replication")["role"] == "master")
        until(lambda: replica.port in [one.port for one in primaries(mortal[1].run("CLUSTER NODES"), "")])
        during = await collector.fetch()
        replica.run("GET {b}", "GET {b}no")
        after = await collector.fetch()
        taken, settled = collector.difference(before, during), collector.difference(during, after)

    place = f"127.0.0.1:{replica.port}"
    assert absence(taken, HITS).detail == (
        f"{place} gives its first reading as a primary of the cluster; a difference needs two"
    )
    assert part(settled, HITS).evidence == Ratio(1, 2)
    assert part(settled, HITS).quality is Quality.EXACT


async def test_primary_that_left_is_told(nodes: list[Server]) -> None:
    """When there is one primary less, the others are compared with themselves."""
    async with collecting(nodes[0].url) as collector:
        before = await collector.fetch()
        after = await collector.fetch()
    gone = replace(after, nodes=after.nodes[:2])
    found = part(difference(source(None), {HITS: ()}, before, gone), HITS)

    assert (found.evidence, found.quality) == (Ratio(0, 0), Quality.RESET)
    assert found.detail == (
        f"{after.nodes[2].place} is no primary any more; what it counted before that is lost"
    )


async def test_user_that_may_not_see_the_cluster(nodes: list[Server]) -> None:
    """One right more than for a single server, which the sentence names."""
    for one in nodes:
        one.run("ACL SETUSER monitor on >secret resetkeys resetchannels -@all +info")
    url = nodes[0].url.replace("redis://", "redis://monitor:secret@")
    async with collecting(url) as collector:
        with pytest.raises(SourceError) as caught:
            await collector.fetch()
        for one in nodes:
            one.run(caught.value.message.rpartition(": ")[2])
        await collector.fetch()

    assert caught.value.reason is Reason.NOT_PERMITTED
    assert caught.value.message == (
        f'127.0.0.1:{nodes[0].port} does not let user "monitor" run CLUSTER NODES: '
        "ACL SETUSER monitor +cluster|nodes"
    )


async def test_slots_without_a_primary(nodes: list[Server]) -> None:
    """A hole in the cluster is said."""
    nodes[0].run("CLUSTER DELSLOTSRANGE 0 99")
    async with collecting(nodes[0].url) as collector:
        reading = collector.difference(await collector.fetch(), await collector.fetch())
    nodes[0].run("CLUSTER ADDSLOTSRANGE 0 99")

    assert (
        "100 of the cluster's 16,384 hash slots have no primary: keys in them can be neither read nor written"
    ) in reading.notes
    assert {one.series.source for one in reading.observations} == {NAME}


def test_nodes_are_read_whatever_they_look_like() -> None:
    """Names, addresses without host, slots on their way, replicas, failures, strangers."""
    text = (
        b"a1 :7000@17000 myself,master - 0 0 1 connected 0-99 200 [93-<-b2]\n"
        b"b2 10.0.0.2:7001@17001,two.example,shard-id=9 master,fail - 0 0 2 disconnected 100-199\n"
        b"c3 10.0.0.3:7002@17002 slave a1 0 0 1 connected\n"
        b"d4 10.0.0.4:7003@17003 master - 0 0 1 connected\n"
        b"e5 ::1:7004@17004 master - 0 0 1 connected 300\n"
        b"f6 bad host;rm:1@2 master - 0 0 1 connected 301\n"
        b"g7 10.0.0.7:99999@1 master - 0 0 1 connected 302\n"
        b"\xff\xfe\n\n"
    )

    assert [(one.place, one.host, one.port, one.asked, one.slots) for one in primaries(text, "here")] == [
        ("here:7000", "here", 7000, True, 101),
        ("10.0.0.2:7001", "two.example", 7001, False, 100),
        ("::1:7004", "::1", 7004, False, 1),
    ]
