"""What people did to alerts, applied by the collecting process: in a cycle of its own, without a poll."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from alerts.notices import test_notice
from headroom.config import Config
from headroom.delivery import Heard
from headroom.history import Cycle, History, HistoryError
from headroom.incidents import Notice
from headroom.people import Tested
from monitor.clock import Moment
from monitor.people.standing import Asked, People
from monitor.watchlist import Moves, Watchlist
from monitor.writer import Writer

log = logging.getLogger("headroom.people")


class Attending:
    """Applies acknowledgements, silences, tests of channels, and what is to be sent again."""

    def __init__(
        self,
        config: Config,
        history: History,
        writer: Writer,
        *,
        people: People,
        watchlist: Watchlist,
        turn: asyncio.Lock,
        commit: Callable[[Cycle], Awaitable[bool]],
    ) -> None:
        """`turn` is held while incidents are decided on and committed."""
        self._config = config
        self._channels = {channel.name: channel for channel in config.channels}
        self._history = history
        self._writer = writer
        self._people = people
        self._watchlist = watchlist
        self._turn = turn
        self._commit = commit

    async def attend(self, now: Callable[[], Moment]) -> None:
        """Apply what people did since; never raises for what the disk does: the next turn applies it."""
        try:
            waiting = await self._writer(self._history.waiting_actions)
            if not waiting:
                return
            async with self._turn:
                at = now()
                asked = self._people.asked(waiting, self._watchlist.open, at.wall)
                moves = Moves()
                for decision in asked.decisions:
                    await self._watchlist.note(decision, moves, at)
                cycle = Cycle(
                    at=at.wall,
                    incidents=tuple(moves.incidents),
                    transitions=tuple(moves.transitions),
                    notices=(*moves.notices, *self._tests(asked, at)),
                    config_digest=self._config.digest,
                    applied=asked.applied,
                )
                if not await self._commit(cycle):
                    return
                self._people.committed(asked)
            for each in asked.replays:
                await self._writer(self._history.replay, each.incident, each.channel, at.wall)
            for name, tested in asked.tested:
                await self._keep(name, tested)
        except HistoryError as error:
            log.error("what people did was not applied: %s", error)  # noqa: TRY400 a sentence, for people

    def _tests(self, asked: Asked, at: Moment) -> Iterator[Notice]:
        """Yield the test messages; a channel that is told the state is tested by whoever asks."""
        for name, person in asked.tests:
            if name in self._channels and not self._channels[name].pushed:
                yield test_notice(name, at.wall, person, self._config.alerting)

    async def _keep(self, name: str, tested: Tested) -> None:
        """Keep what another process saw of a channel."""
        channel = self._channels.get(name)
        if channel is None:
            return
        heard = Heard(
            name,
            channel.digest,
            tested.at,
            error="" if tested.arrived else tested.said,
            tested=f"{'arrived' if tested.arrived else 'did not arrive'}: {tested.said}",
        )
        await self._writer(partial(self._history.settle, (), tested.at, heard=heard))
