"""A real history with one writer thread, notices in it, and a deliverer on it, also as a process."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from alerts.outbox import Deliverer
from headroom.channels import Channel, Pace, Webhook
from headroom.history import Cycle, Delivery, DeliveryState, History, open_history
from headroom.incidents import Notice, NoticeStatus, State
from headroom.sources import Secret
from tests.alerts.examples import incident

ResultT = TypeVar("ResultT")


class Writer:
    """The one thread that writes."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1)

    async def __call__(self, function: Callable[..., ResultT], /, *args: Any) -> ResultT:
        """Run there."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: function(*args))


AT_ANY_PACE = Pace(10_000, timedelta(minutes=5))


def webhook(
    name: str, url: str, timeout: float = 5.0, *, pace: Pace = AT_ANY_PACE, **settings: Any
) -> Channel:
    """Return a webhook channel that is not held up by its pace."""
    return Channel(name, Webhook(Secret(url)), timedelta(seconds=timeout), pace=pace, **settings)


def notice(
    number: str,
    key: str,
    status: str = "firing",
    *,
    channel: str = "on-call",
    age: float = 0,
    source: str = "",
    budget: str = "",
) -> Notice:
    """Return a notice of incident `number`, made `age` seconds ago."""
    created = datetime.now(UTC) - timedelta(seconds=age)
    body = f'{{"text":"{key}","at":"{created.isoformat()}","delayed":false}}'
    return Notice(
        number,
        channel,
        NoticeStatus(status),
        key,
        body,
        created,
        created,
        source=source,
        budget=budget,
    )


def queue(history: History, *notices: Notice) -> None:
    """Commit notices with the incidents that they are about."""
    told = dict.fromkeys(one.incident for one in notices if one.incident)
    incidents = tuple(replace(incident(State.FIRING), id=number) for number in told)
    history.record(Cycle(datetime.now(UTC), incidents=incidents, notices=notices))


def at_once(_low: float, _high: float) -> float:
    """Draw a wait that is short enough for a test."""
    return 0.05


@asynccontextmanager
async def delivering(
    history: History, channels: Iterable[Channel], *, writer: Any = None, **settings: Any
) -> AsyncIterator[Deliverer]:
    """Run a deliverer beside the block."""
    deliverer = Deliverer(history, channels, writer or Writer(), **{"spread": at_once, **settings})
    running = asyncio.create_task(deliverer.run())
    try:
        yield deliverer
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await deliverer.close()


async def until(condition: Callable[[], object], seconds: float = 8.0) -> None:
    """Wait for what other threads bring about."""
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, "it did not come about"
        await asyncio.sleep(0.02)


async def settled(history: History) -> dict[str, Delivery]:
    """Wait until nothing waits any more and return what became of each notice, by key."""
    await until(lambda: not history.outbox_depth())
    return {one.notice.key: one for one in history.deliveries()}


async def _drain(path: Path, url: str) -> None:
    with open_history(str(path), collecting=True) as history:
        deliverer = Deliverer(history, [webhook("on-call", url, pace=Pace())], Writer())
        assert await deliverer.drain(timedelta(seconds=20))
        await deliverer.close()
        assert {one.state for one in history.deliveries()} == {DeliveryState.SENT}


if __name__ == "__main__":
    asyncio.run(_drain(Path(sys.argv[1]), sys.argv[2]))
