"""What Headroom says of itself, word by word."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts import system
from alerts.message import delayed
from alerts.rendered import rendered
from alerts.system import asleep_payload, broken_payload, system_payload
from headroom.incidents import Message
from tests.alerts.examples import AT
from tests.alerts_chat.told import HOSTILE, LINK, notice_of

REFUSED = "the receiver answered 404 (no_service) and will not take this message; check the channel's url"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            broken_payload("ops", REFUSED, at=AT, waiting=3),
            [
                f'[HEADROOM] channel "ops" is broken: {REFUSED}',
                f'The channel "ops" does not take messages: {REFUSED}.',
                "3 messages were not taken.",
                "What is meant for it comes here; every 15 minutes one is tried there again.",
            ],
        ),
        (
            asleep_payload(AT - timedelta(hours=2), AT, firing=1),
            [
                "[HEADROOM] asleep for 2 h, awake again",
                "Nothing was judged from 2026-08-03 12:02:10 UTC to 2026-08-03 14:02:10 UTC.",
                "This process, or its machine, stood still.",
                "What was over in between, and is not now, is not known.",
                "1 incident fired before it, and may fire still.",
            ],
        ),
        (
            system.tested_payload("ops", "ann", at=AT),
            [
                "[HEADROOM] test message from ann",
                'ann sent this to see whether the channel "ops" works. It does.',
                "Nothing is wrong, and there is nothing to do.",
            ],
        ),
        (system_payload("two of us", at=AT), ["[HEADROOM] two of us", "two of us."]),
    ],
)
def test_each_in_its_exact_words(told: dict[str, Any], expected: list[str]) -> None:
    """Title and sentences, with what to do."""
    shown = rendered(Message((notice_of(told),)))

    assert [shown.title, *shown.lines] == expected
    assert (shown.severity, shown.good, shown.facts) == ("", False, (("At", "2026-08-03 14:02:10 UTC"),))


def test_messages_of_one_moment_have_keys_of_their_own() -> None:
    """Two channels that break together are two messages, each the same however often it is tried."""
    keys = [broken_payload(name, "x", at=AT)["key"] for name in ("a", "b", "a")]

    assert keys[0] == keys[2] != keys[1]
    assert keys[0].endswith("-20260803T140210.000000Z")


def test_what_others_wrote_is_bounded_and_in_one_line() -> None:
    """Names and answers cannot steer a terminal, nor fill a screen."""
    told = broken_payload(HOSTILE * 99, HOSTILE * 99, at=AT, installation="erp", link=LINK)

    assert all(text.isprintable() for text in [told["title"], told["text"], *told["lines"]])
    assert len(told["title"]) <= 200
    assert told["link"] == LINK


def test_a_late_one_says_so() -> None:
    """As every other message does."""
    one = notice_of(system.tested_payload("ops", "ann", at=AT))
    late = replace(one, payload=delayed(one.payload, AT, AT + timedelta(hours=1)))

    shown = rendered(Message((late,)))

    assert shown.lines[0] == "Delayed by 1 h: happened at 2026-08-03 14:02:10 UTC."
