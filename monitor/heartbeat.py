"""The dead man's switch: an address is asked for as long as all is well, and its silence is the signal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic

from alerts.channels import ChannelError
from alerts.channels.post import accepted, exchange
from headroom.alerting import Heartbeat as Settings
from headroom.channels import Channel
from headroom.config import Config
from headroom.history import ChannelState, History, HistoryError
from headroom.units import format_duration
from monitor.aside import Aside
from monitor.serve.own import ANSWERED, UNANSWERED, WITHHELD, Own

log = logging.getLogger("headroom.heartbeat")

UNSENT_AFTER = timedelta(minutes=2)
"""A message that is so old and has not arrived keeps the heartbeat silent."""
LOOK_AGAIN = 1.0
"""Seconds after which it is looked again whether all is well, where it was not."""
READ_WITHIN = 5.0
"""Seconds for reading the history."""
_AGAIN_AFTER = 10.0  # seconds between attempts at an address that does not answer
_GRACE = 5.0  # seconds beyond its deadline, within which a request must have given up by itself


class Heartbeat:
    """Asks for the address every `every` while all is well; run it as a task until cancelled.

    What it does is done in threads of its own that nothing waits for: neither a receiver nor a resolver that
    hangs can delay a poll or the end of the process.
    """

    def __init__(
        self,
        settings: Settings,
        config: Config,
        history: History,
        own: Own,
        *,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._channels = config.channels
        self._history = history
        self._own = own
        self._wall = wall
        self._sources = sorted({budget.measure.source for budget in config.budgets})
        # A source that is left alone after failures is judged a little later; nobody needs to read of that.
        self._patience = max((source.every.total_seconds() for source in config.sources), default=0.0)
        self._unwell: float | None = None
        self._trouble = ""
        self._reading = Aside("headroom-heartbeat-reads")
        self._asking = Aside("headroom-heartbeat-asks")

    async def run(self) -> None:
        """Ask until cancelled."""
        every = self._settings.every.total_seconds()
        counted = -every
        while True:
            begun = monotonic()
            if reasons := await self.reasons():
                self._withhold(reasons)
                if begun - counted >= every:
                    self._own.beat(WITHHELD)
                    counted = begun
                await asyncio.sleep(min(LOOK_AGAIN, every))
                continue
            self._go_on()
            answered = await self._ask()
            pause = every if answered else min(every, _AGAIN_AFTER)
            await asyncio.sleep(max(0.0, begun + pause - monotonic()))

    async def reasons(self) -> tuple[str, ...]:
        """Return why all is not well, a sentence each; none where it is."""
        late = self._own.behind(self._sources)
        if late:
            return late
        try:
            oldest, states, unheard = await self._reading(self._read, READ_WITHIN)
        except HistoryError as error:
            return (str(error),)
        except TimeoutError:
            return (f"the history could not be read within {READ_WITHIN:g} s; is its disk answering?",)
        except Exception as error:
            if self._unwell is None:  # once, not at every look
                log.exception("whether all is well cannot be told; this is a fault of Headroom")
            return (f"looking failed inside Headroom ({type(error).__name__}); its log has more",)
        return unsent(oldest, self._wall()) + nowhere(self._channels, states) + refused(unheard)

    def _read(self) -> tuple[datetime | None, dict[str, ChannelState], list[str]]:
        history = self._history
        return history.outbox_oldest(self._wall()), history.channel_states(), history.unheard()

    def _withhold(self, reasons: tuple[str, ...]) -> None:
        self._unwell = monotonic() if self._unwell is None else self._unwell
        if monotonic() - self._unwell < self._patience:
            return
        if not self._own.withheld:
            log.warning("the heartbeat stops: %s", reasons[0])
        self._own.withheld = reasons[0]

    def _go_on(self) -> None:
        if self._own.withheld:
            log.info("the heartbeat goes on")
        self._own.withheld, self._unwell = "", None

    async def _ask(self) -> bool:
        """Ask once; whatever becomes of it ends nothing."""
        within = self._settings.timeout.total_seconds()
        url, ca = self._settings.url.reveal(), self._settings.ca
        trouble = ""
        try:
            # GET, since every service that waits for heartbeats takes it.
            await self._asking(
                lambda: accepted(exchange("GET", url, None, {}, within=within, ca=ca)), within + _GRACE
            )
        except ChannelError as error:
            trouble = error.message
        except TimeoutError:
            trouble = f"no end of it within {within + _GRACE:g} s; is this machine's DNS answering?"
        except Exception as error:  # noqa: BLE001 a fault of ours must not end the heartbeat
            trouble = f"asking failed inside Headroom ({type(error).__name__})"
        self._own.beat(UNANSWERED if trouble else ANSWERED)
        if trouble and not self._trouble:
            log.warning("alerts.heartbeat: %s; it is tried again", trouble)
        elif self._trouble and not trouble:
            log.info("alerts.heartbeat: answers again")
        self._trouble = trouble
        return not trouble


def unsent(oldest: datetime | None, now: datetime) -> tuple[str, ...]:
    """Return that a message waits which should have arrived, as a sentence.

    Args:
        oldest: when the oldest one was made; None where all arrived.
        now: our clock, UTC.
    """
    if oldest is None or now - oldest <= UNSENT_AFTER:
        return ()
    ago = format_duration(timedelta(seconds=int((now - oldest).total_seconds())))
    return (f"a message of {ago} ago has not arrived",)


def refused(unheard: Sequence[str]) -> tuple[str, ...]:
    """Return which incident fires and was refused by whoever was to hear of it, as a sentence."""
    if not unheard:
        return ()
    more = f" (and {len(unheard) - 1} more)" if len(unheard) > 1 else ""
    one = unheard[0][:8]
    mended = f"`headroom alerts show {one}` says why, `headroom alerts replay {one}` sends it again"
    return (f"incident {one}{more} fires, and every message of it was refused; {mended}",)


def nowhere(channels: Collection[Channel], states: Mapping[str, ChannelState]) -> tuple[str, ...]:
    """Return which channels take nothing without another that takes their messages, a sentence each."""
    disabled = {
        each.name: state.error[:200]
        for each in channels
        if (state := states.get(each.name)) and state.disabled and state.digest == each.digest
    }
    # What is told the state has no outbox of which another could take the rest.
    deaf = {each.name for each in channels if each.pushed} & disabled.keys()
    working = {each.name for each in channels if not each.pushed} - disabled.keys()
    return tuple(
        f'channel "{name}" is disabled, and no other takes its messages: {error}'
        if name not in deaf
        else f'channel "{name}" takes nothing of what fires: {error}'
        for name, error in disabled.items()
        if name in deaf or not working
    )
