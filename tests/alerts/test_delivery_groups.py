"""PagerDuty knows a message of many by one key: it is resolved when the last of them is, and not before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from headroom.channels import Channel, PagerDuty
from headroom.history import Cycle, History, open_history
from headroom.incidents import Notice, State
from headroom.sources import Secret
from tests.alerts.delivering import delivering, notice, queue, settled
from tests.alerts.examples import incident
from tests.alerts.receiver import Receiver, answer


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """Give a new history."""
    with open_history(str(tmp_path / "history.db"), collecting=True) as history:
        yield history


def of_source(number: int, status: str, turn: int = 0) -> Notice:
    """Return a notice about incident `number` on one source."""
    return notice(f"i{number}", f"i{number}-{status}-{turn}", status, source="postgres")


def events(receiver: Receiver) -> list[tuple[str, str]]:
    """Return what was done there, and by which key."""
    bodies: list[dict[str, Any]] = [json.loads(arrival.body) for arrival in receiver.arrivals]
    return [(body["event_action"], body["dedup_key"]) for body in bodies]


async def test_a_group_is_opened_acknowledged_and_resolved_once(history: History) -> None:
    """Five fire together; until the last has ended, and was told, nothing else is heard of them."""
    responses: dict[str, str] = {}
    with Receiver(answer(202)) as receiver:
        pager = Channel("on-call", PagerDuty(Secret("k" * 32), receiver.url))
        async with delivering(history, [pager]) as deliverer:
            for batch in [
                [of_source(number, "firing") for number in range(5)],
                [of_source(0, "acknowledged"), of_source(1, "acknowledged")],
                [of_source(number, "acknowledged") for number in (2, 3, 4)],
                [of_source(number, "resolved") for number in (1, 3)],
                [of_source(2, "firing", 1)],
                [of_source(number, "resolved") for number in (0, 2)],
                [of_source(4, "resolved")],
            ]:
                queue(history, *batch)
                deliverer.wake()
                found = await settled(history)
                responses |= {key: one.response for key, one in found.items()}

    key = "i0-firing-0"
    assert events(receiver) == [
        ("trigger", key),
        ("acknowledge", key),
        ("trigger", key),
        ("resolve", key),
    ]
    assert responses["i0-acknowledged-0"] == "waits for 3 others of its group"
    assert responses["i1-resolved-0"] == "waits for 3 others of its group"
    assert responses["i2-resolved-0"] == "waits for 1 other of its group"
    assert responses["i4-resolved-0"] == "202"


async def test_one_that_ended_without_a_word_keeps_no_group_open(history: History) -> None:
    """A member whose end nobody is told of does not count."""
    with Receiver(answer(202)) as receiver:
        pager = Channel("on-call", PagerDuty(Secret("k" * 32), receiver.url))
        async with delivering(history, [pager]) as deliverer:
            queue(history, *(of_source(number, "firing") for number in range(3)))
            deliverer.wake()
            await settled(history)
            over = replace(incident(State.RESOLVED), id="i2", ended=datetime.now(UTC))
            history.record(Cycle(datetime.now(UTC), incidents=(over,)))
            queue(history, of_source(0, "resolved"), of_source(1, "resolved"))
            deliverer.wake()
            await settled(history)

    assert events(receiver) == [("trigger", "i0-firing-0"), ("resolve", "i0-firing-0")]


async def test_a_storm_at_pagerduty_is_a_few_events(history: History) -> None:
    """500 of one source are three incidents there, and each of them is resolved once."""
    with Receiver(answer(202)) as receiver:
        pager = Channel("on-call", PagerDuty(Secret("k" * 32), receiver.url))
        async with delivering(history, [pager]) as deliverer:
            queue(history, *(of_source(number, "firing") for number in range(500)))
            deliverer.wake()
            await settled(history)
            queue(history, *(of_source(number, "resolved") for number in reversed(range(500))))
            deliverer.wake()
            await settled(history)

    found = events(receiver)
    keys = ["i0-firing-0", "i200-firing-0", "i400-firing-0"]
    assert found[:3] == [("trigger", key) for key in keys]
    assert sorted(found[3:]) == [("resolve", key) for key in keys]


async def test_what_waits_for_its_next_attempt_resolves_the_group_by_its_key(history: History) -> None:
    """An end that fails at first goes again with the key of the group."""
    with Receiver(answer(202), answer(500), answer(202)) as receiver:
        pager = Channel("on-call", PagerDuty(Secret("k" * 32), receiver.url))
        async with delivering(history, [pager]) as deliverer:
            queue(history, *(of_source(number, "firing") for number in range(3)))
            deliverer.wake()
            await settled(history)
            queue(history, *(of_source(number, "resolved") for number in range(3)))
            deliverer.wake()
            await settled(history)

    assert events(receiver) == [
        ("trigger", "i0-firing-0"),
        ("resolve", "i0-firing-0"),
        ("resolve", "i0-firing-0"),
    ]
