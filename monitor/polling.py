"""One attempt to read a source: whatever goes wrong becomes the reason why its budgets are blind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from headroom.budgets import Reason
from headroom.history import Poll
from headroom.observation import Reading, Snapshot, SourceError
from monitor.clock import Moment
from monitor.feeds import Feed

log = logging.getLogger("headroom.cycle")

STOOD_STILL = 0.25  # seconds by which a deadline is noticed too late where the process did not run


@dataclass(slots=True)
class Polled:
    """What one attempt to read a source gave."""

    reading: Reading
    poll: Poll | None
    snapshot: Snapshot | None = None
    dumped: bytes = b""


NOT_POLLED = Polled(Reading(), poll=None)


class Polling:
    """Fetches and differences; a log line for each change of what goes wrong, not for each poll."""

    def __init__(self, read_clock: Callable[[], Moment]) -> None:
        self._clock = read_clock
        self._last_failure: dict[str, str] = {}

    async def read(self, feed: Feed, *, again: bool = True) -> Polled:
        """Read a source; once more, with `again`, where this process itself stood still meanwhile."""
        begun = self._clock()
        assert feed.collector is not None
        try:
            async with asyncio.timeout(feed.deadline.total_seconds()):
                snapshot = await feed.collector.fetch()
            reading = feed.weighed(feed.collector.difference(feed.snapshot, snapshot))
            dumped = snapshot.dump()
        except SourceError as error:
            return self._failure(feed, begun, error.reason, error.message)
        except TimeoutError:
            late = self._clock().monotonic - begun.monotonic - feed.deadline.total_seconds()
            if again and late > STOOD_STILL:
                return await self.read(feed, again=False)  # it may have answered long ago
            return self._failure(
                feed,
                begun,
                Reason.UNREACHABLE,
                f"no answer within {feed.deadline.total_seconds():g} s; is it hanging?",
            )
        except Exception as error:
            log.exception("%s: the collector failed in a way it should not", feed.source.name)
            detail = (
                f"the collector failed ({type(error).__name__}); this is a fault of Headroom, see its log"
            )
            return self._failure(feed, begun, Reason.NO_DATA, detail)
        if feed.failures:
            log.info("%s: answers again", feed.source.name)
        self._last_failure.pop(feed.source.name, None)
        feed.succeeded()
        poll = self._poll_of(feed, begun, snapshot.epoch, "ok", "")
        return Polled(reading, poll, snapshot, dumped)

    def _failure(self, feed: Feed, begun: Moment, reason: Reason, detail: str) -> Polled:
        feed.failed()
        if self._last_failure.get(feed.source.name) != detail:
            log.warning("%s: %s", feed.source.name, detail)
            self._last_failure[feed.source.name] = detail
        absences = feed.all_absent(reason, f"{feed.source.name}: {detail}")
        return Polled(Reading(absences=absences), self._poll_of(feed, begun, None, reason.value, detail))

    def _poll_of(self, feed: Feed, begun: Moment, epoch: str | None, result: str, detail: str) -> Poll:
        took = timedelta(seconds=self._clock().monotonic - begun.monotonic)
        return Poll(feed.source.name, epoch, begun.wall, took, result, detail)
