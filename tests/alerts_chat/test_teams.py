"""Microsoft Teams: what a workflow takes, and what its run makes of the card."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from alerts.channels import ChannelError, sender
from alerts.channels.post import exchange
from alerts.channels.refused import encoded
from alerts.channels.teams import _card
from alerts.rendered import Rendered
from demo.receivers import teams
from demo.receivers.web import Reply
from headroom.channels import Channel
from headroom.channels import Teams as Receiver
from headroom.incidents import Message
from headroom.sources import Secret
from tests.alerts_chat.told import EVIDENCE, PAGE, firing, hostile, long, resolved, storm


@pytest.fixture
def service() -> Iterator[teams.Teams]:
    """Give a workflow."""
    with teams.Teams() as service:
        yield service


def channel(url: str) -> Channel:
    """Return a channel that leads there."""
    return Channel("chat", Receiver(Secret(url)), timedelta(seconds=5))


def post(service: teams.Teams, message: Message) -> str:
    """Send a message and return what people read of the card."""
    assert sender("teams")(channel(service.url), message) == "202"
    assert service.failed == []
    return teams.shown(service.cards[-1])


def test_an_alarm_as_people_read_it(service: teams.Teams) -> None:
    """Title in the colour of its severity, story, facts, and two buttons."""
    shown = post(service, firing()).splitlines()

    assert shown[:4] == [
        "[OVER] Authentication (login) p95: 5.4% to 13% slow, 5% allowed (limit 200 ms), for 5 min",
        EVIDENCE,
        "Critical: over since 13:57:10 UTC, fired at 13:58:10 UTC.",
        "If broken: scale the login service.",
    ]
    assert "Owner: Platform team" in shown
    assert shown[-2:] == [f"[Open in Headroom] {PAGE}", "[Runbook] https://wiki.example/runbooks/login"]
    assert service.cards[0]["body"][0]["style"] == "attention"
    assert service.cards[0]["fallbackText"] == shown[0]


def test_an_end_is_green(service: teams.Teams) -> None:
    """What is well again is seen to be."""
    post(service, resolved())

    assert service.cards[0]["body"][0]["style"] == "good"


def test_a_storm_is_one_card(service: teams.Teams) -> None:
    """Ten lines and the number of the rest."""
    assert "and 490 more: " in post(service, storm(500))
    assert len(service.cards) == 1


def test_nothing_from_a_source_is_markup(service: teams.Teams) -> None:
    """Text runs know no Markdown, a date in braces stays text, and only our link is a button."""
    shown = post(service, hostile())
    (card,) = service.cards

    assert teams.marked_up(card) == []
    assert [action["url"] for action in card["actions"]] == [PAGE]
    assert "[click](https://evil.example) **b** _i_" in shown
    assert "{{" not in json.dumps(card)
    assert "Runbook: javascript:alert(document.cookie)" in shown
    assert "entities" not in card["msteams"]


def test_the_longest_message_fits(service: teams.Teams) -> None:
    """A card that is too large would be taken and never shown, so facts are left out first."""
    shown = post(service, long())

    assert len(service.arrivals[0].raw) < teams.MOST_BYTES
    assert "Critical: over since 13:57:10 UTC" in shown
    assert "If broken: \U0001f525" in shown


def test_the_longest_message_fits_plainly_too(service: teams.Teams) -> None:
    """What is sent after a refusal must not be too large again."""
    service.fail(Reply(413))

    post(service, long())

    assert len(service.arrivals[1].raw) < teams.MOST_BYTES


def test_what_matters_least_is_left_out_first() -> None:
    """Should words ever be too many for Teams, its facts go before its sentences."""
    many = tuple((f"name {number}", "\u6f22" * 600) for number in range(20))
    words = Rendered("title", tuple("\u5b57" * 600 for _ in range(10)), many)

    card = _card(words, len(many), 10, [])

    (body,) = (one["content"]["body"] for one in card["attachments"])
    assert [len(item["inlines"][0]["text"]) for item in body[1:11]] == [600] * 10
    assert len(body[11]["items"]) == 2
    assert 22_000 < len(encoded(card)) <= 24_000


def test_a_card_that_is_refused_goes_more_plainly(service: teams.Teams) -> None:
    """The form of a message is no reason to lose it."""
    service.fail(Reply(413))

    shown = post(service, firing())

    assert "Owner" not in shown
    assert EVIDENCE in shown
    assert len(service.arrivals) == 2


@pytest.mark.parametrize(
    ("reply", "permanent", "said"),
    [
        (Reply(401, "AuthorizationFailed"), True, "the receiver answered 401 (AuthorizationFailed) and will"),
        (Reply(404, "WorkflowNotFound"), True, "the receiver answered 404 (WorkflowNotFound) and will not"),
        (Reply(429, "throttled", (("Retry-After", "7"),)), False, "the receiver answered 429 (throttled)"),
        (Reply(502, "NoResponse"), False, "the receiver answered 502 (NoResponse)"),
        (
            Reply(200, "Webhook message delivery failed with error: HTTP error 429"),
            False,
            "the workflow answered 200, but not that it took the message; is its url complete?",
        ),
    ],
)
def test_a_refusal_says_whether_trying_again_helps(
    service: teams.Teams, reply: Reply, permanent: bool, said: str
) -> None:
    """Also where an old connector tells of a failure with status 200."""
    service.fail(reply)

    with pytest.raises(ChannelError) as caught:
        sender("teams")(channel(service.url), firing())

    assert caught.value.permanent is permanent
    assert caught.value.message.startswith(said)
    assert "secret" not in caught.value.message


def test_the_address_must_be_complete(service: teams.Teams) -> None:
    """Its query is what lets us in, and it is lost easily where it is pasted."""
    with pytest.raises(ChannelError, match="AuthorizationFailed"):
        sender("teams")(channel(service.url.partition("?")[0]), firing())


@pytest.mark.parametrize(
    ("card", "problem"),
    [
        ({"type": "AdaptiveCard", "version": "2.0"}, "not an Adaptive Card that Teams knows"),
        ({"body": [{"type": "TextBlock", "text": "x" * 30_000}]}, "Request Entity too large"),
        ({"body": [{"type": "Table"}]}, 'unknown element or property: {"type": "Table"}'),
        ({"body": [{"type": "RichTextBlock", "inlines": ["x"]}]}, "an inline that is no text run"),
        (
            {"actions": [{"type": "Action.OpenUrl", "url": "javascript:x"}]},
            'an action that opens no page: {"type": "Action.OpenUrl", "url": "javascript:x"}',
        ),
    ],
)
def test_the_receiver_is_as_strict_as_teams(
    service: teams.Teams, card: dict[str, object], problem: str
) -> None:
    """It answers 202 all the same, as the service does: only the run fails."""
    whole = {"type": "AdaptiveCard", "version": "1.4", "body": [], **card}
    body = {"type": "message", "attachments": [{"contentType": teams.CARD, "content": whole}]}

    answer = exchange("POST", service.url, json.dumps(body).encode(), {}, within=5)

    assert answer.status == 202
    assert (service.cards, service.failed) == ([], [problem])


def test_what_is_no_message_is_refused_at_once(service: teams.Teams) -> None:
    """The schema of the trigger is the one thing that is looked at before the answer."""
    assert exchange("POST", service.url, b'{"text":"x"}', {}, within=5).status == 400
