"""Telling of incidents and of Headroom itself: who delivers messages and who pushes states, composed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from alerts.alertmanager.outage import Outage
from alerts.alertmanager.pusher import Pusher, turns
from alerts.alertmanager.stretches import by_routes
from alerts.background import NOTHING, Background
from alerts.fallback import taker
from alerts.message import as_text, payload
from alerts.outbox import Deliverer
from alerts.system import asleep_payload, unheard_payload
from alerts.words import risen
from headroom.alerting import Alerting
from headroom.budgets import Verdict
from headroom.config import Config
from headroom.history import ChannelState, Cycle, History
from headroom.incidents import About, Incident, Notice, NoticeStatus, State, Why
from monitor.asleep import Sleep
from monitor.background import Allowance, Backgrounds
from monitor.serve.counted import Counted
from monitor.serve.own import Own
from monitor.writer import Writer

log = logging.getLogger("headroom.telling")

Queue = Callable[[Callable[[Sequence[Incident]], Iterable[Notice]]], Awaitable[None]]
"""Commits what a function of the open incidents returns: `monitor.cycle.Cycles.tell`."""

_USUALLY = timedelta(seconds=15)
_MOST_MOVED = 10_000  # incidents of which the moves are kept
_FRESH = 2.0  # seconds for which the verdicts of one reading serve all incidents of a turn


class Telling:
    """Runs until closed; call `committed` after each commit."""

    def __init__(self, config: Config, history: History, writer: Writer, own: Own) -> None:
        alerting = config.alerting
        every = min((source.every for source in config.sources), default=_USUALLY)
        owners = {budget.id: budget.owner for budget in config.budgets}
        self._deliverer = Deliverer(
            Counted(history, own),
            config.channels,
            writer,
            installation=alerting.installation,
            link=alerting.link,
        )
        self._pusher = Pusher(
            config.channels,
            history,
            writer,
            payload=Words(config, history),
            opens=by_routes(config.routes, lambda budget: owners.get(budget, "")),
            healthy=lambda: not own.late(),
            installation=alerting.installation,
            every=turns(every),
            tell=self._tell_outage,
        )
        own.deaf = self._pusher.deaf
        self._alerting, self._history, self._writer = alerting, history, writer
        self._queue: Queue | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, queue: Queue) -> None:
        """Begin; what the last process left is told at once.

        Args:
            queue: commits what is told of Headroom itself.
        """
        self._queue = queue
        self._tasks = [asyncio.create_task(self._deliverer.run()), asyncio.create_task(self._pusher.run())]

    def committed(self, cycle: Cycle) -> None:
        """Look at what was committed."""
        if cycle.notices or cycle.applied:
            self._deliverer.wake()
        if cycle.transitions or cycle.applied:
            self._pusher.wake()

    async def close(self, within: timedelta) -> None:
        """Send what is due, for so long, and end; what is left is sent at the next start."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        if self._tasks:
            await asyncio.gather(self._deliverer.drain(within), self._pusher.drain(within))
        await asyncio.gather(self._deliverer.close(), self._pusher.close())

    async def _tell_outage(self, outage: Outage) -> None:
        """Say by another channel that one takes nothing, or that it works again."""
        states = await self._writer(self._history.channel_states)
        notices = tuple(of_outage(outage, self._alerting, states, datetime.now(UTC)))
        if not notices and not outage.over:
            log.error('channel "%s" takes nothing, and no other is there to say so', outage.channel)
        if notices and self._queue is not None:
            await self._queue(lambda _: notices)


