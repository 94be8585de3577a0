"""The generic webhook: the message as JSON, posted to one address, signed where a secret is shared.

One notice is posted as its payload, several as {"status", "title", "text", "count", "alerts": [payload, …],
"key"}: title and text tell of all, each payload is what it would have been alone, in the order of the outbox,
and the same incident may occur more than once. `Headroom-Signature: t=<unix seconds>,v1=<hexadecimal>` is the
HMAC-SHA256 of "<t>.<body>"; whoever checks it should refuse a t that is minutes old.
"""

from __future__ import annotations

import hmac
import json
from time import time

from alerts.channels.discreet import in_header, in_password
from alerts.channels.post import post
from alerts.message import as_text
from alerts.rendered import rendered
from headroom.channels import Channel, Webhook
from headroom.incidents import Message

_OURS = frozenset(
    {
        *("content-type", "content-length", "transfer-encoding", "host", "connection"),
        *("idempotency-key", "user-agent", "headroom-signature"),
    }
)
"""Headers that the file cannot set: a receiver relies on them, or the body would be cut by them."""


def send(channel: Channel, message: Message) -> str:
    """Post the message once and return the receiver's answer.

    `Idempotency-Key` is the same for every attempt of one message: a receiver that has seen it may drop the
    repetition.

    Raises:
        ChannelError: the message was not accepted.
    """
    receiver = channel.receiver
    assert isinstance(receiver, Webhook)
    body = _body(message).encode()
    # http.client takes text for Latin-1; receivers take it for UTF-8.
    headers = {
        name: value.reveal().strip().encode().decode("latin-1")
        for name, value in receiver.headers
        if name.lower() not in _OURS
    } | {
        "Content-Type": "application/json",
        "Idempotency-Key": message.key,
        "User-Agent": "headroom",
    }
    if receiver.secret is not None:
        headers["Headroom-Signature"] = signature(receiver.secret.reveal(), body, int(time()))
    answer = post(
        receiver.url.reveal(),
        body,
        headers,
        within=channel.timeout.total_seconds(),
        secrets=_secrets(receiver),
        ca=receiver.ca,
    )
    return f"{answer.status} {answer.text}".strip()


def signature(secret: str, body: bytes, at: int) -> str:
    """Return what proves that a body is ours and when it was sent.

    Args:
        secret: shared with the receiver.
        body: as it is posted, byte for byte.
        at: unix seconds; signed as well, so that an old message cannot be sent again as a new one.
    """
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, "sha256").hexdigest()
    return f"t={at},v1={digest}"


def _secrets(receiver: Webhook) -> tuple[str, ...]:
    found = [part for _, value in receiver.headers for part in in_header(value.reveal())]
    return (*found, *in_password(receiver.secret.reveal())) if receiver.secret else tuple(found)


def _body(message: Message) -> str:
    if len(message.notices) == 1:
        return message.notices[0].payload
    words = rendered(message)
    return as_text(
        {
            "status": message.status.value,
            "title": words.title,
            "text": "\n".join(words.lines),
            "count": len(message.notices),
            "alerts": [json.loads(notice.payload) for notice in message.notices],
            "key": message.key,
        }
    )
