"""Out of a real history to real receivers: in order, at least once, and no channel held up by another."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from alerts.outbox import Deliverer
from headroom.history import DeliveryState, History, HistoryError, open_history
from tests.alerts.delivering import Writer, at_once, delivering, notice, queue, settled, until, webhook
from tests.alerts.receiver import Receiver, answer, free_port, hang, slow


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """Give a new history."""
    with open_history(str(tmp_path / "history.db"), collecting=True) as history:
        yield history


def texts(receiver: Receiver) -> list[str]:
    """Return what arrived, in order."""
    return [json.loads(arrival.body)["text"] for arrival in receiver.arrivals]


async def test_a_message_is_delivered_and_marked(history: History) -> None:
    """What arrived is marked with the answer, and does not arrive again."""
    queue(history, notice("i1", "a"))
    with Receiver() as receiver:
        async with delivering(history, [webhook("on-call", receiver.url)]) as deliverer:
            done = await settled(history)
            deliverer.wake()
            await asyncio.sleep(0.2)

    assert texts(receiver) == ["a"]
    assert (done["a"].state, done["a"].response) == (DeliveryState.SENT, "200 thanks")


async def test_waking_delivers_at_once(history: History) -> None:
    """A notice queued while the deliverer sleeps goes out when it is woken, not at its next look."""
    with Receiver() as receiver:
        async with delivering(history, [webhook("on-call", receiver.url)]) as deliverer:
            await asyncio.sleep(0.3)
            queue(history, notice("i1", "a"))
            begun = monotonic()
            deliverer.wake()
            await settled(history)

    assert receiver.arrivals[0].at - begun < 0.5


async def test_a_failure_is_tried_again_with_the_same_key(
    history: History, caplog: pytest.LogCaptureFixture
) -> None:
    """After two answers of 500 the message arrives, each time with one key; the log says it once."""
    caplog.set_level(logging.INFO, "alerts")
    queue(history, notice("i1", "a"))
    with Receiver(answer(500), answer(500), answer(200)) as receiver:
        async with delivering(history, [webhook("on-call", receiver.url)]):
            done = await settled(history)

    assert [arrival.headers["Idempotency-Key"] for arrival in receiver.arrivals] == ["a"] * 3
    assert (done["a"].state, done["a"].notice.attempts) == (DeliveryState.SENT, 3)
    assert [record.getMessage() for record in caplog.records if record.name.startswith("alerts")] == [
        'channel "on-call": the receiver answered 500; messages are kept and tried again',
        'channel "on-call" takes messages again',
    ]


async def test_a_receiver_that_was_down_gets_it_when_it_is_up(history: History) -> None:
    """A refused connection costs nothing once somebody listens on that port."""
    port = free_port()
    queue(history, notice("i1", "a"))
    async with delivering(history, [webhook("on-call", f"http://127.0.0.1:{port}/")]):
        await until(lambda: history.deliveries()[0].error)
        error = history.deliveries()[0].error
        with Receiver(port=port) as receiver:
            await settled(history)

    assert error == "the receiver refuses connections; is it running, and is the port right?"
    assert texts(receiver) == ["a"]


async def test_what_is_refused_for_ever_is_given_up_aloud(
    history: History, caplog: pytest.LogCaptureFixture
) -> None:
    """A 400 is an error in the log and in the history, and the next message of the incident goes out."""
    queue(history, notice("i1", "a"), notice("i1", "b"))
    with Receiver(answer(400, "no such room"), answer(200)) as receiver:
        async with delivering(history, [webhook("on-call", receiver.url)]):
            done = await settled(history)

    error = "the receiver answered 400 (no such room) and will not take this message; check the channel's url"
    assert texts(receiver) == ["a", "b"]
    assert (done["a"].state, done["a"].error) == (DeliveryState.GAVE_UP, error)
    assert done["b"].state is DeliveryState.SENT
    assert f'channel "on-call": gave up telling that i1 is firing: {error}' in caplog.messages


async def test_a_receiver_is_left_alone_for_as_long_as_it_asks(history: History) -> None:
    """A 429 with Retry-After holds the whole channel back, other incidents too."""
    queue(history, notice("i1", "a"), notice("i2", "b"))
    with Receiver(answer(429, Retry_After="1"), answer(200)) as receiver:
        async with delivering(history, [webhook("on-call", receiver.url)]):
            await settled(history)

    first, second, third = (arrival.at for arrival in receiver.arrivals)
    assert second - first >= 1
    assert sorted(texts(receiver)[1:]) == ["a", "b"]
    assert third - first < 3


async def test_a_hanging_channel_delays_no_other(history: History) -> None:
    """While ten messages wait for a receiver that hangs, those of another channel arrive at once."""
    queue(history, *(notice(f"i{number}", f"slow{number}", channel="slow") for number in range(10)))
    queue(history, *(notice(f"j{number}", f"quick{number}", channel="quick") for number in range(10)))
    with Receiver(hang) as slow, Receiver() as quick:
        channels = [webhook("slow", slow.url, timeout=3), webhook("quick", quick.url)]
        async with delivering(history, channels):
            await until(lambda: len(quick.arrivals) == 10, seconds=2.5)
        assert len(slow.arrivals) == 1

    assert sorted(texts(quick)) == sorted(f"quick{number}" for number in range(10))


async def test_the_order_of_an_incident_is_kept(history: History) -> None:
    """A message that fails holds back the later ones of its incident, and none of another."""
    queue(history, notice("i1", "1 firing"), notice("i2", "2 firing"), notice("i1", "1 worse"))
    with Receiver(answer(500), answer(500), answer(200)) as receiver:
        async with delivering(history, [webhook("on-call", receiver.url)]) as deliverer:
            await asyncio.sleep(0.3)
            queue(history, notice("i1", "1 met", "resolved"))
            deliverer.wake()
            await settled(history)

    accepted = texts(receiver)[2:]
    assert [text for text in accepted if text.startswith("1")] == ["1 firing", "1 worse", "1 met"]
    assert "2 firing" in accepted


async def test_what_ended_before_it_was_told_is_not_told(history: History) -> None:
    """A trigger that nobody has tried to send and its own end are both left out."""
    queue(history, notice("i1", "1 firing"), notice("i2", "2 firing"))
    queue(history, notice("i1", "1 met", "resolved"))
    with Receiver() as receiver:
        async with delivering(history, [webhook("on-call", receiver.url)]):
            done = await settled(history)

    assert texts(receiver) == ["2 firing"]
    assert done["1 firing"].state is done["1 met"].state is DeliveryState.SUPERSEDED


async def test_a_late_message_arrives_as_such(history: History) -> None:
    """What has waited for ten minutes says when it happened."""
    queue(history, notice("i1", "CPU is over 80%.", age=600))
    with Receiver() as receiver:
        async with delivering(history, [webhook("on-call", receiver.url)]):
            await settled(history)

    (text,) = texts(receiver)
    assert text.startswith("Delayed by 10 min: happened at 20")
    assert text.endswith(" UTC. CPU is over 80%.")
    assert json.loads(receiver.arrivals[0].body)["delayed"] is True


async def test_a_channel_that_is_gone_is_given_up_aloud(
    history: History, caplog: pytest.LogCaptureFixture
) -> None:
    """A notice for a channel that the file no longer names is not kept for ever in silence."""
    queue(history, notice("i1", "a", channel="pager"))
    async with delivering(history, []):
        done = await settled(history)

    error = "no channel of this name is configured any more; put it back, or name another in the routes"
    assert (done["a"].state, done["a"].error) == (DeliveryState.GAVE_UP, error)
    assert f'channel "pager": gave up telling that i1 is firing: {error}' in caplog.messages


class Refusing(Writer):
    """A writer thread whose disk is full for a while."""

    def __init__(self, refusals: dict[str, int]) -> None:
        super().__init__()
        self.refusals = refusals

    async def __call__(self, function: Callable[..., Any], /, *args: Any) -> Any:
        """Refuse this function as often as told, then run it."""
        name = function.func.__name__ if hasattr(function, "func") else function.__name__
        if self.refusals.get(name, 0):
            self.refusals[name] -= 1
            raise HistoryError("the disk is full; free some space")
        return await super().__call__(function, *args)


async def test_a_full_disk_repeats_and_loses_nothing(
    history: History, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the history cannot be written, nothing is sent twice, and the mark is made when it can."""
    monkeypatch.setattr("alerts.outbox._AGAIN_AFTER", 0.1)
    queue(history, notice("i1", "a"), notice("i2", "b"))
    with Receiver() as receiver:
        async with delivering(
            history, [webhook("on-call", receiver.url)], writer=Refusing({"take": 1, "settle": 3})
        ) as deliverer:
            await asyncio.sleep(0.1)
            deliverer.wake()
            done = await settled(history)

    assert sorted(texts(receiver)) == ["a", "b"]
    assert {one.state for one in done.values()} == {DeliveryState.SENT}
    assert (
        "the outbox cannot be used: the disk is full; free some space; messages wait until it can"
        in caplog.messages
    )


