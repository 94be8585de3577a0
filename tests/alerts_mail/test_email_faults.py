"""Mail servers that hang, drip, babble, lie or are not there: the sentence, and that it ends in time."""

from __future__ import annotations

import socket
import subprocess
import sys
from time import monotonic

import pytest

from alerts.channels.email import send
from tests.alerts.receiver import free_port
from tests.alerts_mail.examples import message
from tests.alerts_mail.fake_server import (
    Script,
    drips,
    endless_line,
    endless_lines,
    half,
    says,
    served,
    silent,
)
from tests.alerts_mail.sending import channel, failure

LATE = "no full answer within 0.4 s; is the mail server overloaded or a firewall in the way?"
FOR_EVER = " and will not take this message; check the channel's addresses"
NO_SERVER = (
    "what answered to the connection does not speak as a mail server; check the channel's host and port"
)
READY = "220 mail.example ESMTP"
EXTENDED = "250-mail.example\r\n250 SIZE 1000"


@pytest.mark.parametrize(
    "script",
    [
        silent,
        drips,
        says(READY, then=silent),
        says(READY, then=drips),
        says(READY, EXTENDED, "250 ok", then=drips),
        says(READY, EXTENDED, "250 ok", "250 ok", "354 go on", then=drips),
    ],
    ids=["never greets", "drips", "hangs", "drips at EHLO", "drips at RCPT", "drips after the mail"],
)
def test_a_server_without_an_end_is_left_at_the_deadline(script: Script) -> None:
    """The time is over for the whole exchange, wherever in it the server gets stuck."""
    begun = monotonic()
    with served(script) as port:
        error = failure(channel(port, timeout=0.4))
        assert monotonic() - begun < 1.5

    assert (error.message, error.permanent) == (LATE, False)


def test_a_tls_handshake_that_hangs_ends_at_the_deadline() -> None:
    """A server that says nothing to a TLS greeting is left in time."""
    begun = monotonic()
    with served(silent) as port:
        error = failure(channel(port, security="tls", timeout=0.4))
        assert monotonic() - begun < 1.5

    assert error.message == LATE


def test_a_starttls_that_hangs_ends_at_the_deadline() -> None:
    """A server that agrees to STARTTLS and is silent then is left in time."""
    offer = "250-mail.example\r\n250 STARTTLS"
    with served(says(READY, offer, "220 go on", then=silent)) as port:
        error = failure(channel(port, security="starttls", timeout=0.4))

    assert error.message == LATE


def test_starttls_that_is_refused_for_now_is_tried_again() -> None:
    """A server without TLS for a moment gets no mail in the clear instead."""
    offer = "250-mail.example\r\n250 STARTTLS"
    with served(says(READY, offer, "454 4.7.0 TLS not available")) as port:
        error = failure(channel(port, security="starttls"))

    assert error.message == "the mail server answered 454 (4.7.0 TLS not available) to STARTTLS"
    assert not error.permanent


def test_words_smuggled_in_before_tls_are_thrown_away() -> None:
    """What somebody in between says before TLS begins is never taken for an answer after it."""
    offer = "250-mail.example\r\n250 STARTTLS"
    smuggled = "220 go on\r\n250-evil\r\n250 AUTH PLAIN"
    with served(says(READY, offer, smuggled, then=silent)) as port:
        error = failure(channel(port, security="starttls", user="u", password="s3cret", timeout=0.4))

    assert error.message == LATE


@pytest.mark.parametrize(
    "script",
    [endless_line, endless_lines, says(READY, then=endless_lines)],
    ids=["a line", "lines", "lines after the greeting"],
)
def test_an_answer_without_end_is_cut(script: Script) -> None:
    """A few kilobytes of an answer are read, at once."""
    begun = monotonic()
    with served(script) as port:
        error = failure(channel(port, timeout=20))
        assert monotonic() - begun < 3

    assert error.message == "the mail server answers without end; check the channel's host and port"
    assert not error.permanent


@pytest.mark.parametrize(
    ("script", "text", "permanent"),
    [
        (says("421 too busy"), "the mail server answered 421 (too busy) to the connection", False),
        (
            says("554 go away"),
            "the mail server answered 554 (go away) to the connection" + FOR_EVER,
            True,
        ),
        (
            says("HTTP/1.1 400 Bad Request"),
            NO_SERVER,
            False,
        ),
        (
            says(READY, EXTENDED, "451 4.3.0 no disk"),
            "the mail server answered 451 (4.3.0 no disk) to the sender's address",
            False,
        ),
        (
            says(READY, EXTENDED, "250 ok", "250 ok", "451 4.3.0 not now"),
            "the mail server answered 451 (4.3.0 not now) to the mail",
            False,
        ),
        (
            says(READY, EXTENDED, "250 ok", "250 ok", "354 go on"),
            "the mail server closed the connection in the middle; it is tried again",
            False,
        ),
        (
            says(READY, EXTENDED, "250 ok", "250 ok", "354 go on", then=half),
            "the mail server closed the connection in the middle; it is tried again",
            False,
        ),
        (
            says(READY),
            "the mail server closed the connection in the middle; it is tried again",
            False,
        ),
    ],
    ids=[
        "busy",
        "refused",
        "no mail server",
        "MAIL",
        "DATA",
        "closes after DATA",
        "half an answer",
        "closes",
    ],
)
def test_what_a_server_says_decides(script: Script, text: str, permanent: bool) -> None:
    """Each step has its sentence; whoever closes may not have taken the mail."""
    with served(script) as port:
        error = failure(channel(port))

    assert error.message == text
    assert error.permanent == permanent


