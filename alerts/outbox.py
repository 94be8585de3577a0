"""Who is sent what, and its way out of the history: in order per incident and channel, at least once.

A crash between sending and marking repeats a message, with the same key. Nothing is lost with the process,
for the history alone knows what is still to be sent.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol, TypeVar

from alerts.channels import ChannelError
from alerts.decide import Decision
from alerts.lane import Attempt, Lane, Spread
from alerts.message import as_text
from headroom.budgets import Severity
from headroom.history import HistoryError
from headroom.incidents import Notice, NoticeStatus
from headroom.routing import Channel, Route, channels_for

_LOG = logging.getLogger(__name__)
_LEASE = timedelta(minutes=10)  # only a fault of ours lets one run out: opening the history frees them all
_LOOK_EVERY = 5.0
_AGAIN_AFTER = 2.0
_AT_ONCE = 50

ResultT = TypeVar("ResultT")


def notices(
    decision: Decision,
    message: Mapping[str, Any],
    routes: Iterable[Route],
    *,
    created: datetime,
    told: Collection[str] | None = None,
) -> tuple[Notice, ...]:
    """Return what a decision has to tell, one notice for each channel.

    Args:
        decision: with `notify` None, nobody is told.
        message: the answer of `alerts.message.payload`.
        routes: in the file's order.
        created: our clock, UTC.
        told: the names of the channels that were told that this incident fires: they, and only they, are
            told of its end, whatever the routes and the severity are by then. None where that is not known:
            then all that hear of the budget at any severity are told.
    """
    incident, status = decision.incident, decision.notify
    if incident is None or status is None:
        return ()
    kept = tuple(routes)
    if status is NoticeStatus.FIRING:
        names: Iterable[str] = channels_for(kept, incident.budget, incident.severity)
    elif told is not None:
        names = sorted(told)
    else:
        names = dict.fromkeys(
            name for severity in Severity for name in channels_for(kept, incident.budget, severity)
        )
    text = as_text(dict(message))
    return tuple(
        Notice(incident.id, name, status, message["key"], text, created, next_at=created) for name in names
    )


class Outbox(Protocol):
    """What of the history delivery needs; `headroom.history.History` is one."""

    def due_notices(self, now: datetime, *, lease: timedelta, limit: int = 50) -> list[Notice]:
        """Lease and return what is to be sent now."""
        ...

    def delivered(self, notice_id: int, at: datetime, response: str) -> bool:
        """Mark a notice as delivered."""
        ...

    def failed(self, notice_id: int, *, next_at: datetime, error: str) -> bool:
        """Let a notice wait."""
        ...

    def gave_up(self, notice_id: int, at: datetime, error: str) -> bool:
        """Take a notice out undelivered."""
        ...


class OnWriter(Protocol):
    """Runs a function in the one thread that may write to the history, and returns what it returns."""

    def __call__(self, function: Callable[..., ResultT], /, *args: Any) -> Coroutine[Any, Any, ResultT]:
        """Run `function(*args)`."""
        ...


class Deliverer:
    """Sends what the outbox holds, each channel at its own pace.

    Start `run` as a task, call `wake` after each commit that queued a notice, and at the end cancel the task,
    `drain`, and `close`.
    """

    def __init__(
        self,
        outbox: Outbox,
        channels: Iterable[Channel],
        run_on_writer: OnWriter,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        spread: Spread = random.uniform,
    ) -> None:
        self._outbox = outbox
        self._channels = {channel.name: channel for channel in channels}
        self._run_on_writer = run_on_writer
        self._clock = clock
        self._spread = spread
        self._lanes: dict[str, Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way: set[int] = set()
        self._looking = asyncio.Lock()
        self._wake = asyncio.Event()
        self._retries: list[datetime] = []
        self._broken = False

    def wake(self) -> None:
        """Look into the outbox now; call it on the event loop's thread."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            self._wake.clear()
            if await self._look():
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(self._until_next()):
                    await self._wake.wait()

    async def drain(self, within: timedelta) -> bool:
        """Send what is due now, for the end of the process; False where something was still under way.

        What waits for its next attempt is left to the next process.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(within.total_seconds()):
                while True:
                    self._wake.clear()
                    if await self._look():
                        continue
                    if not self._under_way:
                        return True
                    await self._wake.wait()
        return not self._under_way

    async def close(self) -> None:
        """Stop sending; what is under way stays in the outbox."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self) -> bool:
        """Hand what is due to its lanes; True where there may be more."""
        # Shielded: what was leased while we are cancelled must still reach its lane, for `drain` to send it.
        return await asyncio.shield(self._start(self._take()))

    def _until_next(self) -> float:
        """Return the seconds until a retry is due; what other processes have put off is found by looking."""
        now = self._clock()
        return min([_LOOK_EVERY, *((each - now).total_seconds() for each in self._retries)])

    async def _take(self) -> bool:
        async with self._looking:
            now = self._clock()
            self._retries = [each for each in self._retries if each > now]
            try:
                claim = partial(self._outbox.due_notices, lease=_LEASE, limit=_AT_ONCE)
                due = await self._run_on_writer(claim, now)
            except Exception as error:  # noqa: BLE001 whatever is wrong with the history, alerts go on after it
                self._tell_broken(error)
                return False
            self._broken = False
            for notice in due:
                self._hand_over(notice)
            return len(due) == _AT_ONCE

    def _hand_over(self, notice: Notice) -> None:
        assert notice.id is not None
        if notice.id in self._under_way:
            return
        self._under_way.add(notice.id)
        channel = self._channels.get(notice.channel)
        if channel is None:
            gone = ChannelError(
                "no channel of this name is configured any more; put it back, or name another in the routes",
                permanent=True,
            )
            self._start(self._settle(Attempt(notice, error=gone)))
            return
        if channel.name not in self._lanes:
            self._lanes[channel.name] = Lane(channel, self._finished, clock=self._clock, spread=self._spread)
            self._start(self._lanes[channel.name].run())
        self._lanes[channel.name].put(notice)

    async def _finished(self, attempt: Attempt) -> None:
        # Not awaited: a history that cannot be written must not keep the channel from telling the rest.
        self._start(self._settle(attempt))

    async def _settle(self, attempt: Attempt) -> None:
        """Write down what came of an attempt, however long it takes: until then it is not sent again."""
        notice, error, now = attempt.notice, attempt.error, self._clock()
        assert notice.id is not None
        if error is None:
            write = partial(self._outbox.delivered, notice.id, now, attempt.answer)
        elif error.permanent:
            _LOG.error(
                'channel "%s": gave up telling that %s is %s: %s',
                notice.channel,
                notice.incident,
                notice.status.value,
                error.message,
            )
            write = partial(self._outbox.gave_up, notice.id, now, error.message)
        else:
            next_at = now + timedelta(seconds=attempt.wait)
            write = partial(self._outbox.failed, notice.id, next_at=next_at, error=error.message)
            self._retries.append(next_at)
        while True:
            try:
                await self._run_on_writer(write)
                break
            except Exception as error:  # noqa: BLE001 as in _take
                self._tell_broken(error)
                await asyncio.sleep(_AGAIN_AFTER)
        self._under_way.discard(notice.id)
        self.wake()

    def _tell_broken(self, error: Exception) -> None:
        if not self._broken:
            fault = None if isinstance(error, HistoryError) else error
            _LOG.error("the outbox cannot be used: %s; messages wait until it can", error, exc_info=fault)
        self._broken = True

    def _start(self, work: Coroutine[Any, Any, ResultT]) -> asyncio.Task[ResultT]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)  # type: ignore[arg-type]
        task.add_done_callback(self._tasks.discard)
        return task
