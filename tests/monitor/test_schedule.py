"""Polls go on whatever one source, or the wall clock, does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from headroom.history import Poll
from monitor.schedule import phase
from tests.collectors_redis.server import Server
from tests.monitor.processes import collecting, configure, polls, stop, wait_for_poll

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


@pytest.fixture
def hanging() -> Iterator[int]:
    """The port of a server that accepts and never answers."""
    kept: list[socket.socket] = []
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)
        server.settimeout(0.2)
        done = threading.Event()

        def accept() -> None:
            while not done.is_set():
                try:
                    kept.append(server.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=accept)
        thread.start()
        yield server.getsockname()[1]
        done.set()
        thread.join()
        for each in kept:
            each.close()


def test_a_source_that_hangs_delays_no_other(tmp_path: Path, cache: Server, hanging: int) -> None:
    """Beside two that never answer, a healthy one is polled every second."""
    config = configure(
        tmp_path,
        healthy=cache.url,
        dead=f"redis://127.0.0.1:{hanging}/0",
        deader=f"redis://127.0.0.1:{hanging}/1",
    )
    process = collecting(config)
    time.sleep(9)
    code = stop(process)

    good = [poll for poll in polls(config, "healthy") if poll.result == "ok"]
    gaps = [later.at - earlier.at for earlier, later in pairwise(good)]
    assert code == 0
    assert len(good) >= 5
    assert max(gaps) < timedelta(seconds=1.9), gaps
    bad = polls(config, "dead")
    assert bad
    assert {poll.result for poll in bad} == {"unreachable"}


def test_polling_goes_on_after_a_server_comes_back(tmp_path: Path, cache: Server) -> None:
    """Stopped and started again on its port: blind meanwhile, then read again, without a restart of ours."""
    config = configure(tmp_path, cache=cache.url)
    process = collecting(config)
    wait_for_poll(config, "cache", "ok")
    cache.stop()
    wait_for_poll(config, "cache", "unreachable")
    cache.start()
    wait_for_poll(config, "cache", "ok")

    assert stop(process) == 0


@pytest.mark.parametrize("step", ["+3600", "-3600"])
def test_the_wall_clock_may_step_an_hour(tmp_path: Path, cache: Server, step: str) -> None:
    """An hour forward or back: polls go on within seconds, and the new ones have the new time."""
    stamp = tmp_path / "offset"
    stamp.write_text("+0")
    config = configure(tmp_path, cache=cache.url)
    process = collecting(
        config,
        LD_PRELOAD=str(FAKETIME),
        FAKETIME_TIMESTAMP_FILE=str(stamp),
        FAKETIME_NO_CACHE="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
        DONT_FAKE_MONOTONIC="1",
    )
    wait_for_poll(config, "cache", "ok")
    before = len(polls(config, "cache"))
    stamp.write_text(step)

    def stepped() -> list[Poll]:
        far = timedelta(minutes=50)
        return [poll for poll in polls(config, "cache") if abs(poll.at - datetime.now(UTC)) > far]

    deadline = time.monotonic() + 20  # an hour of silence is what it would be else
    while len(stepped()) < 4:
        assert time.monotonic() < deadline, (config.parent / "log").read_text()
        time.sleep(0.2)
    assert stop(process) == 0

    made = polls(config, "cache")
    assert len(made) - before >= 4
    assert {poll.result for poll in made} == {"ok"}


def test_the_starts_are_spread_and_always_the_same() -> None:
    """The offset depends on the name alone and lies inside the interval."""
    every = timedelta(seconds=15)
    offsets = [phase(f"source {number}", every) for number in range(200)]

    assert offsets == [phase(f"source {number}", every) for number in range(200)]
    assert min(offsets) >= timedelta(0)
    assert max(offsets) < every
    thirds = [sum(offset // timedelta(seconds=5) == third for offset in offsets) for third in range(3)]
    assert min(thirds) > 40
