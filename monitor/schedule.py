"""When which source is polled.

One poll of a source at a time, starts spread over the interval, nothing dropped, and no belief in the wall
clock: the scheduler under it follows that clock, so a step of it re-plans everything.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobSubmissionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from headroom.units import format_duration
from monitor.asleep import Sleep, Watch
from monitor.audit.hourly import EVERY, FIRST, Audits
from monitor.cycle import Cycles

log = logging.getLogger("headroom.schedule")

ATTEND_EVERY = timedelta(seconds=2)  # so soon is applied what a person did: they sit and wait for it
STEP = 1.0  # seconds by which the clocks may drift apart within a second before the wall clock was set


def phase(name: str, every: timedelta) -> timedelta:
    """Return the offset of a source's polls inside the interval: always the same, and spread over sources."""
    return every * (int.from_bytes(sha256(name.encode()).digest()[:4]) / 2**32)


class Schedule:
    """The jobs of one collecting process."""

    def __init__(self, cycles: Cycles, audits: Audits | None = None) -> None:
        self._cycles = cycles
        self._audits = audits
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        )
        self._every: dict[str, tuple[timedelta, timedelta]] = {}
        self._running: set[asyncio.Task[Any]] = set()
        self._late: dict[str, datetime] = {}
        self._stopping = False
        self._scheduler.add_listener(self._missed, EVENT_JOB_MAX_INSTANCES)

    def start(self) -> None:
        """Plan all jobs and begin."""
        for feed in self._cycles.feeds:
            if feed.collector is not None:
                self._add(feed.source.name, partial(self._cycles.poll, feed), feed.source.every)
        shortest = min((feed.source.every for feed in self._cycles.feeds), default=timedelta(seconds=15))
        self._add("(silent sources)", self._cycles.judge_silent, shortest)
        self._add("(people)", self._cycles.attend, ATTEND_EVERY, timedelta(seconds=1))
        self._add("(old readings)", self._cycles.prune, timedelta(hours=1))
        if self._audits is not None:
            self._add("(audit)", self._audits.audit_once, EVERY, FIRST)
        self._scheduler.start()

    async def stop(self) -> None:
        """Start nothing more, and end what is under way: a poll is given up, a commit is finished."""
        self._stopping = True
        self._scheduler.pause()  # what comes due in this turn would be cancelled before it begins
        self._scheduler.shutdown(wait=False)
        await asyncio.sleep(0)  # a job that is just being started sees that it is too late
        for task in self._running:
            # A second cancellation would interrupt the first one's tidying up.
            if not task.cancelling():
                task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def watch_clocks(self, slept: Callable[[Sleep], Awaitable[None]]) -> None:
        """Re-plan all jobs whenever the wall clock was set, or nothing ran; runs until cancelled.

        Without it, an hour back would mean an hour of silence: every job waits for a time that has been.

        Args:
            slept: told of each time in which nothing was judged.
        """
        watch = Watch()
        while True:
            await asyncio.sleep(1)
            sleep = watch.look()
            if abs(watch.step) > STEP:
                log.warning("the wall clock was set by %+.0f s; all polls are planned anew", watch.step)
            if abs(watch.step) > STEP or sleep is not None:
                self._plan_anew()
            if sleep is not None:
                await slept(sleep)

    def _add(
        self,
        name: str,
        call: Callable[[], Awaitable[object]],
        every: timedelta,
        offset: timedelta | None = None,
    ) -> None:
        offset = phase(name, every) if offset is None else offset
        self._every[name] = (every, offset)
        self._scheduler.add_job(
            self._bounded,
            "interval",
            args=[name, call],
            seconds=every.total_seconds(),
            id=name,
            next_run_time=datetime.now(UTC) + offset,
        )

    def _plan_anew(self) -> None:
        for name, (every, offset) in self._every.items():
            self._scheduler.reschedule_job(name, trigger="interval", seconds=every.total_seconds())
            self._scheduler.modify_job(name, next_run_time=datetime.now(UTC) + offset)

    def _missed(self, event: JobSubmissionEvent) -> None:
        """Say once that a job takes longer than its turn, until it ends."""
        if event.job_id not in self._late and not self._stopping:
            self._late[event.job_id] = datetime.now(UTC)
            log.warning("%s takes longer than its interval; it is left alone until it ends", event.job_id)

    async def _bounded(self, name: str, call: Callable[[], Awaitable[object]]) -> None:
        """Run a job in the scheduler's task, and note it, so that it can be ended in order."""
        if self._stopping:
            return
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            await call()
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        finally:
            since = self._late.pop(name, None)
            if since is not None and not self._stopping:
                late = format_duration(timedelta(seconds=int((datetime.now(UTC) - since).total_seconds())))
                log.info("%s goes on, %s late", name, late)
