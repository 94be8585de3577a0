"""The collecting process: opens the history, runs the cycles and the delivery, and ends in order."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Self

from headroom.config import Config
from headroom.history import History, HistoryGone, open_history
from monitor import clock
from monitor.asleep import Sleep, not_running
from monitor.audit.hourly import Audits
from monitor.cycle import Cycles
from monitor.feeds import Feed
from monitor.heartbeat import Heartbeat
from monitor.schedule import Schedule
from monitor.serve.own import Own
from monitor.serve.server import Server
from monitor.telling import Telling, of_sleep
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
        watch = asyncio.create_task(schedule.watch_clocks(process.slept))
        await process.serve()
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
        self._own = Own(config)
        self._telling: Telling | None = None
        self._cycles: Cycles | None = None
        self._server: Server | None = None
        self._beating: asyncio.Task[None] | None = None

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
            before = not_running(
                (await self._writer(self._history.last_polls)).values(),
                min(source.every for source in self._config.sources),
                clock.now().wall,
            )
            self._telling = Telling(self._config, self._history, self._writer, self._own)
            self._cycles = Cycles(
                self._config,
                self._history,
                self._writer,
                committed=self._telling.committed,
                gone=self._end,
                tally=self._own,
            )
            await self._cycles.resume()
            if before is not None:
                await self.slept(before)
            self._telling.start(self._cycles.tell)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def serve(self) -> None:
        """Tell of this process, where the configuration asks for that; ServeError where it cannot be."""
        assert self._history is not None
        alerting = self._config.alerting
        if alerting.serving is not None:
            server = Server(alerting.serving, self._config, self._history, self._own)
            await server.start()
            self._server = server
            log.info("serving /metrics, /livez and /readyz at %s:%d", alerting.serving.host, server.port)
        if alerting.heartbeat is not None:
            heart = Heartbeat(alerting.heartbeat, self._config, self._history, self._own)
            self._beating = asyncio.create_task(heart.run())

    async def slept(self, sleep: Sleep) -> None:
        """Say that nothing was judged for a while: to the log, the metrics and everybody who is on call."""
        log.warning("%s", sleep.sentence)
        self._own.slept(sleep.span)
        await self.cycles.tell(lambda firing: of_sleep(sleep, self._config, firing))

    def _end(self, failure: HistoryGone) -> None:
        """Go no further: what is collected from now on would be lost, and nobody would know."""
        self.failure = failure
        self._stop()

    async def _close(self) -> None:
        if self._cycles is not None:
            await self._cycles.close()
        if self._beating is not None:
            self._beating.cancel()
            with suppress(asyncio.CancelledError):
                await self._beating
        if self._server is not None:
            await self._server.stop()
        if self._telling is not None:
            await self._telling.close(DRAIN)
        if self._history is not None:
            await self._writer(self._history.close)
        self._writer.close()
