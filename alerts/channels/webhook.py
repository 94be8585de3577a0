"""The generic webhook: the message as JSON, posted to one address."""

from __future__ import annotations

from alerts.channels.post import post
from headroom.incidents import Notice
from headroom.routing import Channel


def send(channel: Channel, notice: Notice) -> str:
    """Post the notice's payload once and return the receiver's answer.

    `Idempotency-Key` is the same for every attempt of one message: a receiver that has seen it may drop the
    repetition.

    Raises:
        ChannelError: the message was not accepted.
    """
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": notice.key,
        "User-Agent": "headroom",
    }
    answer = post(
        channel.url.reveal(), notice.payload.encode(), headers, within=channel.timeout.total_seconds()
    )
    return f"{answer.status} {answer.text}".strip()
