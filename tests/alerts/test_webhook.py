"""One POST to a receiver that does what receivers do: the outcome, its words, and that it ends in time."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from time import monotonic

import pytest

from alerts.channels import KINDS, ChannelError, sender
from alerts.channels.webhook import send
from headroom.channels import Channel, Webhook
from headroom.incidents import Message, Notice, NoticeStatus
from headroom.sources import Secret
from tests.alerts.examples import AT
from tests.alerts.receiver import (
    Behaviour,
    Receiver,
    answer,
    break_body_off,
    break_off,
    drip_body,
    drip_headers,
    endless,
    free_port,
    hang,
)

MESSAGE = Message((Notice("i1", "on-call", NoticeStatus.FIRING, "i1-firing-1", '{"text":"über"}', AT, AT),))


def channel(url: str, timeout: float = 5.0) -> Channel:
    """Return a webhook channel."""
    return Channel("on-call", Webhook(Secret(url)), timedelta(seconds=timeout))


def failure(url: str, timeout: float = 5.0) -> ChannelError:
    """Send to this address and return how it failed; no text of it may hold the token."""
    with pytest.raises(ChannelError) as caught:
        send(channel(url, timeout), MESSAGE)
    assert "s3cret" not in str(caught.value)
    return caught.value


@contextmanager
def in_time(seconds: float) -> Iterator[None]:
    """Fail if the block takes longer."""
    begun = monotonic()
    yield
    assert monotonic() - begun < seconds


def test_a_message_arrives_as_json_with_its_key() -> None:
    """The body is the payload, the headers name the key and the sender, and the answer comes back."""
    with Receiver(answer(202, "thanks\x1b[31m")) as receiver:
        assert send(channel(receiver.url), MESSAGE) == "202 thanks [31m"

    (arrival,) = receiver.arrivals
    assert (arrival.path, arrival.body) == ("/hook/s3cret-token", '{"text":"über"}')
    kept = {name: arrival.headers[name] for name in ("Content-Type", "Idempotency-Key", "User-Agent")}
    assert kept == {
        "Content-Type": "application/json",
        "Idempotency-Key": "i1-firing-1",
        "User-Agent": "headroom",
    }


def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment, which would see the token, is not used."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("no_proxy", "")
    with Receiver() as receiver:
        assert send(channel(receiver.url), MESSAGE) == "200 thanks"


@pytest.mark.parametrize(
    ("behaviour", "message", "permanent", "retry_after"),
    [
        (answer(500, "oh\nno"), "the receiver answered 500 (oh no)", False, None),
        (answer(503), "the receiver answered 503", False, None),
        (answer(408), "the receiver answered 408", False, None),
        (answer(425), "the receiver answered 425", False, None),
        (answer(429, Retry_After="7"), "the receiver answered 429", False, 7.0),
        (answer(503, Retry_After="soon"), "the receiver answered 503", False, None),
        (
            answer(400, "no room"),
            "the receiver answered 400 (no room) and will not take this message; check the channel's url",
            True,
            None,
        ),
        (
            answer(404),
            "the receiver answered 404 and will not take this message; check the channel's url",
            True,
            None,
        ),
    ],
)
def test_an_answer_says_whether_to_try_again(
    behaviour: Behaviour, message: str, permanent: bool, retry_after: float | None
) -> None:
    """4xx is for ever, except 408, 425 and 429; everything else is tried again, when the receiver says."""
    with Receiver(behaviour) as receiver:
        error = failure(receiver.url)

    assert (error.message, error.permanent, error.retry_after) == (message, permanent, retry_after)


def test_retry_after_may_be_a_date() -> None:
    """A date becomes the seconds until then, and one that is past becomes none."""
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    with Receiver(
        answer(429, Retry_After=later), answer(429, Retry_After="Sat, 01 Jan 2000 00:00:00 GMT")
    ) as receiver:
        first, second = failure(receiver.url), failure(receiver.url)

    assert first.retry_after is not None
    assert 50 < first.retry_after <= 60
    assert second.retry_after == 0.0


@pytest.mark.parametrize("behaviour", [hang, drip_headers], ids=["hangs", "drips"])
def test_a_receiver_that_never_answers_ends_at_the_deadline(behaviour: Behaviour) -> None:
    """Neither silence nor a byte now and then holds the channel for longer than its timeout."""
    with Receiver(behaviour) as receiver, in_time(3):
        error = failure(receiver.url, timeout=0.4)

    assert error.message == (
        "no full answer within 0.4 s; is the receiver overloaded or a firewall in the way?"
    )
    assert not error.permanent


def test_a_tls_handshake_that_hangs_ends_at_the_deadline() -> None:
    """A server that takes the connection and says nothing to a TLS greeting is left in time."""
    with socket.create_server(("127.0.0.1", 0)) as silent, in_time(3):
        error = failure(f"https://127.0.0.1:{silent.getsockname()[1]}/s3cret", timeout=0.4)

    assert error.message == (
        "no full answer within 0.4 s; is the receiver overloaded or a firewall in the way?"
    )


def test_a_tls_handshake_that_drips_ends_at_the_deadline() -> None:
    """A server that answers a TLS greeting a byte at a time is left in time."""
    over = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03")
            while not over.wait(0.05):
                try:
                    connection.sendall(b"\0")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        with in_time(3):
            error = failure(f"https://127.0.0.1:{listener.getsockname()[1]}/s3cret", timeout=0.4)
        over.set()
        thread.join()

    assert error.message == (
        "no full answer within 0.4 s; is the receiver overloaded or a firewall in the way?"
    )


def test_a_body_that_drips_has_been_accepted_all_the_same() -> None:
    """The status is the receiver's word; trying again for want of a body would only repeat the message."""
    with Receiver(drip_body) as receiver, in_time(3):
        assert send(channel(receiver.url, 0.4), MESSAGE).startswith("200")


