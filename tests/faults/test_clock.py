"""The wall clock is set by an hour while an incident is pending, and set right again while it fires."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from headroom.incidents import State
from tests.alerts.receiver import Receiver
from tests.collectors_redis.server import Server
from tests.faults.running import OVER, UNDER, Headroom, figures, fill, gauge, hook, statuses, told

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
PENDING = 3.0


@pytest.mark.parametrize("step", ["+3600", "-3600"])
def test_the_clock_fires_and_resolves_nothing(
    tmp_path: Path, cache: Server, receiver: Receiver, step: str
) -> None:
    """Only time that passes counts: it fires after `for`, ends after `recover_for`, and each is told once."""
    stamp = tmp_path / "offset"
    stamp.write_text("+0")
    times = {"window": "4s", "for": f"{PENDING:g}s", "recover_for": "2s"}
    budgets = [gauge("cache.memory", "cache", 30, **times)]
    channels = {"hook": hook(receiver.url)}
    with Headroom(tmp_path, {"cache": cache}, channels, budgets=budgets, every="1s") as headroom:
        headroom.start(
            LD_PRELOAD=str(FAKETIME),
            FAKETIME_TIMESTAMP_FILE=str(stamp),
            FAKETIME_NO_CACHE="1",
            FAKETIME_DONT_FAKE_MONOTONIC="1",
            DONT_FAKE_MONOTONIC="1",
        )
        headroom.until_started()
        time.sleep(1)
        fill(cache, OVER)
        begun = time.monotonic()
        headroom.until(lambda: [one.state for one in headroom.incidents()] == [State.PENDING], "pending")
        stamp.write_text(step)
        headroom.until(lambda: receiver.arrivals, "the beginning")
        fired = receiver.arrivals[0].at - begun
        headroom.until(lambda: "the wall clock was set by" in headroom.said, "the step in the log")
        stamp.write_text("+0")
        time.sleep(3)
        assert statuses(receiver.arrivals) == ["firing"]
        fill(cache, UNDER)
        begun = time.monotonic()
        headroom.until(lambda: len(receiver.arrivals) == 2, "the end")
        ended = receiver.arrivals[1].at - begun
        assert headroom.stop() == 0

    figures.info("%s: fired after %.1f s, ended after %.1f s", step, fired, ended)
    assert PENDING <= fired < PENDING + 8
    assert 2 <= ended < 12
    assert statuses(receiver.arrivals) == ["firing", "resolved"]
    assert len({body["incident"] for body in told(receiver.arrivals)}) == 1
    assert "Traceback" not in headroom.said
