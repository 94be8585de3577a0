"""Who is sent what: the notices that a decision makes, one for each channel that is to hear of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.channels import hears
from alerts.decide import Decision
from alerts.fallback import TEST
from alerts.message import as_text
from alerts.system import tested_payload
from headroom.alerting import USUAL, Alerting
from headroom.budgets import Severity
from headroom.channels import Channel, Email
from headroom.incidents import Incident, Notice, NoticeStatus, Why
from headroom.routing import Told, channels_for

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def notices(
    decision: Decision,
    message: Mapping[str, Any],
    alerting: Alerting,
    *,
    created: datetime,
    told: Collection[str] | None = None,
) -> tuple[Notice, ...]:
    """Return what a decision has to tell, one notice for each channel.

    Args:
        decision: with `notify` None, nobody is told.
        message: the answer of `alerts.message.payload`.
        alerting: channels, routes and steps of escalation.
        created: our clock, UTC.
        told: the names of the channels that were told that this incident fires: they, and only they, hear
            what comes after, whatever the routes and the severity are by then. None where that is not
            known: then all that might have been told are. That it flaps is told by the routes as well: nobody
            may have heard of it before.
    """
    incident, status = decision.incident, decision.notify
    if incident is None or status is None:
        return ()
    channels = {channel.name: channel for channel in alerting.channels}
    text = as_text(dict(message))
    made = []
    for name, opens in _hearers(incident, status, message, alerting, created, told).items():
        channel = channels.get(name)
        if channel is not None and (channel.pushed or not hears(channel.kind, status)):
            continue
        made.append(
            Notice(
                incident.id,
                name,
                status,
                message["key"],
                text,
                created,
                next_at=_collected(channel, incident, status, opens),
                source=incident.source,
                budget=incident.budget,
            )
        )
    return tuple(made)


def test_notice(
    channel: str,
    at: datetime,
    person: str,
    alerting: Alerting = USUAL,  # noqa: PT028 it is no test
) -> Notice:
    """Return a test message for one channel, which goes to that one even while it is disabled.

    What comes of it is kept as `ChannelState.tested`.
    """
    message = tested_payload(channel, person, at=at, installation=alerting.installation, link=alerting.link)
    message["key"] = TEST + message["key"].removeprefix("headroom-")
    return Notice("", channel, NoticeStatus.SYSTEM, message["key"], as_text(message), at, next_at=at)


def _hearers(
    incident: Incident,
    status: NoticeStatus,
    message: Mapping[str, Any],
    alerting: Alerting,
    created: datetime,
    told: Collection[str] | None,
) -> dict[str, datetime]:
    """Return who is told, and not before when."""

    def routed(severity: Severity) -> dict[str, datetime]:
        owner = message.get("owner", "")
        return channels_for(alerting.routes, Told(incident.budget, severity, owner, incident.source), created)

    let_go = told is not None and message.get("why") == Why.UNACKNOWLEDGED.value
    if status is NoticeStatus.FIRING and not let_go:
        return routed(incident.severity)
    if status is NoticeStatus.FLAPPING and told is not None:
        # It may be the first that those hear who are told of this severity only.
        return {**dict.fromkeys(sorted(told), created), **routed(incident.severity)}
    if status is NoticeStatus.ESCALATED:
        # A step that the file no longer has leads nowhere; those before it were told.
        step = alerting.steps[incident.step - 1 : incident.step] if incident.step else ()
        return {name: created for one in step for name in one.channels}
    if told is not None:
        return dict.fromkeys(sorted(told), created)
    stepped = [name for step in alerting.steps[: incident.step] for name in step.channels]
    return dict.fromkeys([name for severity in Severity for name in routed(severity)] + stepped, created)


def _collected(
    channel: Channel | None, incident: Incident, status: NoticeStatus, opens: datetime
) -> datetime:
    """Return when a notice may go: what is no page waits for the next digest of its channel."""
    page = incident.severity is Severity.CRITICAL and status in (
        NoticeStatus.FIRING,
        NoticeStatus.ESCALATED,
        NoticeStatus.REMINDER,
        NoticeStatus.FLAPPING,
        # Its alarm went at once: the next one of the same row must not be read before this.
        NoticeStatus.RESOLVED,
    )
    digest = channel.receiver.digest if channel and isinstance(channel.receiver, Email) else timedelta(0)
    if page or not digest:
        return opens
    return opens + (_EPOCH - opens) % digest
