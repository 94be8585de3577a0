"""The ways to tell somebody: one module per kind of receiver, loaded when it first has something to say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from headroom.channels import Channel
from headroom.incidents import Message, NoticeStatus

Send = Callable[[Channel, Message], str]
"""Send one message and return what the receiver answered, bounded; raises ChannelError. It blocks."""

_MODULES = {
    "webhook": "alerts.channels.webhook",
    "email": "alerts.channels.email",
    "apprise": "alerts.channels.apprise",
    "slack": "alerts.channels.slack",
    "teams": "alerts.channels.teams",
    "pagerduty": "alerts.channels.pagerduty",
}

KINDS = frozenset(_MODULES)
"""The kinds of channels that are sent messages from the outbox."""

_ALL = frozenset(NoticeStatus)
HEARS: Mapping[str, frozenset[NoticeStatus]] = {
    # Pages again by its own rules, and shows a reminder as nothing new.
    "pagerduty": _ALL - {NoticeStatus.REMINDER},
}
"""What a kind of channel is told, where that is not everything."""


def hears(kind: str, status: NoticeStatus) -> bool:
    """Tell whether a kind of channel is told of this at all."""
    return status in HEARS.get(kind, _ALL)


class ChannelError(Exception):
    """A message that did not arrive, as far as can be known.

    Attributes:
        message: what happened and what to do, in one sentence, without secrets.
        permanent: True where trying again cannot help.
        about_channel: True where that is so of every message: the channel itself is broken.
        retry_after: seconds that the receiver asked us to wait; None where it did not.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        about_channel: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.permanent = permanent
        self.about_channel = about_channel
        self.retry_after = retry_after


def sender(kind: str) -> Send:
    """Return the function that sends through one kind of channel."""
    if kind not in _MODULES:
        known = ", ".join(sorted(KINDS))
        raise ChannelError(
            f'no kind of channel is called "{kind}"; use one of: {known}', permanent=True, about_channel=True
        )
    send: Send = import_module(_MODULES[kind]).send
    return send
