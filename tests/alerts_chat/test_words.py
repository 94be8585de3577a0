"""The exact words of everything that is told of one incident, as every channel shows them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.rendered import Rendered, rendered
from alerts.words import risen
from headroom.bounds import Interval
from headroom.budgets import Outcome, Severity, Statistic
from headroom.incidents import Message, NoticeStatus, State, Transition, Why
from tests.alerts.examples import AT, LOGIN, resource
from tests.alerts.test_message import CPU
from tests.alerts_chat.stories import STORIES, TAKEN
from tests.alerts_chat.told import (
    ENDED,
    FIRES,
    LINK,
    LOST,
    MET,
    OVER,
    PAGE,
    SIGHT,
    firing,
    message,
    notice_of,
    resolved,
)

FIRING, RESOLVED = NoticeStatus.FIRING, NoticeStatus.RESOLVED


@pytest.mark.parametrize("case", STORIES)
def test_each_story_in_its_exact_words(case: str) -> None:
    """Title and sentences of every kind of message, what matters most first."""
    about, verdict, status, why, named, expected = STORIES[case]

    shown = rendered(message(about, [verdict] if verdict else [], status, why, **named))

    assert [shown.title, *shown.lines] == expected


def test_the_facts_are_complete() -> None:
    """Those who look closer find names with values, and links to the time of the incident."""
    shown = rendered(firing())

    assert dict(shown.facts) == {
        "Severity": "critical",
        "Limit": "p95 at most 200 ms",
        "Value": "p95 200 to 500 ms",
        "Slow": "35 of 412, 5% allowed",
        "Worst so far": "1.7 times the limit at 13:58:10 UTC: 35 of 412 took longer than 200 ms",
        "Since": "2026-08-03 13:57:10 UTC",
        "Owner": "Platform team",
        "Source": "metrics",
        "Installation": "erp-prod",
        "Incident": "0123456789abcdef",
        "Budget": "api.login",
    }
    assert (shown.link, shown.runbook) == (PAGE, "https://wiki.example/runbooks/login")
    assert (shown.severity, shown.good) == ("critical", False)


def test_a_rise_says_so_first_and_a_fall_below_a_floor_is_below() -> None:
    """A louder limit heads the title; a rate that must not fall is below its limit."""
    about = replace(FIRES, budget="resource.cpu", statistic=Statistic.AVERAGE, limit="alert")
    over = resource("alert", Outcome.OVER, value=Interval.exactly(0.914), detail="average 91.4%")
    low = replace(over, at_least=True, value=Interval.exactly(0.5), threshold=0.9)

    worse = rendered(message(about, [over], FIRING, Why.WORSE, budget=CPU))
    below = rendered(message(about, [low], FIRING, Why.HELD, budget=CPU))

    assert worse.title == "[OVER, NOW CRITICAL] CPU average: 91.4%, over the limit of 80%"
    assert worse.lines[:3] == (
        "Severity rose to critical.",
        "CPU average is over 80%: average 91.4%.",
        "Critical since 14:02:10 UTC; began at 13:57:10 UTC, fired at 13:58:10 UTC.",
    )
    assert below.title == "[OVER] CPU average: 50%, below the limit of 90%, for 5 min"


def test_later_messages_count_from_the_rise() -> None:
    """It has been over the louder limit only since then, and that is all that is said."""
    about = replace(FIRES, budget="resource.cpu", statistic=Statistic.AVERAGE, limit="alert")
    over = resource("alert", Outcome.OVER, value=Interval.exactly(0.914), detail="average 91.4%")
    rose = AT - timedelta(minutes=1)

    again = message(about, [over], NoticeStatus.REMINDER, Why.REMINDED, budget=CPU, risen=rose)

    assert rendered(again).title == "[STILL OVER] CPU average: 91.4%, over the limit of 80%, for 1 min"
    assert (
        "Critical since 14:01:10 UTC; began at 13:57:10 UTC, fired at 13:58:10 UTC." in rendered(again).lines
    )


def test_the_newest_rise() -> None:
    """Of all moves the last rise, unless it fell after that."""
    begun, rose = (Transition("i", AT, None, State.FIRING, why, "") for why in (Why.HELD, Why.WORSE))
    fell = replace(rose, why=Why.BETTER)

    assert [risen(moves) for moves in ([begun], [begun, rose], [rose, fell])] == [None, AT, None]


def test_what_is_blind_in_part_is_not_called_blind() -> None:
    """Where one limit can be told and another cannot, the message names the one."""
    other = replace(LOST, limit="p99", statistic=Statistic.P99)

    shown = rendered(message(SIGHT, [MET, other], FIRING, Why.UNSEEN))

    assert shown.lines[0] == (
        "Not all can be told of Authentication (login): p99: connection refused (10.0.0.5:9090)."
    )
    assert shown.title.startswith("[BLIND] not all can be told of Authentication (login): ")


@pytest.mark.parametrize(
    ("told", "good"),
    [
        (resolved(), True),
        (firing(), False),
        (message(ENDED, [], RESOLVED, Why.BUDGET_CHANGED, budget=None), False),
        (message(TAKEN, [OVER], NoticeStatus.ACKNOWLEDGED, Why.ACKNOWLEDGED), False),
    ],
)
def test_only_what_was_seen_to_be_well_is_good(told: Message, good: bool) -> None:
    """An end that no verdict brought about, and a person's promise, are shown in no green."""
    assert rendered(told).good is good


def test_a_budget_that_is_gone_links_to_the_dashboard() -> None:
    """Its page is no more; the dashboard is."""
    assert rendered(message(ENDED, [], RESOLVED, Why.BUDGET_CHANGED, budget=None)).link == LINK


def test_severity_of_a_warning() -> None:
    """The severity is the incident's."""
    about = replace(FIRES, severity=Severity.WARNING)

    shown = rendered(message(about, [OVER], FIRING, Why.HELD, budget=LOGIN))

    assert (shown.severity, shown.lines[1]) == (
        "warning",
        "Warning: over since 13:57:10 UTC, fired at 13:58:10 UTC.",
    )


def test_a_message_of_an_older_version_is_still_read() -> None:
    """What waits in the outbox while Headroom is updated has a title and a text only."""
    told = {"incident": "i", "title": "[FIRING] CPU over 80%", "text": "CPU is over 80%.", "key": "k"}

    assert rendered(Message((notice_of(told, FIRING),))) == Rendered(
        "[FIRING] CPU over 80%", ("CPU is over 80%.",)
    )
