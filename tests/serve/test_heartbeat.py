"""The dead man's switch: asked while all is well, silent while it is not, and never in anybody's way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest

from headroom.alerting import Alerting
from headroom.alerting import Heartbeat as Settings
from headroom.channels import Alertmanager, Channel, Webhook
from headroom.delivery import Settled
from headroom.history import ChannelState, Cycle, History, open_history
from headroom.incidents import State
from headroom.sources import Secret
from monitor.heartbeat import Heartbeat, nowhere, unsent
from monitor.serve import Own
from tests.alerts.receiver import Behaviour, Receiver, answer, free_port, hang
from tests.history import build
from tests.serve.stage import HOOK, NOON, Hands, configured, damage, source
from tests.serve.test_own import figure

SOON = timedelta(seconds=0.2)


class Beating:
    """A heartbeat over a real history, with the clock of its figures in the test's hands."""

    def __init__(self, folder: Path, url: str, within: float = 5) -> None:
        # Polled so often that what is wrong is told at once.
        self.config = configured(folder, sources=(source(every=0.1),))
        self.hands = Hands()
        self.own = Own(self.config, read_clock=self.hands.read)
        self.history: History = open_history(self.config.history, collecting=True)
        settings = Settings(Secret(url), SOON, timedelta(seconds=within))
        self.heart = Heartbeat(settings, self.config, self.history, self.own)

    def judged(self) -> None:
        """Let the one source have a cycle now."""
        self.own.cycled("metrics", 0.01)


@asynccontextmanager
async def beating(folder: Path, url: str, within: float = 5) -> AsyncIterator[Beating]:
    """Run a heartbeat."""
    it = Beating(folder, url, within)
    it.judged()
    task = asyncio.create_task(it.heart.run())
    try:
        yield it
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        it.history.close()


async def until(seen: Callable[[], object], seconds: float = 5) -> None:
    """Wait until something is so."""
    end = monotonic() + seconds
    while not seen():
        assert monotonic() < end, "it did not happen"
        await asyncio.sleep(0.02)


async def test_it_asks_while_all_is_well(tmp_path: Path) -> None:
    """Again and again, with a GET without a body, at the pace it was told."""
    with Receiver() as receiver:
        async with beating(tmp_path, receiver.url) as it:
            await until(lambda: len(receiver.arrivals) >= 4)
            answered = figure(it.own, "headroom_heartbeats_total", result="answered")

    first, *_, last = receiver.arrivals[:4]
    assert last.at - first.at >= 3 * SOON.total_seconds() * 0.9
    assert (first.path, first.body) == ("/hook/s3cret-token", "")
    assert answered is not None
    assert answered >= 3
    assert it.own.withheld == ""


