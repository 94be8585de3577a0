"""A cycle: one source's poll, and the budgets that it feeds, from the snapshot to the commit.

collect, difference, record, judge, decide, commit; delivery is woken only by the commit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from headroom.budgets import Budget, Kind, Limit, Measure, Reason, Subject, Verdict
from headroom.config import Config
from headroom.history import Cycle, History, HistoryError, Poll
from headroom.judge import Case, judge
from headroom.observation import Absence, Reading, Series, Snapshot, SourceError
from monitor import clock
from monitor.clock import Moment
from monitor.feeds import Feed, feeds
from monitor.memory import Kept, Memory, View
from monitor.watchlist import Moves, Watchlist
from monitor.writer import Writer

log = logging.getLogger("headroom.cycle")


@dataclass(slots=True)
class _Polled:
    """What one attempt to read a source gave."""

    reading: Reading
    poll: Poll | None
    snapshot: Snapshot | None = None


_NOT_POLLED = _Polled(Reading(), poll=None)


class Cycles:
    """Polls the sources of one configuration into one history.

    Only its own coroutines change what it holds, and what it holds changes only after a commit: a cycle that
    could not be committed leaves no trace, and the next one spans its interval too.
    """

    def __init__(
        self, config: Config, history: History, writer: Writer, *, committed: Callable[[Cycle], None]
    ) -> None:
        self.feeds = feeds(config)
        self._config = config
        self._history = history
        self._writer = writer
        self._committed = committed
        self._memory = Memory(_longest_windows(config.budgets))
        self._watchlist = Watchlist(config, history, writer)
        self._last_failure: dict[str, str] = {}

    async def resume(self) -> None:
        """Rebuild from the history what the last process knew, and end what the configuration ended."""
        now = clock.now()
        await self._writer(self._history.record_config, self._config.digest, self._config.text, now.wall)
        for feed in self.feeds:
            stored = await self._writer(self._history.last_snapshot, feed.source.name)
            if stored is not None and feed.collector is not None:
                feed.snapshot = feed.collector.load(stored[1])
        longest = max((budget.window for budget in self._config.budgets), default=timedelta(0))
        held = await self._writer(self._history.recent_parts, None, now.wall - longest)
        for series, parts in held.items():
            self._memory.restore(series, [Kept(stored.at, stored.part) for stored in parts])
        await self._watchlist.resume()
        moves = await self._watchlist.close_changed(now)
        if moves.transitions:
            await self._commit(self._cycle(now, moves))

    async def poll(self, feed: Feed) -> bool:
        """Poll one source and judge its budgets; tell whether it was polled.

        Never raises for what a source, or the disk, does: the next poll may work.
        """
        if feed.busy or feed.collector is None:
            return False
        if feed.skip:
            feed.skip -= 1
            return False
        feed.busy = True
        try:
            polled = await self._read(feed)
            return await self._conclude(feed, polled)
        finally:
            feed.busy = False

    async def judge_silent(self) -> None:
        """Judge the budgets of every source that has not been judged for a while.

        A source that is not configured, or left alone after failures, is polled by nobody; its budgets must
        still go from what was last known to blind.
        """
        now = clock.now()
        for feed in self.feeds:
            since = None if feed.judged is None else now.monotonic - feed.judged
            if feed.busy or (since is not None and since < feed.source.every.total_seconds() * 1.5):
                continue
            if feed.collector is None:
                feed.absences = _by_series(feed.all_absent(Reason.NOT_CONFIGURED, _not_configured(feed)))
            elif since is None:
                continue
            await self._conclude(feed, _Polled(Reading(absences=tuple(feed.absences.values())), poll=None))

    async def prune(self) -> None:
        """Delete what is older than the history keeps, a bounded piece at a time."""
        try:
            await self._writer(self._history.prune, clock.now().wall)
        except HistoryError as error:
            log.error("old readings were not deleted: %s", error)  # noqa: TRY400 as in _commit

    async def close(self) -> None:
        """Give back the collectors' connections."""
        for feed in self.feeds:
            if feed.collector is not None:
                try:
                    await asyncio.wait_for(feed.collector.close(), 2)
                except Exception as error:  # noqa: BLE001 leaving, whatever a driver makes of it
                    log.warning(
                        "%s: closing the connection failed: %s", feed.source.name, type(error).__name__
                    )

    async def _read(self, feed: Feed) -> _Polled:
        """Fetch and difference; whatever goes wrong becomes the reason why the budgets are blind."""
        begun = clock.now()
        assert feed.collector is not None
        try:
            snapshot = await asyncio.wait_for(feed.collector.fetch(), feed.deadline.total_seconds())
            reading = feed.collector.difference(feed.snapshot, snapshot)
        except SourceError as error:
            return self._failure(feed, begun, error.reason, error.message)
        except TimeoutError:
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
        return _Polled(reading, _poll_of(feed, begun, snapshot.epoch, "ok", ""), snapshot)

    def _failure(self, feed: Feed, begun: Moment, reason: Reason, detail: str) -> _Polled:
        feed.failed()
        if (
            self._last_failure.get(feed.source.name) != detail
        ):  # a log line for each change, not for each poll
            log.warning("%s: %s", feed.source.name, detail)
            self._last_failure[feed.source.name] = detail
        absences = feed.all_absent(reason, f"{feed.source.name}: {detail}")
        return _Polled(Reading(absences=absences), _poll_of(feed, begun, None, reason.value, detail))

    async def _conclude(self, feed: Feed, polled: _Polled) -> bool:
        now = clock.now()
        memory = self._memory.seen_with(polled.reading.observations, now.wall)
        absences = _by_series(polled.reading.absences)
        elapsed = timedelta(seconds=0 if feed.judged is None else now.monotonic - feed.judged)
        elapsed = min(elapsed, 2 * feed.source.every)
        verdicts: list[Verdict] = []
        moves = Moves()
        for budget in feed.budgets:
            for subject in memory.subjects(budget.measure):
                said = [
                    _judged(budget, limit, subject, memory, absences, feed, now) for limit in budget.limits
                ]
                verdicts += said
                await self._watchlist.decide(budget, subject, said, moves, now=now, elapsed=elapsed)
        cycle = self._cycle(now, moves, polled, verdicts)
        if not await self._commit(cycle):
            return False
        self._memory.add(polled.reading.observations, now.wall)
        feed.absences, feed.judged = absences, now.monotonic
        if polled.snapshot is not None:
            feed.snapshot = polled.snapshot
        return True

    def _cycle(
        self, now: Moment, moves: Moves, polled: _Polled = _NOT_POLLED, verdicts: Sequence[Verdict] = ()
    ) -> Cycle:
        return Cycle(
            at=now.wall,
            poll=polled.poll,
            observations=polled.reading.observations,
            snapshot=None if polled.snapshot is None else (polled.snapshot.epoch, polled.snapshot.dump()),
            verdicts=tuple(verdicts),
            incidents=tuple(moves.incidents),
            transitions=tuple(moves.transitions),
            notices=tuple(moves.notices),
            config_digest=self._config.digest,
            notes=polled.reading.notes if polled.poll else (),
        )

    async def _commit(self, cycle: Cycle) -> bool:
        try:
            await self._writer(self._history.record, cycle)
        except HistoryError as error:
            log.error("the cycle was not recorded: %s", error)  # noqa: TRY400 a sentence, not a traceback, for people
            return False
        self._watchlist.committed(cycle.incidents)
        self._committed(cycle)
        return True


