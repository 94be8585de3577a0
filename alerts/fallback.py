"""Who is told in the place of a channel that takes nothing, and when it is tried again."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alerts.channels import hears
from alerts.message import as_text
from headroom.channels import Channel
from headroom.history import ChannelState
from headroom.incidents import Notice, NoticeStatus

PROBE_EVERY = timedelta(minutes=15)
"""So often a disabled channel is tried all the same: it may have been mended at its other end."""
PROBE_ALONE_EVERY = timedelta(minutes=1)
"""So often where no other channel works: until then nobody hears of anything."""


def works(channel: Channel, state: ChannelState | None) -> bool:
    """Tell whether a channel is sent messages: one whose entry in the file was changed is, again."""
    return state is None or state.disabled is None or state.digest != channel.digest


def probe_due(
    state: ChannelState, now: datetime, channels: Mapping[str, Channel], states: Mapping[str, ChannelState]
) -> bool:
    """Tell whether a disabled channel is tried; a clock that was set back delays nothing."""
    failed = state.failed_at
    every = PROBE_ALONE_EVERY if alone(state.name, channels, states) else PROBE_EVERY
    return failed is None or not timedelta(0) <= now - failed < every


def alone(name: str, channels: Mapping[str, Channel], states: Mapping[str, ChannelState]) -> bool:
    """Tell whether no other channel that is sent messages works."""
    others = (one for one in channels.values() if one.name != name and not one.pushed)
    return not any(works(one, states.get(one.name)) for one in others)


def taker(
    notice: Notice,
    channels: Mapping[str, Channel],
    states: Mapping[str, ChannelState],
    *,
    asked: Collection[str],
    before: str = "",
) -> str | None:
    """Return the channel that is told a notice in its own one's place; None where none can be.

    Args:
        notice: as it stands in the outbox.
        channels: all of them, by name, in the file's order.
        states: what is known of them.
        asked: the channels that it was queued for already.
        before: the channel that was told of the same incident in this one's place.
    """
    for name in (before, *_order(notice.channel, channels)):
        channel = channels.get(name)
        if channel is None or channel.pushed or name in asked or name == notice.channel:
            continue
        if works(channel, states.get(name)) and hears(channel.kind, notice.status):
            return name
    return None


def _order(name: str, channels: Mapping[str, Channel]) -> Iterator[str]:
    """Yield those that the file names to be told in a channel's place, and then all there are."""
    yield from _chain(name, channels)
    yield from channels


def _chain(name: str, channels: Mapping[str, Channel]) -> Iterator[str]:
    """Yield a channel's fallback, that one's own, and so on."""
    seen = {name}
    while name in channels and (name := channels[name].fallback) and name not in seen:
        seen.add(name)
        yield name


def twin(name: str, channels: Mapping[str, Channel], states: Mapping[str, ChannelState]) -> str | None:
    """Return the channel of the file that is one it has no more, under another name; None where none is.

    All that the file said of it is the same: so its receiver knows the incidents that it was told of.
    """
    known = states.get(name)
    if name in channels or known is None or not known.digest:
        return None
    same = (one.name for one in channels.values() if one.digest == known.digest and not one.pushed)
    return next(same, None)


def named_instead(
    notice: Notice,
    channels: Mapping[str, Channel],
    states: Mapping[str, ChannelState],
    *,
    asked: Collection[str],
) -> str | None:
    """Return the channel that the file names to be told in another one's place; None where it names none."""
    chain = {name: channels[name] for name in _chain(notice.channel, channels) if name in channels}
    return taker(notice, chain, states, asked=asked)


def moved(notice: Notice, to: str, reason: str) -> Notice:
    """Return a notice for another channel, which says whom it was meant for and why it comes here."""
    why = reason.rstrip(".")
    return _said(
        notice, to, f'Channel "{notice.channel}" does not take messages ({why}); this was meant for it.'
    )


def shared(notice: Notice, to: str, reason: str, since: datetime) -> Notice:
    """Return a notice for another channel, which says that its own cannot be reached yet."""
    why, when = reason.rstrip("."), f"{since.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    sentence = f'Channel "{notice.channel}" cannot be reached since {when} ({why}); this waits for it too.'
    return _said(notice, to, sentence)


def _said(notice: Notice, to: str, sentence: str) -> Notice:
    return replace(
        notice,
        channel=to,
        id=None,
        attempts=0,
        bundle="",
        next_at=notice.created,
        payload=_said_first(sentence, notice.payload),
    )


def _said_first(sentence: str, payload: str) -> str:
    try:
        fields = json.loads(payload)
    except ValueError:
        return payload  # what cannot be read is told as it is, by a channel that may not mind
    fields["rerouted"] = sentence
    fields["text"] = f"{sentence} {fields.get('text', '')}".rstrip()
    if fields.get("lines"):
        fields["lines"] = [sentence, *fields["lines"]]
    return as_text(fields)


def is_test(notice: Notice) -> bool:
    """Tell whether a notice is a test of its channel: that is told to nobody else."""
    return notice.status is NoticeStatus.SYSTEM and notice.key.startswith(TEST)


TEST = "headroom-test-"
"""What the key of a test message begins with."""
