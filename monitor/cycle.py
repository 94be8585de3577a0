"""A cycle: one source's poll, and the budgets that it feeds, from the snapshot to the commit.

collect, difference, record, judge, decide, commit; delivery is woken only by the commit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from headroom import evicting
from headroom.budgets import Reason, Verdict
from headroom.config import Config
from headroom.history import Cycle, History, HistoryError, HistoryGone
from headroom.incidents import Incident, Notice
from headroom.observation import ASIDE, Absence, Reading, Series
from monitor import clock
from monitor.attending import Attending
from monitor.audit import probed
from monitor.clock import Moment
from monitor.commits import Commits
from monitor.feeds import Feed, feeds
from monitor.gone import gone, unread
from monitor.judging import SILENT_AFTER, Known, said_of
from monitor.memory import Memory, longest_windows
from monitor.people.standing import People
from monitor.polling import NOT_POLLED, Polled, Polling
from monitor.tally import Tally, Unheard
from monitor.watchlist import Moves, Watchlist
from monitor.writer import Writer

log = logging.getLogger("headroom.cycle")

PIECES = 200  # of old readings that are deleted in an hour at most


class Cycles:
    """Polls the sources of one configuration into one history.

    Only its own coroutines change what it holds, and what it holds changes only after a commit: a cycle that
    could not be committed leaves no trace, and the next one spans its interval too.
    """

    def __init__(
        self,
        config: Config,
        history: History,
        writer: Writer,
        *,
        committed: Callable[[Cycle], None],
        gone: Callable[[HistoryGone], None] = lambda _: None,
        tally: Tally | None = None,
        read_clock: Callable[[], Moment] = clock.now,
    ) -> None:
        """Set up.

        Args:
            config: what is polled and promised.
            history: opened for collecting.
            writer: the thread for it.
            committed: told of each cycle, once it is committed.
            gone: told when the history's file was taken away: nothing can be recorded any more.
            tally: counts the work.
            read_clock: the clocks.
        """
        self._clock = read_clock
        self.feeds = feeds(config)
        self._feeds = {feed.source.name: feed for feed in self.feeds}
        self._config = config
        self._history = history
        self._writer = writer
        self._committed = committed
        self._memory = Memory(longest_windows(config.budgets))
        self._watchlist = Watchlist(config, history, writer)
        self._polling = Polling(read_clock)
        self._people = People(config.alerting.maintenance)
        self._tally = tally or Unheard()
        self._record = Commits(history, writer, self._tally, gone=gone, read_clock=read_clock)
        # Two decisions at once on one incident: the second would undo the first.
        self._turn = asyncio.Lock()
        self._attending = Attending(
            config,
            history,
            writer,
            people=self._people,
            watchlist=self._watchlist,
            turn=self._turn,
            commit=self._commit,
        )

    async def resume(self) -> None:
        """Rebuild from the history what the last process knew, and end what the configuration ended."""
        now = self._clock()
        await self._writer(self._history.record_config, self._config.digest, self._config.text, now.wall)
        same = set()
        spoiled = await self._writer(probed.spoiled, self._history)
        for feed in self.feeds:
            stored = await self._writer(self._history.last_snapshot, feed.source.name)
            # Kept under another address or other classes, it is about something else by now.
            if stored is None or feed.collector is None or not stored[0].endswith(f"|{feed.meaning}"):
                continue
            if feed.source.name not in spoiled:
                feed.snapshot = feed.collector.load(stored[1])
            same.add(feed.source.name)
        longest = max((budget.window for budget in self._config.budgets), default=timedelta(0))
        held = await self._writer(self._history.recent_parts, None, now.wall - longest)
        for series, parts in held.items():
            aside = held.get(Series(series.source, f"{series.measure}{ASIDE}", series.subject))
            if series.source not in same:
                continue
            known = evicting.refused(parts) if aside and aside[0].seq > parts[0].seq else parts
            if known:
                self._memory.restore(series, known)
        await self._writer(self._people.load, self._history, now.wall)
        await self._watchlist.resume(now)
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
            polled = await self._polling.read(feed)
            assert polled.poll is not None
            self._tally.polled(feed.source.name, polled.poll.duration.total_seconds(), polled.poll.result)
            return await self._conclude(feed, polled)
        finally:
            feed.busy = False

    async def attend(self) -> None:
        """Apply what people did since the last time."""
        await self._attending.attend(self._clock)

    async def tell(self, told: Callable[[Sequence[Incident]], Iterable[Notice]]) -> None:
        """Queue what is told of Headroom itself; `told` is shown the open incidents."""
        async with self._turn:
            notices = tuple(told(self._watchlist.open))
            if notices:
                digest = self._config.digest
                await self._commit(Cycle(at=self._clock().wall, notices=notices, config_digest=digest))

    async def judge_silent(self) -> None:
        """Judge the budgets of every source that has not been judged for a while.

        A source that is not configured, or left alone after failures, is polled by nobody; its budgets must
        still go from what was last known to blind.
        """
        for feed in self.feeds:
            since = None if feed.judged is None else self._clock().monotonic - feed.judged
            if feed.busy or (since is not None and since < feed.source.every.total_seconds() * 1.5):
                continue
            if feed.collector is not None and since is None:
                continue
            feed.busy = True  # a poll that began meanwhile would open each incident a second time
            try:
                await self._conclude(feed, Polled(Reading(absences=tuple(feed.absences.values())), poll=None))
            finally:
                feed.busy = False

    async def prune(self) -> None:
        """Delete what is older than the history keeps, a bounded piece at a time."""
        try:
            for _ in range(PIECES):
                if not await self._writer(self._history.prune, self._clock().wall):
                    break
                await asyncio.sleep(1)  # cycles come first
        except HistoryError as error:
            log.error("old readings were not deleted: %s", error)  # noqa: TRY400 as in _commit

    async def close(self) -> None:
        """Give back the collectors' connections."""
        await self._attending.close()
        for feed in self.feeds:
            if feed.collector is not None:
                try:
                    await asyncio.wait_for(feed.collector.close(), 2)
                except Exception as error:  # noqa: BLE001 leaving, whatever a driver makes of it
                    log.warning(
                        "%s: closing the connection failed: %s", feed.source.name, type(error).__name__
                    )

    async def _conclude(self, feed: Feed, polled: Polled) -> bool:
        """Judge, decide and commit; False where the history refused it, and nothing has happened then."""
        async with self._turn:
            begun = self._clock()
            if not await self._decide(feed, polled, begun):
                return False
        self._tally.cycled(feed.source.name, self._clock().monotonic - begun.monotonic)
        return True

    async def _decide(self, feed: Feed, polled: Polled, now: Moment) -> bool:
        memory = self._memory.seen_with(polled.reading.observations, now.wall)
        absences = _by_series(polled.reading.absences)
        if polled.snapshot is not None:
            feed.unread = polled.reading.unread
            feed.policies = {key: one for key, one in absences.items() if one.reason is Reason.POLICY}
        elapsed = timedelta(seconds=0 if feed.judged is None else now.monotonic - feed.judged)
        elapsed = min(elapsed, 2 * feed.source.every)
        known = Known(memory, {**self._absences_beside(feed), **absences}, self._feeds, now)
        verdicts: list[Verdict] = []
        notes = list(polled.reading.notes)
        moves = Moves()
        self._watchlist.keep_quiet(self._people.silences(now.wall))
        try:
            for budget in feed.budgets:
                there = memory.subjects(budget, now.wall - SILENT_AFTER) | self._watchlist.subjects(budget)
                said = said_of(budget, there, known)
                notes += said.notes
                for subject, row in said.verdicts.items():
                    verdicts += row
                    left = polled.snapshot is not None and gone(budget, subject, memory, self._feeds)
                    await self._watchlist.decide(
                        budget,
                        subject,
                        row,
                        moves,
                        now=now,
                        elapsed=elapsed,
                        gone=left,
                        unread=unread(budget, subject, self._feeds),
                        whole=said.verdicts[()],
                    )
        except HistoryError as error:
            self._record.refused(error)
            return False
        if not await self._commit(self._cycle(now, moves, feed, polled, verdicts, notes)):
            return False
        self._memory.add(polled.reading.observations, now.wall)
        feed.absences, feed.judged = absences, now.monotonic
        if polled.snapshot is not None:
            feed.snapshot = polled.snapshot
        return True

    def _absences_beside(self, feed: Feed) -> dict[Series, Absence]:
        """Return what the latest polls of the sources that it is judged with said instead of evidence."""
        names = {measure.source for budget in feed.budgets for measure in budget.measures}
        others = (self._feeds[name] for name in names - {feed.source.name})
        return {series: absence for other in others for series, absence in other.absences.items()}

    def _cycle(
        self,
        now: Moment,
        moves: Moves,
        feed: Feed | None = None,
        polled: Polled = NOT_POLLED,
        verdicts: Sequence[Verdict] = (),
        notes: Sequence[str] = (),
    ) -> Cycle:
        snapshot = None
        if polled.snapshot is not None and feed is not None:
            snapshot = (f"{polled.snapshot.epoch}|{feed.meaning}", polled.dumped)
        return Cycle(
            at=now.wall,
            poll=polled.poll,
            observations=polled.reading.observations,
            snapshot=snapshot,
            verdicts=tuple(verdicts),
            incidents=tuple(moves.incidents),
            transitions=tuple(moves.transitions),
            notices=tuple(moves.notices),
            config_digest=self._config.digest,
            notes=tuple(notes) if polled.poll else (),
            statements=polled.reading.statements,
        )

    async def _commit(self, cycle: Cycle) -> bool:
        if not await self._record(cycle):
            return False
        self._watchlist.committed(cycle.incidents)
        self._committed(cycle)
        return True


def _by_series(absences: Sequence[Absence]) -> dict[Series, Absence]:
    return {absence.series: absence for absence in absences}