def _judged(
    budget: Budget,
    limit: Limit,
    subject: Subject,
    memory: View,
    absences: Mapping[Series, Absence],
    feed: Feed,
    now: Moment,
) -> Verdict:
    """Judge one limit, by the budget's limits for eviction where Redis evicts by policy."""
    measure, absence, because = budget.measure, absences.get(Series.of(budget.measure, subject)), ""
    if absence is not None and absence.reason is Reason.POLICY:
        stand_in = next((other for other in budget.evicting if other.name == limit.name), None)
        if stand_in is not None:
            measure, limit = Measure(measure.source, Kind.EVICTIONS), stand_in
            because, absence = f"{absence.detail}; ", absences.get(Series.of(measure, subject))
    held = memory.parts(Series.of(measure, subject))
    # What a source gives less often than it is polled (a slow scrape) still speaks until its next is due.
    pace = max((one.part.end - one.part.start for one in held[:1]), default=timedelta(0))
    fresh_for = 2 * max(feed.source.every, min(pace, budget.window / 2)) + feed.deadline
    verdict = judge(Case(budget, limit, held, now.wall, fresh_for, absence, subject))
    return replace(verdict, detail=because + verdict.detail) if because else verdict


def _longest_windows(budgets: Sequence[Budget]) -> dict[str, timedelta]:
    longest: dict[str, timedelta] = {}
    for budget in budgets:
        keys = [budget.measure.key]
        if budget.evicting:
            keys.append(Measure(budget.measure.source, Kind.EVICTIONS).key)
        for key in keys:
            longest[key] = max(budget.window, longest.get(key, timedelta(0)))
    return longest


def _by_series(absences: Sequence[Absence]) -> dict[Series, Absence]:
    return {absence.series: absence for absence in absences}


def _poll_of(feed: Feed, begun: Moment, epoch: str | None, result: str, detail: str) -> Poll:
    took = timedelta(seconds=clock.now().monotonic - begun.monotonic)
    return Poll(feed.source.name, epoch, begun.wall, took, result, detail)


def _not_configured(feed: Feed) -> str:
    return f"{feed.source.name} is not configured: the environment variable {feed.source.unset} is not set"
