"""What people did to alerts, applied by the collecting process: in a cycle of its own, without a poll."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from alerts.notices import test_notice
from headroom.channels import Channel
from headroom.config import Config
from headroom.delivery import Heard
from headroom.history import Cycle, History, HistoryError
from headroom.incidents import Notice
from headroom.people import Tested
from monitor.aside import Aside
from monitor.clock import Moment
from monitor.people.standing import Asked, People
from monitor.people.testing import pushed
from monitor.watchlist import Moves, Watchlist
from monitor.writer import Writer

log = logging.getLogger("headroom.people")

_GRACE = 5.0  # seconds beyond a channel's own deadline
_CALLS = 4  # to a member: the push and what is read back


def only_pushed(config: Config) -> bool:
    """Tell whether the routes lead to channels that take no message: they are told of incidents only."""
    routed = {name for route in config.routes for name in route.channels}
    found = [one for one in config.channels if one.name in routed]
    return bool(found) and all(one.pushed for one in found)


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
        self._aside = Aside("headroom-tests")
        self._under_way: set[asyncio.Task[None]] = set()
        if only_pushed(config):
            log.warning(
                "all routes lead to an Alertmanager, which is told of incidents only: "
                "nobody hears what Headroom says of itself, such as that it stood still; "
                "add a channel that takes messages to a route"
            )

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
                    replays=tuple((each.incident, each.channel) for each in asked.replays),
                )
                if not await self._commit(cycle):
                    return
                self._people.committed(asked)
            for name, tested in asked.tested:
                await self._keep(name, tested)
            for name, person in asked.tests:
                if name in self._channels and self._channels[name].pushed:
                    # Not awaited: a member that hangs must not keep the next action waiting.
                    task = asyncio.create_task(self._test(self._channels[name], person, at))
                    self._under_way.add(task)
                    task.add_done_callback(self._under_way.discard)
        except HistoryError as error:
            log.error("what people did was not applied: %s", error)  # noqa: TRY400 a sentence, for people

    def _tests(self, asked: Asked, at: Moment) -> Iterator[Notice]:
        """Yield the test messages, for the channels that are sent messages."""
        for name, person in asked.tests:
            if name in self._channels and not self._channels[name].pushed:
                yield test_notice(name, at.wall, person, self._config.alerting)

    async def close(self) -> None:
        """Give up the tests that are under way."""
        for task in tuple(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _test(self, channel: Channel, person: str, at: Moment) -> None:
        try:
            await self._keep(channel.name, await self._pushed(channel, person, at))
        except HistoryError as error:
            log.error("what came of a test was not kept: %s", error)  # noqa: TRY400 a sentence, for people

    async def _pushed(self, channel: Channel, person: str, at: Moment) -> Tested:
        """Test a channel that is told the state, however long its members take."""
        within = (channel.timeout.total_seconds() + _GRACE) * _CALLS
        try:
            came = await self._aside(lambda: pushed(self._config, channel, person), within)
        except TimeoutError:
            return Tested(at.wall, person, arrived=False, said=f"no end of it within {within:g} s")
        except Exception as error:
            log.exception('channel "%s": testing it failed inside Headroom', channel.name)
            return Tested(at.wall, person, arrived=False, said=f"failed ({type(error).__name__})")
        return Tested(at.wall, person, arrived=came.arrived, said=came.said)

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
