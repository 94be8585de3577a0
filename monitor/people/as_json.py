"""How alerts stand, as the JSON document that scripts rely on."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from headroom.history import Delivery, Receipt
from headroom.incidents import Incident
from headroom.silences import Silence
from monitor.people.overview import Overview, Row


def as_json(found: Overview) -> str:
    """Return all of it; texts of strangers are as they were, escaped."""
    document = {
        "at": _time(found.now),
        "collected": found.collected,
        "judged": _time(found.judged),
        "stuck": bool(found.stuck),
        "fired_in_24h": found.fired_lately,
        "incidents": [of_row(row) for row in found.rows],
        "silences": [of_silence(one) for one in found.silences],
        "disabled": [
            {"channel": one.name, "since": _time(one.disabled), "error": one.error} for one in found.disabled
        ],
        "tests": [
            {"channel": name, "at": _time(one.at), "by": one.person, "arrived": one.arrived, "said": one.said}
            for name, one in sorted(found.tests.items())
        ],
    }
    return json.dumps(document, indent=2, allow_nan=False)


def of_row(row: Row) -> dict[str, Any]:
    """Return an incident with what belongs to it."""
    return {
        **of_incident(row.incident),
        "silence": None if row.silence is None else of_silence(row.silence),
        "told": [of_delivery(one) for one in row.told],
        "receipts": [of_receipt(one) for one in row.receipts],
    }


def of_incident(one: Incident) -> dict[str, Any]:
    """Return an incident."""
    return {
        "id": one.id,
        "about": one.about.value,
        "state": one.state.value,
        "severity": one.severity.value,
        "budget": one.budget,
        "statistic": one.statistic.value,
        "limit": one.limit,
        "subject": dict(one.subject),
        "source": one.source,
        "opened": _time(one.opened),
        "fired": _time(one.fired),
        "ended": _time(one.ended),
        "acknowledged": _time(one.acknowledged),
        "acknowledged_by": one.acknowledged_by,
        "silenced": bool(one.silenced),
        "flapping": one.flapping,
        "blind": one.blind,
        "worst": one.worst,
    }


def of_delivery(one: Delivery) -> dict[str, Any]:
    """Return a notice and what became of it, without its payload."""
    return {
        "channel": one.notice.channel,
        "status": one.notice.status.value,
        "state": one.state.value,
        "made": _time(one.notice.created),
        "ended": _time(one.ended),
        "attempts": one.notice.attempts,
        "answer": one.response,
        "error": one.error,
    }


def of_receipt(one: Receipt) -> dict[str, Any]:
    """Return what a receiver that can be asked says of an incident."""
    return {
        "channel": one.channel,
        "member": one.member,
        "at": _time(one.at),
        "state": one.state,
        "detail": one.detail,
    }


def of_silence(one: Silence) -> dict[str, Any]:
    """Return a silence."""
    matcher = one.matcher
    return {
        "id": one.id,
        "begins": _time(one.begins),
        "ends": _time(one.ends),
        "by": one.author,
        "comment": one.comment,
        "matcher": {
            "incident": matcher.incident,
            "budgets": list(matcher.budgets),
            "sources": list(matcher.sources),
            "owners": list(matcher.owners),
            "severities": list(matcher.severities),
            "labels": [list(pair) for pair in matcher.labels],
        },
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
