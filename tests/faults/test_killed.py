"""kill -9 of the collecting process at random moments, with receivers that count.

HEADROOM_KILLS says how often; the figures of 200 stand in docs/reliability.md.
"""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from alerts.channels import pagerduty
from demo.receivers.pagerduty import PagerDuty
from headroom.history import DeliveryState
from headroom.incidents import NoticeStatus, State
from tests.alerts.receiver import Arrival, Exchange, Receiver, answer
from tests.collectors_redis.server import Server
from tests.faults.ledger import ledger
from tests.faults.running import UNDER, Headroom, figures, fill, gauge, hook, told

KILLS = int(os.environ.get("HEADROOM_KILLS", "24"))
SOONEST, LATEST = 0.1, 2.0
"""Seconds after the start, which itself takes about one, or in every other round after it is done."""

SLOWEST = 0.25  # seconds for a message: long enough for kills in the middle of one


class Mover:
    """Moves the memory of the caches over and under limits, at random, until closed."""

    def __init__(self, dice: random.Random, *caches: Server) -> None:
        self._dice = dice
        self._caches = caches
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        """Move nothing more."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed.wait(self._dice.uniform(0.2, 0.9)):
            fill(self._dice.choice(self._caches), self._dice.choice((2, 2, 2, 25, 50, 70)))


def abandoned(exchange: Exchange) -> bool:
    """Tell whether who sent a request is gone."""
    try:
        waiting: bytes = exchange._handler.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return not waiting


@pytest.mark.timeout(300 + 10 * KILLS)
def test_killed_at_random_moments_it_loses_nothing(tmp_path: Path, cache: Server, other: Server) -> None:
    """Each move that had to be told arrives at least once, in order, under one key, whenever it is killed."""
    dice = random.Random(6)
    delays = random.Random(7)
    accepted: list[Arrival] = []

    def slowly(exchange: Exchange) -> None:
        arrival = receiver.arrivals[-1]
        time.sleep(delays.uniform(0, SLOWEST))
        if not abandoned(exchange):  # of what its sender no longer waits for, nothing is taken in
            accepted.append(arrival)
            answer(200, "thanks")(exchange)

    budgets = [
        gauge("a.low", "a", 10),
        gauge("a.two", "a", 20, 40),
        gauge("a.high", "a", 60),
        gauge("b.low", "b", 30),
        gauge("b.two", "b", 10, 60),
    ]
    with Receiver(slowly) as receiver, PagerDuty() as pages:
        page = {"kind": "pagerduty", "routing_key": pages.routing_key, "url": pages.url}
        channels = {"hook": hook(receiver.url), "page": {**page, "at_most": "1000 per 1s"}}
        with Headroom(tmp_path, {"a": cache, "b": other}, channels, budgets=budgets) as headroom:
            mover = Mover(random.Random(8), cache, other)
            for number in range(KILLS):
                headroom.start()
                if number % 2:
                    headroom.until_started()
                time.sleep(dice.uniform(SOONEST, LATEST))
                headroom.kill()
            mover.close()
            fill(cache, 70)
            fill(other, 70)
            headroom.start()
            headroom.until(lambda: len(headroom.firing()) == len(budgets), "all of them firing")
            fill(cache, UNDER)
            fill(other, UNDER)
            headroom.until(lambda: not headroom.firing(), "all of them resolved")
            assert headroom.stop() == 0

            deliveries = headroom.deliveries()
            ends = {one.state for one in headroom.incidents()}
            with headroom.reading() as history:
                hooked = ledger(history, "hook", told(accepted))

    figures.info("%d kills, %d incidents, %d transitions", KILLS, len(hooked.moves), hooked.transitions)
    figures.info("%d attempts, %d messages taken", len(receiver.arrivals), len(accepted))
    figures.info("%d notices taken, %d of them again", len(told(accepted)), hooked.duplicates)
    figures.info("%d left out, %d events at PagerDuty", hooked.needless, len(pages.arrivals))
    assert hooked.faults() == []
    assert hooked.transitions >= KILLS
    assert ends <= {State.RESOLVED, State.DROPPED}
    assert {one.state for one in deliveries} <= {DeliveryState.SENT, DeliveryState.SUPERSEDED}
    paged = {
        pagerduty._key(one.notice)
        for one in deliveries
        if one.notice.channel == "page"
        and one.notice.status is NoticeStatus.FIRING
        and one.state is DeliveryState.SENT
    }
    known = Counter(alert.key for alert in pages.alerts if alert.events[0]["payload"]["class"] == "breach")
    assert known == Counter(paged)  # each once: none was opened a second time after its end
    assert [alert for alert in pages.open() if alert.key in paged] == []
    assert {arrival.reply.status for arrival in pages.arrivals} == {202}
    assert "Traceback" not in headroom.said
