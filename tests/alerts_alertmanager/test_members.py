"""Tests of members that hang, lie, refuse, silence or lose what they are told."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest

from headroom.budgets import Severity
from headroom.history import History
from tests.alerts.delivering import until
from tests.alerts.receiver import Receiver, hang
from tests.alerts_alertmanager.pushing import cluster, end, fire, firing, pushing
from tests.alerts_alertmanager.servers import Server, hook
from tests.servers import free_place

FIRING = ("firing", "api.login", "critical")
RESOLVED = ("resolved", "api.login", "critical")


async def test_two_members(
    tmp_path: Path, history: History, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """Both members of a cluster are told; when one dies, the other tells the end."""
    caplog.set_level("INFO", "alerts")
    gossip = [free_place(), free_place()]
    fast = ["--cluster.peer-timeout=1s", "--cluster.settle-timeout=1s"]
    first = Server(tmp_path / "first", receiver.url, flags=(f"--cluster.listen-address={gossip[0]}", *fast))
    flags = (f"--cluster.listen-address={gossip[1]}", f"--cluster.peer={gossip[0]}", *fast)
    one = firing()
    with first, Server(tmp_path / "second", receiver.url, flags=flags) as second:
        fire(history, one)
        async with pushing(history, [cluster(first.url, second.url)]) as pusher:
            await until(lambda: len(first.alerts()) == len(second.alerts()) == 1)
            await until(lambda: FIRING in hook(receiver))
            await until(lambda: len(history.receipts("one")) == 2)
            assert {receipt.state for receipt in history.receipts("one")} == {"active"}
            first.kill()
            end(history, one)
            pusher.wake()
            await until(lambda: RESOLVED in hook(receiver))
            refuses = "the receiver refuses connections; is it running, and is the port right?"
            await until(lambda: history.channel_states()["cluster"].error == f"{first.place}: {refuses}")
            first.start()
            await until(lambda: history.channel_states()["cluster"].error == "")
    ours = [
        one.getMessage()
        for one in caplog.records
        if one.name.startswith("alerts") and first.place in one.getMessage()
    ]
    assert ours[:2] == [
        f'channel "cluster": Alertmanager {first.place}: {refuses}',
        f'channel "cluster": Alertmanager {first.place} takes everything again',
    ]


async def test_hanging_member_delays_no_other(history: History, server: Server, receiver: Receiver) -> None:
    """A member that never answers costs the other nothing, and is named without what is secret of it."""
    with Receiver(hang) as hanging:
        urls = [f"http://user:s3cret@127.0.0.1:{hanging.port}/prefix", server.url]
        fire(history, firing())
        begun = monotonic()
        async with pushing(history, [cluster(*urls, timeout=1.5)]):
            await until(lambda: FIRING in hook(receiver))
            assert monotonic() - begun < 1.4
            await until(
                lambda: history.channel_states().get("cluster") and history.channel_states()["cluster"].error
            )
            assert history.channel_states()["cluster"].error == (
                f"127.0.0.1:{hanging.port}: no full answer within 1.5 s; "
                "is the receiver overloaded or a firewall in the way?"
            )
            assert hanging.arrivals[0].path == "/prefix/api/v2/status"
            assert hanging.arrivals[0].headers["Authorization"] == "Basic dXNlcjpzM2NyZXQ="


async def test_silenced_there(history: History, server: Server) -> None:
    """A silence that somebody sets at Alertmanager is shown with its author, end and comment."""
    server.silence("2099-01-01T00:00:00Z", budget="api.login")
    fire(history, firing())
    async with pushing(history, [cluster(server.url)]):
        await until(lambda: [one.state for one in history.receipts("one")] == ["suppressed"])
    (receipt,) = history.receipts("one")
    assert (receipt.channel, receipt.member) == ("cluster", server.place)
    assert receipt.detail == (
        f'silenced at Alertmanager {server.place} by alice until 2099-01-01 00:00:00 UTC: "we know"'
    )


async def test_silenced_later(history: History, server: Server) -> None:
    """A silence that is set later is seen by the next look, long before the next turn."""
    fire(history, firing())
    async with pushing(history, [cluster(server.url)], every=timedelta(seconds=8), ttl=timedelta(minutes=1)):
        await until(lambda: [one.state for one in history.receipts("one")] == ["active"])
        assert history.receipts("one")[0].detail == f"stored at Alertmanager {server.place}"
        server.silence("2099-01-01T00:00:00Z", severity="critical")
        await until(lambda: [one.state for one in history.receipts("one")] == ["suppressed"], 4)


async def test_inhibited_there(tmp_path: Path, history: History, receiver: Receiver) -> None:
    """An alert that another one inhibits is shown as that."""
    rule = {
        "source_matchers": ['severity="critical"'],
        "target_matchers": ['severity="warning"'],
        "equal": ["source"],
    }
    with Server(tmp_path / "am", receiver.url, inhibits=[rule]) as server:
        fire(history, firing(), firing("two", budget="api.read", severity=Severity.WARNING))
        async with pushing(history, [cluster(server.url)]):
            await until(lambda: [one.state for one in history.receipts("two")] == ["suppressed"])
        (cause,) = [one["fingerprint"] for one in server.alerts() if one["labels"]["severity"] == "critical"]
    assert history.receipts("two")[0].detail == (
        f"inhibited at Alertmanager {server.place} by another alert that fires ({cause})"
    )


async def test_a_storm(tmp_path: Path, history: History, receiver: Receiver) -> None:
    """500 alerts at once are stored within seconds, and told in one message where they are one group."""
    with Server(tmp_path / "am", receiver.url, grouped=("alertname",)) as server:
        fire(history, *(firing(str(number), budget=f"budget {number}") for number in range(500)))
        begun = monotonic()
        async with pushing(
            history, [cluster(server.url)], every=timedelta(seconds=10), ttl=timedelta(minutes=1)
        ):
            await until(lambda: len(server.alerts()) == 500)
            assert monotonic() - begun < 5
            await until(lambda: len(history.receipts("499")) == 1)
            await until(lambda: len(set(hook(receiver))) == 500)
        assert len(receiver.arrivals) <= 3


async def test_history_cannot_be_read(
    tmp_path: Path, history: History, server: Server, receiver: Receiver
) -> None:
    """While the history cannot be read, what fires goes on firing, and the Watchdog does not."""
    fire(history, firing())
    async with pushing(history, [cluster(server.url, watchdog=True)]):
        await until(lambda: len(server.alerts()) == 2)
        with closing(sqlite3.connect(tmp_path / "history.db", timeout=10)) as other:
            other.execute("ALTER TABLE incidents RENAME TO gone")
            other.commit()
            await until(lambda: ("resolved", "Watchdog", "none") in hook(receiver), 12)
            assert len(server.alerts()) == 1
            other.execute("ALTER TABLE gone RENAME TO incidents")
            other.commit()
        await until(lambda: len(server.alerts()) == 2)
    assert RESOLVED not in hook(receiver)
