"""The generic webhook: the message as JSON, posted to one address."""

from __future__ import annotations

from alerts.channels.post import post
from headroom.channels import Channel, Webhook
from headroom.incidents import Message


def send(channel: Channel, message: Message) -> str:
    """Post the message once and return the receiver's answer.

    `Idempotency-Key` is the same for every attempt of one message: a receiver that has seen it may drop the
    repetition.

    Raises:
        ChannelError: the message was not accepted.
    """
    assert isinstance(channel.receiver, Webhook)
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": message.key,
        "User-Agent": "headroom",
    }
    answer = post(
        channel.receiver.url.reveal(),
        message.notices[0].payload.encode(),
        headers,
        within=channel.timeout.total_seconds(),
    )
    return f"{answer.status} {answer.text}".strip()
