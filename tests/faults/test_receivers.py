"""Nine receivers, each broken in its own way for an hour by a clock of the test, and one that is well."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic

import pytest

from headroom.history import DeliveryState, History, open_history
from headroom.incidents import Notice
from tests.alerts.delivering import delivering, notice, queue, until, webhook
from tests.alerts.receiver import (
    Behaviour,
    Exchange,
    Receiver,
    answer,
    break_off,
    drip_headers,
    free_port,
    hang,
)
from tests.faults.running import figures, told

STEP = timedelta(minutes=5)
STEPS = 12


def half_an_answer(exchange: Exchange) -> None:
    """Close in the middle of the status line."""
    exchange.write(b"HTTP/1.1 2")


BROKEN: dict[str, Behaviour] = {
    "500": answer(500),
    "503": answer(503, "maintenance"),
    "429": answer(429, Retry_After="1"),
    "hangs": hang,
    "drips": drip_headers,
    "closes": break_off,
    "half-way": half_an_answer,
}
REFUSED = answer(400, "no such room")


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """A history that is collected into."""
    with open_history(str(tmp_path / "history.db"), collecting=True) as opened:
        yield opened


class Moody:
    """A receiver that is broken until `mended` is set, and what it accepted after that."""

    def __init__(self, broken: Behaviour, mended: threading.Event) -> None:
        self._broken = broken
        self._mended = mended
        self.mended_at = 0.0
        self.receiver = Receiver(self._behave)

    def _behave(self, exchange: Exchange) -> None:
        (answer(200, "thanks") if self._mended.is_set() else self._broken)(exchange)

    def accepted(self) -> list[dict[str, object]]:
        """Return what arrived since it is mended."""
        return told([one for one in self.receiver.arrivals if one.at >= self.mended_at])


def moves(step: int, now: datetime, channel: str) -> list[Notice]:
    """Return what happens in a step: one begins, the one before it gets worse, the one six before it ends."""
    told_now = [(step, "firing", "1 firing")]
    if step >= 1:
        told_now.append((step - 1, "firing", "2 worse"))
    if step >= 6:
        told_now.append((step - 6, "resolved", "3 met"))
    made = [
        replace(notice(f"i{one}", f"{channel}-i{one}-{word}", status, channel=channel), created=now)
        for one, status, word in told_now
    ]
    return [
        replace(
            one,
            next_at=now,
            payload=json.dumps(
                {"incident": one.incident, "status": one.status.value, "key": one.key, "text": one.key}
            ),
        )
        for one in made
    ]


def arrived(well: Receiver, wanted: int) -> bool:
    """Tell whether so many of its own messages have arrived at the healthy receiver."""
    return len({one["key"] for one in told(well.arrivals) if one["key"].startswith("well-")}) >= wanted


async def test_an_hour_of_broken_receivers(history: History) -> None:
    """No fault delays another channel, nothing that still matters is lost, order holds, late ones say so."""
    now = datetime.now(UTC)
    mended = threading.Event()
    port = free_port()
    faults = {name: Moody(broken, mended) for name, broken in BROKEN.items()}
    with ExitStack() as stack:
        well = stack.enter_context(Receiver())
        refusing = stack.enter_context(Receiver(REFUSED))
        for each in faults.values():
            stack.enter_context(each.receiver)
        channels = [
            webhook("well", well.url),
            *(webhook(name, each.receiver.url, timeout=0.5) for name, each in faults.items()),
            webhook("down", f"http://127.0.0.1:{port}/"),
            webhook("400", refusing.url, fallback="well"),
        ]
        slowest = 0.0
        async with delivering(history, channels, clock=lambda: now) as deliverer:
            for step in range(STEPS):
                queue(history, *(one for channel in channels for one in moves(step, now, channel.name)))
                begun, wanted = monotonic(), sum(len(moves(each, now, "well")) for each in range(step + 1))
                deliverer.wake()
                await until(partial(arrived, well, wanted))
                slowest = max(slowest, monotonic() - begun)
                await asyncio.sleep(0.1)
                now += STEP
            for each in faults.values():
                each.mended_at = monotonic()
            mended.set()
            with Receiver(port=port) as down:
                while history.outbox_depth():
                    deliverer.wake()
                    await asyncio.sleep(0.05)
                    now += timedelta(seconds=15)

    figures.info("at most %.2f s beside nine broken ones", slowest)
    assert slowest < 2.0
    accepted = {name: each.accepted() for name, each in faults.items()} | {"down": told(down.arrivals)}
    states: dict[str, dict[str, DeliveryState]] = defaultdict(dict)
    for one in history.deliveries(limit=10_000):
        states[one.notice.channel][one.notice.key] = one.state
    for name, bodies in accepted.items():
        keys = list(dict.fromkeys(str(body["key"]) for body in bodies))
        sent = {key for key, state in states[name].items() if state is DeliveryState.SENT}
        assert set(keys) == sent, name
        assert set(states[name].values()) <= {DeliveryState.SENT, DeliveryState.SUPERSEDED}, name
        for number in range(STEPS):
            of_one = [key for key in keys if f"-i{number}-" in key]
            assert of_one == sorted(of_one), name
            if number >= STEPS - 6:  # it still fires: somebody has to hear of it, and of how bad it is
                assert len(of_one) == (2 if number < STEPS - 1 else 1), name
        assert all(body["delayed"] and str(body["text"]).startswith("Delayed by ") for body in bodies[:6]), (
            name
        )
    rerouted = [key for key, state in states["400"].items() if state is DeliveryState.REROUTED]
    assert rerouted
    assert {str(one["key"]) for one in told(well.arrivals)} >= set(rerouted)
    assert len(refusing.arrivals) <= 12  # three times, and then only to see whether it is mended
