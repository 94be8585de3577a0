"""A cluster that takes nothing: another channel hears what fires, once, and again when it works."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.alertmanager.member import Outcome
from alerts.alertmanager.outage import Outage, Outages
from headroom.alerting import Alerting
from headroom.channels import Channel, Slack
from headroom.config import load
from headroom.history import ChannelState, Cycle, History
from headroom.incidents import Incident, Notice
from headroom.sources import Secret
from monitor.heartbeat import nowhere
from monitor.serve.own import Own
from monitor.telling import Telling, of_outage
from monitor.writer import Writer
from tests.alerts.delivering import until
from tests.alerts.receiver import Receiver, answer
from tests.alerts_alertmanager.pushing import cluster, end, fire, firing, now

Queuing = Callable[[Sequence[Incident]], Iterable[Notice]]
TOOK = Outcome("am1", reached=True)
DOWN = Outcome("am1", reached=False, error="no full answer within 5 s", works=False)
GONE = replace(DOWN, error="it answered 404", permanent=True)
FIRES = {"one": "critical: api.login p95"}


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        """Return how many have passed."""
        return self.at


def known(clock: Clock, *members: str, dead: bool = False) -> Outages:
    """Return outages of one cluster."""
    outages = Outages(clock)
    outages.expect("cluster", members or ("am1",), dead=dead)
    return outages


def test_a_restart_is_no_outage() -> None:
    """Five turns and two minutes, both, and nothing before something fires."""
    clock = Clock()
    outages = known(clock)
    for _ in range(4):
        assert outages.heard("cluster", DOWN, FIRES) is None
    clock.at = 119.0
    assert outages.heard("cluster", DOWN, FIRES) is None
    clock.at = 120.0
    assert outages.heard("cluster", DOWN, {}) is None
    begun = Outage(
        "cluster", over=False, error="am1: no full answer within 5 s", firing=tuple(FIRES.values())
    )
    assert outages.heard("cluster", DOWN, FIRES) == begun
    assert outages.heard("cluster", DOWN, FIRES) is None
    assert outages.all_dead() == {"cluster": "am1: no full answer within 5 s"}


def test_a_refusal_for_good_is_one_at_once() -> None:
    """To wait would not help; but one member that works is enough."""
    outages = known(Clock(), "am1", "am2")
    assert outages.heard("cluster", GONE, FIRES) is None
    assert outages.heard("cluster", replace(TOOK, member="am2"), FIRES) is None
    assert outages.heard("cluster", GONE, FIRES) is None
    assert outages.heard("cluster", replace(GONE, member="am2"), FIRES) == Outage(
        "cluster",
        over=False,
        error="am1: it answered 404; am2: it answered 404",
        firing=tuple(FIRES.values()),
    )


def test_what_fires_later_is_told_too() -> None:
    """Not again what was told, and a message a minute at most."""
    clock = Clock()
    outages = known(clock)
    outages.heard("cluster", GONE, FIRES)
    more = {**FIRES, "two": "warning: api.list p95"}
    assert outages.heard("cluster", GONE, more) is None
    clock.at = 60.0
    assert outages.heard("cluster", GONE, more) == Outage(
        "cluster", over=False, error="am1: it answered 404", firing=("warning: api.list p95",), again=True
    )
    assert outages.heard("cluster", TOOK, more) == Outage(
        "cluster", over=True, error="", firing=tuple(more.values())
    )
    assert outages.heard("cluster", TOOK, more) is None
    assert outages.all_dead() == {}


def test_a_restart_of_ours_tells_nothing_twice() -> None:
    """That it was told stands in the history; its end is told all the same."""
    outages = known(Clock(), dead=True)
    assert outages.heard("cluster", GONE, FIRES) is None
    assert outages.heard("cluster", TOOK, {}) == Outage("cluster", over=True, error="")


async def test_a_cluster_that_refuses_for_good(history: History, tmp_path: Path) -> None:
    """Its fallback is sent one message, and whoever asks hears of it, until it takes alerts."""
    fire(history, firing())
    gone, back = answer(404, "nobody here"), answer(200, "[]")
    with Receiver(gone) as receiver:
        config = load(written(tmp_path, receiver.port), {})
        own, writer, queued = Own(config), Writer(), asyncio.Queue[Notice]()

        async def queue(told: Queuing) -> None:
            for notice in told(()):
                queued.put_nowait(notice)

        telling = Telling(config, history, writer, own)
        telling.start(queue)
        try:
            begun = await asyncio.wait_for(queued.get(), 10)
            await until(lambda: (kept := history.channel_states().get("cluster")) and kept.disabled)
            state = history.channel_states()["cluster"]
            reasons = own.unready()[-1:], nowhere(config.channels, {"cluster": state})
            end(history, history.open_incidents()[0])
            receiver.behaviours = [back]
            telling.committed(Cycle(now(), transitions=tuple(history.transitions("one"))))
            over = await asyncio.wait_for(queued.get(), 10)
            await until(lambda: history.channel_states()["cluster"].disabled is None)
        finally:
            await telling.close(timedelta(0))
            writer.close()
    error = (
        f"127.0.0.1:{receiver.port}: the receiver answered 404 (nobody here) and will not take this message; "
        "check the channel's url"
    )
    said = f'channel "cluster" takes nothing of what fires: {error}'
    assert reasons == ((said,), (said,))
    assert (begun.channel, over.channel) == ("chat", "chat")
    told = json.loads(begun.payload)
    assert told["title"] == '[HEADROOM] channel "cluster" takes nothing, and 1 alert fires'
    assert told["lines"][1].startswith("critical: [OVER] Login p95")
    assert json.loads(over.payload)["title"] == '[HEADROOM] channel "cluster" works again'
    assert own.unready()[-1:] != (said,)
    assert queued.empty()


def written(folder: Path, port: int) -> Path:
    """Write a file with a cluster and its fallback, of which the port must be asked by nobody."""
    path = folder / "budgets.yaml"
    good = (Path(__file__).parents[1] / "config" / "good.yaml").read_text()
    channels = f"""alerts:
  channels:
    cluster: {{kind: alertmanager, urls: "http://127.0.0.1:{port}", fallback: chat}}
    other: {{kind: webhook, url: "http://127.0.0.1:9/"}}
    chat: {{kind: webhook, url: "http://127.0.0.1:9/"}}
  routes: [{{channels: [cluster, other]}}]
