"""Who is told of what, and how long a failed message waits."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from alerts.decide import Decision
from alerts.lane import wait_before
from alerts.outbox import notices
from headroom.budgets import Severity
from headroom.incidents import Incident, Notice, NoticeStatus, State, Why
from headroom.routing import Route
from tests.alerts.examples import AT, incident

FIRING, RESOLVED = NoticeStatus
ROUTES = [
    Route(("chat",)),
    Route(("pager", "chat"), severities=frozenset({Severity.CRITICAL})),
    Route(("dba",), budgets=("db.*",)),
]


def told(status: NoticeStatus | None, what: Incident, **named: Any) -> list[str]:
    """Return the channels that are told."""
    decision = Decision(what, None, Why.HELD, status)
    return [one.channel for one in notices(decision, {"key": "k", "text": "ü"}, ROUTES, created=AT, **named)]


def test_a_notice_holds_the_message_and_its_key() -> None:
    """The payload is JSON text with the key, due from the moment it was made."""
    decision = Decision(incident(State.FIRING), None, Why.HELD, FIRING)

    (one,) = notices(decision, {"key": "k", "text": "ü"}, ROUTES[:1], created=AT)

    assert one == Notice("0123456789abcdef", "chat", FIRING, "k", '{"key":"k","text":"ü"}', AT, AT)
    assert json.loads(one.payload) == {"key": "k", "text": "ü"}


def test_routes_choose_by_severity_and_budget() -> None:
    """Each channel is told once, if any of its routes takes the severity and the budget."""
    assert told(FIRING, incident(State.FIRING)) == ["chat", "pager"]
    assert told(FIRING, incident(State.FIRING, severity=Severity.WARNING)) == ["chat"]
    assert told(FIRING, incident(State.FIRING, budget="db.list", severity=Severity.WARNING)) == [
        "chat",
        "dba",
    ]


def test_silence_tells_nobody() -> None:
    """A decision without a notice makes none."""
    assert told(None, incident(State.FIRING)) == []
    assert notices(Decision(None, None, Why.QUIET), {"key": "k"}, ROUTES, created=AT) == ()


def test_the_end_goes_to_those_who_heard_the_beginning() -> None:
    """Neither a severity that fell nor a route that changed keeps the end from them; nobody else hears."""
    milder = incident(State.RESOLVED, severity=Severity.WARNING)

    assert told(RESOLVED, milder, told={"pager", "old"}) == ["old", "pager"]
    assert told(RESOLVED, milder, told=set()) == []


def test_an_end_whose_hearers_are_unknown_goes_to_all_that_might_be() -> None:
    """Where it is not known who was told, a pager that heard `critical` must hear the end of a `warning`."""
    assert told(RESOLVED, incident(State.RESOLVED, severity=Severity.WARNING)) == ["chat", "pager"]


@pytest.mark.parametrize(
    ("attempt", "asked", "ceiling"),
    [
        (1, None, 1),
        (2, None, 2),
        (4, None, 8),
        (9, None, 256),
        (10, None, 300),
        (5000, None, 300),
        (1, 20, 20),
        (1, 9999, 300),
    ],
)
def test_waiting_grows_to_five_minutes(attempt: int, asked: float | None, ceiling: float) -> None:
    """Each failure doubles the longest wait, up to five minutes, and what the receiver asks for is kept."""
    assert wait_before(attempt, asked, lambda _low, high: high) == ceiling


def test_waiting_is_drawn_from_the_whole_span() -> None:
    """Full jitter: down to nothing, so that what failed together does not come back together."""
    drawn: list[timedelta] = []

    def lowest(low: float, high: float) -> float:
        drawn.append(timedelta(seconds=high - low))
        return low

    assert wait_before(3, None, lowest) == 0
    assert drawn == [timedelta(seconds=4)]
