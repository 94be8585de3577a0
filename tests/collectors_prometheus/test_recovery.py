"""After a fault: recovery without a restart, one connection, and nothing else held up meanwhile."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from time import monotonic, time

import pytest

from collectors.prometheus.snapshot import PrometheusSnapshot
from headroom.observation import Collector, SourceError
from tests.collectors_prometheus.figures import LOGIN, METRIC, NOON, absent, requests, up
from tests.collectors_prometheus.figures import snapshot as figures_snapshot
from tests.collectors_prometheus.hostile import (
    EVERY,
    GOOD,
    LATEST,
    OK,
    Behaviour,
    Server,
    Write,
    collector,
    hanging,
    prometheus,
    raw,
    resetting,
    says,
    serving,
    success,
)


async def test_headers_that_drip_are_cut_off_and_the_next_poll_goes_well() -> None:
    """No header may come after the deadline, or a server could keep a thread busy for hours."""
    dripping = raw(b"HTTP/1.1 200 OK\r\nX: ", *[b"x"] * 1000, pause=0.02)
    with serving(dripping, GOOD) as server:
        asking = collector(server.place)
        start = monotonic()
        with pytest.raises(SourceError) as first:
            await asking.fetch()
        assert monotonic() - start < LATEST
        await asking.fetch()
        await asking.close()

    assert first.value.message == (
        f"Prometheus at {server.place} did not answer within 0.7 s; is it overloaded, or behind a firewall?"
    )


async def test_a_call_that_does_not_come_back_holds_back_only_its_own_source(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing wakes a look-up of a name: the call is abandoned, the next one waits."""
    looked_up = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: looked_up.wait(2) and [])
    asking = collector("prometheus.example:9090")
    start = monotonic()
    with pytest.raises(SourceError) as first:
        await asking.fetch()
    assert monotonic() - start < LATEST
    with pytest.raises(SourceError) as second:
        await asking.fetch()
    looked_up.set()
    await asking.close()

    assert first.value.message == (
        "Prometheus at prometheus.example:9090 did not finish within 0.7 s; is it, or the way to it, "
        "overloaded?"
    )
    assert second.value.message == (
        "still waiting for the previous answer of Prometheus at prometheus.example:9090; it is asked again "
        "once that is over"
    )


async def recovered(asking: Collector) -> None:
    """Poll until it goes well; the abandoned call must have ended within three periods."""
    deadline = monotonic() + 3 * EVERY
    while True:
        try:
            await asking.fetch()
        except SourceError:
            assert monotonic() < deadline, "no recovery within three periods"
            await asyncio.sleep(0.05)
        else:
            return


@pytest.mark.parametrize(
    "behaviour",
    [
        says("", status="503 Service Unavailable"),
        hanging,
        raw(OK + b"Content-Length: 100\r\n\r\n{"),
        says("<html>"),
    ],
)
async def test_the_poll_after_a_recovery_goes_well(behaviour: Behaviour) -> None:
    """No restart, no memory of the fault."""
    with serving(behaviour, GOOD) as server:
        asking = collector(server.place)
        with pytest.raises(SourceError):
            await asking.fetch()

        await recovered(asking)
        await asking.close()


async def test_one_connection_serves_all_polls() -> None:
    """A connection per query would cost the server more than the query."""
    with serving(GOOD) as server:
        asking = collector(server.place)
        for _ in range(3):
            await asking.fetch()
        await asking.close()

        assert server.connections == 1
        assert len(server.targets) > 6


@pytest.mark.parametrize("ending", [raw(), resetting()], ids=["closes", "resets"])
async def test_a_kept_connection_that_was_closed_meanwhile_costs_no_poll(ending: Behaviour) -> None:
    """The server's end and our request may cross: what no byte answers to is asked once more."""
    with serving(GOOD) as server:
        asking = collector(server.place)
        await asking.fetch()
        server.behaviours[:] = [ending, GOOD]
        asked = len(server.targets)
        await asking.fetch()
        await asking.close()

        assert server.connections == 2
        assert server.targets[asked] == server.targets[asked + 1]


async def test_a_connection_closed_between_two_polls_costs_no_poll() -> None:
    """A proxy ends connections that nothing was asked on for a while."""

    def closing(server: Server, write: Write, query: str) -> bool:
        GOOD(server, write, query)
        return False

    with serving(closing) as server:
        asking = collector(server.place)
        await asking.fetch()
        first = server.connections
        assert first == len(server.targets)
        server.behaviours[:] = [GOOD]
        await asyncio.sleep(0.05)
        await asking.fetch()
        await asking.close()

        assert server.connections == first + 1


@pytest.mark.parametrize("ending", [raw, resetting], ids=["closes", "resets"])
async def test_an_answer_that_was_begun_is_not_asked_for_again(ending: Callable[[bytes], Behaviour]) -> None:
    """A server that breaks down over a question must not be asked it twice."""
    with serving(GOOD) as server:
        asking = collector(server.place)
        await asking.fetch()
        server.behaviours[:] = [ending(b"HTTP/1.1 2"), GOOD]
        asked = len(server.targets)
        with pytest.raises(SourceError):
            await asking.fetch()
        await asking.close()

        assert (server.connections, len(server.targets)) == (1, asked + 1)


