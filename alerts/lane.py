"""One channel's messages, one after another, so that no channel delays another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol, TypeVar

from alerts import pace
from alerts.attempt import Attempt, Spread, Thread, attempted, wait_before
from alerts.bundles import choose
from alerts.fallback import is_test, probe_due, twin, works
from alerts.meanwhile import Unreached, told_meanwhile
from alerts.settling import Outcome, again, arrived, halved, refused
from headroom.channels import Channel, Email
from headroom.delivery import Choice, Choose, Heard, Past, Settled
from headroom.history import ChannelState
from headroom.incidents import Notice

_LOG = logging.getLogger(__name__)
_LEASE = timedelta(minutes=10)  # only a fault of ours lets one run out: opening the history frees them all
_AT_MOST = 500  # notices that are read for one message; the rest waits in the outbox, not in memory
_LONGEST_REST = 30.0  # seconds between two attempts at anything: a receiver that is back should not wait long
_REFUSED_AT_MOST = 3  # messages one after another: then it is the channel, whatever the receiver calls it
_GONE = "no channel of this name is configured any more; put it back, or name another in the routes"

ResultT = TypeVar("ResultT")


class Outbox(Protocol):
    """What of the history delivery needs; `headroom.history.History` is one."""

    def awaited(self, now: datetime) -> dict[str, datetime]:
        """Return when something is due for each channel."""
        ...

    def channel_states(self) -> dict[str, ChannelState]:
        """Return what is known of the channels."""
        ...

    def take(
        self,
        channel: str,
        now: datetime,
        *,
        choose: Choose,
        lease: timedelta,
        sent_since: datetime,
        limit: int,
        grouped: bool = False,
    ) -> list[Notice]:
        """Lease and return what is chosen of that which is due."""
        ...

    def asked(self, notices: Sequence[Notice]) -> dict[str, frozenset[str]]:
        """Return which channels cannot be told these any more."""
        ...

    def went_to(self, channel: str, incidents: Sequence[str]) -> dict[str, str]:
        """Return who was told of incidents in a channel's place."""
        ...

    def undelivered(self, incident: str, channel: str) -> list[Notice]:
        """Return what of an incident waits for a channel."""
        ...

    def rename(self, before: str, after: str) -> None:
        """Let all notices of a channel be those of another one."""
        ...

    def settle(
        self,
        results: Sequence[Settled],
        at: datetime,
        *,
        queued: Sequence[Notice] = (),
        heard: Heard | None = None,
    ) -> ChannelState | None:
        """Note what became of notices."""
        ...


class Written(Protocol):
    """Runs a function on the history's one writing thread, again and again until it succeeds."""

    def __call__(self, function: Callable[[], ResultT], /) -> Coroutine[Any, Any, ResultT]:
        """Run it."""
        ...


@dataclass(frozen=True, slots=True)
class Post:
    """What all lanes share.

    Attributes:
        channels: by name, in the file's order.
        states: what is known of them, kept current.
        look: is called when there may be something new to send.
        installation, link: for what Headroom says of itself.
    """

    outbox: Outbox
    written: Written
    channels: dict[str, Channel]
    clock: Callable[[], datetime]
    spread: Spread
    look: Callable[[], None]
    installation: str = ""
    link: str = ""
    states: dict[str, ChannelState] = field(default_factory=dict)


