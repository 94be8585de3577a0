"""The ways to tell somebody: one module per kind of receiver, loaded when it first has something to say."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from headroom.incidents import Notice
from headroom.routing import Channel

Send = Callable[[Channel, Notice], str]
"""Send one notice and return what the receiver answered, bounded; raises ChannelError. It blocks."""

_MODULES = {"webhook": "alerts.channels.webhook"}

KINDS = frozenset(_MODULES)
"""The kinds of channels that budgets.yaml may name."""


class ChannelError(Exception):
    """A message that did not arrive, as far as can be known.

    Attributes:
        message: what happened and what to do, in one sentence, without secrets.
        permanent: True where trying again cannot help.
        retry_after: seconds that the receiver asked us to wait; None where it did not.
    """

    def __init__(self, message: str, *, permanent: bool = False, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.permanent = permanent
        self.retry_after = retry_after


def sender(kind: str) -> Send:
    """Return the function that sends through one kind of channel."""
    if kind not in _MODULES:
        known = ", ".join(sorted(KINDS))
        raise ChannelError(f'no kind of channel is called "{kind}"; use one of: {known}', permanent=True)
    send: Send = import_module(_MODULES[kind]).send
    return send
