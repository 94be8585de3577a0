"""One channel's messages, one after another in a thread of its own, so that no channel delays another."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from alerts.channels import ChannelError, sender
from alerts.message import delayed
from headroom.incidents import Notice
from headroom.routing import Channel

_LOG = logging.getLogger(__name__)
_LONGEST_WAIT = 300.0  # seconds between two attempts at one message
_LONGEST_REST = 30.0  # seconds between two attempts at anything: a receiver that is back should not wait long
_GRACE = 5.0  # seconds beyond a channel's own deadline, within which it must have given up by itself

Spread = Callable[[float, float], float]
"""Draw a number of seconds between two ends: `random.uniform`."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of sending a notice once.

    Attributes:
        error: None where it arrived.
        answer: what the receiver said then.
        wait: seconds until the next attempt, where one makes sense.
    """

    notice: Notice
    answer: str = ""
    error: ChannelError | None = None
    wait: float = 0.0


def wait_before(
    attempt: int, asked: float | None, spread: Spread, *, longest: float = _LONGEST_WAIT
) -> float:
    """Return the seconds until the next attempt: full jitter below 1 s, 2 s, 4 s … `longest`.

    Without the jitter, all that failed together would knock together again.

    Args:
        attempt: how many attempts have failed, from 1.
        asked: seconds that the receiver asked for; kept to, up to 5 minutes.
        spread: draws from a span.
        longest: seconds that the ceiling grows to.
    """
    ceiling = min(longest, 2.0 ** min(attempt - 1, 10))
    return max(spread(0.0, ceiling), min(asked or 0.0, _LONGEST_WAIT))


class Lane:
    """Takes the notices of one channel in order, and rests after a failure before it tries anything else."""

    def __init__(
        self,
        channel: Channel,
        finished: Callable[[Attempt], Awaitable[None]],
        *,
        clock: Callable[[], datetime],
        spread: Spread,
    ) -> None:
        self._channel = channel
        self._finished = finished
        self._clock = clock
        self._spread = spread
        self._waiting: asyncio.Queue[Notice] = asyncio.Queue()
        self._thread = _Thread(f"headroom-channel-{channel.name}")
        self._failures = 0

    def put(self, notice: Notice) -> None:
        """Take a notice to be sent."""
        self._waiting.put_nowait(notice)

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            attempt = await self._attempt(await self._waiting.get())
            self._tell_change(attempt.error)
            await self._finished(attempt)
            if attempt.error is not None and not attempt.error.permanent:
                self._failures += 1
                asked = attempt.error.retry_after
                rest = wait_before(self._failures, asked, self._spread, longest=_LONGEST_REST)
                await asyncio.sleep(rest)
            else:
                self._failures = 0

    async def _attempt(self, notice: Notice) -> Attempt:
        within = self._channel.timeout.total_seconds()
        try:
            message = replace(notice, payload=delayed(notice.payload, notice.created, self._clock()))
            answer = await self._thread.call(
                lambda: sender(self._channel.kind)(self._channel, message), within + _GRACE
            )
        except ChannelError as error:
            failure = error
        except TimeoutError:
            failure = ChannelError(
                f"no end of it within {within + _GRACE:g} s; is this machine's DNS answering?"
            )
        except Exception as error:  # noqa: BLE001 a fault of ours must cost no message, nor end the lane
            _LOG.exception(
                'channel "%s": sending failed inside Headroom; it is tried again', self._channel.name
            )
            failure = ChannelError(
                f"sending failed inside Headroom ({type(error).__name__}); its log has more"
            )
        else:
            return Attempt(notice, answer)
        return Attempt(
            notice, error=failure, wait=wait_before(notice.attempts, failure.retry_after, self._spread)
        )

    def _tell_change(self, error: ChannelError | None) -> None:
        if error is not None and not error.permanent and not self._failures:
            _LOG.warning(
                'channel "%s": %s; messages are kept and tried again', self._channel.name, error.message
            )
        elif error is None and self._failures:
            _LOG.info('channel "%s" takes messages again', self._channel.name)


@dataclass(frozen=True, slots=True)
class _Call:
    work: Callable[[], str]
    loop: asyncio.AbstractEventLoop
    result: asyncio.Future[str]


class _Thread:
    """A daemon thread that does one thing at a time: it may hang without keeping the process from ending.

    A call that was given up is left to end by itself, and nothing is begun before: what follows must not
    overtake it.
    """

    def __init__(self, name: str) -> None:
        self._calls: queue.SimpleQueue[_Call] = queue.SimpleQueue()
        self._name = name
        self._started = False

    async def call(self, work: Callable[[], str], within: float) -> str:
        """Return what `work` returns; TimeoutError after `within` seconds."""
        if not self._started:
            threading.Thread(target=self._serve, name=self._name, daemon=True).start()
            self._started = True
        loop = asyncio.get_running_loop()
        result: asyncio.Future[str] = loop.create_future()
        self._calls.put(_Call(work, loop, result))
        async with asyncio.timeout(within):
            return await result

    def _serve(self) -> None:
        while True:
            _serve(self._calls.get())


def _serve(call: _Call) -> None:
    if call.result.cancelled():
        return
    try:
        answer = call.work()
    except Exception as error:  # noqa: BLE001 it is raised where the call was made
        settle = partial(call.result.set_exception, error)
    else:
        settle = partial(call.result.set_result, answer)
    with suppress(RuntimeError):  # the loop is closed: nobody is left to hear it
        call.loop.call_soon_threadsafe(lambda: None if call.result.done() else settle())
