"""PagerDuty: one alert there per incident here, from its first event to its last."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from alerts.channels import ChannelError, sender
from alerts.channels.post import exchange
from alerts.system import broken_payload
from demo.receivers import pagerduty
from demo.receivers.web import Reply
from headroom.channels import Channel
from headroom.channels import PagerDuty as Receiver
from headroom.incidents import Message, NoticeStatus, Why
from headroom.sources import Secret
from tests.alerts.examples import AT
from tests.alerts_chat.told import (
    ENDED,
    EVIDENCE,
    FIRES,
    HOSTILE,
    LOST,
    MET,
    OVER,
    PAGE,
    SIGHT,
    firing,
    hostile,
    long,
    message,
    notice,
    notice_of,
    resolved,
    storm,
)

KEY = sha256(b"0123456789abcdef").hexdigest()


@pytest.fixture
def service() -> Iterator[pagerduty.PagerDuty]:
    """Give a service of PagerDuty."""
    with pagerduty.PagerDuty() as service:
        yield service


def send(service: pagerduty.PagerDuty, told: Message, routing_key: str = "") -> str:
    """Send a message there."""
    key = Secret(routing_key or service.routing_key)
    return sender("pagerduty")(Channel("page", Receiver(key, service.url), timedelta(seconds=5)), told)


def test_a_new_name_finds_the_same_alert(service: pagerduty.PagerDuty) -> None:
    """An installation may be renamed while an incident is open: its end must not miss the alert."""
    (end,) = resolved().notices
    renamed = replace(end, payload=end.payload.replace('"erp-prod"', '"erp-new"'))
    assert renamed != end

    assert KEY in send(service, firing())
    assert KEY in send(service, Message((renamed,)))
    assert len(service.alerts) == 1


def test_an_alarm_opens_an_alert(service: pagerduty.PagerDuty) -> None:
    """The event is complete, and carries the evidence."""
    answer = send(service, firing())

    assert answer == (f'202 {{"status": "success", "message": "Event processed", "dedup_key": "{KEY}"}}')
    (alert,) = service.alerts
    (event,) = alert.events
    details = event["payload"].pop("custom_details")
    assert event == {
        "routing_key": service.routing_key,
        "event_action": "trigger",
        "dedup_key": KEY,
        "payload": {
            "summary": "[OVER] Authentication (login) p95: 5.4% to 13% slow, 5% allowed (limit 200 ms), "
            "for 5 min",
            "source": "metrics",
            "severity": "critical",
            "timestamp": "2026-08-03T14:02:10+00:00",
            "component": "api.login",
            "group": "metrics",
            "class": "breach",
        },
        "links": [
            {"href": PAGE, "text": "Open in Headroom"},
            {"href": "https://wiki.example/runbooks/login", "text": "Runbook"},
        ],
        "client": "Headroom",
        "client_url": PAGE,
    }
    assert details["story"].splitlines()[0] == EVIDENCE
    assert details["Slow"] == "35 of 412, 5% allowed"
    assert details["Runbook"] == "https://wiki.example/runbooks/login"


def test_an_incident_is_one_alert_until_it_ends(service: pagerduty.PagerDuty) -> None:
    """Whatever is told of it in between goes to the same alert; what fires anew is another."""
    moves = [
        (FIRES, OVER, NoticeStatus.FIRING, Why.HELD, "triggered"),
        (FIRES, OVER, NoticeStatus.FIRING, Why.WORSE, "triggered"),
        (FIRES, OVER, NoticeStatus.ACKNOWLEDGED, Why.ACKNOWLEDGED, "acknowledged"),
        (FIRES, LOST, NoticeStatus.LOST_SIGHT, Why.LOST_FOR_LONG, "acknowledged"),
        (FIRES, OVER, NoticeStatus.ESCALATED, Why.ESCALATED, "acknowledged"),
        (ENDED, MET, NoticeStatus.RESOLVED, Why.RECOVERED, "resolved"),
    ]
    for about, verdict, status, why, state in moves:
        send(service, message(about, [verdict], status, why))
        assert [alert.state for alert in service.alerts] == [state]

    again = replace(FIRES, id="another")
    send(service, message(again, [OVER], NoticeStatus.FIRING, Why.HELD))

    assert [alert.state for alert in service.alerts] == ["resolved", "triggered"]
    assert [event["event_action"] for event in service.alerts[0].events] == [
        "trigger",
        "trigger",
        "acknowledge",
        "trigger",
        "trigger",
        "resolve",
    ]


def test_a_repetition_changes_nothing(service: pagerduty.PagerDuty) -> None:
    """Sent again after a crash, an event finds the alert that it opened."""
    send(service, firing())
    send(service, firing())

    assert len(service.alerts) == 1


def test_an_end_that_nobody_waits_for_is_dropped(service: pagerduty.PagerDuty) -> None:
    """PagerDuty answers as if it had taken it."""
    assert send(service, resolved()).startswith("202 ")
    assert (service.alerts, len(service.dropped)) == ([], 1)


def test_a_group_is_one_alert(service: pagerduty.PagerDuty) -> None:
    """Told together, they open one alert, and by the key of the group it ends."""
    send(service, storm(12))
    (alert,) = service.alerts
    assert alert.key == "storm"
    assert alert.events[0]["payload"]["summary"].startswith("[OVER] 12 budgets over on metrics, 4 critical")
    assert "and 2 more: " in alert.events[0]["payload"]["custom_details"]["story"]

    last = notice(ENDED, [MET], NoticeStatus.RESOLVED, Why.RECOVERED, bundle="storm")
    send(service, Message((last,)))

    assert service.open() == []


def test_notices_of_several_keys_are_several_events(service: pagerduty.PagerDuty) -> None:
    """A message that answers for several alerts resolves each of them."""
    for name in ("a", "b"):
        send(service, message(replace(FIRES, id=name), [OVER], NoticeStatus.FIRING, Why.HELD))
    ends = [
        notice(replace(ENDED, id=name), [MET], NoticeStatus.RESOLVED, Why.RECOVERED) for name in ("a", "b")
    ]

    send(service, Message(tuple(ends)))

    assert [alert.state for alert in service.alerts] == ["resolved", "resolved"]


def test_what_headroom_says_of_itself_is_a_warning_of_its_own(service: pagerduty.PagerDuty) -> None:
    """It belongs to no incident, and two of them are two alerts."""
    for name in ("a", "b"):
        send(service, Message((notice_of(broken_payload(name, "gone", at=AT)),)))

    assert [alert.events[0]["payload"]["severity"] for alert in service.alerts] == ["warning", "warning"]
    assert service.alerts[0].events[0]["payload"]["source"] == "headroom"


def test_a_blind_budget_is_a_warning(service: pagerduty.PagerDuty) -> None:
    """As loud as the budgets file asks, and of a class of its own."""
    send(service, message(SIGHT, [LOST], NoticeStatus.FIRING, Why.UNSEEN))

    sent = service.alerts[0].events[0]["payload"]
    assert (sent["severity"], sent["class"]) == ("warning", "blind")


def test_nothing_from_a_source_is_a_link(service: pagerduty.PagerDuty) -> None:
    """What others wrote is text in its fields, and only our link is one."""
    send(service, hostile())

    (event,) = service.alerts[0].events
    assert [link["href"] for link in event["links"]] == [PAGE]
    assert event["payload"]["custom_details"]["Runbook"] == "javascript:alert(document.cookie)"
    assert HOSTILE[:40] in event["payload"]["summary"]
    assert event["payload"]["summary"].isprintable()


def test_the_longest_message_fits(service: pagerduty.PagerDuty) -> None:
    """Each field keeps its limit, and all together theirs."""
    send(service, long())

    assert len(service.arrivals) == 1
    assert len(service.arrivals[0].raw) < pagerduty.MOST_BYTES / 5


def test_an_event_that_is_refused_goes_without_its_details(service: pagerduty.PagerDuty) -> None:
    """The form of an alarm is no reason to wake nobody."""
    service.fail(Reply(400, '{"status":"invalid event"}'))

    send(service, firing())

    assert set(service.alerts[0].events[0]["payload"]) == {"summary", "source", "severity"}


@pytest.mark.parametrize(
    ("reply", "permanent", "said"),
    [
        (Reply(403, "forbidden"), True, "the receiver answered 403 (forbidden) and will not take this"),
        (Reply(429), False, "the receiver answered 429"),
        (Reply(500), False, "the receiver answered 500"),
    ],
)
def test_a_refusal_says_whether_trying_again_helps(
    service: pagerduty.PagerDuty, reply: Reply, permanent: bool, said: str
) -> None:
    """Too many events, and faults of theirs, pass."""
    service.fail(reply)

    with pytest.raises(ChannelError) as caught:
        send(service, firing())

    assert caught.value.permanent is permanent
    assert caught.value.message.startswith(said)


def test_a_wrong_routing_key_is_told_without_it(service: pagerduty.PagerDuty) -> None:
    """PagerDuty says how long it has to be; nobody says what it was."""
    with pytest.raises(ChannelError, match="Length of 'routing_key' is incorrect") as caught:
        send(service, firing(), routing_key="too-short-a-key")

    assert caught.value.permanent
    assert "too-short" not in caught.value.message


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"dedup_key": "k" * 256}, "'dedup_key' must be 1 to 255 characters"),
        (
            {"event_action": "close", "dedup_key": "k"},
            "'event_action' must be one of trigger, acknowledge, resolve",
        ),
        ({"event_action": "resolve", "dedup_key": None}, "'dedup_key' is missing or blank"),
        ({"payload": None}, "'payload' is missing"),
        ({"payload": {"source": "s", "severity": "info"}}, "'payload.summary' is missing or blank"),
        (
            {"payload": {"source": "s", "severity": "loud", "summary": "x"}},
            "'payload.severity' must be one of critical, error, warning, info",
        ),
        (
            {"payload": {"source": "s", "severity": "info", "summary": "x" * 1025}},
            "'payload.summary' is longer than 1024 characters",
        ),
        ({"links": [{"href": "javascript:x"}]}, "a link needs an href"),
    ],
)
def test_the_receiver_is_as_strict_as_pagerduty(
    service: pagerduty.PagerDuty, changes: dict[str, object], error: str
) -> None:
    """A receiver that takes anything would prove nothing."""
    good = {"source": "s", "severity": "info", "summary": "x"}
    event = {"routing_key": service.routing_key, "event_action": "trigger", "payload": good, **changes}

    answer = exchange("POST", service.url, json.dumps(event).encode(), {}, within=5)

    assert (answer.status, json.loads(answer.text)["errors"]) == (400, [error])
    assert service.alerts == []
