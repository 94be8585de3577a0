"""What an alert says at Alertmanager: the same words as everywhere, under the names that its users know."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from alerts.text import clean, clock
from headroom.bounds import Interval
from headroom.budgets import Unit
from headroom.incidents import Incident
from headroom.units import format_interval, format_value

_LOG = logging.getLogger(__name__)
_LONGEST, _LONGEST_LINE, _MOST_LINES = 2000, 600, 12

Payload = Callable[[Incident], Mapping[str, Any]]
"""From an incident to what `alerts.message.payload` says of it now."""


def annotated(incident: Incident, payload: Payload) -> dict[str, str]:
    """Return the annotations of an incident, each bounded and free of what steers a terminal.

    `link` among them is the address of its figures. Where no message can be made, the alert goes out with
    less to say: words are no reason to be silent.
    """
    try:
        found = _from_payload(payload(incident))
    except Exception:  # noqa: BLE001 whatever is wrong with the words, the alert itself must go out
        _LOG.exception("no words for incident %s; Alertmanager is told without them", incident.id)
        found = {"summary": f"{incident.budget} {incident.statistic.value}", "worst": incident.worst}
    found["incident"] = incident.id
    found |= _state(incident)
    return {name: value for name, text in found.items() if (value := _bounded(text))}


def _from_payload(told: Mapping[str, Any]) -> dict[str, str]:
    lines = told.get("lines") or [told.get("text", "")]
    runbook = _text(told, "runbook")
    return {
        "summary": _text(told, "title"),
        "description": "\n".join(clean(str(line), _LONGEST_LINE) for line in lines[:_MOST_LINES]),
        "value": _value(told),
        "limit": _limit(told),
        "evidence": _evidence(told),
        "worst": _text(told, "worst"),
        "owner": _text(told, "owner"),
        "if_broken": _text(told, "if_broken"),
        "runbook_url" if runbook.startswith(("http://", "https://")) else "runbook": runbook,
        "link": _text(told, "link"),
    }


def _state(incident: Incident) -> dict[str, str]:
    """Return how it stands beside firing; a change of this is told at once."""
    found = {}
    if incident.acknowledged is not None:
        by = clean(incident.acknowledged_by, 100) or "somebody"
        found["acknowledged"] = f"by {by} since {clock(incident.acknowledged)}"
    if incident.silenced:
        found["silenced"] = "in Headroom: its other channels are told nothing of it"
    if incident.blind:
        found["sight"] = "lost: nothing can be told of it now, and it fires until it is seen to be met"
    if incident.flapping:
        found["flapping"] = "it fired and recovered over and over, and is kept open as one"
    return found


def _value(told: Mapping[str, Any]) -> str:
    value, unit = told.get("value"), told.get("unit")
    if not value or unit is None:
        return ""
    return format_interval(Interval(value["low"], value["high"]), Unit(unit), told.get("threshold"))


def _limit(told: Mapping[str, Any]) -> str:
    threshold, unit = told.get("threshold"), told.get("unit")
    return "" if threshold is None or unit is None else format_value(threshold, Unit(unit))


def _evidence(told: Mapping[str, Any]) -> str:
    slow, n = told.get("slow"), told.get("n") or 0
    if not slow:
        return f"{n:,} measured" if n else ""
    low, high = slow["low"], slow["high"]
    counted = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    return f"{counted} of {n:,} were slower"


def _text(told: Mapping[str, Any], field: str) -> str:
    value = told.get(field)
    return clean(value, _LONGEST) if isinstance(value, str) else ""


def _bounded(text: str) -> str:
    return "\n".join(clean(line, _LONGEST) for line in text.split("\n"))[:_LONGEST].strip()