def test_a_server_that_hangs_up_on_goodbye_has_the_mail() -> None:
    """The answer to the mail counts; what comes after it does not."""

    def takes(connection: socket.socket, _: object) -> None:
        lines = connection.makefile("rb", buffering=0)
        while lines.readline() not in (b".\r\n", b""):
            pass
        connection.sendall(b"250 taken\r\n")

    with served(says(READY, EXTENDED, "250 ok", "250 ok", "354 go on", then=takes)) as port:
        assert send(channel(port), message()) == "250 (taken)"


def test_a_refused_connection_is_tried_again() -> None:
    """Nobody listening is a fault that passes."""
    error = failure(channel(free_port()))

    assert error.message == "the mail server refuses connections; is it running, and is the port right?"
    assert not error.permanent


def test_a_name_without_address_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS that is gone for a while costs no mail."""

    def nothing(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    error = failure(channel(25, host="mail.example"))

    assert error.message == (
        "the mail server's name cannot be resolved; check the channel's host and this machine's DNS"
    )
    assert not error.permanent


def test_our_own_name_is_not_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS that hangs for our own host's name would hold up the mail; the greeting needs none."""

    def never(*_: object) -> str:
        raise AssertionError

    monkeypatch.setattr(socket, "getfqdn", never)
    heard = []

    def listens(connection: socket.socket, _: object) -> None:
        connection.sendall(f"{READY}\r\n".encode())
        heard.append(connection.makefile("rb").readline())

    with served(listens) as port:
        failure(channel(port))

    assert heard == [b"ehlo [127.0.0.1]\r\n"]


def test_a_host_that_is_no_name_is_given_up() -> None:
    """What cannot be looked up will never be."""
    error = failure(channel(25, host="ö" * 300 + ".example"))

    assert (error.message, error.permanent) == ("its host is not a name that can be looked up", True)


@pytest.mark.parametrize(
    "address", ["nobody", "@nowhere.example", "a@", "a@example.com\r\nBcc: x@evil.example"]
)
def test_an_address_that_is_none_is_given_up(address: str) -> None:
    """Nothing in an address can become a header or a command."""
    error = failure(channel(free_port(), to=(address,)))

    assert error.message == (
        "one of the channel's addresses is none that mail goes to; write each as name@example.com"
    )
    assert error.permanent


def test_a_server_that_repeats_the_password_is_not_quoted() -> None:
    """The words of an answer to a login may hold what was sent, so only its numbers are told."""
    offer = "250-mail.example\r\n250 AUTH PLAIN"
    with served(says(READY, offer, "535 5.7.8 headroom:s3cret is wrong")) as port:
        error = failure(channel(port, user="headroom", password="s3cret"))

    assert error.message == (
        "the mail server refuses the login (535 5.7.8); check the channel's user and password"
    )


def test_a_login_that_cannot_be_checked_now_is_tried_again() -> None:
    """A directory that is down is no wrong password."""
    offer = "250-mail.example\r\n250 AUTH PLAIN"
    with served(says(READY, offer, "454 4.7.0 later")) as port:
        error = failure(channel(port, user="headroom", password="s3cret"))

    assert (error.message, error.permanent) == (
        "the mail server cannot check the login now (454 4.7.0)",
        False,
    )


@pytest.mark.parametrize("password", ["s3cret", "s3crét"])
def test_a_login_of_another_kind_is_given_up(password: str) -> None:
    """A server that wants a kind of login that we do not speak is named as such."""
    offer = "250-mail.example\r\n250 AUTH XOAUTH2"
    with served(says(READY, offer)) as port:
        error = failure(channel(port, user="headroom", password=password))

    assert error.message == (
        "the mail server knows no way to log in that Headroom knows, which are PLAIN, LOGIN and CRAM-MD5"
    )
    assert error.permanent


def test_smtp_is_loaded_when_there_is_a_mail_to_send() -> None:
    """Whoever sends none does not pay for it."""
    code = "import alerts.channels.webhook, sys; print({'smtplib', 'apprise'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
