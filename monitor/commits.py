"""Committing cycles, and what is said where the history will not take one."""

from __future__ import annotations

import logging
from collections.abc import Callable

from headroom.history import Cycle, History, HistoryError, HistoryGone
from monitor.clock import Moment
from monitor.tally import Tally
from monitor.writer import Writer

log = logging.getLogger("headroom.cycle")


class Commits:
    """Records cycles on the writer's thread; a fault is logged when it begins and when it ends."""

    def __init__(
        self,
        history: History,
        writer: Writer,
        tally: Tally,
        *,
        gone: Callable[[HistoryGone], None],
        read_clock: Callable[[], Moment],
    ) -> None:
        self._history = history
        self._writer = writer
        self._tally = tally
        self._gone = gone
        self._clock = read_clock
        self._refused = ""

    async def __call__(self, cycle: Cycle) -> bool:
        """Record a cycle; False where the history refused it, and nothing has happened then."""
        begun = self._clock().monotonic
        try:
            await self._writer(self._history.record, cycle)
        except HistoryGone as error:
            self._tally.refused(str(error))
            self._gone(error)
            return False
        except HistoryError as error:
            self.refused(error)
            return False
        self._tally.committed(self._clock().monotonic - begun)
        if self._refused:
            log.info("cycles are recorded again")
        self._refused = ""
        return True

    def refused(self, error: HistoryError) -> None:
        """Say that a cycle was not recorded; once, since a full disk refuses every one."""
        self._tally.refused(str(error))
        if str(error) != self._refused:
            log.error("the cycle was not recorded: %s", error)
        self._refused = str(error)