def test_a_body_that_breaks_off_has_been_accepted_all_the_same() -> None:
    """A connection that closes after the status took the message with it."""
    with Receiver(break_body_off) as receiver:
        assert send(channel(receiver.url), MESSAGE) == "200"


def test_an_endless_answer_is_cut() -> None:
    """Of an answer without end a few kilobytes are read, at once."""
    with Receiver(endless("200 OK")) as receiver, in_time(3):
        assert send(channel(receiver.url), MESSAGE) == "200 " + "y" * 4096

    assert sum(receiver.sent) < 20_000_000  # what fits into the buffers on the way


def test_a_redirect_is_not_followed() -> None:
    """A redirect would take the message and its token elsewhere; its body is not read to the end either."""
    with Receiver() as elsewhere:
        line = f"302 Found\r\nLocation: {elsewhere.url}"
        with Receiver(endless(line)) as receiver, in_time(3):
            error = failure(receiver.url)

    assert error.message.startswith("the receiver answered 302 (yyy")
    assert error.message.endswith(", a redirect, which is not followed; write the address it leads to")
    assert error.permanent
    assert elsewhere.arrivals == []


def test_a_refused_connection_is_tried_again() -> None:
    """Nobody listening is a fault that passes."""
    error = failure(f"http://127.0.0.1:{free_port()}/s3cret")

    assert error.message == "the receiver refuses connections; is it running, and is the port right?"
    assert not error.permanent


def test_a_connection_that_breaks_off_is_tried_again() -> None:
    """A receiver that closes without an answer may not have taken the message."""
    with Receiver(break_off) as receiver:
        error = failure(receiver.url)

    assert error.message == "the connection to the receiver broke (ConnectionError); it is tried again"
    assert not error.permanent


def test_a_name_without_address_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS that is gone for a while costs no message."""

    def nothing(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    error = failure("http://hooks.example/s3cret")

    assert error.message == (
        "the receiver's name cannot be resolved; check the channel's url and this machine's DNS"
    )
    assert not error.permanent


def test_a_receiver_without_tls_is_named_as_such() -> None:
    """TLS towards a server that speaks plain HTTP gives a sentence about it."""
    with Receiver() as receiver:
        error = failure(receiver.url.replace("http:", "https:"))

    assert error.message == (
        "no trusted TLS connection to the receiver; check its certificate and this machine's clock"
    )


@pytest.mark.parametrize(
    "url",
    [
        "s3cret",
        "ftp://127.0.0.1/s3cret",
        "http:///s3cret",
        "http://127.0.0.1:port/s3cret",
        "http://" + "s3cret" * 20,
    ],
)
def test_an_impossible_address_is_given_up(url: str) -> None:
    """What cannot be an address will not become one."""
    error = failure(url)

    assert error.message == (
        "its url is not one that can be posted to; write http://host/path or https://host/path"
    )
    assert error.permanent


def test_senders_are_loaded_when_there_is_something_to_send() -> None:
    """Whoever only decides and queues does not pay for an HTTP client."""
    code = "import alerts.decide, alerts.message, alerts.outbox, sys; print('requests' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_every_kind_has_its_sender() -> None:
    """Each kind that may be named in the file can be loaded, and another one is told the kinds there are."""
    assert "webhook" in KINDS
    assert all(callable(sender(kind)) for kind in KINDS)
    with pytest.raises(ChannelError) as caught:
        sender("pigeon")
    known = ", ".join(sorted(KINDS))
    assert caught.value.message == f'no kind of channel is called "pigeon"; use one of: {known}'