async def test_it_is_silent_while_something_is_not_judged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not one request comes until it is judged again; the log says so once each way."""
    caplog.set_level(logging.INFO)
    with Receiver() as receiver:
        async with beating(tmp_path, receiver.url) as it:
            await until(lambda: receiver.arrivals)
            it.hands.seconds = 30
            await until(lambda: it.own.withheld)
            heard = len(receiver.arrivals)
            await asyncio.sleep(1)
            assert len(receiver.arrivals) == heard
            assert it.own.withheld == "the budgets of metrics were not judged for 30 s"
            withheld = figure(it.own, "headroom_heartbeats_total", result="withheld")
            it.judged()
            await until(lambda: len(receiver.arrivals) > heard)
            assert it.own.withheld == ""

    assert withheld is not None
    assert withheld >= 3
    assert [each.message for each in caplog.records if each.name == "headroom.heartbeat"] == [
        "the heartbeat stops: the budgets of metrics were not judged for 30 s",
        "the heartbeat goes on",
    ]


async def test_it_is_silent_while_messages_are_stuck(tmp_path: Path) -> None:
    """An outbox that does not drain is not well, however well all is judged."""
    with Receiver() as receiver:
        async with beating(tmp_path, receiver.url) as it:
            now = datetime.now(UTC)
            stuck = replace(build.notice(channel="hook"), created=now - timedelta(minutes=5))
            stuck = replace(stuck, next_at=stuck.created)
            it.history.record(Cycle(now, incidents=(build.incident(),), notices=(stuck,)))
            await until(lambda: it.own.withheld)
            assert it.own.withheld == "a message of 5 min ago has not arrived"
            it.history.settle([Settled(1, sent=True)], now)
            heard = len(receiver.arrivals)
            await until(lambda: len(receiver.arrivals) > heard)


async def test_it_is_silent_while_what_fires_was_refused_everywhere(tmp_path: Path) -> None:
    """The outbox is empty and the channel works, and yet nobody was told: until a person takes care of it."""
    fires = replace(build.incident(), state=State.FIRING)
    with Receiver() as receiver:
        async with beating(tmp_path, receiver.url) as it:
            now = datetime.now(UTC)
            told = replace(build.notice(channel="hook"), created=now, next_at=now)
            it.history.record(Cycle(now, incidents=(fires,), notices=(told,)))
            it.history.settle([Settled(1, error="the receiver answered 400")], now)
            await until(lambda: it.own.withheld)
            name = fires.id[:8]
            assert it.own.withheld == (
                f"incident {name} fires, and every message of it was refused; `headroom alerts show {name}` "
                f"says why, `headroom alerts replay {name}` sends it again"
            )
            heard = len(receiver.arrivals)
            taken = replace(fires, acknowledged=now, acknowledged_by="Ada")
            it.history.record(Cycle(now, incidents=(taken,)))
            await until(lambda: len(receiver.arrivals) > heard)


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (answer(500), "the receiver answered 500"),
        (answer(404), "the receiver answered 404 and will not take this message; check the channel's url"),
        (hang, "no full answer within 0.3 s; is the receiver overloaded or a firewall in the way?"),
    ],
)
async def test_an_address_that_fails_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, behaviour: Behaviour, said: str
) -> None:
    """It is asked on, also where it answers that it never will; nothing else stops, no secret is logged."""
    caplog.set_level(logging.DEBUG)
    with Receiver(behaviour, behaviour, behaviour, answer(200)) as receiver:
        async with beating(tmp_path, receiver.url, within=0.3) as it:
            await until(lambda: figure(it.own, "headroom_heartbeats_total", result="answered"))
            assert figure(it.own, "headroom_heartbeats_total", result="unanswered") == 3

    assert [each.message for each in caplog.records if each.name == "headroom.heartbeat"] == [
        f"alerts.heartbeat: {said}; it is tried again",
        "alerts.heartbeat: answers again",
    ]
    mine = [each.getMessage() for each in caplog.records if not each.name.startswith("urllib3")]
    assert not any("s3cret-token" in each for each in mine)


async def test_nobody_there_stops_nothing(tmp_path: Path) -> None:
    """A refused connection is an unanswered turn like any other."""
    async with beating(tmp_path, f"http://127.0.0.1:{free_port()}/x") as it:
        await until(lambda: (figure(it.own, "headroom_heartbeats_total", result="unanswered") or 0) >= 2)


async def test_a_history_that_cannot_be_read_is_not_well(tmp_path: Path) -> None:
    """Whoever cannot look into the outbox must not say that it is empty."""
    with Receiver() as receiver:
        async with beating(tmp_path, receiver.url) as it:
            it.history.close()
            damage(it.config)
            await until(lambda: it.own.withheld)
            assert "is not a history: it is no SQLite file" in it.own.withheld


@pytest.mark.parametrize(
    ("ago", "said"),
    [(None, ()), (120, ()), (-3600, ()), (180, ("a message of 3 min ago has not arrived",))],
)
def test_only_what_should_have_arrived_counts(ago: float | None, said: tuple[str, ...]) -> None:
    """What has just begun to wait, or was made before the clock was set back, is as it should be."""
    oldest = None if ago is None else NOON - timedelta(seconds=ago)

    assert unsent(oldest, NOON) == said


ALERTMANAGER = Channel("am", Alertmanager((Secret("http://127.0.0.1:1"),)))
OTHER = Channel("other", Webhook(Secret("http://127.0.0.1:1/")), digest="o")
BROKEN = ChannelState("hook", HOOK.digest, disabled=NOON, error="the receiver answered 404")


@pytest.mark.parametrize(
    ("channels", "states", "said"),
    [
        ((), {}, 0),
        ((HOOK,), {}, 0),
        ((HOOK,), {"hook": BROKEN}, 1),
        ((HOOK,), {"hook": replace(BROKEN, digest="before")}, 0),  # changed since, and tried anew
        ((HOOK,), {"hook": replace(BROKEN, disabled=None)}, 0),  # it failed, and is tried again
        ((HOOK, OTHER), {"hook": BROKEN}, 0),  # the other is told
        ((HOOK, OTHER), {"hook": BROKEN, "other": replace(BROKEN, name="other", digest="o")}, 2),
        ((HOOK, ALERTMANAGER), {"hook": BROKEN}, 1),  # which takes nothing from the outbox
    ],
)
def test_a_disabled_channel_without_another_is_not_well(
    channels: tuple[Channel, ...], states: dict[str, ChannelState], said: int
) -> None:
    """Its messages would go nowhere."""
    found = nowhere(channels, states)

    assert len(found) == said
    if said:
        assert found[0] == (
            'channel "hook" is disabled, and no other takes its messages: the receiver answered 404'
        )


def test_the_settings_are_those_of_the_file() -> None:
    """Without an address in the file there is no heartbeat to run."""
    assert Alerting().heartbeat is None
    assert Settings(Secret("http://x")).every == timedelta(minutes=1)
