"""500 incidents at once: a few messages for each channel, with all of them inside, in order."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headroom.channels import Channel, Email, Pace
from headroom.history import DeliveryState, History, open_history
from headroom.incidents import Notice
from tests.alerts.delivering import delivering, notice, queue, settled, until, webhook
from tests.alerts.receiver import Behaviour, Exchange, Receiver, answer, free_port

ROOT = Path(__file__).parents[2]
MANY = 500
USUAL = Pace()

Shape = Callable[[int], tuple[str, str]]
ONE_SOURCE: Shape = lambda number: ("postgres", f"b{number}")  # noqa: E731 a table of three
ALL_APART: Shape = lambda number: (f"s{number}", f"b{number}")  # noqa: E731 the same
ONE_BUDGET: Shape = lambda number: (f"s{number}", "api.login")  # noqa: E731 the same
SHAPES = pytest.mark.parametrize(
    "shape", [ONE_SOURCE, ALL_APART, ONE_BUDGET], ids=["one source", "all apart", "one budget"]
)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """Give a new history."""
    with open_history(str(tmp_path / "history.db"), collecting=True) as history:
        yield history


def storm(shape: Shape, status: str = "firing") -> list[Notice]:
    """Return a notice of each of 500 incidents."""
    return [
        replace(notice(f"i{number}", f"i{number} {status}", status), source=source, budget=budget)
        for number in range(MANY)
        for source, budget in [shape(number)]
    ]


def worse() -> list[Notice]:
    """Return a second alarm of each of them."""
    return [replace(notice(f"i{n}", f"i{n} worse"), source=f"s{n}") for n in range(MANY)]


def told(receiver: Receiver) -> list[list[str]]:
    """Return the texts of each message that arrived."""
    bodies = [json.loads(arrival.body) for arrival in receiver.arrivals]
    return [[one["text"] for one in body.get("alerts", [body])] for body in bodies]


@SHAPES
async def test_a_storm_is_a_few_messages(history: History, shape: Shape) -> None:
    """Each incident's alarm is in one of them, and its end in one that comes later."""
    queue(history, *storm(shape))
    with Receiver() as receiver:
        async with delivering(history, [webhook("on-call", receiver.url, pace=USUAL)]) as deliverer:
            await until(lambda: not history.outbox_depth(), 20)
            alarms = told(receiver)
            queue(history, *storm(shape, "resolved"))
            deliverer.wake()
            await until(lambda: not history.outbox_depth(), 20)

    ends = told(receiver)[len(alarms) :]
    assert [len(message) for message in alarms] == [200, 200, 100]
    assert [len(message) for message in ends] == [200, 200, 100]
    assert [one for message in alarms for one in message] == [f"i{number} firing" for number in range(MANY)]
    assert [one for message in ends for one in message] == [f"i{number} resolved" for number in range(MANY)]
    assert {state for _, state in history.delivery_counts()} == {DeliveryState.SENT}


@SHAPES
async def test_a_storm_that_passes_unheard_is_not_told(history: History, shape: Shape) -> None:
    """All that resolved before its channel could be told of it is left out."""
    queue(history, *storm(shape), *storm(shape, "resolved"))
    with Receiver() as receiver:
        async with delivering(history, [webhook("on-call", receiver.url, pace=USUAL)]):
            await until(lambda: not history.outbox_depth(), 20)

    assert receiver.arrivals == []
    assert history.delivery_counts() == {("on-call", DeliveryState.SUPERSEDED): 2 * MANY}


async def test_what_comes_one_by_one_is_told_together_once_it_is_too_much(history: History) -> None:
    """By a clock of the test: ten messages at once, then one each half minute with all that came since."""
    now = datetime.now(UTC)
    made = [replace(one, created=now, next_at=now) for one in storm(ALL_APART)[:100]]
    with Receiver() as receiver:
        channel = webhook("on-call", receiver.url, pace=USUAL)
        async with delivering(history, [channel], clock=lambda: now) as deliverer:
            for second, one in enumerate(made):
                queue(history, one)
                now += timedelta(seconds=1)
                deliverer.wake()
                # Ten at once; the next 30 s after the last of them, with all that came since.
                sent = second + 1 if second < 10 else 10 + (second - 9) // 30
                await until(lambda sent=sent: len(receiver.arrivals) >= sent)  # type: ignore[misc]
            assert len(receiver.arrivals) == 13
            now += timedelta(seconds=30)
            deliverer.wake()
            await settled(history)

    messages = told(receiver)
    assert [len(message) for message in messages] == [1] * 10 + [30, 30, 30]
    assert [one for message in messages for one in message] == [f"i{n} firing" for n in range(100)]


