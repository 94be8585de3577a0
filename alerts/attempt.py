"""One attempt at sending, in a thread that may hang, and how long to wait after one that failed."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from alerts.channels import ChannelError, sender
from alerts.message import delayed
from headroom.channels import Channel
from headroom.incidents import Message, Notice

_LOG = logging.getLogger(__name__)
_LONGEST_WAIT = 300.0  # seconds between two attempts at one message
_GRACE = 5.0  # seconds beyond a channel's own deadline, within which it must have given up by itself

Spread = Callable[[float, float], float]
"""Draw a number of seconds between two ends: `random.uniform`."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of sending a message once.

    Attributes:
        error: None where it arrived.
        answer: what the receiver said then.
        ours: whether the fault was ours: then nobody knows what was sent.
    """

    notices: tuple[Notice, ...]
    answer: str = ""
    error: ChannelError | None = None
    ours: bool = False


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


async def attempted(thread: Thread, channel: Channel, notices: Sequence[Notice], now: datetime) -> Attempt:
    """Send notices once, as one message, and return what came of it."""
    within = channel.timeout.total_seconds()
    told = tuple(notices)
    try:
        message = Message(tuple(replace(one, payload=delayed(one.payload, one.created, now)) for one in told))
        answer = await thread.call(lambda: sender(channel.kind)(channel, message), within + _GRACE)
    except ChannelError as error:
        return Attempt(told, error=error)
    except TimeoutError:
        sentence = f"no end of it within {within + _GRACE:g} s; is this machine's DNS answering?"
        return Attempt(told, error=ChannelError(sentence))
    except Exception as error:  # noqa: BLE001 a fault of ours must cost no message, nor end the lane
        _LOG.exception('channel "%s": sending failed inside Headroom; it is tried again', channel.name)
        sentence = f"sending failed inside Headroom ({type(error).__name__}); its log has more"
        return Attempt(told, error=ChannelError(sentence), ours=True)
    return Attempt(told, answer)


@dataclass(frozen=True, slots=True)
class _Call:
    work: Callable[[], str]
    loop: asyncio.AbstractEventLoop
    result: asyncio.Future[str]


class Thread:
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
