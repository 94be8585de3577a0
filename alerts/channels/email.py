"""Mail through one SMTP server: text and HTML, one mail for several notices, each recipient accounted for."""

from __future__ import annotations

import logging
from collections import OrderedDict
from datetime import UTC, datetime

from alerts.channels import ChannelError
from alerts.channels.mail import compose, mailable
from alerts.channels.smtp import Delivery, deliver
from alerts.channels.smtp_words import refusal
from headroom.channels import Channel, Email
from headroom.incidents import Message

_LOG = logging.getLogger(__name__)
_PATIENCE = 12  # attempts: about twenty minutes, which outlasts greylisting but no full mailbox
_MOST_OWED = 1000


def send(channel: Channel, message: Message) -> str:
    """Hand the mail over once and return what the server said to it.

    A recipient who is refused for ever costs the others nothing: they get the mail, and the answer says how
    many did not. One who is refused for now is tried again alone, for about twenty minutes.

    Raises:
        ChannelError: nobody gets it, or some are to be tried again.
    """
    receiver = channel.receiver
    assert isinstance(receiver, Email)
    everybody = tuple(dict.fromkeys(mailable(address) for address in receiver.to))
    had = _HAD.of(channel, message)
    delivery = deliver(
        receiver,
        mailable(receiver.sender),
        [address for address in everybody if address not in had],
        compose(receiver, message, datetime.now(UTC)),
        within=channel.timeout.total_seconds(),
    )
    taken = had | delivery.taken
    if not taken:
        raise _nobody(delivery, len(everybody))
    waiting = [reply for reply in delivery.refused if reply.temporary]
    patient = message.notices[0].attempts < _PATIENCE
    if waiting and patient:
        _HAD.note(channel, message, taken)
        raise ChannelError(
            f"the mail server took the mail for {len(taken)} of {len(everybody)} recipients and refuses "
            f"{len(waiting)} for now ({waiting[0].numbers}); only those are tried again"
        )
    _HAD.forget(channel, message)
    answer = str(delivery.answer) if delivery.answer else "nothing more to hand over"
    if not delivery.refused:
        return answer
    refused = (
        f"{len(delivery.refused)} of {len(everybody)} recipients refused ({delivery.refused[0].numbers})"
    )
    _LOG.warning('channel "%s": %s; the others have the mail; check its addresses', channel.name, refused)
    return f"{answer}; {refused}"


def _nobody(delivery: Delivery, count: int) -> ChannelError:
    waiting = [reply for reply in delivery.refused if reply.temporary]
    if not waiting:
        return ChannelError(
            f"the mail server refuses every recipient, {count} of {count} ({delivery.refused[0].numbers}); "
            "check the channel's addresses",
            permanent=True,
        )
    if waiting[0].code < 400:  # noqa: PLR2004 no refusal at all, so no sense either
        return refusal(waiting[0], "a recipient")
    return ChannelError(
        f"the mail server refuses every recipient for now, {count} of {count} ({waiting[0].numbers})"
    )


class _Had:
    """Who has got a mail that others still wait for; forgotten with the process: at least once."""

    def __init__(self) -> None:
        self._taken: OrderedDict[tuple[str, ...], frozenset[str]] = OrderedDict()

    def of(self, channel: Channel, message: Message) -> frozenset[str]:
        return self._taken.get(_name(channel, message), frozenset())

    def note(self, channel: Channel, message: Message, taken: frozenset[str]) -> None:
        self._taken[_name(channel, message)] = taken
        while len(self._taken) > _MOST_OWED:
            self._taken.popitem(last=False)

    def forget(self, channel: Channel, message: Message) -> None:
        self._taken.pop(_name(channel, message), None)


def _name(channel: Channel, message: Message) -> tuple[str, ...]:
    return (channel.name, channel.digest, *(notice.key for notice in message.notices))


_HAD = _Had()
