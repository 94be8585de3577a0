"""Who is told of what, and how long a failed message waits."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from alerts.attempt import wait_before
from alerts.decide import Decision
from alerts.outbox import notices
from headroom.alerting import Alerting, Step
from headroom.budgets import Severity
from headroom.channels import Alertmanager, Channel, Email, PagerDuty
from headroom.incidents import Incident, Notice, NoticeStatus, State, Why
from headroom.routing import Hours, Route
from headroom.sources import Secret
from tests.alerts.examples import AT, incident

FIRING, RESOLVED = NoticeStatus.FIRING, NoticeStatus.RESOLVED
ROUTES = (
    Route(("chat",)),
    Route(("pager", "chat"), severities=frozenset({Severity.CRITICAL})),
    Route(("dba",), budgets=("db.*",)),
)


def told(status: NoticeStatus | None, what: Incident, **named: Any) -> list[str]:
    """Return the channels that are told."""
    decision = Decision(what, None, Why.HELD, status)
    return [
        one.channel
        for one in notices(decision, {"key": "k", "text": "ü"}, Alerting(routes=ROUTES), created=AT, **named)
    ]


def test_a_notice_holds_the_message_and_its_key() -> None:
    """The payload is JSON text with the key, due from the moment it was made."""
    decision = Decision(incident(State.FIRING), None, Why.HELD, FIRING)

    (one,) = notices(decision, {"key": "k", "text": "ü"}, Alerting(routes=ROUTES[:1]), created=AT)

    assert one == Notice(
        "0123456789abcdef", "chat", FIRING, "k", '{"key":"k","text":"ü"}', AT, AT, budget="api.login"
    )
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
    assert notices(Decision(None, None, Why.QUIET), {"key": "k"}, Alerting(routes=ROUTES), created=AT) == ()


def test_the_end_goes_to_those_who_heard_the_beginning() -> None:
    """Neither a severity that fell nor a route that changed keeps the end from them; nobody else hears."""
    milder = incident(State.RESOLVED, severity=Severity.WARNING)

    assert told(RESOLVED, milder, told={"pager", "old"}) == ["old", "pager"]
    assert told(RESOLVED, milder, told=set()) == []


def test_an_end_whose_hearers_are_unknown_goes_to_all_that_might_be() -> None:
    """Where it is not known who was told, a pager that heard `critical` must hear the end of a `warning`."""
    assert told(RESOLVED, incident(State.RESOLVED, severity=Severity.WARNING)) == ["chat", "pager"]


def pager(name: str = "pager") -> Channel:
    """Return a channel that does not hear of everything."""
    return Channel(name, PagerDuty(Secret("k" * 32)))


def hearers(status: NoticeStatus, alerting: Alerting, **named: Any) -> dict[str, datetime]:
    """Return who is told, and when, of an incident at AT, a Monday at 14:02:10 UTC."""
    what = incident(State.FIRING, **{name: named.pop(name) for name in ("severity", "step") if name in named})
    decision = Decision(what, None, Why.HELD, status)
    found = notices(decision, {"key": "k"}, alerting, created=AT, **named)
    return {one.channel: one.next_at for one in found}


def test_a_route_outside_its_hours_waits_for_them() -> None:
    """Chat opens on Tuesday morning; what comes by a route without hours does not wait."""
    office = Hours(frozenset(range(5)), time(9), time(14), "UTC")
    alerting = Alerting(routes=(Route(("chat", "pager"), hours=office), Route(("pager",))))
    opens = datetime(2026, 8, 4, 9, tzinfo=UTC)

    assert hearers(FIRING, alerting) == {"chat": opens, "pager": AT}
    assert hearers(NoticeStatus.FLAPPING, alerting, told=()) == {"chat": opens, "pager": AT}
    assert hearers(NoticeStatus.FLAPPING, alerting, told={"old"}) == {"old": AT, "chat": opens, "pager": AT}


@pytest.mark.parametrize(("step", "expected"), [(1, ["lead"]), (2, ["boss", "lead"]), (3, []), (0, [])])
def test_an_escalation_goes_to_the_channels_of_its_step(step: int, expected: list[str]) -> None:
    """To those and to nobody else; a step that the file no longer has leads nowhere."""
    steps = (Step(timedelta(minutes=5), ("lead",)), Step(timedelta(minutes=9), ("boss", "lead")))

    found = hearers(NoticeStatus.ESCALATED, Alerting(routes=ROUTES, steps=steps), step=step)

    assert list(found) == expected


def test_an_end_whose_hearers_are_unknown_goes_to_those_of_past_steps_too() -> None:
    """Two steps were taken, the third was not."""
    steps = tuple(Step(timedelta(minutes=5), (name,)) for name in ("lead", "boss", "owner"))

    assert list(hearers(RESOLVED, Alerting(routes=ROUTES, steps=steps), step=2)) == [
        "chat",
        "pager",
        "lead",
        "boss",
    ]


def test_who_does_not_hear_of_something_is_not_told() -> None:
    """PagerDuty takes no reminders, and Alertmanager nothing: it is told the state again and again."""
    alertmanager = Channel("am", Alertmanager((Secret("http://127.0.0.1:9093"),)))
    alerting = Alerting((pager(), alertmanager), (Route(("pager", "am", "chat")),))

    assert list(hearers(FIRING, alerting)) == ["pager", "chat"]
    assert list(hearers(NoticeStatus.REMINDER, alerting, told={"pager", "am", "chat"})) == ["chat"]


@pytest.mark.parametrize(
    ("status", "severity", "expected"),
    [
        (FIRING, Severity.CRITICAL, AT),
        (NoticeStatus.ESCALATED, Severity.CRITICAL, AT),
        (FIRING, Severity.WARNING, datetime(2026, 8, 3, 15, tzinfo=UTC)),
        (RESOLVED, Severity.CRITICAL, AT),
        (RESOLVED, Severity.WARNING, datetime(2026, 8, 3, 15, tzinfo=UTC)),
        (NoticeStatus.ACKNOWLEDGED, Severity.CRITICAL, datetime(2026, 8, 3, 15, tzinfo=UTC)),
    ],
)
def test_what_is_no_page_waits_for_the_next_digest(
    status: NoticeStatus, severity: Severity, expected: datetime
) -> None:
    """A digest each hour, on the hour; a critical alarm does not wait for it, nor does the end of one."""
    mail = Email("mail.example", 25, "none", "a@example.org", ("b@example.org",), digest=timedelta(hours=1))
    alerting = Alerting(
        (Channel("mail", mail),), (Route(("mail",)),), steps=(Step(timedelta(minutes=5), ("mail",)),)
    )

    assert hearers(status, alerting, severity=severity, step=1) == {"mail": expected}


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