@pytest.mark.parametrize("behaviour", [raw(), resetting()])
async def test_a_new_connection_is_tried_once(behaviour: Behaviour) -> None:
    """Where even a fresh one ends without an answer, more of them would only feed an overload."""
    with serving(behaviour) as server:
        asking = collector(server.place)
        with pytest.raises(SourceError):
            await asking.fetch()
        await asking.close()

        assert (server.connections, len(server.targets)) == (1, 1)


async def test_a_cancelled_poll_leaves_the_collector_usable() -> None:
    """The caller's own time-out may come first."""
    with serving(hanging, GOOD) as server:
        asking = collector(server.place)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asking.fetch(), 0.05)

        await recovered(asking)
        await asking.close()


async def test_other_tasks_go_on_while_a_server_hangs() -> None:
    """The event loop is never held up."""
    with serving(hanging) as server:
        asking = collector(server.place)
        poll = asyncio.create_task(asking.fetch())
        longest, last = 0.0, monotonic()
        while not poll.done():
            await asyncio.sleep(0.005)
            longest, last = max(longest, monotonic() - last), monotonic()
        with pytest.raises(SourceError):
            await poll
        await asking.close()

    assert longest < 0.3


async def test_what_is_asked_is_bounded_on_the_server_too() -> None:
    """One clock for all queries, a time-out, a limit, and no partial answers where the server knows them."""
    with serving(GOOD) as server:
        asking = collector(server.place)
        await asking.fetch()
        await asking.close()
        targets = [target for target in server.targets if target.startswith("/api/v1/query?")]

    clocks = {
        word.split("=")[1] for target in targets[1:] for word in target.split("&") if word.startswith("time=")
    }
    assert len(clocks) == 1
    assert all("limit=20001" in target and "partial_response=false" in target for target in targets)
    assert all("timeout=" in target and "deny_partial_response=1" in target for target in targets)


async def test_counters_of_a_good_answer_are_read() -> None:
    """The hostile server's good side is good: the tests above fail for the fault and nothing else."""
    now = time()
    with serving(prometheus(counters=requests(now, 3))) as server:
        asking = collector(server.place)
        snapshot = await asking.fetch()
        await asking.close()

    assert absent(asking.difference(None, snapshot), LOGIN) == (
        "no data",
        "one reading so far; a difference needs two",
    )


async def test_what_is_scraped_seldom_is_looked_for_further_back() -> None:
    """Scraped every five minutes, nothing lies within two; the next poll asks further back at once."""
    now = time()
    down = [[now - 600, "1"], [now - 300, "1"]]
    target = {"__name__": "up", "job": "erp", "instance": "a:80"}

    def seldom(server: Server, write: Write, query: str) -> bool:
        wide = "[120000ms]" not in query
        health = [{"metric": target, "values": down}] if wide else []
        return prometheus(up=health, counters=requests(now - 300, 3) if wide else [])(server, write, query)

    with serving(seldom) as server:
        asking = collector(server.place)
        first = await asking.fetch()
        asked_first = len(server.targets)
        second = await asking.fetch()
        asked_second = len(server.targets) - asked_first
        await asking.close()

    for snapshot in (first, second):
        assert isinstance(snapshot, PrometheusSnapshot)
        assert len(snapshot.histograms[METRIC].sets) == 1
        assert [scrape.every for scrape in snapshot.scrapes.values()] == [300]
    assert (asked_first, asked_second) == (5, 3)


async def test_what_an_earlier_run_knew_of_a_failing_target_is_kept() -> None:
    """A restart of the monitor in the middle of a failure must not forget whom it concerns."""
    before = figures_snapshot(NOON, counters=requests(NOON, 3), health=up(NOON))
    failing = [{"metric": {"__name__": "up", "job": "erp", "instance": "a:80"}, "values": [[time(), "0"]]}]
    with serving(prometheus(up=failing)) as server:
        asking = collector(server.place)
        asking.load(before.dump())
        after = await asking.fetch()
        await asking.close()

    assert isinstance(after, PrometheusSnapshot)
    assert after.scrapes["erp", "a:80"].gives == frozenset({METRIC})


async def test_a_server_that_shows_scrapes_piecemeal_is_read_where_it_has_settled() -> None:
    """VictoriaMetrics, known by its vector for a scalar: half a scrape would look like broken buckets."""

    def victoria(server: Server, write: Write, query: str) -> bool:
        if query == "time()":
            clock = [{"metric": {}, "value": [NOON, str(NOON)]}]
            return says(success(clock))(server, write, query)
        return GOOD(server, write, query)

    with serving(victoria) as server:
        asking = collector(server.place)
        snapshot = await asking.fetch()
        await asking.close()

    assert snapshot.at.timestamp() == NOON - 30
    assert f"time={NOON - 30:.3f}" in server.targets[1]
