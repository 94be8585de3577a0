"""A history that cannot be written for a while, and one that is gone."""

from __future__ import annotations

import resource
import sqlite3
import time
from pathlib import Path

from headroom.history import DeliveryState
from tests.alerts.receiver import Receiver
from tests.collectors_redis.server import Server
from tests.faults.running import OVER, UNDER, Headroom, figures, fill, hook, statuses, told

LEAST = 16_384  # bytes: less than one commit needs, and more than the log will have


def test_a_full_disk(tmp_path: Path, cache: Server, receiver: Receiver) -> None:
    """While no byte can be written it goes on, says so, and invents nothing; then it tells what holds."""
    fill(cache, OVER)
    with Headroom(tmp_path, {"cache": cache}, {"hook": hook(receiver.url)}) as headroom:
        headroom.start()
        headroom.until(lambda: statuses(receiver.arrivals) == ["firing"], "the beginning")
        headroom.until(
            lambda: headroom.deliveries()[0].state is DeliveryState.SENT, "the mark that it was sent"
        )
        assert headroom.process is not None
        before = resource.prlimit(headroom.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(headroom.process.pid, resource.RLIMIT_FSIZE, (LEAST, before[1]))
        headroom.until(lambda: "the cycle was not recorded" in headroom.said, "the trouble in the log")
        fill(cache, UNDER)
        time.sleep(3)
        assert statuses(receiver.arrivals) == ["firing"]
        resource.prlimit(headroom.process.pid, resource.RLIMIT_FSIZE, before)
        took = headroom.until(lambda: len(receiver.arrivals) == 2, "the end, once there is room")
        assert headroom.stop() == 0

    figures.info("told %.1f s after there was room", took)
    assert statuses(receiver.arrivals) == ["firing", "resolved"]
    assert "Traceback" not in headroom.said


def test_a_database_that_another_process_keeps_locked(
    tmp_path: Path, cache: Server, receiver: Receiver
) -> None:
    """Locked for longer than it waits: nothing is lost, and what began meanwhile is told when it is free."""
    with Headroom(tmp_path, {"cache": cache}, {"hook": hook(receiver.url)}) as headroom:
        headroom.start()
        headroom.until_started()
        time.sleep(1)
        other = sqlite3.connect(headroom.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        fill(cache, OVER)
        headroom.until(lambda: "is busy: another process" in headroom.said, "the trouble in the log")
        time.sleep(2)
        assert statuses(receiver.arrivals) == []
        other.rollback()
        other.close()
        took = headroom.until(lambda: statuses(receiver.arrivals) == ["firing"], "what began meanwhile")
        fill(cache, UNDER)
        headroom.until(lambda: len(receiver.arrivals) == 2, "the end")
        assert headroom.stop() == 0

    figures.info("told %.1f s after it was free", took)
    assert statuses(receiver.arrivals) == ["firing", "resolved"]
    assert "Traceback" not in headroom.said


def test_a_history_that_is_deleted_while_something_fires(
    tmp_path: Path, cache: Server, receiver: Receiver
) -> None:
    """It ends aloud; started again on nothing, it tells of what fires as of something new."""
    fill(cache, OVER)
    with Headroom(tmp_path, {"cache": cache}, {"hook": hook(receiver.url)}) as headroom:
        headroom.start()
        headroom.until(lambda: statuses(receiver.arrivals) == ["firing"], "the beginning")
        for file in tmp_path.glob("history.db*"):
            file.unlink()
        begun = time.monotonic()
        assert headroom.ended(20) == 2
        figures.info("ended %.1f s after the file was gone", time.monotonic() - begun)
        headroom.start()
        headroom.until(lambda: len(receiver.arrivals) == 2, "the same once more")
        fill(cache, UNDER)
        headroom.until(lambda: len(receiver.arrivals) == 3, "its end")
        assert headroom.stop() == 0

    assert "was deleted or moved while Headroom collects into it" in headroom.said
    first, second, third = told(receiver.arrivals)
    assert [first["status"], second["status"], third["status"]] == ["firing", "firing", "resolved"]
    assert first["incident"] != second["incident"] == third["incident"]
