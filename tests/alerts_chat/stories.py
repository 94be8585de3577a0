"""Every kind of message about one incident, with the exact words that it must have."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from headroom.budgets import Verdict
from headroom.incidents import Incident, NoticeStatus, State, Why
from tests.alerts.examples import AT
from tests.alerts_chat.told import ENDED, EVIDENCE, FIRES, LOST, MET, OVER, SIGHT

FIRING, RESOLVED, REMINDER = NoticeStatus.FIRING, NoticeStatus.RESOLVED, NoticeStatus.REMINDER
ESCALATED, SIGHTLESS = NoticeStatus.ESCALATED, NoticeStatus.LOST_SIGHT
FIGURE = "5.4% to 13% slow, 5% allowed (limit 200 ms)"
NAME = "Authentication (login) p95"
SINCE = "Critical: over since 13:57:10 UTC, fired at 13:58:10 UTC."
BROKEN = "If broken: scale the login service."
PAST = "It fired from 13:58:10 UTC to 14:02:10 UTC, 4 min."
WORST = "Worst: 1.7 times the limit at 13:58:10 UTC: 35 of 412 took longer than 200 ms."
UNSEEN = "Nothing can be told of Authentication (login): p95: connection refused (10.0.0.5:9090)."
BLIND_SINCE = "Blind since 13:57:10 UTC, 5 min: whether what it promises is kept is not known."
WAITED = replace(FIRES, unanswered_for=timedelta(minutes=30), step=2)
TAKEN = replace(FIRES, acknowledged=AT, acknowledged_by="ann")

STORIES: dict[str, tuple[Incident, Verdict | None, NoticeStatus, Why, dict[str, Any], list[str]]] = {
    "it fires": (
        FIRES,
        OVER,
        FIRING,
        Why.HELD,
        {},
        [
            f"[OVER] {NAME}: {FIGURE}, for 5 min",
            EVIDENCE,
            SINCE,
            BROKEN,
        ],
    ),
    "its silence ended": (
        replace(FIRES, untold=True),
        OVER,
        FIRING,
        Why.UNSILENCED,
        {"silence": '"deploy" by ann'},
        [
            f"[STILL OVER] {NAME}: {FIGURE}, for 5 min",
            'Its silence ("deploy" by ann) is over, and it still fires. Nobody was told of it so far.',
            EVIDENCE,
            SINCE,
            BROKEN,
        ],
    ),
    "it flaps no longer": (
        FIRES,
        OVER,
        FIRING,
        Why.CALM,
        {},
        [f"[OVER] {NAME}: {FIGURE}, for 5 min", "It flaps no longer.", EVIDENCE, SINCE, BROKEN],
    ),
    "it flaps": (
        replace(FIRES, rises=4, flapping=True),
        OVER,
        NoticeStatus.FLAPPING,
        Why.FLAPPING,
        {},
        [
            f"[FLAPPING] {NAME}: fired or grew worse 4 times; {FIGURE}",
            EVIDENCE,
            "It fired or grew worse 4 times lately, and is kept open as one incident.",
            "You hear of it again once it has stayed the same for a while.",
            SINCE,
            BROKEN,
        ],
    ),
    "a reminder": (
        FIRES,
        OVER,
        REMINDER,
        Why.REMINDED,
        {},
        [f"[STILL OVER] {NAME}: {FIGURE}, for 5 min", EVIDENCE, "Nobody has answered yet.", SINCE, BROKEN],
    ),
    "a reminder while it recovers": (
        FIRES,
        MET,
        REMINDER,
        Why.REMINDED,
        {},
        [
            f"[STILL FIRING] {NAME}: met now; firing for 5 min",
            (
                f"{NAME} still fires; met now, but not for long enough to be resolved: "
                "3 of 900 took longer than 200 ms (0.33%), 5% allowed."
            ),
            "Nobody has answered yet.",
            "Critical: began at 13:57:10 UTC, fired at 13:58:10 UTC.",
            BROKEN,
        ],
    ),
    "nobody answered": (
        WAITED,
        OVER,
        ESCALATED,
        Why.ESCALATED,
        {},
        [
            f"[ESCALATED] {NAME}: nobody has answered for 30 min; {FIGURE}, for 5 min",
            "Nobody has answered for 30 min; this is step 2 of its escalation.",
            EVIDENCE,
            SINCE,
            BROKEN,
        ],
    ),
    "sight was lost": (
        FIRES,
        LOST,
        SIGHTLESS,
        Why.LOST_FOR_LONG,
        {},
        [
            f"[LOST SIGHT] {NAME} fires, and cannot be told any more: connection refused (10.0.0.5:9090)",
            f"{NAME} still fires; blind now: connection refused (10.0.0.5:9090).",
            "It is not resolved: it stays open until it is seen to be met.",
        ],
    ),
    "somebody takes care": (
        TAKEN,
        OVER,
        NoticeStatus.ACKNOWLEDGED,
        Why.ACKNOWLEDGED,
        {"note": "looking at the pool"},
        [
            f"[ACKNOWLEDGED] {NAME}: ann takes care of it",
            'ann takes care of it: "looking at the pool".',
            EVIDENCE,
        ],
    ),
    "it is met again": (
        ENDED,
        MET,
        RESOLVED,
        Why.RECOVERED,
        {},
        [
            f"[RESOLVED] {NAME}: met again after 4 min",
            f"{NAME} is met again: 3 of 900 took longer than 200 ms (0.33%), 5% allowed.",
            PAST,
            WORST,
        ],
    ),
    "it is met again after flapping": (
        replace(ENDED, flapping=True),
        MET,
        RESOLVED,
        Why.RECOVERED,
        {},
        [
            f"[RESOLVED] {NAME}: met again after 4 min",
            f"{NAME} is met again: 3 of 900 took longer than 200 ms (0.33%), 5% allowed.",
            "It had been flapping.",
            PAST,
            WORST,
        ],
    ),
    "its subject is gone": (
        ENDED,
        None,
        RESOLVED,
        Why.SUBJECT_GONE,
        {},
        [
            f"[CLOSED] {NAME}: closed, as its source gives nothing of it any more; it was not met again",
            f"{NAME} is closed, as its source gives nothing of it any more; it was not met again.",
            PAST,
            WORST,
        ],
    ),
    "its budget is gone": (
        ENDED,
        None,
        RESOLVED,
        Why.BUDGET_CHANGED,
        {"budget": None},
        [
            (
                "[CLOSED] api.login p95: closed with its budget, which was changed or removed; "
                "it was not met again"
            ),
            "api.login p95 is closed with its budget, which was changed or removed; it was not met again.",
            PAST,
            WORST,
        ],
    ),
    "nothing can be told": (
        SIGHT,
        LOST,
        FIRING,
        Why.UNSEEN,
        {},
        [
            (
                "[BLIND] nothing can be told of Authentication (login): connection refused (10.0.0.5:9090), "
                "for 5 min"
            ),
            UNSEEN,
            BLIND_SINCE,
            BROKEN,
        ],
    ),
    "nothing can be told still": (
        SIGHT,
        LOST,
        REMINDER,
        Why.REMINDED,
        {},
        [
            (
                "[STILL BLIND] nothing can be told of Authentication (login): "
                "connection refused (10.0.0.5:9090), for 5 min"
            ),
            UNSEEN,
            "Nobody has answered yet.",
            BLIND_SINCE,
            BROKEN,
        ],
    ),
    "it can be told again, and is over": (
        replace(SIGHT, state=State.RESOLVED, ended=AT),
        OVER,
        RESOLVED,
        Why.SEEN,
        {},
        [
            "[SEEN AGAIN] Authentication (login): it can be told again, after 5 min",
            "Authentication (login) can be told again; it is over now: "
            + EVIDENCE.removeprefix(f"{NAME} is over 200 ms: "),
            "It was blind from 13:57:10 UTC to 14:02:10 UTC, 5 min.",
        ],
    ),
}