async def test_an_hour_without_receiver_loses_nothing(history: History) -> None:
    """By a clock of the test: what fired in each minute is told after it in few messages, in order."""
    now = datetime.now(UTC)
    port = free_port()
    channel = webhook("on-call", f"http://127.0.0.1:{port}/", pace=USUAL)
    async with delivering(history, [channel], clock=lambda: now) as deliverer:
        for minute in range(60):
            fired = [f"i{minute}"] + ([f"i{minute - 30}"] if minute >= 30 else [])
            made = [notice(number, f"{number} {minute:02}") for number in fired]
            queue(history, *(replace(one, created=now, next_at=now) for one in made))
            deliverer.wake()
            await asyncio.sleep(0.02)
            now += timedelta(minutes=1)
        with Receiver(port=port) as receiver:
            while history.outbox_depth():
                deliverer.wake()
                await asyncio.sleep(0.05)
                now += timedelta(seconds=15)

    texts = [one for message in told(receiver) for one in message]
    assert len(texts) == 90
    for number in range(30):
        of_one = [text[-2:] for text in texts if f" i{number} " in f" {text}"]
        assert of_one == [f"{number:02}", f"{number + 30}"]
    assert len(receiver.arrivals) <= 30


async def test_the_pace_is_kept_across_a_restart(history: History) -> None:
    """What the last process sent counts for this one; nothing is lost, and what waits is told together."""
    now = datetime.now(UTC)
    pace = Pace(2, timedelta(minutes=5))
    queue(history, *(notice(f"i{number}", str(number)) for number in range(3)))
    with Receiver() as receiver:
        channel = webhook("on-call", receiver.url, pace=pace)
        async with delivering(history, [channel], clock=lambda: now):
            await until(lambda: not history.outbox_depth())
        assert told(receiver) == [["0", "1", "2"]]
        queue(history, *(notice(f"j{number}", str(number)) for number in range(2)))
        now = datetime.now(UTC) + timedelta(seconds=200)
        async with delivering(history, [channel], clock=lambda: now) as deliverer:
            deliverer.wake()
            assert await deliverer.drain(timedelta(seconds=5))
            assert history.outbox_depth() == 2
            now += timedelta(seconds=150)
            deliverer.wake()
            await settled(history)

    assert [[text[-3:] for text in message] for message in told(receiver)[1:]] == [[". 0", ". 1"]]


async def test_a_digest_is_one_mail_of_each_status(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was collected for a digest goes together, also where little waits."""
    sent: list[list[str]] = []
    monkeypatch.setattr(
        "alerts.attempt.sender",
        lambda _kind: lambda _channel, message: sent.append([one.key for one in message.notices]) or "250",
    )
    digest = Email("mail.example", 25, "none", "a@example.org", ("b@example.org",), digest=timedelta(hours=1))
    queue(
        history,
        notice("i1", "a", source="x"),
        notice("i2", "b", source="y"),
        notice("i3", "c", "resolved", source="z"),
    )
    async with delivering(history, [Channel("on-call", digest)]):
        await settled(history)

    assert sent == [["a", "b"], ["c"]]


def test_a_storm_survives_kill_9(tmp_path: Path) -> None:
    """Killed in the middle of a message: it comes again with its key and content, whatever came meanwhile."""
    path = tmp_path / "history.db"
    later = [storm(ALL_APART)[150:350], storm(ALL_APART)[350:], worse()]
    with open_history(str(path), collecting=True) as history:
        queue(history, *storm(ALL_APART)[:150])

    child: subprocess.Popen[bytes]

    def kill(_: Exchange) -> None:
        os.kill(child.pid, signal.SIGKILL)

    behaviours: list[Behaviour] = [kill, answer(200), kill, answer(200), kill, answer(200)]
    with Receiver(*behaviours) as receiver:
        starts = 0
        while True:
            starts += 1
            child = subprocess.Popen(
                [sys.executable, "-m", "tests.alerts.delivering", str(path), receiver.url], cwd=ROOT
            )
            if child.wait(timeout=30) == 0:
                break
            assert child.returncode == -signal.SIGKILL
            with open_history(str(path), collecting=True) as history:
                queue(history, *later.pop(0))

    by_key: dict[str, set[str]] = {}
    for arrival, texts in zip(receiver.arrivals, told(receiver), strict=True):
        by_key.setdefault(arrival.headers["Idempotency-Key"], set()).add(" ".join(texts))
    assert starts == 4
    assert [len(contents) for contents in by_key.values()] == [1] * len(by_key)
    seen = [one for message in told(receiver) for one in message]
    assert set(seen) == {f"i{number} {status}" for number in range(MANY) for status in ("firing", "worse")}
    for number in range(MANY):
        assert seen.index(f"i{number} firing") < seen.index(f"i{number} worse")
    with open_history(str(path), collecting=False) as history:
        assert history.delivery_counts() == {("on-call", DeliveryState.SENT): 2 * MANY}
