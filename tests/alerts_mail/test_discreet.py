"""Receivers that answer with what they were asked: no secret of the channel comes back from them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta

import pytest

from alerts.alertmanager.client import Client
from alerts.channels import ChannelError, sender
from alerts.channels.discreet import in_address, in_header, in_password, without
from alerts.channels.post import post
from headroom.channels import Alertmanager, Channel, PagerDuty, Receiver, Slack, Teams, Webhook
from headroom.sources import Secret
from monitor.clock import now
from tests.alerts.receiver import Receiver as Listening
from tests.alerts.receiver import answer
from tests.alerts_mail.examples import message
from tests.alerts_mail.fake_server import says, served
from tests.alerts_mail.sending import channel as mail
from tests.alerts_mail.sending import failure

TOKEN = "k3y-0f-tHe_ch4nnel"
LOGIN = base64.b64encode(f"us3r:{TOKEN}".encode()).decode()


def headers(value: str) -> tuple[tuple[str, Secret], ...]:
    """Return one header."""
    return (("Authorization", Secret(value)),)


KINDS: dict[str, tuple[Callable[[str], Receiver], str]] = {
    "url": (lambda url: Webhook(Secret(f"{url}h/{TOKEN}")), f"Cannot POST /h/{TOKEN}"),
    "query": (lambda url: Webhook(Secret(f"{url}?code={TOKEN}&v=1")), f"no such code: {TOKEN.upper()}"),
    "bearer": (lambda url: Webhook(Secret(url), None, headers(f"Bearer {TOKEN}")), f"who is {TOKEN}?"),
    "basic": (lambda url: Webhook(Secret(url), None, headers(f"Basic {LOGIN}")), f"us3r:{TOKEN} {LOGIN}"),
    "hmac": (lambda url: Webhook(Secret(url), Secret(TOKEN)), f"expected a signature by {TOKEN}"),
    "slack": (lambda url: Slack(Secret(f"{url}services/T0/B0/{TOKEN}")), f"no_team /T0/B0/{TOKEN}"),
    "teams": (lambda url: Teams(Secret(f"{url}workflows/{TOKEN}/run")), f"No workflow {TOKEN}"),
    "pagerduty": (lambda url: PagerDuty(Secret(TOKEN), url), f'{{"errors":["unknown key {TOKEN}"]}}'),
}


@pytest.mark.parametrize("status", [200, 400, 404, 503])
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_receiver_repeats_is_hidden(kind: str, status: int) -> None:
    """Neither the answer that is kept nor the error that is logged holds what proves who we are."""
    made, said = KINDS[kind]
    with Listening(answer(status, said)) as receiver:
        channel = Channel("on-call", made(f"http://127.0.0.1:{receiver.port}/"), timedelta(seconds=5))
        try:
            told = sender(channel.kind)(channel, message())
        except ChannelError as error:
            told = error.message
    assert "…" in told
    assert not any(part in told.lower() for part in (TOKEN, TOKEN[:8], TOKEN[-8:], LOGIN))


def test_what_an_alertmanager_repeats_is_hidden() -> None:
    """A proxy before it answers with the headers and the path that it was sent."""
    said = f"GET /{TOKEN}/api/v2/alerts, Authorization: Bearer {TOKEN}"
    with Listening(answer(400, said)) as receiver:
        url = f"http://127.0.0.1:{receiver.port}/{TOKEN}"
        kind = Alertmanager((Secret(url),), headers(f"Bearer {TOKEN}"))
        client = Client(Channel("cluster", kind), url, lambda: now().wall)
        with pytest.raises(ChannelError) as refused:
            client.post([])
    assert refused.value.message == "it answered 400 (GET /…/api/v2/alerts, Authorization: …)"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"key {TOKEN} is unknown", "key … is unknown"),
        (f"key {TOKEN[:10]}... is unknown", "key …... is unknown"),
        (f"key ...{TOKEN[-8:]} is unknown", "key ...… is unknown"),
        ("a%40b%2Fc%2Bd", "…"),
        ("a&#x27;b&lt;c", "…"),
        ("auth failed, unauthorized", "auth failed, unauthorized"),
    ],
)
def test_every_form_of_a_secret(said: str, shown: str) -> None:
    """Whole, cut, encoded for an address and for a page; words of every day stay."""
    assert without((TOKEN, "a@b/c+d", "a'b<c", "thor"), said) == shown


def test_the_secrets_of_an_address() -> None:
    """All but scheme and host, and short pieces of a path only with the whole."""
    assert in_address("https://hooks.example.com/v1/services") == ("services", "v1/services")
    assert "p4s" in in_address("https://u:p4s@example.com/")
    assert base64.b64encode(b"u:p@s").decode() in in_address("https://u:p%40s@example.com/")


def test_the_secrets_of_a_header_and_a_login() -> None:
    """What stands behind the way to log in, too, and what smtplib makes of a password."""
    assert in_header("Bearer abcdefgh") == ("Bearer abcdefgh", "abcdefgh")
    assert base64.b64encode(b"\0ann\0p4ss").decode() in in_password("p4ss", "ann")


def test_a_heartbeat_that_is_not_there() -> None:
    """The path of a heartbeat's address is its secret."""
    said = answer(404, f"not found: /{TOKEN}")
    with Listening(said) as receiver, pytest.raises(ChannelError, match=r"answered 404 \(not found: /…\)"):
        post(f"http://127.0.0.1:{receiver.port}/{TOKEN}", b"", {}, within=5)


def test_a_mail_server_that_repeats_the_password() -> None:
    """Whatever it answers to, in the clear or as it went over the line."""
    plain = base64.b64encode(f"\0ann\0{TOKEN}".encode()).decode()
    script = says("220 hello", "250-here\r\n250 AUTH PLAIN", "235 in", f"550 you are {TOKEN} or {plain}")
    with served(script) as port:
        error = failure(mail(port, user="ann", password=TOKEN))
    assert error.message == (
        "the mail server answered 550 (you are … or …) to the sender's address "
        "and will not take this message; check the channel's addresses"
    )
