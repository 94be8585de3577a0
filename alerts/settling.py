"""What is written down after an attempt: of each notice, of the channel, and who is told in its place."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from alerts.attempt import Attempt
from alerts.fallback import PROBE_ALONE_EVERY, alone, is_test, moved, taker, works
from alerts.message import as_text
from alerts.system import broken_payload
from headroom.channels import Channel
from headroom.delivery import Heard, Settled
from headroom.history import ChannelState
from headroom.incidents import Notice, NoticeStatus

_LOG = logging.getLogger(__name__)
_NEWS_EVERY = timedelta(minutes=1)  # that all is as it was is not written with each message


class Around(Protocol):
    """What is known beyond the one channel."""

    @property
    def channels(self) -> dict[str, Channel]:
        """All of them, by name, in the file's order."""
        ...

    @property
    def states(self) -> dict[str, ChannelState]:
        """What is known of them."""
        ...

    @property
    def installation(self) -> str:
        """The name of this Headroom."""
        ...

    @property
    def link(self) -> str:
        """The dashboard's address."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is written in one transaction: also the copies that stand with the results, for other channels."""

    results: tuple[Settled, ...]
    queued: tuple[Notice, ...] = ()
    heard: Heard | None = None


def arrived(channel: Channel, state: ChannelState | None, attempt: Attempt, now: datetime) -> Outcome:
    """Return what is noted of a message that the receiver took."""
    results = tuple(Settled(_id(one), sent=True, response=attempt.answer) for one in attempt.notices)
    tested = f"the test message arrived: {attempt.answer}" if is_test(attempt.notices[0]) else ""
    known = state is not None and state.disabled is None and not state.error
    known = known and state is not None and state.digest == channel.digest
    if known and not tested and state is not None and _fresh(state.ok_at, now):
        return Outcome(results)
    return Outcome(results, heard=Heard(channel.name, channel.digest, now, tested=tested))


def again(
    channel: Channel,
    state: ChannelState | None,
    attempt: Attempt,
    now: datetime,
    wait: timedelta,
    *,
    copies: Mapping[str, Notice] | None = None,
) -> Outcome:
    """Return what is noted of a message that is tried again after `wait`.

    Args:
        channel: that failed.
        state: what is known of it.
        attempt: that failed.
        now: our clock.
        wait: until the next one.
        copies: by incident, what another channel is told meanwhile.
    """
    assert attempt.error is not None
    error, also = attempt.error.message, copies or {}
    results = tuple(
        Settled(_id(one), again=now + wait, error=error, copy=also.get(one.incident))
        for one in attempt.notices
    )
    tested = _untested(attempt.notices, error)
    if not tested and state is not None and state.error == error and _fresh(state.failed_at, now):
        return Outcome(results)
    return Outcome(results, heard=Heard(channel.name, channel.digest, now, error, tested=tested))


def halved(notices: Sequence[Notice], error: str, now: datetime) -> Outcome | None:
    """Return a message of several as two, each tried by itself: one of them may be what is refused.

    None where it is one only, or where its receiver knows its incidents by the key of an earlier message.
    """
    if len(notices) == 1 or notices[0].bundle != notices[0].key:
        return None
    middle = len(notices) // 2
    results = [
        Settled(_id(one), again=now, error=error, bundle=half[0].key if len(half) > 1 else "")
        for half in (notices[:middle], notices[middle:])
        for one in half
    ]
    return Outcome(tuple(results))


def refused(
    channel: Channel | None,
    around: Around,
    notices: Sequence[Notice],
    why: str,
    now: datetime,
    *,
    asked: Mapping[str, frozenset[str]],
    before: Mapping[str, str],
    disables: bool | None,
) -> Outcome:
    """Return where notices go that their channel does not take.

    Where no other channel works, what is told of incidents waits until the disabled one does: its login may
    fail for a moment only. What is refused for itself, by a channel that works, is given up, and so
    is what a channel would have been told that the file has no more; both are logged.

    Args:
        channel: None where the file has it no more.
        around: the other channels.
        notices: all of this channel.
        why: the sentence of the error.
        now: our clock.
        asked: by key of a notice, the channels that it was queued for.
        before: by incident, the channel that was last told of it in this one's place.
        disables: whether the channel takes nothing more from now on; None where it was not tried.
    """
    name = notices[0].channel
    state = around.states.get(name)
    newly = bool(disables) and channel is not None and works(channel, state)
    states = dict(around.states)
    if newly and channel is not None:
        states[name] = ChannelState(name, channel.digest, disabled=now)
    results: list[Settled] = []
    queued: list[Notice] = []
    waits = channel is not None and not works(channel, states.get(name))
    waits = waits and alone(name, around.channels, states)
    for one in notices:
        to = None
        if not is_test(one):
            told = asked.get(one.key, frozenset())
            to = taker(one, around.channels, states, asked=told, before=before.get(one.incident, ""))
        if waits and one.incident and not is_test(one):
            results.append(Settled(_id(one), again=now + PROBE_ALONE_EVERY, error=why))
            continue
        copy = None if to is None else moved(one, to, why)
        results.append(Settled(_id(one), copy=copy, error=why))
        if copy is None:
            _tell_lost(one, why)
    for to, count in Counter(one.copy.channel for one in results if one.copy is not None).items():
        _LOG.warning('channel "%s": %s is told what it does not take (%d): %s', name, f'"{to}"', count, why)
    if newly:
        _LOG.error('channel "%s" is disabled: %s', name, why)
        if waiting := sum(one.again is not None for one in results):
            _LOG.error('channel "%s": no other works; %d waiting until it does', name, waiting)
        queued += _telling(notices[0], around, states, why, now)
    heard = None
    if channel is not None and disables is not None:
        tested = _untested(notices, why)
        heard = Heard(name, channel.digest, now, why, disables=disables, tested=tested)
    return Outcome(tuple(results), tuple(queued), heard)


def _telling(
    notice: Notice, around: Around, states: Mapping[str, ChannelState], why: str, now: datetime
) -> list[Notice]:
    """Return the message that tells another channel that this one is disabled."""
    message = broken_payload(notice.channel, why, at=now, installation=around.installation, link=around.link)
    own = Notice("", notice.channel, NoticeStatus.SYSTEM, message["key"], as_text(message), now, next_at=now)
    to = taker(own, around.channels, states, asked=())
    return [] if to is None else [replace(own, channel=to)]


def _tell_lost(notice: Notice, why: str) -> None:
    if notice.incident:
        what = f"telling that {notice.incident} is {notice.status.value}"
    else:
        what = "a message of Headroom itself"
    _LOG.error('channel "%s": gave up %s: %s', notice.channel, what, why)


def _untested(notices: Sequence[Notice], error: str) -> str:
    return f"the test message did not arrive: {error}" if is_test(notices[0]) else ""


def _fresh(at: datetime | None, now: datetime) -> bool:
    return at is not None and timedelta(0) <= now - at < _NEWS_EVERY


def _id(notice: Notice) -> int:
    assert notice.id is not None
    return notice.id
