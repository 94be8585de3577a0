"""Several incidents in one message: the worst first, the rest counted, nothing left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from alerts.message import delayed
from alerts.rendered import rendered
from headroom.incidents import Message, NoticeStatus, Why
from tests.alerts.examples import AT, LOGIN
from tests.alerts_chat.told import ENDED, FIRES, LINK, LOST, MET, OVER, SIGHT, notice, storm

FIGURE = "5.4% to 13% slow, 5% allowed (limit 200 ms), for 5 min"


def test_a_storm_is_one_message_with_the_worst_first() -> None:
    """Ten lines, critical before warning and the furthest over first; the others are named."""
    shown = rendered(storm(12))

    assert shown.title == (
        "[OVER] 12 budgets over on metrics, 4 critical: "
        "Budget 9 p95, Budget 6 p95, Budget 3 p95, Budget 0 p95, "
        "Budget 11 p95, Budget 10 p95, Budget 8 p95, Budget 7 p95, Budget 5 p95, Budget 4 p95, …"
    )
    assert shown.lines[0] == f"critical: Budget 9 p95: {FIGURE}"
    assert shown.lines[4] == f"warning: Budget 11 p95: {FIGURE}"
    assert shown.lines[10:] == ("and 2 more: Budget 2 p95, Budget 1 p95",)
    assert shown.facts == (
        ("Sources", "metrics"),
        ("Owners", "Platform team"),
        ("Installation", "erp-prod"),
    )
    assert (shown.severity, shown.link, shown.runbook) == ("critical", LINK, LOGIN.runbook)


def test_five_hundred_fit_as_well() -> None:
    """However many there are, they are counted, and the message stays short."""
    shown = rendered(storm(500))

    assert shown.title.startswith("[OVER] 500 budgets over on metrics, 167 critical: Budget 498 p95, ")
    assert shown.lines[-1].startswith("and 490 more: Budget 468 p95, ")
    assert sum(len(line) for line in shown.lines) < 2000


def test_ends_are_told_together_too() -> None:
    """What is met again carries no severity; what was closed is not called met."""
    ends = [
        notice(replace(ENDED, id="a"), [MET], NoticeStatus.RESOLVED, Why.RECOVERED),
        notice(replace(ENDED, id="b", source="erp-db"), [], NoticeStatus.RESOLVED, Why.SUBJECT_GONE),
    ]

    shown = rendered(Message(tuple(ends)))

    assert shown.title == "[RESOLVED] 2 incidents no longer firing: Authentication (login) p95"
    assert shown.lines == (
        "Authentication (login) p95: met again after 4 min",
        (
            "Authentication (login) p95: closed, as its source gives nothing of it any more; "
            "it was not met again"
        ),
    )
    assert not shown.good


def test_blind_ones_are_counted_apart() -> None:
    """Who is over and who is only blind is told apart, in the title too."""
    blind = [
        notice(replace(SIGHT, id=f"s{each}"), [LOST], NoticeStatus.FIRING, Why.UNSEEN) for each in range(2)
    ]
    over = notice(FIRES, [OVER], NoticeStatus.FIRING, Why.HELD)

    assert rendered(Message(tuple(blind))).title == (
        "[BLIND] 2 incidents blind on metrics: Authentication (login)"
    )
    assert rendered(Message((*blind, over))).title == (
        "[OVER] 3 incidents over (2 of them blind) on metrics, 1 critical: "
        "Authentication (login) p95, Authentication (login)"
    )


def test_of_one_incident_only_the_last_move_is_told() -> None:
    """What it was before it grew worse is no news any more."""
    before = notice(FIRES, [OVER], NoticeStatus.FIRING, Why.HELD)
    after = notice(FIRES, [OVER], NoticeStatus.FIRING, Why.WORSE)

    assert rendered(Message((before, after))).title.startswith("[OVER, NOW CRITICAL] ")


def test_late_ones_are_said_to_be_late() -> None:
    """A group that holds old news says so before all else."""
    late = [
        replace(one, payload=delayed(one.payload, AT, AT + timedelta(hours=1)))
        for one in storm(3).notices[:2]
    ]

    shown = rendered(Message((*late, storm(3).notices[2])))

    assert shown.lines[0] == "2 of these are told late; the first happened at 2026-08-03 14:02:10 UTC."
    assert len(shown.lines) == 4
