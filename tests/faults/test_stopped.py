"""Processes that are stopped: for a while by SIGSTOP, and for good by SIGTERM in the middle of a delivery."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from headroom.history import DeliveryState
from tests.alerts.receiver import Behaviour, Exchange, Receiver, answer, hang
from tests.collectors_redis.server import Server
from tests.faults.running import OVER, UNDER, Headroom, figures, fill, hook, statuses, told


def test_a_process_that_stood_still_says_so(tmp_path: Path, cache: Server, receiver: Receiver) -> None:
    """Stopped for twelve seconds while something fires: one message about that, and no false end."""
    fill(cache, OVER)
    with Headroom(tmp_path, {"cache": cache}, {"hook": hook(receiver.url)}) as headroom:
        headroom.start()
        headroom.until(
            lambda: [one.state for one in headroom.deliveries()] == [DeliveryState.SENT], "the beginning"
        )
        headroom.signal(signal.SIGSTOP)
        time.sleep(12.5)
        headroom.signal(signal.SIGCONT)
        heard = headroom.until(lambda: len(receiver.arrivals) == 2, "the message about the sleep")
        time.sleep(1)
        assert statuses(receiver.arrivals) == ["firing"]
        fill(cache, UNDER)
        headroom.until(lambda: len(receiver.arrivals) == 3, "the end")
        assert headroom.stop() == 0

    slept = json.loads(receiver.arrivals[1].body)
    figures.info("told %.1f s after it went on", heard)
    assert slept["status"] == "headroom"
    assert slept["brief"].startswith("asleep for 1")
    assert "the process stood still." in slept["lines"]
    assert "1 incident fired before it, and may fire still." in slept["lines"]
    assert statuses(receiver.arrivals) == ["firing", "resolved"]


def after(seconds: float) -> Behaviour:
    """Accept after so many seconds."""

    def behave(exchange: Exchange) -> None:
        exchange.closing.wait(seconds)
        answer(200, "thanks")(exchange)

    return behave


@pytest.mark.parametrize(
    ("behaviour", "left", "arrivals"),
    [(after(1.5), DeliveryState.SENT, 2), (hang, DeliveryState.WAITING, 3)],
    ids=["slow", "hanging"],
)
def test_sigterm_in_the_middle_of_a_delivery(
    tmp_path: Path, cache: Server, behaviour: Behaviour, left: DeliveryState, arrivals: int
) -> None:
    """What is under way is awaited for some seconds; what is not heard of then is sent again, by its key."""
    fill(cache, OVER)
    with Receiver(behaviour, answer(200, "thanks")) as receiver:
        channel = hook(receiver.url, timeout="20s")
        with Headroom(tmp_path, {"cache": cache}, {"hook": channel}) as headroom:
            headroom.start()
            headroom.until(lambda: receiver.arrivals, "a message under way")
            begun = time.monotonic()
            assert headroom.stop() == 0
            took = time.monotonic() - begun
            assert [one.state for one in headroom.deliveries()] == [left]
            headroom.start()
            headroom.until(lambda: len(receiver.arrivals) == arrivals - 1, "it again")
            fill(cache, UNDER)
            headroom.until(lambda: len(receiver.arrivals) == arrivals, "the end")
            assert headroom.stop() == 0

    figures.info("ended %.1f s after SIGTERM", took)
    assert took < 12  # five for what is under way, and what a busy machine adds
    assert statuses(receiver.arrivals) == ["firing"] * (arrivals - 1) + ["resolved"]
    assert len({body["key"] for body in told(receiver.arrivals)}) == 2
    assert "Traceback" not in headroom.said
