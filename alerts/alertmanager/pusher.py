"""Keeps every member of every Alertmanager cluster at the state that the history has.

Nothing is queued: what is missing there is there again with the next turn, so that a restart of either side,
in the middle of an incident, changes nothing for those on call.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol

from alerts.alertmanager.alert import Alert, watchdog
from alerts.alertmanager.annotations import Payload
from alerts.alertmanager.client import Client, place
from alerts.alertmanager.lane import Lane, Wanted
from alerts.alertmanager.member import Member, Outcome
from alerts.alertmanager.outage import Outage, Outages
from alerts.alertmanager.reading import Incidents, Reading
from alerts.alertmanager.record import Record, States
from alerts.alertmanager.stretches import Opens
from alerts.outbox import OnWriter
from headroom.channels import Alertmanager, Channel
from headroom.history import HistoryError

_LOG = logging.getLogger(__name__)

LONGEST_TURN, SHORTEST_TURN = timedelta(minutes=1), timedelta(seconds=5)
_SHORTEST_LIFE = timedelta(minutes=5)
_TURNS_PER_LIFE = 4


def turns(shortest_poll: timedelta) -> timedelta:
    """Return how often everything is told anew: as often as something is polled, within reason."""
    return max(SHORTEST_TURN, min(LONGEST_TURN, shortest_poll))


def life(every: timedelta) -> timedelta:
    """Return how long an alert fires without being told anew: three turns may be lost."""
    return max(_TURNS_PER_LIFE * every, _SHORTEST_LIFE)


class KnownTo(Incidents, States, Protocol):
    """What of the history the pusher needs; `headroom.history.History` is one."""


class Pusher:
    """Tells all members of all clusters what fires and what has ended.

    Start `run` as a task, call `wake` after each commit, and at the end cancel the task, `drain` and `close`.
    """

    def __init__(
        self,
        channels: Iterable[Channel],
        history: KnownTo,
        run_on_writer: OnWriter,
        *,
        payload: Payload,
        opens: Opens,
        healthy: Callable[[], bool],
        installation: str = "",
        every: timedelta = LONGEST_TURN,
        ttl: timedelta | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        outages: Outages | None = None,
        tell: Callable[[Outage], Awaitable[None]] | None = None,
    ) -> None:
        """Take what it needs.

        Args:
            channels: those that are pushed; others are left out.
            history: what is told.
            run_on_writer: runs everything that touches the history.
            payload: what `alerts.message.payload` says of an incident now; called on the writer's thread.
            opens: whether, and when, a channel hears of an incident: `stretches.by_routes`.
            healthy: whether the Watchdog may fire; called on the event loop's thread.
            installation: the name of this Headroom, a label of every alert.
            every: the time between two turns: `turns` of the shortest interval.
            ttl: how long an alert fires without a turn; `life` of `every` unless it is given.
            clock: the time, UTC.
            outages: what says whether a cluster takes anything at all.
            tell: told of each outage, and of its end; another channel must hear of it.
        """
        self._outages = outages or Outages()
        self._tell = tell
        self._firing: dict[str, dict[str, str]] = {}
        self._channels = {one.name: one for one in channels if isinstance(one.receiver, Alertmanager)}
        self._run_on_writer = run_on_writer
        self._healthy = healthy
        self._installation = installation
        self._every = every
        self._ttl = ttl or life(every)
        self._clock = clock
        self._lanes: dict[str, dict[str, Lane]] = {}
        self._reading = Reading(history, list(self._channels), payload, opens, installation)
        self._record = Record(history, self._channels.values(), clock)
        self._well: tuple[datetime, datetime | None] | None = None
        self._number = 0
        self._done: dict[tuple[str, str], int] = {}
        self._progress = asyncio.Event()
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._broken = False

    def deaf(self) -> dict[str, str]:
        """Return the channels that take nothing, with what their members said."""
        return self._outages.all_dead()

    def wake(self) -> None:
        """Look at the history now; call it on the event loop's thread."""
        self._wake.set()

    async def run(self) -> None:
        """Push until cancelled."""
        if not self._channels:
            return
        while True:
            self._wake.clear()
            await self._offer()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every.total_seconds()):
                    await self._wake.wait()

    async def drain(self, within: timedelta) -> bool:
        """Tell all members the newest state once, at the end of the process; False where one was not told."""
        if not self._channels:
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(within.total_seconds()):
                if not await self._offer(at_once=True):
                    return False
                wanted = self._number
                while any(self._done.get(which, 0) < wanted for which in self._members()):
                    self._progress.clear()
                    await self._progress.wait()
                return True
        return False

    async def close(self) -> None:
        """Begin nothing more; what is under way ends by its own deadline."""
        for lanes in self._lanes.values():
            for lane in lanes.values():
                lane.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _members(self) -> list[tuple[str, str]]:
        return [(channel, member) for channel, lanes in self._lanes.items() for member in lanes]

    async def _offer(self, *, at_once: bool = False) -> bool:
        """Give every lane what is to be told; False where it cannot be read: they keep what they have."""
        well = self._watched()
        try:
            if not self._lanes:
                self._start_lanes(await self._run_on_writer(self._record.dead))
            wanted = await self._run_on_writer(self._reading.alerts, self._clock())
        except Exception as error:  # noqa: BLE001 whatever is wrong with the history, alerts go on after it
            if not self._broken:
                fault = None if isinstance(error, HistoryError) else error
                _LOG.error("Alertmanager is told what it was told last: %s", error, exc_info=fault)
            self._broken = True
            self._start_lanes(frozenset())
            return False
        self._broken = False
        self._number += 1
        for name, lanes in self._lanes.items():
            receiver = self._channels[name].receiver
            found = list(wanted[name].values())
            self._firing[name] = {one.incident: _words(one) for one in found if one.ends is None}
            if isinstance(receiver, Alertmanager) and receiver.watchdog and well is not None:
                found.append(watchdog(self._installation, *well))
            told = Wanted(self._number, tuple(found), frozenset(one.news for one in found))
            for lane in lanes.values():
                lane.offer(told, at_once=at_once)
        return True

    def _watched(self) -> tuple[datetime, datetime | None] | None:
        """Return since when, and until when, Headroom has worked; None where it has not yet."""
        now, well = self._clock(), self._healthy()
        if well and (self._well is None or self._well[1] is not None):
            self._well = (now, None)
        elif not well and self._well is not None and self._well[1] is None:
            self._well = (self._well[0], now)
        return self._well

    def _start_lanes(self, dead: Collection[str]) -> None:
        if self._lanes:
            return
        loop = asyncio.get_running_loop()

        def hear(channel: str, outcome: Outcome, number: int) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody is left to hear it
                loop.call_soon_threadsafe(self._heard, channel, outcome, number)

        for channel in self._channels.values():
            assert isinstance(channel.receiver, Alertmanager)
            lanes: dict[str, Lane] = {}
            for url in channel.receiver.urls:
                name = place(url.reveal())
                if name in lanes:
                    name = f"{name} (number {len(lanes) + 1})"
                client = Client(channel, url.reveal(), self._clock)
                member = Member(client, name, self._clock, self._ttl, self._installation)
                lanes[name] = Lane(member, self._every, partial(hear, channel.name), channel.name)
            self._lanes[channel.name] = lanes
            self._outages.expect(channel.name, tuple(lanes), dead=channel.name in dead)
            for lane in lanes.values():
                lane.start()

    def _heard(self, channel: str, outcome: Outcome, number: int) -> None:
        news = self._outages.heard(channel, outcome, self._firing.get(channel, {}))
        self._start(self._keep(channel, outcome, number, news, dead=self._outages.dead(channel)))

    async def _keep(
        self, channel: str, outcome: Outcome, number: int, news: Outage | None, *, dead: bool
    ) -> None:
        try:
            if news is not None and self._tell is not None:
                await self._tell(news)
            await self._run_on_writer(partial(self._record.keep, channel, outcome, dead=dead))
        except Exception as error:  # noqa: BLE001 as in _offer
            fault = None if isinstance(error, HistoryError) else error
            _LOG.warning("what Alertmanager says cannot be kept: %s", error, exc_info=fault)
        if number and outcome.reached:
            self._done[channel, outcome.member] = number
            self._progress.set()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _words(alert: Alert) -> str:
    """Return what another channel is told of an alert."""
    severity = dict(alert.labels)["severity"]
    return f"{severity}: {dict(alert.annotations).get('summary') or alert.name}"
