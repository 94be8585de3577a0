"""Slack: what its webhook takes, shows and refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from alerts.channels import ChannelError, sender
from alerts.channels.post import exchange
from demo.receivers import slack
from demo.receivers.web import Reply
from headroom.channels import Channel
from headroom.channels import Slack as Receiver
from headroom.incidents import Message
from headroom.sources import Secret
from tests.alerts_chat.told import EVIDENCE, LINK, PAGE, firing, hostile, long, resolved, storm


@pytest.fixture
def service() -> Iterator[slack.Slack]:
    """Give a webhook of Slack."""
    with slack.Slack() as service:
        yield service


def channel(service: slack.Slack, path: str = "") -> Channel:
    """Return a channel that leads there."""
    url = service.origin + path if path else service.url
    return Channel("chat", Receiver(Secret(url)), timedelta(seconds=5))


def post(service: slack.Slack, message: Message) -> str:
    """Send a message and return what people read of it."""
    assert sender("slack")(channel(service), message) == "200 ok"
    return slack.shown(service.messages[-1])


def test_an_alarm_as_people_read_it(service: slack.Slack) -> None:
    """Title, story, links, and the facts in a box with a red edge."""
    shown = post(service, firing())

    assert shown.splitlines() == [
        "[OVER] Authentication (login) p95: 5.4% to 13% slow, 5% allowed (limit 200 ms), for 5 min",
        EVIDENCE,
        "Critical: over since 13:57:10 UTC, fired at 13:58:10 UTC.",
        "If broken: scale the login service.",
        f"Open in Headroom ({PAGE})  ·  Runbook (https://wiki.example/runbooks/login)",
        "Severity: critical",
        "Limit: p95 at most 200 ms",
        "Value: p95 200 to 500 ms",
        "Slow: 35 of 412, 5% allowed",
        "Worst so far: 1.7 times the limit at 13:58:10 UTC: 35 of 412 took longer than 200 ms",
        "Since: 2026-08-03 13:57:10 UTC",
        "Owner: Platform team",
        "Source: metrics",
        "Installation: erp-prod",
        "Incident: 0123456789abcdef",
        "Budget: api.login",
    ]
    (message,) = service.messages
    assert message["text"] == shown.splitlines()[0]
    assert message["attachments"][0]["color"] == "#c62828"
    assert service.arrivals[0].headers["idempotency-key"] == firing().key


def test_an_end_is_green(service: slack.Slack) -> None:
    """What is well again is seen to be."""
    post(service, resolved())

    assert service.messages[0]["attachments"][0]["color"] == "#2e7d32"


def test_a_storm_is_one_message(service: slack.Slack) -> None:
    """Ten lines and the number of the rest."""
    shown = post(service, storm(500)).splitlines()

    assert len(service.messages) == 1
    assert shown[0].startswith("[OVER] 500 budgets over on metrics, 167 critical: ")
    assert shown[11].startswith("and 490 more: ")
    assert shown[12] == f"Open in Headroom ({LINK})  ·  Runbook (https://wiki.example/runbooks/login)"


def test_nothing_from_a_source_is_markup(service: slack.Slack) -> None:
    """Mentions, links, formatting and entities are read as they were written; only our link is one."""
    shown = post(service, hostile())
    (message,) = service.messages

    assert [link.replace("&amp;", "&") for link in slack.links(message)] == [PAGE]
    assert "<!channel> @here <@U123> <https://evil.example|login>" in shown
    assert "&lt;!channel&gt;" in message["text"]
    assert (message["parse"], message["link_names"], message["mrkdwn"]) == ("none", False, False)
    assert "Runbook: javascript:alert(document.cookie)" in shown
    assert "\u202e" not in shown
    assert "\x1b" not in shown


def test_the_longest_message_fits(service: slack.Slack) -> None:
    """Slack counts UTF-16 units; whatever is too long is cut rather than refused."""
    post(service, long())

    assert len(service.arrivals) == 1


def test_what_slack_refuses_for_its_blocks_goes_as_plain_text(service: slack.Slack) -> None:
    """The form of a message is no reason to lose it."""
    service.fail(Reply(400, "invalid_blocks"))

    shown = post(service, hostile())

    assert "blocks" not in service.messages[0]
    assert slack.links(service.messages[0]) == []
    assert shown.startswith("[OVER] <!channel> @here ")
    assert shown.endswith(PAGE)


@pytest.mark.parametrize(
    ("reply", "permanent", "wait", "said"),
    [
        (Reply(403, "action_prohibited"), True, None, "the receiver answered 403 (action_prohibited) and "),
        (Reply(404, "no_service"), True, None, "the receiver answered 404 (no_service) and will not take "),
        (Reply(410, "channel_is_archived"), True, None, "the receiver answered 410 (channel_is_archived) "),
        (Reply(429, "rate_limited", (("Retry-After", "30"),)), False, 30.0, "the receiver answered 429 ("),
        (Reply(500, "rollup_error"), False, None, "the receiver answered 500 (rollup_error)"),
        (Reply(200, "<html>Sign in</html>"), False, None, "a web page answered instead of Slack; check "),
    ],
)
def test_a_refusal_says_whether_trying_again_helps(
    service: slack.Slack, reply: Reply, permanent: bool, wait: float | None, said: str
) -> None:
    """Slack's own word is in the error, and the address is not."""
    service.fail(reply)

    with pytest.raises(ChannelError) as caught:
        sender("slack")(channel(service), firing())

    assert (caught.value.permanent, caught.value.retry_after) == (permanent, wait)
    assert caught.value.message.startswith(said)
    assert "XXXX" not in caught.value.message


def test_a_message_that_slack_takes_in_no_form_is_given_up(service: slack.Slack) -> None:
    """Both forms were tried, once each."""
    service.fail(Reply(400, "invalid_payload"), Reply(400, "invalid_payload"))

    with pytest.raises(ChannelError, match=r"the receiver answered 400 \(invalid_payload\)") as caught:
        sender("slack")(channel(service), firing())

    assert caught.value.permanent
    assert len(service.arrivals) == 2


def test_another_address_is_another_webhook(service: slack.Slack) -> None:
    """A webhook that was revoked, or mistyped."""
    with pytest.raises(ChannelError, match="no_service"):
        sender("slack")(channel(service, "/services/T0/B0/gone"), firing())


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({}, "no_text"),
        ({"text": "x", "colour": "red"}, "invalid_payload"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]}, "invalid_blocks"),
        (
            {"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]},
            "invalid_blocks",
        ),
        ({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": ""}}]}, "invalid_blocks"),
        (
            {"blocks": [{"type": "section", "fields": [{"type": "plain_text", "text": "x"}] * 11}]},
            "invalid_blocks",
        ),
    ],
)
def test_the_receiver_is_as_strict_as_slack(service: slack.Slack, body: dict[str, object], word: str) -> None:
    """A receiver that takes anything would prove nothing."""
    data = json.dumps(body).encode()
    answer = exchange("POST", service.url, data, {"Content-Type": "application/json"}, within=5)

    assert (answer.status, answer.text) == (400, word)
    assert service.messages == []