class Words:
    """What is said of an incident now; it reads the history, on whose thread it is called."""

    def __init__(self, config: Config, history: History, *, clock: Callable[[], float] = monotonic) -> None:
        self._alerting = config.alerting
        self._budgets = {budget.id: budget for budget in config.budgets}
        self._history = history
        self._clock = clock
        self._read: float | None = None
        self._backgrounds = Backgrounds(config, history)
        self._known: dict[tuple[str, str], Background] = {}
        self._allowance = Allowance()
        self._moved: dict[str, tuple[tuple[object, ...], Why, datetime | None]] = {}
        self._verdicts: dict[tuple[str, str, object], list[Verdict]] = {}

    def __call__(self, incident: Incident) -> Mapping[str, Any]:
        """Return the fields of a message of it."""
        last, rose = self._moves(incident)
        ended = incident.ended is not None
        why = Why.UNSEEN if incident.about is About.BLIND else Why.STILL_OVER
        if ended:
            why = last
        return payload(
            incident,
            # What is judged after the end is no evidence of it, and may be over again.
            () if ended else self._of(incident),
            self._budgets.get(incident.budget),
            NoticeStatus.RESOLVED if ended else NoticeStatus.FIRING,
            why=why,
            at=incident.ended or datetime.now(UTC),
            installation=self._alerting.installation,
            link=self._alerting.link,
            risen=rose,
            background=NOTHING if ended else self._background(incident),
        )

    def _background(self, incident: Incident) -> Background:
        """Return what else is known, as of the first time: states are pushed again every few seconds."""
        row = (incident.id, incident.limit)
        if row not in self._known:
            if len(self._known) >= _MOST_MOVED:
                self._known.clear()
            budget = self._budgets.get(incident.budget)
            found = self._backgrounds.of(incident, budget, datetime.now(UTC), self._allowance)
            if found is None:
                return NOTHING
            self._known[row] = found
        return self._known[row]

    def _moves(self, incident: Incident) -> tuple[Why, datetime | None]:
        """Return why it moved last, and when its severity rose; read anew only after a move."""
        standing = (incident.state, incident.severity, incident.ended)
        known = self._moved.get(incident.id)
        if known is None or known[0] != standing:
            moves = self._history.transitions(incident.id)
            # Of an end that nobody wrote down, the least is claimed.
            known = (standing, moves[-1].why if moves else Why.BUDGET_CHANGED, risen(moves))
            if len(self._moved) >= _MOST_MOVED:
                self._moved.clear()
            self._moved[incident.id] = known
        return known[1], known[2]

    def _of(self, incident: Incident) -> Sequence[Verdict]:
        now = self._clock()
        if self._read is None or now - self._read > _FRESH:
            self._verdicts, self._allowance = {}, Allowance()
            for one in self._history.standings():
                verdict = one.verdict
                key = (verdict.budget, verdict.statistic.value, verdict.subject)
                self._verdicts.setdefault(key, []).append(verdict)
            self._read = now
        return self._verdicts.get((incident.budget, incident.statistic.value, incident.subject), ())


def of_sleep(sleep: Sleep, config: Config, firing: Sequence[Incident]) -> Iterator[Notice]:
    """Yield what every channel that a route leads to is told of a time in which nothing was judged."""
    alerting = config.alerting
    still = sum(one.state is State.FIRING for one in firing)
    message = asleep_payload(
        sleep.begin,
        sleep.end,
        why=sleep.why.value,
        firing=still,
        installation=alerting.installation,
        link=alerting.link,
    )
    sent = {channel.name for channel in alerting.channels if not channel.pushed}
    names = dict.fromkeys(name for route in alerting.routes for name in route.channels if name in sent)
    for name in names:
        yield Notice(
            "", name, NoticeStatus.SYSTEM, message["key"], as_text(message), sleep.end, next_at=sleep.end
        )


def of_outage(
    outage: Outage, alerting: Alerting, states: Mapping[str, ChannelState], at: datetime
) -> Iterator[Notice]:
    """Yield what the fallback of a channel, or the first other that works, is told of its outage."""
    message = unheard_payload(
        outage.channel,
        outage.error,
        outage.firing,
        at=at,
        over=outage.over,
        again=outage.again,
        installation=alerting.installation,
        link=alerting.link,
    )
    notice = Notice("", outage.channel, NoticeStatus.SYSTEM, message["key"], as_text(message), at, next_at=at)
    to = taker(notice, {each.name: each for each in alerting.channels}, states, asked=())
    if to is not None:
        yield replace(notice, channel=to)
