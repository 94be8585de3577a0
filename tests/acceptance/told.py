"""What each receiver of a demo was told of one incident, in the order in which it came."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from tests.acceptance.running import Demo

CHANNELS = ("webhook", "mail", "slack", "teams", "pagerduty", "ntfy", "alertmanager")
_ACTIONS = {"trigger": "firing", "resolve": "resolved"}
_BEGUN, _ENDED = ("[OVER", "[BLIND"), ("[RESOLVED", "[SEEN AGAIN")


def told(demo: Demo, incident: dict[str, Any]) -> dict[str, list[str]]:
    """Return the states that each channel was told of an incident, without repetitions.

    Args:
        demo: whose receivers.
        incident: a message about it, as the webhook got it.
    """
    return {
        channel: [state for state, _ in groupby(_states(demo.received(channel), incident))]
        for channel in CHANNELS
    }


def _states(received: list[dict[str, Any]], incident: dict[str, Any]) -> list[str]:
    return [state for each in received if _is_about(each, incident) and (state := _state(each))]


def _is_about(received: dict[str, Any], incident: dict[str, Any]) -> bool:
    if "incident" in received:
        return bool(received["incident"] == incident["incident"])
    # A push to a phone and what is told together name the row, and no incident.
    said = f"{received['title']} {received['text']}"
    return incident["incident"] in said or incident["name"] in said


def _state(received: dict[str, Any]) -> str:
    if "action" in received:
        return _ACTIONS.get(received["action"], "")
    if "status" in received:
        return str(received["status"])
    if received["title"].startswith(_BEGUN):
        return "firing"
    return "resolved" if received["title"].startswith(_ENDED) else ""
