"""The collecting process: opens the history, runs the cycles and the delivery, and ends in order."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Self

from alerts.outbox import Deliverer
from headroom.config import Config
from headroom.history import Cycle, History, HistoryGone, open_history
from monitor.audit.hourly import Audits
from monitor.cycle import Cycles
from monitor.feeds import Feed
from monitor.schedule import Schedule
from monitor.writer import Writer

log = logging.getLogger("headroom")

DRAIN = timedelta(seconds=5)  # what delivery gets at the end; what is left is sent at the next start


async def collect(config: Config) -> None:
    """Run until SIGINT or SIGTERM."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopped.set)
    async with _Process(config, stop=stopped.set) as process:
        schedule = Schedule(process.cycles, process.audits)
        await process.cycles.judge_silent()  # what is not configured is said at once
        schedule.start()
        watch = asyncio.create_task(schedule.watch_clocks())
        polled = sum(feed.collector is not None for feed in process.cycles.feeds)
        log.info(
            "collecting from %d of %d sources for %d budgets",
            polled,
            len(process.cycles.feeds),
            len(config.budgets),
        )
        await stopped.wait()
        log.info("stopping")
        await schedule.stop()
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch
        if process.failure is not None:
            raise process.failure


async def collect_once(config: Config) -> None:
    """Poll every source twice, one interval of its own apart, judge, deliver, and return."""
    async with _Process(config) as process:
        cycles = process.cycles

        async def twice(feed: Feed) -> None:
            await cycles.poll(feed)
            await asyncio.sleep(feed.source.every.total_seconds())
            await cycles.poll(feed)

        await asyncio.gather(*(twice(feed) for feed in cycles.feeds if feed.collector is not None))
        await cycles.judge_silent()
        if process.failure is not None:
            raise process.failure


class _Process:
    """What a collecting process holds, acquired and given back in order."""

    def __init__(self, config: Config, *, stop: Callable[[], None] = lambda: None) -> None:
        self.failure: HistoryGone | None = None
        self._config = config
        self._stop = stop
        self._writer = Writer()
        self._history: History | None = None
        self._deliverer: Deliverer | None = None
        self._delivering: asyncio.Task[None] | None = None
        self._cycles: Cycles | None = None

    @property
    def cycles(self) -> Cycles:
        assert self._cycles is not None
        return self._cycles

    @property
    def audits(self) -> Audits:
        assert self._history is not None
        return Audits(self._config, self._history, self._writer, self.cycles.feeds)

    async def __aenter__(self) -> Self:
        try:
            self._history = await self._writer(open_history, self._config.history, collecting=True)
            self._deliverer = Deliverer(self._history, self._config.channels, self._writer)
            self._cycles = Cycles(
                self._config, self._history, self._writer, committed=self._wake, gone=self._end
            )
            await self._cycles.resume()
            self._delivering = asyncio.create_task(self._deliverer.run())
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    def _end(self, failure: HistoryGone) -> None:
        """Go no further: what is collected from now on would be lost, and nobody would know."""
        self.failure = failure
        self._stop()

    def _wake(self, cycle: Cycle) -> None:
        if cycle.notices and self._deliverer is not None:
            self._deliverer.wake()

    async def _close(self) -> None:
        if self._cycles is not None:
            await self._cycles.close()
        if self._deliverer is not None and self._delivering is not None:
            self._delivering.cancel()
            with suppress(asyncio.CancelledError):
                await self._delivering
            await self._deliverer.drain(DRAIN)
            await self._deliverer.close()
        if self._history is not None:
            await self._writer(self._history.close)
        self._writer.close()
