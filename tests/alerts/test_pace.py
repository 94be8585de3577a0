"""How many messages go at once, and when the next one may."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from alerts.pace import at_once, opens
from headroom.channels import Pace
from tests.alerts.examples import AT

MINUTES = timedelta(minutes=5)


def ago(*seconds: float) -> list[datetime]:
    """Return moments so long before now, oldest first."""
    return [AT - timedelta(seconds=each) for each in sorted(seconds, reverse=True)]


@pytest.mark.parametrize(
    ("messages", "sent", "left", "wait"),
    [
        (20, [], 10, 0),
        (20, [1] * 9, 1, 0),
        (20, [1] * 10, 0, 29),
        (20, [31] * 10, 0, 0),
        (20, [290] * 20, 0, 10),
        (20, [301] * 20, 10, 0),
        (20, [-60] * 20, 10, 0),
        (1, [], 1, 0),
        (1, [100], 0, 200),
        (2, [100], 0, 200),
    ],
    ids=[
        "nothing sent",
        "one more at once",
        "half is used",
        "the next of the other half",
        "all is used",
        "a new stretch",
        "the clock was set back",
        "one in a stretch",
        "one in a stretch was sent",
        "two in a stretch, one was sent",
    ],
)
def test_the_first_half_goes_at_once_and_the_rest_at_distances(
    messages: int, sent: list[float], left: int, wait: float
) -> None:
    """Twenty in five minutes: ten at once, then one each thirty seconds, so that it is never silent."""
    pace = Pace(messages, MINUTES)

    assert at_once(ago(*sent), pace, AT) == left
    assert opens(ago(*sent), pace, AT) == AT + timedelta(seconds=wait)


@pytest.mark.parametrize("messages", range(1, 25))
def test_no_stretch_holds_more_than_its_messages(messages: int) -> None:
    """Whoever sends as fast as it may keeps to the pace in every stretch, and uses at least half of it."""
    pace, sent, now = Pace(messages, MINUTES), [], AT
    while now < AT + 6 * MINUTES:
        sent.append(now)
        now = max(now + timedelta(milliseconds=1), opens(sent, pace, now))

    for begin in sent:
        assert len([each for each in sent if begin <= each < begin + MINUTES]) <= messages
    assert len(sent) >= 6 * (messages // 2)