class Lane:
    """Takes what is due for one channel in order, and rests after a failure before it tries anything else.

    Attributes:
        name: of the channel.
        busy: whether there may be something to send at once.
        opens: when the channel's pace allows the next message; None where it does not hold it up.
    """

    def __init__(self, name: str, post: Post) -> None:
        self.busy = False
        self.opens: datetime | None = None
        self.name = name
        self._post = post
        channel = post.channels.get(name)
        # One that is told the state again and again takes no messages.
        self._channel = None if channel is None or channel.pushed else channel
        self._thread = Thread(f"headroom-channel-{name}")
        self._woken = asyncio.Event()
        self._failures = 0
        self._refusals = 0
        self._passing = False  # what was taken last is not sent, but told elsewhere
        self._failed: dict[int, datetime] = {}
        self._unreached = Unreached()

    def wake(self) -> None:
        """Look for what is due."""
        self.busy = True
        self._woken.set()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            self._woken.clear()
            rest = await self._step()
            if rest is not None:
                await asyncio.sleep(rest)
            elif not self._woken.is_set():
                self.busy = False
                self._post.look()
                await self._woken.wait()

    async def _step(self) -> float | None:
        """Send one message, or hand on what cannot be sent; return the seconds to rest, None: nothing due."""
        if self._channel is None and (new := twin(self.name, self._post.channels, self._post.states)):
            _LOG.warning('channel "%s" is called "%s" now; its messages go there', self.name, new)
            await self._post.written(partial(self._post.outbox.rename, self.name, new))
            return None
        now = self._post.clock()
        stretch = self._channel.pace.per if self._channel else timedelta(0)
        taken = await self._post.written(
            partial(
                self._post.outbox.take,
                self.name,
                now,
                choose=partial(self._choose, now),
                lease=_LEASE,
                sent_since=now - stretch,
                limit=_AT_MOST,
                grouped=self._channel is not None and self._channel.kind == "pagerduty",
            )
        )
        if not taken:
            return None
        if self._channel is None or self._passing:
            await self._settle(await self._refuse(taken, self._why(), now))
            return 0.0
        return await self._conclude(await attempted(self._thread, self._channel, taken, self._post.clock()))

    def _choose(self, now: datetime, due: Sequence[Notice], past: Past) -> Choice:
        self.opens = None
        if self._channel is None or self._passed_by(now):
            test = next((one for one in due if is_test(one)), None) if self._channel else None
            self._passing = test is None
            return Choice(tuple(due), attempt=False) if test is None else Choice((test,))
        self._passing = False
        opens = pace.opens(past.sent, self._channel.pace, now)
        if due and opens > now:
            self.opens = opens
            return Choice()
        left = pace.at_once(past.sent, self._channel.pace, now)
        if isinstance(self._channel.receiver, Email) and self._channel.receiver.digest:
            left = 0  # what was collected is one mail
        grouped = self._channel.kind == "pagerduty"
        return choose(due, past, left, grouped=grouped, failed=self._failed)

    @property
    def _state(self) -> ChannelState | None:
        return self._post.states.get(self.name)

    @property
    def _disabled(self) -> bool:
        return self._channel is not None and not works(self._channel, self._state)

    def _passed_by(self, now: datetime) -> bool:
        """Tell whether the channel is disabled, and not to be tried just now."""
        if not self._disabled or self._state is None:
            return False
        return not probe_due(self._state, now, self._post.channels, self._post.states)

    def _why(self) -> str:
        if self._channel is None:
            return _GONE
        return self._state.error if self._state is not None else ""

    async def _conclude(self, attempt: Attempt) -> float:
        """Note what came of an attempt and return the seconds to rest."""
        assert self._channel is not None
        error, now, state = attempt.error, self._post.clock(), self._state
        self._tell_change(attempt)
        self._failed.pop(_first(attempt), None)
        if error is None:
            if self._disabled:
                _LOG.warning('channel "%s" takes messages again; it is enabled', self.name)
            self._failures = self._refusals = 0
            self._unreached.reached()
            await self._settle(arrived(self._channel, state, attempt, now))
            return 0.0
        one_of_them = attempt.ours or (error.permanent and not error.about_channel)
        if one_of_them and (halves := halved(attempt.notices, error.message, now)):
            await self._settle(halves)
            return 0.0
        if error.permanent or self._disabled:
            self._failures = 0
            self._unreached.reached()
            self._refusals += error.permanent
            disables = error.permanent and (error.about_channel or self._refusals >= _REFUSED_AT_MOST)
            await self._settle(await self._refuse(attempt.notices, error.message, now, disables=disables))
            return 0.0
        self._failures += 1
        self._failed[_first(attempt)] = now
        wait = wait_before(max(one.attempts for one in attempt.notices), error.retry_after, self._post.spread)
        copies = await self._told_meanwhile(attempt, now)
        await self._settle(again(self._channel, state, attempt, now, timedelta(seconds=wait), copies=copies))
        return wait_before(self._failures, error.retry_after, self._post.spread, longest=_LONGEST_REST)

    async def _told_meanwhile(self, attempt: Attempt, now: datetime) -> dict[str, Notice]:
        """Return by incident what the channel's fallback is told, as this one has failed for long."""
        assert self._channel is not None
        assert attempt.error is not None
        since = self._unreached.for_long(attempt.notices, now)
        if since is None or not self._channel.fallback:
            return {}
        look = partial(told_meanwhile, self._post, attempt.notices, attempt.error.message, since)
        return await self._post.written(look)

    async def _refuse(
        self, notices: Sequence[Notice], why: str, now: datetime, *, disables: bool | None = None
    ) -> Outcome:
        """Return where notices go that the channel does not take.

        Args:
            notices: as they stand in the outbox.
            why: the sentence of the error.
            now: our clock.
            disables: whether it takes nothing more from now on; None where nothing was tried.
        """
        outbox = self._post.outbox

        def look() -> tuple[dict[str, frozenset[str]], dict[str, str]]:
            return outbox.asked(notices), outbox.went_to(self.name, [one.incident for one in notices])

        asked, before = await self._post.written(look)
        return refused(
            self._channel, self._post, notices, why, now, asked=asked, before=before, disables=disables
        )

    async def _settle(self, outcome: Outcome) -> None:
        """Write down what came of it, however long that takes: until then nothing else is sent."""
        settle = partial(
            self._post.outbox.settle,
            outcome.results,
            self._post.clock(),
            queued=outcome.queued,
            heard=outcome.heard,
        )
        state = await self._post.written(settle)
        if state is not None:
            self._post.states[self.name] = state
        if outcome.queued or any(one.copy is not None for one in outcome.results):
            self._post.look()

    def _tell_change(self, attempt: Attempt) -> None:
        error = attempt.error
        if error is not None and not error.permanent and not self._failures and not self._disabled:
            _LOG.warning('channel "%s": %s; messages are kept and tried again', self.name, error.message)
        elif error is None and self._failures:
            _LOG.info('channel "%s" takes messages again', self.name)


def _first(attempt: Attempt) -> int:
    return attempt.notices[0].id or 0
