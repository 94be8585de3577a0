"""Names that cannot be looked up: those of a source and of a receiver, beside others that need none."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from headroom.history import DeliveryState
from tests.alerts.receiver import Receiver
from tests.collectors_redis.server import Server
from tests.faults.running import OVER, UNDER, Headroom, figures, fill, hook, statuses

RESOLVER = Path(__file__).parent / "resolver"


@pytest.mark.parametrize("fault", ["gone", "hangs"])
def test_a_receiver_whose_name_cannot_be_resolved(
    tmp_path: Path, cache: Server, receiver: Receiver, fault: str
) -> None:
    """The other channel is told at once, polls go on, and all arrives in order when names are back."""
    names = tmp_path / "names"
    names.write_text(fault)
    fill(cache, OVER)
    with Receiver() as named:
        channels = {
            "named": hook(f"http://hooks.test:{named.port}/", timeout="1s"),
            "plain": hook(receiver.url),
        }
        with Headroom(tmp_path, {"cache": cache}, channels) as headroom:
            headroom.start(PYTHONPATH=str(RESOLVER), RESOLVER=str(names))
            headroom.until(lambda: statuses(receiver.arrivals) == ["firing"], "the beginning by address")
            fill(cache, UNDER)
            took = headroom.until(lambda: len(receiver.arrivals) == 2, "the end by address")
            headroom.until(lambda: [one for one in headroom.deliveries() if one.error], "the error")
            (error,) = {one.error for one in headroom.deliveries() if one.error}
            assert named.arrivals == []
            begun = time.monotonic()
            names.write_text("back")
            headroom.until(lambda: len(named.arrivals) == 2, "both by name", seconds=60)
            late = time.monotonic() - begun
            headroom.until(
                lambda: {one.state for one in headroom.deliveries()} == {DeliveryState.SENT}, "all marked"
            )
            assert headroom.stop() == 0

    figures.info("%s: beside it after %.1f s, all told %.1f s after names were back", fault, took, late)
    assert took < 5
    assert statuses(named.arrivals) == ["firing", "resolved"]
    assert error == (
        "the receiver's name cannot be resolved; check the channel's url and this machine's DNS"
        if fault == "gone"
        else "no end of it within 6 s; is this machine's DNS answering?"
    )


@pytest.mark.parametrize("fault", ["gone", "hangs"])
def test_a_source_whose_name_cannot_be_resolved(
    tmp_path: Path, cache: Server, other: Server, receiver: Receiver, fault: str
) -> None:
    """What fires there goes on firing, blind; another source is judged as ever; both end when they should."""
    names = tmp_path / "names"
    names.write_text("back")
    for each in (cache, other):
        fill(each, OVER)
    with Headroom(tmp_path, {"plain": cache, "named": other}, {"hook": hook(receiver.url)}) as headroom:
        text = headroom.config.read_text()
        headroom.config.write_text(text.replace(other.url, f"redis://cache.test:{other.port}"))
        headroom.start(PYTHONPATH=str(RESOLVER), RESOLVER=str(names))
        headroom.until(lambda: len(receiver.arrivals) == 2, "both beginnings")
        names.write_text(fault)
        other.run("CLIENT KILL TYPE normal")
        headroom.until(lambda: [one for one in headroom.incidents() if one.blind], "blind")
        for each in (cache, other):
            fill(each, UNDER)
        took = headroom.until(lambda: len(receiver.arrivals) == 3, "the end of the other one")
        time.sleep(1)
        assert statuses(receiver.arrivals) == ["firing", "firing", "resolved"]
        names.write_text("back")
        back = headroom.until(lambda: len(receiver.arrivals) == 4, "the end of it", seconds=60)
        assert headroom.stop() == 0

    figures.info("%s: the other after %.1f s, it %.1f s after names were back", fault, took, back)
    assert took < 5
    assert statuses(receiver.arrivals) == ["firing", "firing", "resolved", "resolved"]
    assert "Traceback" not in headroom.said
