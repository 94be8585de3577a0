"""Mail as it arrives at a real server: the envelope, the login, TLS, and who gets it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.channels import sender
from alerts.channels.email import send
from headroom.incidents import Message
from tests.alerts_mail.examples import digest, message, notice
from tests.alerts_mail.mail_server import PASSWORD, MailServer
from tests.alerts_mail.sending import BOSS, LEAD, ON_CALL, channel, failure
from tests.collectors_prometheus.certificates import Authority

FOR_EVER = " and will not take this message; check the channel's addresses"


def test_a_mail_arrives_with_starttls_and_login(authority: Authority) -> None:
    """The server demands both, sees who sends it, and its answer comes back."""
    with MailServer(authority.issue("mail"), login=True) as server:
        by = channel(
            server.port,
            security="starttls",
            ca=authority.cert,
            user="headroom",
            password=PASSWORD,
            to=(ON_CALL, LEAD),
        )
        assert send(by, message()) == "250 (2.0.0 queued as 4711)"

    (arrival,) = server.arrivals
    assert (arrival.sender, arrival.to) == ("alerts@example.com", [ON_CALL, LEAD])
    assert (arrival.login, arrival.secured) == ("headroom", True)
    assert arrival.mail["Subject"] == "[OVER] Login p95 is over 200 ms"


def test_a_mail_arrives_with_tls_at_once(authority: Authority) -> None:
    """A port that speaks TLS from its first byte works as well."""
    with MailServer(authority.issue("at-once"), at_once=True) as server:
        send(channel(server.port, security="tls", ca=authority.cert), message())

    assert [arrival.secured for arrival in server.arrivals] == [True]


def test_a_login_in_ascii_uses_what_the_server_offers(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password without umlauts takes smtplib's own way through the mechanisms."""
    monkeypatch.setattr("tests.alerts_mail.mail_server.PASSWORD", "s3cret")
    with MailServer(authority.issue("ascii"), login=True) as server:
        by = channel(server.port, security="starttls", ca=authority.cert, user="headroom", password="s3cret")
        assert send(by, message()) == "250 (2.0.0 queued as 4711)"


def test_a_refused_recipient_costs_the_others_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The mail goes to the others at once, and the answer counts the refused without naming them."""
    with MailServer(answers={LEAD: ["550 5.1.1 <lead@example.com> unknown"]}) as server:
        answer = send(channel(server.port, to=(ON_CALL, LEAD, BOSS)), message())

    assert answer == "250 (2.0.0 queued as 4711); 1 of 3 recipients refused (550 5.1.1)"
    assert [arrival.to for arrival in server.arrivals] == [[ON_CALL, BOSS]]
    ours = [record.getMessage() for record in caplog.records if record.name == "alerts.channels.email"]
    refused = "1 of 3 recipients refused (550 5.1.1)"
    assert ours == [f'channel "on-call": {refused}; the others have the mail; check its addresses']


def test_a_recipient_who_is_greylisted_is_tried_again_alone() -> None:
    """Those who have the mail do not get it twice while another one waits."""
    with MailServer(answers={LEAD: ["450 4.2.0 try later", ""]}) as server:
        by = channel(server.port, to=(ON_CALL, LEAD))
        first = failure(by)
        assert send(by, message()) == "250 (2.0.0 queued as 4711)"

    assert first.message == (
        "the mail server took the mail for 1 of 2 recipients and refuses 1 for now (450 4.2.0); "
        "only those are tried again"
    )
    assert not first.permanent
    assert [arrival.to for arrival in server.arrivals] == [[ON_CALL], [LEAD]]
    ids = [arrival.mail["Message-ID"] for arrival in server.arrivals]
    assert ids[0] == ids[1]


def test_a_full_mailbox_does_not_hold_up_the_channel_for_ever() -> None:
    """After enough attempts the one who is still refused is given up, since the others have the mail."""
    late = Message((replace(notice("i9"), attempts=12),))
    with MailServer(answers={LEAD: ["452 4.2.2 mailbox full"]}) as server:
        answer = send(channel(server.port, to=(ON_CALL, LEAD)), late)

    assert answer == "250 (2.0.0 queued as 4711); 1 of 2 recipients refused (452 4.2.2)"


@pytest.mark.parametrize(
    ("said", "message_text", "permanent"),
    [
        (
            "550 5.1.1 unknown",
            "the mail server refuses every recipient, 2 of 2 (550 5.1.1); check the channel's addresses",
            True,
        ),
        (
            "450 4.2.0 later",
            "the mail server refuses every recipient for now, 2 of 2 (450 4.2.0)",
            False,
        ),
        (
            "421 4.3.2 closing",
            "the mail server answered 421 (4.3.2 closing) to a recipient",
            False,
        ),
    ],
)
def test_when_nobody_gets_it_the_answer_decides(said: str, message_text: str, permanent: bool) -> None:
    """5xx for all is for ever, 4xx passes, and 421 means that the server is closing."""
    with MailServer(answers={ON_CALL: [said], LEAD: [said]}) as server:
        error = failure(channel(server.port, to=(ON_CALL, LEAD)))

    assert (error.message, error.permanent) == (message_text, permanent)
    assert server.arrivals == []


@pytest.mark.parametrize(
    ("said", "message_text", "permanent"),
    [
        ("421 4.3.0 shutting down", "the mail server answered 421 (4.3.0 shutting down) to the mail", False),
        ("450 4.7.1 slow down", "the mail server answered 450 (4.7.1 slow down) to the mail", False),
        (
            "552 5.3.4 too big\x1b[31m",
            "the mail server answered 552 (5.3.4 too big [31m) to the mail" + FOR_EVER,
            True,
        ),
        (
            "554 5.7.1 spam",
            "the mail server answered 554 (5.7.1 spam) to the mail" + FOR_EVER,
            True,
        ),
    ],
)
def test_the_answer_to_the_mail_decides(said: str, message_text: str, permanent: bool) -> None:
    """4xx after the mail passes, 5xx does not."""
    with MailServer(answers={"DATA": [said]}) as server:
        error = failure(channel(server.port))

    assert (error.message, error.permanent) == (message_text, permanent)


def test_an_address_beyond_ascii_needs_a_server_that_takes_it() -> None:
    """Umlauts before the @ are sent as they are to a server with SMTPUTF8, and refused by us otherwise."""
    to = ("jürgen@exämple.com",)
    with MailServer(utf8=True) as server:
        send(channel(server.port, to=to), message())
    with MailServer() as plain:
        error = failure(channel(plain.port, to=to))

    assert [arrival.to for arrival in server.arrivals] == [["jürgen@xn--exmple-cua.com"]]
    assert error.message == (
        "the mail server takes no addresses beyond ASCII (SMTPUTF8); write such as it takes"
    )
    assert error.permanent


def test_several_notices_arrive_as_one_mail() -> None:
    """A digest is one mail with one subject."""
    with MailServer() as server:
        send(channel(server.port), digest(3))

    (arrival,) = server.arrivals
    assert arrival.mail["Subject"].startswith("[OVER] 3 budgets over")


def test_the_kind_is_registered() -> None:
    """A channel of the kind email finds its sender."""
    assert sender("email") is send