"""
    path.write_text(good.partition("alerts:")[0] + channels)
    return path


def test_who_is_told_of_it() -> None:
    """The fallback where the file names one that works, else the first other; with what fires, bounded."""
    channels = tuple(Channel(name, Slack(Secret("https://h.example/x")), digest=name) for name in ("a", "b"))
    alerting = Alerting((replace(cluster("http://am"), fallback="b"), *channels))
    outage = Outage(
        "cluster", over=False, error="am1: down", firing=tuple(f"critical: {n}" for n in range(9))
    )

    (notice,) = of_outage(outage, alerting, {}, now())
    assert notice.channel == "b"
    told = json.loads(notice.payload)
    assert told["title"] == '[HEADROOM] channel "cluster" takes nothing, and 9 alerts fire'
    assert told["lines"] == [
        'Nobody hears by the channel "cluster" of what fires:',
        *(f"critical: {n}" for n in range(7)),
        "and 2 more: see `headroom alerts list`.",
        "It said: am1: down. It is tried again and again, and this channel hears when it works.",
    ]
    broken = {"b": ChannelState("b", "b", disabled=now())}
    assert [one.channel for one in of_outage(outage, alerting, broken, now())] == ["a"]
    (over,) = of_outage(Outage("cluster", over=True, error=""), alerting, {}, now())
    assert json.loads(over.payload)["lines"] == [
        'The channel "cluster" takes alerts again, and is told what fires; nothing does now.'
    ]


@pytest.mark.parametrize("alone", [(), (Channel("pager", cluster("http://am").receiver),)])
def test_nobody_else_is_there(alone: tuple[Channel, ...]) -> None:
    """What is told the state takes no messages of others."""
    alerting = Alerting((cluster("http://am"), *alone))
    assert not list(of_outage(Outage("cluster", over=False, error="x"), alerting, {}, now()))
