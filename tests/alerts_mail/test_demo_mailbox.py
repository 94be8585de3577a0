"""The mail server of the demo: what it is sent can be looked at."""

from __future__ import annotations

import smtplib
from pathlib import Path

import pytest

from alerts.channels.email import send
from demo.receivers import smtp
from demo.receivers.smtp import Mailbox
from tests.alerts_mail.examples import message
from tests.alerts_mail.sending import channel, failure


def test_a_mail_is_kept_as_a_file(tmp_path: Path) -> None:
    """Text and HTML can be read, the file opens in any mail program, and a sentence tells of it."""
    said: list[str] = []
    mailbox = Mailbox(tmp_path / "mail", said.append)
    try:
        answer = send(channel(mailbox.port), message(title="Über 200 ms"))
    finally:
        mailbox.close()

    (mail,) = mailbox.mails
    assert answer == "250 (2.0.0 kept as 0001.eml)"
    assert (mail.to, mail.subject) == (("on-call@example.com",), "Über 200 ms")
    assert mail.text.startswith("Login p95 is over 200 ms: 35 of 412 were slow")
    assert "<h1" in mail.html
    assert mail.file.read_bytes().startswith(b"X-Peer: ") is False
    assert said == [f"Mail received: Über 200 ms ({tmp_path / 'mail' / '0001.eml'})"]


def test_a_full_mailbox_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A demo that runs for days does not fill the disk."""
    monkeypatch.setattr(smtp, "MOST_MAILS", 1)
    mailbox = Mailbox(tmp_path, lambda _: None)
    try:
        send(channel(mailbox.port), message())
        error = failure(channel(mailbox.port))
    finally:
        mailbox.close()

    assert error.message == "the mail server answered 452 (4.2.2 1 mails are enough) to the mail"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_mail_that_is_none_does_no_harm(tmp_path: Path) -> None:
    """Whatever is sent is kept, and what is printed of it is harmless."""
    said: list[str] = []
    mailbox = Mailbox(tmp_path, said.append)
    try:
        with smtplib.SMTP("127.0.0.1", mailbox.port, local_hostname="localhost") as client:
            client.sendmail("a@example.com", ["b@example.com"], b"Subject: =?utf-8?q?a=1B[31m?=\r\n\r\n\xff")
    finally:
        mailbox.close()

    assert said == [f"Mail received: a?[31m ({tmp_path / '0001.eml'})"]
