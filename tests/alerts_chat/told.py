"""Messages to be sent and read, of every kind, and labels that would like to be markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from alerts.message import as_text, payload
from headroom.budgets import Budget, Outcome, Severity, Verdict
from headroom.incidents import About, Incident, Message, Notice, NoticeStatus, State, Why
from tests.alerts.examples import AT, LOGIN, incident, verdict

LINK = "https://headroom.example/perf"
PAGE = f"{LINK}/budget?b=api.login&s=p95&w=15m&from=2026-08-03T13:47:10Z&to=2026-08-03T14:02:10Z"
EVIDENCE = (
    "Authentication (login) p95 is over 200 ms: 35 of 412 took longer than 200 ms (8.5 %), 5 % allowed; "
    "the rate behind it is at least 5.4 % at 99 % confidence; about 33 slow ones prove it."
)
FIRES = incident(State.FIRING, source="metrics")
ENDED = incident(State.RESOLVED, fired=AT - timedelta(minutes=4), source="metrics")
SIGHT = replace(FIRES, about=About.BLIND, severity=Severity.WARNING)
OVER = verdict(Outcome.OVER)
MET = verdict(Outcome.MET, detail="3 of 900 took longer than 200 ms (0.33%), 5% allowed")
LOST = verdict(Outcome.BLIND, detail="connection refused (10.0.0.5:9090)")

HOSTILE = (
    "<!channel> @here <@U123> <https://evil.example|login> [click](https://evil.example) **b** _i_ `c` "
    "{{DATE(2026-01-01T00:00:00Z,SHORT)}} <at>ann</at> <script>alert(1)</script> &amp; :bomb: "
    "\u202e\x1b[2J\n# x"
)


def notice(
    about: Incident,
    verdicts: Sequence[Verdict],
    status: NoticeStatus,
    why: Why,
    *,
    budget: Budget | None = LOGIN,
    bundle: str = "",
    **named: Any,
) -> Notice:
    """Return a notice of a move."""
    told = payload(
        about, verdicts, budget, status, why=why, at=AT, link=LINK, installation="erp-prod", **named
    )
    return notice_of(told, status, bundle=bundle)


def notice_of(
    told: dict[str, Any], status: NoticeStatus = NoticeStatus.SYSTEM, *, bundle: str = ""
) -> Notice:
    """Return the notice of a payload."""
    return Notice(told["incident"], "chat", status, told["key"], as_text(told), AT, AT, bundle=bundle)


def message(*arguments: Any, **named: Any) -> Message:
    """Return a message of one notice."""
    return Message((notice(*arguments, **named),))


def firing() -> Message:
    """Return the usual alarm."""
    return message(FIRES, [OVER], NoticeStatus.FIRING, Why.HELD)


def resolved() -> Message:
    """Return its end."""
    return message(ENDED, [MET], NoticeStatus.RESOLVED, Why.RECOVERED)


def hostile() -> Message:
    """Return an alarm of which everything that others may have written tries to be markup."""
    owned = replace(
        LOGIN,
        title=HOSTILE,
        owner=HOSTILE,
        if_broken=HOSTILE,
        runbook="javascript:alert(document.cookie)",
    )
    about = replace(FIRES, subject=(("instance", HOSTILE), (HOSTILE, "x")), worst=HOSTILE)
    over = replace(OVER, detail=HOSTILE)
    return message(about, [over], NoticeStatus.FIRING, Why.HELD, budget=owned)


def long() -> Message:
    """Return the longest alarm that can be made, of characters that take the most bytes."""
    fire = "\U0001f525" * 9999
    owned = replace(LOGIN, title=fire, owner=fire, if_broken=fire, runbook=fire)
    labels = tuple((f"{'l' * 90}{number}", fire) for number in range(50))
    about = replace(FIRES, subject=labels, worst=fire, source=fire)
    over = replace(OVER, detail="\U0001f525 d " * 5000)
    return message(about, [over], NoticeStatus.FIRING, Why.HELD, budget=owned)


def storm(number: int, **changes: Any) -> Message:
    """Return one message of many alarms; every third is critical."""
    made = []
    for each in range(number):
        severity = Severity.WARNING if each % 3 else Severity.CRITICAL
        about = replace(FIRES, id=f"i{each}", budget=f"b{each}", severity=severity, **changes)
        over = replace(OVER, headroom=-float(each))
        budget = replace(LOGIN, id=f"b{each}", title=f"Budget {each}")
        made.append(notice(about, [over], NoticeStatus.FIRING, Why.HELD, budget=budget, bundle="storm"))
    return Message(tuple(made))
