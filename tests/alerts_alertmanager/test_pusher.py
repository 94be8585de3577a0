"""Tests that on-call hears through a real Alertmanager what the history has, whoever is restarted when."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from headroom.budgets import Severity
from headroom.history import History
from headroom.incidents import About, Why
from tests.alerts.delivering import until
from tests.alerts.receiver import Receiver
from tests.alerts_alertmanager.pushing import cluster, commit, end, fire, firing, now, pushing
from tests.alerts_alertmanager.servers import Server, hook

FIRING = ("firing", "api.login", "critical")
RESOLVED = ("resolved", "api.login", "critical")


async def test_firing_and_resolved_arrive(history: History, server: Server, receiver: Receiver) -> None:
    """What fires is told at once, stays while it fires, and its end is told at once."""
    one = firing(subject=(("instance", "db-1"), ("__weird name", "a\nb")))
    fire(history, one)
    async with pushing(history, [cluster(server.url)], installation="shop") as pusher:
        await until(lambda: FIRING in hook(receiver))
        (stored,) = server.alerts()
        assert stored["labels"] == {
            "alertname": "PerfBudgetBreach",
            "budget": "api.login",
            "installation": "shop",
            "severity": "critical",
            "source": "metrics",
            "statistic": "p95",
            "subject___weird_name_cde0f67c": "a b (7e18f737)",
            "subject_instance": "db-1",
        }
        assert stored["annotations"] == {
            "description": "api.login is over 200 ms: 35 of 412 slower.",
            "evidence": "35 of 412 were slower",
            "incident": "one",
            "limit": "200 ms",
            "runbook_url": "https://wiki.example/runbooks/login",
            "summary": "[CRITICAL] api.login",
            "value": "200 to 500 ms",
        }
        assert stored["generatorURL"] == "https://headroom.example/alerts?from=2026-08-03T14:02:10Z"
        assert one.fired is not None
        assert stored["startsAt"][:23] == one.fired.isoformat(timespec="milliseconds")[:23]
        await asyncio.sleep(5)  # longer than an alert lives that is not re-sent
        assert hook(receiver) == [FIRING]
        end(history, one)
        pusher.wake()
        await until(lambda: RESOLVED in hook(receiver))
        assert hook(receiver) == [FIRING, RESOLVED]
        await until(lambda: [r.state for r in history.receipts("one")] == ["resolved"])
        (receipt,) = history.receipts("one")
        assert receipt.detail == f"Alertmanager {server.place} was told that it ended"
        state = history.channel_states()["cluster"]
        assert (state.error, state.failed_at, state.digest) == ("", None, "digest")
        assert state.ok_at is not None


async def test_blind_goes_on_firing(history: History, server: Server, receiver: Receiver) -> None:
    """Sight that is lost resolves nothing, for however long, and stands at the alert."""
    one = firing()
    fire(history, one)
    async with pushing(history, [cluster(server.url)]) as pusher:
        await until(lambda: FIRING in hook(receiver))
        commit(history, (replace(one, blind=True), Why.LOST_SIGHT))
        pusher.wake()
        await until(lambda: "sight" in server.alerts()[0]["annotations"])
        await asyncio.sleep(5)
        (stored,) = server.alerts()
        assert stored["annotations"]["sight"] == (
            "lost: nothing can be told of it now, and it fires until it is seen to be met"
        )
    assert hook(receiver) == [FIRING]


async def test_blind_has_its_own_name(history: History, server: Server, receiver: Receiver) -> None:
    """An incident about sight is another alert than the breach of the same row."""
    fire(history, firing(), firing("two", about=About.BLIND, severity=Severity.WARNING))
    async with pushing(history, [cluster(server.url)]):
        await until(lambda: len(hook(receiver)) == 2)
    assert {alert["labels"]["alertname"]: alert["labels"].get("statistic") for alert in server.alerts()} == {
        "PerfBudgetBlind": None,
        "PerfBudgetBreach": "p95",
    }


@pytest.mark.parametrize("data", ["kept", "lost"])
async def test_alertmanager_restarts(data: str, history: History, server: Server, receiver: Receiver) -> None:
    """A restart in the middle of an incident loses nothing, and resolves nothing."""
    fire(history, firing())
    async with pushing(history, [cluster(server.url)], every=timedelta(seconds=12), ttl=timedelta(minutes=1)):
        await until(lambda: FIRING in hook(receiver))
        if data == "kept":
            server.stop()
        else:
            server.kill()
            server.forget()
        server.start()
        await until(lambda: len(server.alerts()) == 1, 4)
        await asyncio.sleep(2.5)  # two flushes of its group
    # Without its data it cannot know that it has told this: it may say it once more, never that it ended.
    assert hook(receiver) == ([FIRING] if data == "kept" else [FIRING, FIRING])


async def test_headroom_restarts(history: History, server: Server, receiver: Receiver) -> None:
    """A restart of Headroom is no news: it goes on where the history is, and ends what ended meanwhile."""
    one = firing()
    fire(history, one)
    async with pushing(history, [cluster(server.url)]):
        await until(lambda: FIRING in hook(receiver))
    await asyncio.sleep(2)
    async with pushing(history, [cluster(server.url)]):
        await asyncio.sleep(5)
        assert hook(receiver) == [FIRING]
    end(history, one)
    async with pushing(history, [cluster(server.url)]):
        await until(lambda: RESOLVED in hook(receiver))
    assert hook(receiver) == [FIRING, RESOLVED]


async def test_down_while_it_ended(history: History, server: Server, receiver: Receiver) -> None:
    """An end that happened while Alertmanager was down for long is owed to it, up to a limit."""
    server.kill()
    one, old = (
        firing(at=now() - timedelta(hours=4)),
        firing("old", at=now() - timedelta(hours=4), budget="old"),
    )
    fire(history, one, old)
    end(history, one, now() - timedelta(minutes=90))
    end(history, old, now() - timedelta(minutes=121))
    async with pushing(history, [cluster(server.url)]):
        await until(lambda: "cluster" in history.channel_states())
        state = history.channel_states()["cluster"]
        assert state.error == (
            f"{server.place}: the receiver refuses connections; is it running, and is the port right?"
        )
        assert (state.ok_at, state.failed_at is not None) == (None, True)
        assert history.receipts("one") == []
        server.start()
        await until(lambda: [r.state for r in history.receipts("one")] == ["resolved"])
        assert history.receipts("old") == []
        await until(lambda: history.channel_states()["cluster"].error == "")
    assert hook(receiver) == []  # what it never told as firing it does not tell as resolved


async def test_severity_changes(history: History, server: Server, receiver: Receiver) -> None:
    """A change of severity ends one alert and begins the other in the same moment."""
    one = firing(severity=Severity.WARNING)
    fire(history, one)
    async with pushing(history, [cluster(server.url)]) as pusher:
        await until(lambda: len(hook(receiver)) == 1)
        worse = replace(one, severity=Severity.CRITICAL)
        commit(history, (worse, Why.WORSE))
        pusher.wake()
        await until(lambda: len(hook(receiver)) == 3)
        end(history, worse)
        pusher.wake()
        await until(lambda: len(hook(receiver)) == 4)
        await asyncio.sleep(2)
    told = hook(receiver)
    assert told[0] == ("firing", "api.login", "warning")
    assert set(told[1:3]) == {("resolved", "api.login", "warning"), FIRING}
    assert told[3:] == [RESOLVED]


async def test_fires_again(history: History, server: Server, receiver: Receiver) -> None:
    """An end that is still re-sent does not end the same row when it fires anew."""
    one = firing()
    fire(history, one)
    async with pushing(history, [cluster(server.url)]) as pusher:
        await until(lambda: len(hook(receiver)) == 1)
        end(history, one)
        pusher.wake()
        await until(lambda: len(hook(receiver)) == 2)
        fire(history, firing("two"))
        pusher.wake()
        await until(lambda: len(hook(receiver)) == 3)
        await asyncio.sleep(3)
    assert hook(receiver) == [FIRING, RESOLVED, FIRING]


async def test_acknowledged_and_silenced(history: History, server: Server, receiver: Receiver) -> None:
    """Who takes care of it is told; a silence of Headroom keeps an alert from beginning, and ends none."""
    one, quiet = firing(), firing("quiet", budget="quiet", silenced="night", untold=True)
    fire(history, one, quiet)
    async with pushing(history, [cluster(server.url)]) as pusher:
        await until(lambda: FIRING in hook(receiver))
        taken = replace(one, acknowledged=now(), acknowledged_by="bob", silenced="night")
        commit(history, (taken, Why.SILENCED))
        pusher.wake()
        await until(lambda: "acknowledged" in server.alerts()[0]["annotations"])
        (stored,) = server.alerts()
        assert stored["annotations"]["acknowledged"].startswith("by bob since 20")
        assert stored["annotations"]["silenced"] == "in Headroom: its other channels are told nothing of it"
        commit(history, (replace(quiet, silenced="", untold=False), Why.UNSILENCED))
        pusher.wake()
        await until(lambda: len(hook(receiver)) == 2)
    assert hook(receiver) == [FIRING, ("firing", "quiet", "critical")]


async def test_watchdog(history: History, server: Server, receiver: Receiver) -> None:
    """The Watchdog fires as long as Headroom works."""
    well = [True]
    channel = cluster(server.url, watchdog=True)
    async with pushing(history, [channel], healthy=lambda: well[0]) as pusher:
        await until(lambda: ("firing", "Watchdog", "none") in hook(receiver))
        well[0] = False
        pusher.wake()
        await until(lambda: ("resolved", "Watchdog", "none") in hook(receiver))
        well[0] = True
        pusher.wake()
        await until(lambda: len(hook(receiver)) == 3)
    assert hook(receiver)[2] == ("firing", "Watchdog", "none")


async def test_drain(history: History, server: Server) -> None:
    """At the end of the process the newest state is told once more, as far as it can be."""
    async with pushing(history, [cluster(server.url)]) as pusher:
        fire(history, firing())
        assert await pusher.drain(timedelta(seconds=5))
        assert len(server.alerts()) == 1
        server.kill()
        assert not await pusher.drain(timedelta(seconds=0.5))


@pytest.mark.parametrize("step", [-3600, 3600])
async def test_our_clock_is_set(step: int, history: History, server: Server, receiver: Receiver) -> None:
    """A clock of ours that is set in the middle of an incident ends nothing and keeps nothing alive."""
    one, off = firing(), [0]
    fire(history, one)

    def clock() -> datetime:
        return now() + timedelta(seconds=off[0])

    async with pushing(history, [cluster(server.url)], clock=clock) as pusher:
        await until(lambda: FIRING in hook(receiver))
        off[0] = step
        await asyncio.sleep(5)
        assert hook(receiver) == [FIRING]
        end(history, one, clock())
        pusher.wake()
        await until(lambda: RESOLVED in hook(receiver))
