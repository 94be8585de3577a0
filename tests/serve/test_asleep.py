"""That Headroom notices when it did not run, or nothing of it did."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.asleep import Cause, Clocks, Sleep, Watch, not_running, read_clocks
from tests.history import build

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


class Machine:
    """Three clocks as a machine has them."""

    def __init__(self) -> None:
        self.clocks = Clocks(NOON, 1000.0, 5000.0)

    def read(self) -> Clocks:
        """Read them."""
        return self.clocks

    def passes(self, wall: float, monotonic: float, awake: float) -> None:
        """Let each go on by so many seconds."""
        now = self.clocks
        self.clocks = Clocks(now.wall + timedelta(seconds=wall), now.monotonic + monotonic, now.awake + awake)


@pytest.mark.parametrize(
    ("wall", "monotonic", "awake", "why", "lasted", "step"),
    [
        (1, 1, 1, None, 0, 0),
        (11, 11, 11, None, 0, 0),  # as long as is not noticed yet
        (31, 31, 31, Cause.STALLED, 30, 0),
        (3601, 1, 3601, Cause.SUSPENDED, 3600, 0),
        (3601, 12, 3601, Cause.SUSPENDED, 3600, 0),  # suspended, and slow to come back
        (3601, 1, 1, None, 0, 3600),  # the clock was set forward
        (-3599, 1, 1, None, 0, -3600),  # and back
        (7201, 1, 3601, Cause.SUSPENDED, 3600, 3600),  # suspended, and the clock set meanwhile
        (-3569, 31, 31, Cause.STALLED, 30, -3600),
    ],
)
def test_each_look_tells_what_happened_since_the_last(
    wall: float, monotonic: float, awake: float, why: Cause | None, lasted: float, step: float
) -> None:
    """A suspension, a standstill and a clock that was set are told apart by which clocks went on."""
    machine = Machine()
    watch = Watch(read=machine.read)
    machine.passes(wall, monotonic, awake)
    end = machine.clocks.wall

    assert watch.look() == (None if why is None else Sleep(end - timedelta(seconds=lasted), end, why))
    assert watch.step == step
    machine.passes(1, 1, 1)
    assert watch.look() is None
    assert watch.step == 0


def test_the_story_is_one_sentence() -> None:
    """When, how long, and what it means."""
    assert Sleep(NOON, NOON + timedelta(minutes=61), Cause.SUSPENDED).sentence == (
        "the machine was suspended from 2026-11-22 12:00:00 to 2026-11-22 13:01:00 UTC (1 h 1 min); "
        "nothing was judged in that time"
    )


@pytest.mark.parametrize(
    ("every", "ago", "slept"),
    [
        (15, 60.042, False),
        (15, 61, True),
        (60, 179, False),
        (60, 181, True),
        (1, 50, False),
        (15, -3600, False),
    ],
)
def test_the_history_tells_since_when_nobody_ran(every: float, ago: float, slept: bool) -> None:
    """By its newest poll, good or not: what a verdict may be old is a restart, more is a time without one."""
    newest = build.poll(4, result="unreachable")
    now = newest.at + timedelta(seconds=ago)
    found = not_running([build.poll(1, "cache"), newest], timedelta(seconds=every), now)

    assert found == (Sleep(newest.at + newest.duration, now, Cause.NOT_RUNNING) if slept else None)


def test_the_first_start_is_no_sleep() -> None:
    """Without a poll there is nothing to have slept after."""
    assert not_running([], timedelta(seconds=15), NOON) is None


def test_the_clocks_are_the_systems() -> None:
    """That of suspension is not behind the one that stands still in it."""
    clocks = read_clocks()

    assert clocks.awake >= clocks.monotonic
    assert abs(datetime.now(UTC) - clocks.wall) < timedelta(seconds=5)


CHILD = """
import asyncio
from datetime import timedelta
from monitor.asleep import Watch

async def main():
    watch = Watch(noticed=timedelta(seconds=0.5))
    print("watching", flush=True)
    while True:
        await asyncio.sleep(0.1)
        slept = watch.look(0.1)
        if slept is not None:
            print(slept.why.name, round(slept.span.total_seconds(), 1), round(watch.step, 1), flush=True)

asyncio.run(main())
"""


def test_a_process_that_was_stopped_notices() -> None:
    """SIGSTOP and SIGCONT of a real process: once, for as long as it lasted."""
    child = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "--", sys.executable, "-c", CHILD],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "watching\n"
        time.sleep(0.3)
        child.send_signal(signal.SIGSTOP)
        time.sleep(1.5)
        child.send_signal(signal.SIGCONT)
        name, lasted, step = child.stdout.readline().split()
        time.sleep(0.5)
        child.terminate()
        rest = child.stdout.read()
    finally:
        child.kill()
        child.communicate()

    assert (name, abs(float(step)), rest) == ("STALLED", 0, "")
    assert float(lasted) == pytest.approx(1.5, abs=0.4)
