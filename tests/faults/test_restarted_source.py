"""A source that is started anew before an alarm: the alarm says so, since people ask for it first."""

from __future__ import annotations

from pathlib import Path

from tests.alerts.receiver import Receiver
from tests.collectors_redis.server import Server
from tests.faults.running import OVER, Headroom, fill, hook, told


def polled(headroom: Headroom) -> bool:
    """Tell whether the source was read."""
    with headroom.reading() as history:
        return bool(history.last_ok())


def test_an_alarm_names_the_restart_before_it(tmp_path: Path, cache: Server, receiver: Receiver) -> None:
    """A real Redis that was killed and came back, and is full some seconds later."""
    with Headroom(tmp_path, {"cache": cache}, {"hook": hook(receiver.url)}) as headroom:
        headroom.start()
        headroom.until(lambda: polled(headroom), "the first poll")
        cache.stop()
        cache.start()
        fill(cache, OVER)
        headroom.until(lambda: receiver.arrivals, "the beginning")
        assert headroom.stop() == 0

    message = told(receiver.arrivals)[0]
    assert message["status"] == "firing"
    (line,) = [each for each in message["lines"] if "anew" in each]
    assert line.startswith("At ")
    assert line.endswith(" it began: the server of cache was started anew, or another one answers.")
    assert "Traceback" not in headroom.said
