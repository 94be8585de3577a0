"""The way out of the history: in order per incident and channel, at least once.

A crash between sending and marking repeats a message, with the same key. Nothing is lost with the process,
for the history alone knows what is still to be sent.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from alerts.attempt import Spread
from alerts.lane import Lane, Outbox, Post
from alerts.notices import notices, test_notice
from headroom.channels import Channel
from headroom.history import HistoryError

__all__ = ["Deliverer", "OnWriter", "notices", "test_notice"]

_LOG = logging.getLogger(__name__)
_LOOK_EVERY = 5.0
_AGAIN_AFTER = 2.0

ResultT = TypeVar("ResultT")


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
        installation: str = "",
        link: str = "",
    ) -> None:
        """Remember what to deliver, and where to.

        Args:
            outbox: an open history.
            channels: in the file's order.
            run_on_writer: how the history is written.
            clock: ours, UTC.
            spread: draws waits.
            installation: for what Headroom says of itself.
            link: the same.
        """
        self._run_on_writer = run_on_writer
        self._post = Post(
            outbox,
            self._written,
            {channel.name: channel for channel in channels},
            clock,
            spread,
            self.wake,
            installation,
            link,
        )
        self._lanes: dict[str, Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._next: datetime | None = None
        self._broken = False

    def wake(self) -> None:
        """Look into the outbox now; call it on the event loop's thread."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            self._wake.clear()
            await self._look()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._until_next()):
                    await self._wake.wait()

    async def drain(self, within: timedelta) -> bool:
        """Send what is due now, for the end of the process; False where something was still under way.

        What waits for its next attempt, or for its channel's pace, is left to the next process.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(within.total_seconds()):
                while True:
                    self._wake.clear()
                    known = await self._look()
                    if not self._busy():
                        return known
                    await self._wake.wait()
        return False

    async def close(self) -> None:
        """Stop sending; what is under way stays in the outbox."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self) -> bool:
        """Wake the lanes that have something to send; False where the history could not be read."""
        now = self._post.clock()
        outbox = self._post.outbox
        try:
            awaited, states = await self._run_on_writer(
                lambda: (outbox.awaited(now), outbox.channel_states())
            )
        except Exception as error:  # noqa: BLE001 whatever is wrong with the history, alerts go on after it
            self._tell_broken(error)
            return False
        self._broken = False
        self._post.states.update(states)
        later = []
        for name, at in awaited.items():
            lane = self._lane(name)
            opens = max(at, lane.opens or at)
            if opens <= now or self._set_back(lane, now):
                lane.wake()
            else:
                later.append(opens)
        self._next = min(later, default=None)
        return True

    def _set_back(self, lane: Lane, now: datetime) -> bool:
        """Tell whether a lane waits for a moment that only a clock that was set back makes so distant."""
        channel = self._post.channels.get(lane.name)
        return lane.opens is not None and channel is not None and lane.opens - now > channel.pace.per

    def _lane(self, name: str) -> Lane:
        if name not in self._lanes:
            self._lanes[name] = Lane(name, self._post)
            task = asyncio.get_running_loop().create_task(self._lanes[name].run())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return self._lanes[name]

    def _busy(self) -> bool:
        return any(lane.busy for lane in self._lanes.values())

    def _until_next(self) -> float:
        """Return the seconds until something is due; what others have put off is found by looking."""
        if self._next is None:
            return _LOOK_EVERY
        return min(_LOOK_EVERY, max(0.0, (self._next - self._post.clock()).total_seconds()))

    async def _written(self, function: Callable[[], ResultT], /) -> ResultT:
        while True:
            try:
                result = await self._run_on_writer(function)
            except Exception as error:  # noqa: BLE001 as in _look
                self._tell_broken(error)
                await asyncio.sleep(_AGAIN_AFTER)
            else:
                self._broken = False
                return result

    def _tell_broken(self, error: Exception) -> None:
        if not self._broken:
            fault = None if isinstance(error, HistoryError) else error
            _LOG.error("the outbox cannot be used: %s; messages wait until it can", error, exc_info=fault)
        self._broken = True
