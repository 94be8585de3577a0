"""E-mail channels to a port on the loopback, and how sending through one fails."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import pytest

from alerts.channels import ChannelError
from alerts.channels.email import send
from headroom.channels import Channel, Email
from headroom.incidents import Message
from headroom.sources import Secret
from tests.alerts_mail.examples import message

ON_CALL, LEAD, BOSS = "on-call@example.com", "lead@example.com", "boss@example.com"


def channel(
    port: int,
    *,
    to: tuple[str, ...] = (ON_CALL,),
    security: Literal["starttls", "tls", "none"] = "none",
    host: str = "127.0.0.1",
    sender: str = "alerts@example.com",
    user: str = "",
    password: str = "",
    ca: object = "",
    timeout: float = 5.0,
) -> Channel:
    """Return an e-mail channel."""
    receiver = Email(
        host, port, security, sender, to, user, Secret(password) if password else None, ca=str(ca)
    )
    return Channel("on-call", receiver, timedelta(seconds=timeout))


def failure(by: Channel, told: Message | None = None) -> ChannelError:
    """Send through this channel and return how it failed; no text of it may hold a secret or an address."""
    with pytest.raises(ChannelError) as caught:
        send(by, told or message())
    assert isinstance(by.receiver, Email)
    for hidden in ("s3cret", *by.receiver.to):
        assert hidden not in str(caught.value)
    return caught.value
