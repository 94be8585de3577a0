"""What keeps a mail from going out in the clear, or to somebody else: each with its sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.alerts_mail.mail_server import MailServer
from tests.alerts_mail.sending import channel, failure
from tests.collectors_prometheus.certificates import Authority


def test_without_starttls_nothing_is_sent() -> None:
    """A server that offers none, or somebody in between who hides it, gets no mail and no login."""
    with MailServer() as server:
        error = failure(channel(server.port, security="starttls", user="headroom", password="s3cret"))

    assert error.message == (
        "the mail server offers no STARTTLS, so nothing was sent; "
        "check the channel's port, or whether it takes TLS at once (security: tls)"
    )
    assert error.permanent
    assert server.arrivals == []


@pytest.mark.parametrize(
    ("names", "days", "reason"),
    [
        ("DNS:elsewhere.example", 2, "IP address mismatch, certificate is not valid for '127.0.0.1'"),
        ("IP:127.0.0.1", -1, "certificate has expired"),
    ],
    ids=["another name", "expired"],
)
@pytest.mark.parametrize("at_once", [False, True])
def test_a_certificate_that_does_not_hold(
    authority: Authority, names: str, days: int, reason: str, at_once: bool
) -> None:
    """Of another name, or of last year: no mail, and the reason in words."""
    pair = authority.issue(f"bad{days}{at_once}", names=names, days=days)
    with MailServer(pair, at_once=at_once) as server:
        error = failure(channel(server.port, security="tls" if at_once else "starttls", ca=authority.cert))

    assert error.message == (
        f"the mail server's certificate is not trusted: {reason}; "
        "check the channel's host and ca, and this machine's clock"
    )
    assert not error.permanent
    assert server.arrivals == []


def test_an_authority_that_nobody_named_is_not_trusted(authority: Authority) -> None:
    """Without ca only the publicly known authorities count."""
    with MailServer(authority.issue("untrusted")) as server:
        error = failure(channel(server.port, security="starttls"))

    assert error.message == (
        "the mail server's certificate is not trusted: unable to get local issuer certificate; "
        "check the channel's host and ca, and this machine's clock"
    )


def test_tls_at_once_towards_a_port_without(authority: Authority) -> None:
    """The two kinds of ports are easily mixed up, so the sentence names both."""
    with MailServer(authority.issue("mixed")) as server:
        error = failure(channel(server.port, security="tls", ca=authority.cert))

    assert error.message == (
        "no TLS connection to the mail server; check whether its port takes TLS at once "
        "(security: tls) or after STARTTLS (security: starttls)"
    )
    assert not error.permanent


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_that_cannot_be_read(authority: Authority, tmp_path: Path, content: str | None) -> None:
    """A file that is missing, or holds something else, is tried again: it may be mounted later."""
    ca = tmp_path / "ca.pem"
    if content:
        ca.write_text(content)
    with MailServer(authority.issue("no-ca")) as server:
        error = failure(channel(server.port, security="starttls", ca=ca))

    assert error.message == (
        "the channel's ca is no file of certificates that can be read; check its path and content"
    )
    assert not error.permanent


def test_a_wrong_password_is_about_the_channel(authority: Authority) -> None:
    """It is for ever, and neither the user nor the password is told."""
    with MailServer(authority.issue("login"), login=True) as server:
        error = failure(
            channel(
                server.port, security="starttls", ca=authority.cert, user="headroom", password="s3cret-wrong"
            )
        )

    assert error.message == (
        "the mail server refuses the login (535 5.7.8); check the channel's user and password"
    )
    assert error.permanent


def test_a_login_where_none_is_taken() -> None:
    """A server without AUTH is not what the channel was written for."""
    with MailServer() as server:
        error = failure(channel(server.port, user="headroom", password="s3cret"))

    assert error.permanent
    assert "login" in error.message
