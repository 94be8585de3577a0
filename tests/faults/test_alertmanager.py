"""A real Alertmanager that restarts in the middle of an incident, told by processes that are killed too."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.alerts.receiver import Receiver
from tests.alerts_alertmanager.servers import Server as Alertmanager
from tests.alerts_alertmanager.servers import hook as heard
from tests.collectors_redis.server import Server
from tests.faults.running import OVER, UNDER, Headroom, figures, fill

FIRING, RESOLVED = ("firing", "cache.memory", "critical"), ("resolved", "cache.memory", "critical")


@pytest.fixture
def alertmanager(tmp_path: Path, receiver: Receiver) -> Iterator[Alertmanager]:
    """An Alertmanager that tells the receiver."""
    with Alertmanager(tmp_path / "alertmanager", receiver.url) as started:
        yield started


def of_incident(receiver: Receiver) -> list[tuple[str, str, str]]:
    """Return what on-call was told, without the Watchdog."""
    return [one for one in heard(receiver) if one[1] != "Watchdog"]


def test_restarts_in_the_middle_of_an_incident(
    tmp_path: Path, cache: Server, receiver: Receiver, alertmanager: Alertmanager
) -> None:
    """Alertmanager ends in order, and Headroom by kill -9: on-call hears one beginning and one end."""
    channels = {"cluster": {"kind": "alertmanager", "urls": [alertmanager.url]}}
    fill(cache, OVER)
    with Headroom(tmp_path, {"cache": cache}, channels) as headroom:
        headroom.start()
        headroom.until(lambda: of_incident(receiver) == [FIRING], "the beginning")
        alertmanager.stop()
        time.sleep(1)
        alertmanager.start()
        again = headroom.until(
            lambda: "cache.memory" in {one["labels"].get("budget") for one in alertmanager.alerts()},
            "the same alert there again",
        )
        headroom.kill()
        headroom.start()
        time.sleep(4)  # some flushes of its group
        assert of_incident(receiver) == [FIRING]
        fill(cache, UNDER)
        headroom.until(lambda: RESOLVED in of_incident(receiver), "the end")
        assert headroom.stop() == 0

    figures.info("there again %.1f s after it was back", again)
    assert of_incident(receiver) == [FIRING, RESOLVED]
    assert "Traceback" not in headroom.said


def test_its_data_is_lost(
    tmp_path: Path, cache: Server, receiver: Receiver, alertmanager: Alertmanager
) -> None:
    """Killed and its data lost while it goes on: it may be told once more, and never that it ended."""
    channels = {"cluster": {"kind": "alertmanager", "urls": [alertmanager.url]}}
    fill(cache, OVER)
    with Headroom(tmp_path, {"cache": cache}, channels) as headroom:
        headroom.start()
        headroom.until(lambda: of_incident(receiver) == [FIRING], "the beginning")
        alertmanager.kill()
        alertmanager.forget()
        time.sleep(1)
        alertmanager.start()
        headroom.until(lambda: of_incident(receiver) == [FIRING, FIRING], "it once more")
        fill(cache, UNDER)
        headroom.until(lambda: RESOLVED in of_incident(receiver), "the end")
        assert headroom.stop() == 0

    assert of_incident(receiver) == [FIRING, FIRING, RESOLVED]
