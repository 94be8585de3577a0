"""The message of a decision, whatever is wrong with its words: an alarm in poor words is still an alarm."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from alerts.message import key, payload
from headroom.budgets import Budget, Verdict
from headroom.incidents import Incident, NoticeStatus, Why

log = logging.getLogger("headroom.alerts")


def said(
    incident: Incident,
    row: Sequence[Verdict],
    budget: Budget | None,
    status: NoticeStatus,
    *,
    why: Why,
    at: datetime,
    **more: Any,
) -> dict[str, Any]:
    """Return what `alerts.message.payload` says, which takes the same arguments; in the plainest words else.

    A fault in the words would otherwise cost the cycle, and all cycles after it: nothing would be judged.
    """
    try:
        return payload(incident, row, budget, status, why=why, at=at, **more)
    except Exception:
        log.exception("the words for incident %s failed; it is told in plainer ones", incident.id)
    name = f"{incident.budget} {incident.statistic.value}"
    text = f"{name} is {status.value} ({why.value})."
    return {
        "incident": incident.id,
        "budget": incident.budget,
        "about": incident.about.value,
        "statistic": incident.statistic.value,
        "subject": {},
        "status": status.value,
        "severity": incident.severity.value,
        "why": why.value,
        "title": f"[{status.value.upper()}] {name}",
        "brief": name,
        "name": name,
        "text": text,
        "lines": [text, "Headroom failed to find better words for it; its log has more."],
        "facts": [],
        "source": incident.source,
        "owner": "" if budget is None else budget.owner[:500],
        "runbook": "",
        "link": "",
        "home": "",
        "at": at.isoformat(),
        "delayed": False,
        "installation": "",
        "key": key(incident, status, at),
    }
