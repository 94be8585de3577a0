"""PagerDuty's Events API v2, and the alerts that its events open, acknowledge and resolve.

After https://developer.pagerduty.com/docs/events-api-v2/trigger-events/.
"""

import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from demo.receivers.web import Arrival, Reply, Service

MOST_BYTES = 512 * 1024
LONGEST_KEY, LONGEST_SUMMARY, ROUTING_KEY = 255, 1024, 32
ACTIONS = ("trigger", "acknowledge", "resolve")
SEVERITIES = ("critical", "error", "warning", "info")
_EVENT = frozenset(
    ["routing_key", "event_action", "dedup_key", "payload", "images", "links", "client", "client_url"]
)
_PAYLOAD = frozenset(
    ["summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"]
)


@dataclass
class Alert:
    """What the people on call see: one per key until it is resolved."""

    key: str
    state: str
    events: list[dict[str, Any]] = field(default_factory=list)


class PagerDuty(Service):
    """One service of PagerDuty with one integration."""

    def __init__(self, routing_key: str = "0123456789abcdef0123456789abcdef") -> None:
        super().__init__()
        self.routing_key = routing_key
        self.url = f"{self.origin}/v2/enqueue"
        self.alerts: list[Alert] = []
        self.dropped: list[dict[str, Any]] = []

    def answer(self, arrival: Arrival) -> Reply:
        """Returns PagerDuty's answer; it comes before anything is looked up."""
        if arrival.path != "/v2/enqueue":
            return Reply(404, '{"status":"not found"}')
        if len(arrival.raw) > MOST_BYTES:
            return Reply(413, '{"status":"too large"}')
        problems = ["not a JSON object"] if not isinstance(arrival.body, dict) else _problems(arrival.body)
        if problems:
            told = {"status": "invalid event", "message": "Event object is invalid", "errors": problems}
            return Reply(400, json.dumps(told))
        key = arrival.body.setdefault("dedup_key", uuid.uuid4().hex)
        self._apply(arrival.body, key)
        return Reply(202, json.dumps({"status": "success", "message": "Event processed", "dedup_key": key}))

    def open(self) -> list[Alert]:
        """Returns the alerts that are not resolved."""
        return [alert for alert in self.alerts if alert.state != "resolved"]

    def _apply(self, event: dict[str, Any], key: str) -> None:
        alert = next((one for one in self.open() if one.key == key), None)
        mine = event["routing_key"] == self.routing_key
        if not mine or (alert is None and event["event_action"] != "trigger"):
            self.dropped.append(event)
            return
        if alert is None:
            alert = Alert(key, "triggered")
            self.alerts.append(alert)
        alert.events.append(event)
        if event["event_action"] != "trigger":
            alert.state = {"acknowledge": "acknowledged", "resolve": "resolved"}[event["event_action"]]


def _problems(event: dict[str, Any]) -> list[str]:
    problems = [f"'{name}' is unknown" for name in sorted(set(event) - _EVENT)]
    if len(str(event.get("routing_key", ""))) != ROUTING_KEY:
        problems.append(f"Length of 'routing_key' is incorrect (should be {ROUTING_KEY} characters)")
    action = event.get("event_action")
    if action not in ACTIONS:
        problems.append("'event_action' must be one of trigger, acknowledge, resolve")
    key = event.get("dedup_key")
    if key is None and action != "trigger":
        problems.append("'dedup_key' is missing or blank")
    if key is not None and not (isinstance(key, str) and 0 < len(key) <= LONGEST_KEY):
        problems.append(f"'dedup_key' must be 1 to {LONGEST_KEY} characters")
    problems += ["a link needs an href" for link in event.get("links", ()) if not _is_link(link)]
    if action == "trigger":
        payload = event.get("payload")
        problems += _payload_problems(payload) if isinstance(payload, dict) else ["'payload' is missing"]
    return problems


def _is_link(link: Any) -> bool:
    return isinstance(link, dict) and str(link.get("href", "")).startswith(("http://", "https://"))


def _payload_problems(payload: dict[str, Any]) -> list[str]:
    problems = [f"'payload.{name}' is unknown" for name in sorted(set(payload) - _PAYLOAD)]
    problems += [
        f"'payload.{name}' is missing or blank" for name in ("summary", "source") if not payload.get(name)
    ]
    if len(str(payload.get("summary", "")).encode("utf-16-le")) // 2 > LONGEST_SUMMARY:
        problems.append(f"'payload.summary' is longer than {LONGEST_SUMMARY} characters")
    if payload.get("severity") not in SEVERITIES:
        problems.append(f"'payload.severity' must be one of {', '.join(SEVERITIES)}")
    try:
        datetime.fromisoformat(payload.get("timestamp", "2026-01-01T00:00:00Z"))
    except (TypeError, ValueError):
        problems.append("'payload.timestamp' is no time")
    return problems
