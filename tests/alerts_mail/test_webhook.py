"""What a webhook posts: one notice as it is, several as one object, signed, and with headers of the file."""

from __future__ import annotations

import hmac
import json
import re
from datetime import timedelta
from time import time

from alerts.channels.webhook import send, signature
from headroom.channels import Channel, Headers, Webhook
from headroom.sources import Secret
from tests.alerts.receiver import Receiver
from tests.alerts_mail.examples import digest, message, notice, told


def channel(url: str, secret: str = "", headers: Headers = ()) -> Channel:
    """Return a webhook channel."""
    receiver = Webhook(Secret(url), Secret(secret) if secret else None, headers)
    return Channel("on-call", receiver, timedelta(seconds=5))


def test_one_notice_is_posted_as_its_payload() -> None:
    """A receiver that reads single objects goes on reading them."""
    with Receiver() as receiver:
        send(channel(receiver.url), message())

    assert receiver.arrivals[0].body == notice().payload
    assert "Headroom-Signature" not in receiver.arrivals[0].headers


def test_several_notices_are_posted_as_one_object() -> None:
    """Title and text tell of all, and each payload stands in it whole and in order."""
    with Receiver() as receiver:
        send(channel(receiver.url), digest(3))

    posted = json.loads(receiver.arrivals[0].body)
    assert list(posted) == ["status", "title", "text", "count", "alerts", "key"]
    assert (posted["status"], posted["count"], posted["key"]) == ("firing", 3, "i0-firing-1")
    assert posted["title"] == "[OVER] 3 budgets over on metrics, 3 critical: Budget 0, Budget 1, Budget 2"
    assert posted["text"].splitlines() == [f"critical: Budget {number} is over" for number in range(3)]
    assert [alert["incident"] for alert in posted["alerts"]] == ["i0", "i1", "i2"]
    assert posted["alerts"][0] == told(
        incident="i0",
        status="firing",
        key="i0-firing-1",
        name="Budget 0",
        budget="api.b0",
        brief="Budget 0 is over",
    )
    assert receiver.arrivals[0].headers["Idempotency-Key"] == "i0-firing-1"


def test_the_signature_proves_sender_and_time() -> None:
    """Whoever knows the secret can compute it from the header's own time and the bytes of the body."""
    with Receiver() as receiver:
        send(channel(receiver.url, "s3cret"), message(text="Läuft über."))

    (arrival,) = receiver.arrivals
    found = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", arrival.headers["Headroom-Signature"])
    assert found is not None
    assert abs(int(found[1]) - time()) < 5
    signed = f"{found[1]}.{arrival.body}".encode()
    assert hmac.compare_digest(hmac.digest(b"s3cret", signed, "sha256").hex(), found[2])


def test_the_signature_by_hand() -> None:
    """The same as `printf '1785765730.{}' | openssl dgst -sha256 -hmac secret` prints."""
    assert signature("secret", b"{}", 1785765730) == (
        "t=1785765730,v1=b7d89652da47be1993d38a79ea72756e57393500181d125a878ae378a72aec31"
    )


def test_headers_of_the_file_are_sent_but_override_nothing() -> None:
    """A token of the receiver's own goes along; what the body and the signature rely on stays ours."""
    headers = (
        ("X-Token", Secret("tökén")),
        ("content-type", Secret("text/html")),
        ("Idempotency-key", Secret("mine")),
        ("HEADROOM-SIGNATURE", Secret("t=0,v1=0")),
        ("Content-Length", Secret("1")),
        ("Host", Secret("elsewhere.example")),
    )
    with Receiver() as receiver:
        send(channel(receiver.url, headers=headers), message())

    heard = receiver.arrivals[0].headers
    assert heard["X-Token"].encode("latin-1").decode() == "tökén"
    assert heard["Content-Type"] == "application/json"
    assert heard["Idempotency-Key"] == "i1-firing-1"
    assert heard["Host"] == f"127.0.0.1:{receiver.port}"
    assert "headroom-signature" not in {name.lower() for name in heard}
    assert receiver.arrivals[0].body == notice().payload