async def test_a_dead_receiver_is_not_hammered(history: History) -> None:
    """However many messages wait, a channel that fails is tried once, then after 1 s, then after 2 s."""
    queue(history, *(notice(f"i{number}", str(number)) for number in range(20)))
    with Receiver(answer(503)) as receiver:
        async with delivering(history, [webhook("on-call", receiver.url)], spread=lambda _low, high: high):
            await until(lambda: len(receiver.arrivals) == 2)
            await asyncio.sleep(0.7)

    assert len(receiver.arrivals) == 2


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1)], ids=["forward", "back"])
async def test_a_clock_that_is_set_holds_nothing_up(
    history: History, step: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that waits for its next attempt while the clock is set by an hour does not wait an hour."""
    monkeypatch.setattr("alerts.outbox._LOOK_EVERY", 0.2)
    queue(history, notice("i1", "a"))
    with Receiver(answer(500), answer(200)) as receiver:

        def clock() -> datetime:
            return datetime.now(UTC) + (step if receiver.arrivals else timedelta(0))

        async with delivering(history, [webhook("on-call", receiver.url)], clock=clock):
            done = await settled(history)

    assert done["a"].state is DeliveryState.SENT


async def test_a_clock_that_is_set_sends_nothing_twice(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message under way while the clock is set back is due again, and is known to be under way."""
    monkeypatch.setattr("alerts.outbox._LOOK_EVERY", 0.1)
    queue(history, notice("i1", "a"))
    with Receiver(slow) as receiver:

        def clock() -> datetime:
            return datetime.now(UTC) - timedelta(hours=1 if receiver.arrivals else 0)

        async with delivering(history, [webhook("on-call", receiver.url)], clock=clock):
            done = await settled(history)
            await asyncio.sleep(0.2)

    assert done["a"].notice.attempts == 1
    assert texts(receiver) == ["a"]


async def test_a_name_server_that_hangs_is_left_alone(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking up a name obeys no timeout: attempts fail in time, and none begins before its end."""
    real, calls = socket.getaddrinfo, []

    def lookup(*arguments: Any, **named: Any) -> Any:
        calls.append(monotonic())
        if len(calls) == 1:
            sleep(1.8)
        return real(*arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr("alerts.attempt._GRACE", 0.2)
    queue(history, notice("i1", "a"))
    with Receiver() as receiver:
        async with delivering(history, [webhook("on-call", receiver.url, timeout=0.3)]):
            await until(lambda: history.deliveries()[0].error)
            error = history.deliveries()[0].error
            await settled(history)

    assert error == "no end of it within 0.5 s; is this machine's DNS answering?"
    assert texts(receiver) == ["a"]
    assert len(calls) == 2
    assert calls[1] - calls[0] >= 1.8


async def test_a_fault_of_ours_is_logged_and_costs_nothing_else(
    history: History, caplog: pytest.LogCaptureFixture
) -> None:
    """A payload that cannot be read stays in the outbox with its error, and other incidents are told."""
    broken = replace(notice("i1", "a", age=600), payload="{")
    queue(history, broken, notice("i2", "b"))
    with Receiver() as receiver:
        async with delivering(history, [webhook("on-call", receiver.url)]):
            await until(lambda: receiver.arrivals and history.deliveries()[1].error)
    errors = {one.notice.key: one.error for one in history.deliveries()}

    assert texts(receiver) == ["b"]
    assert errors["a"] == "sending failed inside Headroom (JSONDecodeError); its log has more"
    assert 'channel "on-call": sending failed inside Headroom; it is tried again' in caplog.messages


async def test_draining_sends_what_is_due(history: History) -> None:
    """At the end of the process the rest of the outbox goes out, one after another of an incident too."""
    queue(history, notice("i1", "a"), notice("i1", "b"), notice("i2", "c"))
    with Receiver() as receiver:
        deliverer = Deliverer(history, [webhook("on-call", receiver.url)], Writer())
        assert await deliverer.drain(timedelta(seconds=5))
        await deliverer.close()

    assert sorted(texts(receiver)) == ["a", "b", "c"]
    assert history.outbox_depth() == 0


async def test_draining_ends_in_time(history: History) -> None:
    """A receiver that hangs holds up the end of the process for no longer than allowed, and loses nothing."""
    queue(history, notice("i1", "a"))
    begun = monotonic()
    with Receiver(hang) as receiver:
        deliverer = Deliverer(history, [webhook("on-call", receiver.url, 2)], Writer())
        assert not await deliverer.drain(timedelta(seconds=0.3))
        await deliverer.close()
        assert monotonic() - begun < 1

    assert history.outbox_depth() == 1


async def test_stopping_in_the_middle_loses_nothing(history: History) -> None:
    """Whatever moment the deliverer is cancelled at, a drain after it sends what had been leased."""
    queue(history, *(notice(f"i{number}", str(number)) for number in range(30)))
    with Receiver() as receiver:
        deliverer = Deliverer(history, [webhook("on-call", receiver.url)], Writer(), spread=at_once)
        running = asyncio.create_task(deliverer.run())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        running.cancel()
        assert await deliverer.drain(timedelta(seconds=5))
        await deliverer.close()

    assert sorted(texts(receiver), key=int) == [str(number) for number in range(30)]
