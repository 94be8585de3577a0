"""Notices and messages, to be changed one thing at a time."""

from __future__ import annotations

import json
from typing import Any

from headroom.incidents import Message, Notice, NoticeStatus
from tests.alerts.examples import AT


def told(**changes: Any) -> dict[str, Any]:
    """Return a payload as the outbox keeps it."""
    return {
        "incident": "i1",
        "budget": "api.login",
        "name": "Authentication (login) p95",
        "title": "[OVER] Login p95 is over 200 ms",
        "text": "Login p95 is over 200 ms: 35 of 412 were slow; since 14:02:10 UTC.",
        "brief": "Login p95 is over 200 ms",
        "severity": "critical",
        "link": "https://headroom.example/alerts?from=1&to=2",
        "runbook": "https://wiki.example/login",
        "owner": "Platform team",
        "source": "metrics",
        "key": "i1-firing-1",
    } | changes


def notice(incident: str = "i1", status: NoticeStatus = NoticeStatus.FIRING, **changes: Any) -> Notice:
    """Return a notice of an incident with this payload."""
    key = f"{incident}-{status.value}-1"
    payload = json.dumps(told(incident=incident, status=status.value, key=key) | changes)
    return Notice(incident, "on-call", status, key, payload, AT, AT, source="metrics", budget="api.login")


def message(**changes: Any) -> Message:
    """Return one notice as a message."""
    return Message((notice(**changes),))


def digest(count: int, **changes: Any) -> Message:
    """Return so many notices of as many incidents and budgets."""
    each = (
        {"name": f"Budget {number}", "budget": f"api.b{number}", "brief": f"Budget {number} is over"}
        for number in range(count)
    )
    return Message(tuple(notice(f"i{number}", **(one | changes)) for number, one in enumerate(each)))
