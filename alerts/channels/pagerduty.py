"""PagerDuty by its Events API v2: one alert there for each incident here, found again by its key."""

from __future__ import annotations

import json
from hashlib import sha256
from time import monotonic
from typing import Any

from alerts.channels.discreet import in_password
from alerts.channels.refused import post_plainer
from alerts.link import web_address
from alerts.rendered import Rendered, rendered
from alerts.text import cut
from headroom.channels import Channel, PagerDuty
from headroom.incidents import Message, Notice, NoticeStatus

_SUMMARY, _KEY, _WORD, _DETAIL = 1024, 255, 255, 2000
_SEVERITIES = {"critical": "critical", "warning": "warning", "": "warning"}
_ACTIONS = {NoticeStatus.ACKNOWLEDGED: "acknowledge", NoticeStatus.RESOLVED: "resolve"}


def send(channel: Channel, message: Message) -> str:
    """Send one event for each key that the notices have at PagerDuty, and return its last answer.

    Raises:
        ChannelError: not all were accepted; to send the others again does no harm, for PagerDuty knows them.
    """
    assert isinstance(channel.receiver, PagerDuty)
    receiver, ends = channel.receiver, monotonic() + channel.timeout.total_seconds()
    groups: dict[str, list[Notice]] = {}
    for notice in message.notices:
        groups.setdefault(_key(notice), []).append(notice)
    for key, notices in groups.items():
        event = _event(receiver, key, Message(tuple(notices)))
        bodies = [event, _plainer(event)] if "payload" in event else [event]
        within = max(0.1, ends - monotonic())
        answer = post_plainer(
            receiver.url,
            bodies,
            key=notices[-1].key,
            within=within,
            secrets=in_password(receiver.routing_key.reveal()),
            ca=receiver.ca,
        )
    return f"{answer.status} {answer.text}".strip()


def _event(receiver: PagerDuty, key: str, message: Message) -> dict[str, Any]:
    action = _ACTIONS.get(message.status, "trigger")
    event = {"routing_key": receiver.routing_key.reveal(), "event_action": action, "dedup_key": key}
    if action != "trigger":
        return event
    words, told = rendered(message), json.loads(message.notices[0].payload)
    link, runbook = web_address(words.link), web_address(words.runbook)
    links = [(link, "Open in Headroom"), (runbook, "Runbook")]
    return {
        **event,
        "payload": _payload(words, told),
        "links": [{"href": href, "text": text} for href, text in links if href],
        "client": "Headroom",
        **({"client_url": link} if link else {}),
    }


def _payload(words: Rendered, told: dict[str, Any]) -> dict[str, Any]:
    details = {"story": cut("\n".join(words.lines), 2 * _DETAIL)}
    details |= {name: cut(value, _DETAIL) for name, value in words.facts}
    if words.runbook:
        details["Runbook"] = cut(words.runbook, _DETAIL)
    named = {"timestamp": "at", "component": "budget", "group": "source", "class": "about"}
    return {
        "summary": cut(words.title, _SUMMARY),
        "source": cut(told.get("source") or told.get("installation") or "headroom", _WORD),
        "severity": _SEVERITIES.get(words.severity, "warning"),
        **{name: cut(told[field], _WORD) for name, field in named.items() if told.get(field)},
        "custom_details": details,
    }


def _plainer(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event with nothing but what PagerDuty demands."""
    payload = {name: event["payload"][name] for name in ("summary", "source", "severity")}
    return {
        **{name: event[name] for name in ("routing_key", "event_action", "dedup_key")},
        "payload": payload,
    }


def _key(notice: Notice) -> str:
    """Return what PagerDuty knows the incident by: the same from its first message to its last."""
    if notice.bundle:
        return notice.bundle if len(notice.bundle) <= _KEY else sha256(notice.bundle.encode()).hexdigest()
    if not notice.incident:
        return sha256(f"headroom|{notice.key}".encode()).hexdigest()
    # Nothing else: an installation may be renamed while an incident is open, and its end must find it.
    return sha256(notice.incident.encode()).hexdigest()
