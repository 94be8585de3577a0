"""The history as the rest of Headroom sees it: records in, records out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from zlib import error as ZlibError  # noqa: N812 an exception in all but name

from sqlalchemy import Connection, Engine, delete

from headroom.audit.by_hand import Confirmation
from headroom.audit.finding import Finding
from headroom.history import (
    actions,
    audits,
    engine,
    prune,
    read,
    read_judgement,
    statements,
    write,
)
from headroom.history.actions import Action
from headroom.history.delivering import Delivering
from headroom.history.encode import Damaged
from headroom.history.lock import CollectingLock
from headroom.history.memory import Memory
from headroom.history.opened import OpenedFile
from headroom.history.records import (
    Audit,
    Cycle,
    HistoryError,
    Poll,
    Standing,
    StoredPart,
    VerdictChange,
)
from headroom.incidents import Incident, Transition
from headroom.observation import Series
from headroom.statements import Statement

if TYPE_CHECKING:
    from headroom.history.folded import Folded
    from headroom.history.summed import Sum


class History(Delivering):
    """An open history; `open_history` makes it.

    Each writing method is one transaction and is called from one thread at a time; reading methods and `act`
    may run beside it, in other threads and other processes. All raise HistoryError with a sentence for
    people, after which nothing of the failed call is stored and the next call may work. Writing raises
    HistoryGone where the file was deleted or moved.
    """

    def __init__(self, path: Path, database: Engine, lock: CollectingLock | None) -> None:
        self._path = path
        self._engine = database
        self._writer = engine.for_writing(database)
        self._lock = lock
        self._file = None if lock is None else OpenedFile(path)
        self._memory = Memory()

    # ---- the collecting process

    def record(self, cycle: Cycle) -> int:
        """Record all of a cycle or nothing of it; return its sequence number."""
        with self._writing() as connection:
            return write.record(connection, self._memory, cycle)

    def record_config(self, digest: str, text: str, at: datetime) -> None:
        """Keep a version of the configuration, as written: with `${NAME}` in place of secrets."""
        with self._writing() as connection:
            write.record_config(connection, self._memory, digest, text, at)

    def record_audit(self, source: str, at: datetime, findings: Sequence[Finding], facts: bytes) -> None:
        """Put an audit of a source in the place of its last one, and keep the facts that it read."""
        with self._writing() as connection:
            audits.record(connection, self._memory, source, at, findings, facts)

    def prune(self, now: datetime, keep: timedelta = timedelta(days=35), *, at_most: int = 50_000) -> int:
        """Delete evidence and polls recorded before `now - keep`, and notices that ended 90 days ago.

        Evidence on single instances of a latency goes after two days, and with it what was said of them.

        At most `at_most` rows go, in chunks of a transaction each; call again while it returns that many.
        Old evidence is only deleted here; sealing it into compressed pages comes with its own tables.
        """
        gone = 0
        for table, key, query in prune.old_rows(now, keep):
            while gone < at_most:
                with self._reading() as connection:
                    found = list(connection.scalars(query.limit(min(prune.CHUNK, at_most - gone))))
                if not found:
                    break
                with self._writing() as connection:
                    connection.execute(delete(table).where(key.in_(found)))
                if table in prune.REMEMBERED:
                    self._memory.forget()
                gone += len(found)
        return gone

    # ---- evidence and polls

    def last_snapshot(self, source: str) -> tuple[str, bytes] | None:
        """Return epoch and bytes of a source's last snapshot, or None."""
        with self._reading() as connection:
            return read.last_snapshot(connection, source)

    def parts(self, series: Series, since: datetime, *, limit: int = 5_000) -> list[StoredPart]:
        """Return the newest parts recorded from `since` on by our clock, newest first by sequence."""
        with self._reading() as connection:
            return read.parts(connection, series, since, None, limit)

    def recent_parts(
        self, sources: Collection[str] | None, since: datetime
    ) -> dict[Series, list[StoredPart]]:
        """Return the parts of all series of these sources (None: of all) from `since` on, newest first."""
        with self._reading() as connection:
            return read.recent_parts(connection, sources, since)

    def points(
        self, series: Series, since: datetime, until: datetime, *, limit: int = 5_000
    ) -> list[StoredPart]:
        """Return the newest `limit` parts recorded from `since` to before `until`, oldest first."""
        with self._reading() as connection:
            return read.parts(connection, series, since, until, limit)[::-1]

    def began_anew(self, source: str, since: datetime, until: datetime) -> datetime | None:
        """Return when a source was last seen to run anew, after `since` and up to `until`; None: never."""
        with self._reading() as connection:
            return read.began_anew(connection, source, since, until)

    def polls(self, source: str, since: datetime, *, limit: int = 5_000) -> list[Poll]:
        """Return the newest polls of a source that began from `since` on, newest first."""
        with self._reading() as connection:
            return read.polls(connection, source, since, limit)

    def last_polls(self) -> dict[str, Poll]:
        """Return the newest poll of each source."""
        with self._reading() as connection:
            return read.last_polls(connection)

    def last_ok(self) -> dict[str, datetime]:
        """Return when the newest good poll of each source began; a source without one is left out."""
        with self._reading() as connection:
            return read.last_ok(connection)

    def notes(self) -> dict[str, tuple[str, ...]]:
        """Return what the newest poll of each source said about it as a whole."""
        with self._reading() as connection:
            return read.notes(connection)

    def configuration(self, digest: str) -> str | None:
        """Return the text of a version of the configuration, or None where it was not recorded."""
        with self._reading() as connection:
            return read.configuration(connection, digest)

    def series_of(self, source: str, measure: str) -> list[Series]:
        """Return the series of all subjects of a measure."""
        with self._reading() as connection:
            return read.series_of(connection, source, measure)

    def parts_of_measure(self, source: str, measure: str, since: datetime) -> dict[Series, list[StoredPart]]:
        """Return the parts of all subjects of a measure from `since` on, newest first in each series."""
        with self._reading() as connection:
            return read.parts_of_measure(connection, source, measure, since)

    def folded(
        self, source: str, measure: str, since: datetime, until: datetime, *, step: timedelta
    ) -> Folded:
        """Return the moments of all subjects of a measure, those in each stretch of `step` added up."""
        from headroom.history.folded import folded  # noqa: PLC0415 numpy: those who collect do without it

        with self._reading() as connection:
            return folded(connection, source, measure, since, until, step)

    def summed(
        self,
        source: str,
        measures: Collection[str],
        since: datetime,
        until: datetime,
        *,
        step: timedelta,
        within: timedelta | None = None,
    ) -> dict[Series, tuple[Sum, ...]]:
        """Return what was recorded of several measures, added up in stretches of `step`.

        With `within`, only of what was recorded in the beginning of each.
        """
        from headroom.history.summed import summed  # noqa: PLC0415 numpy: those who collect do without it

        with self._reading() as connection:
            return summed(connection, source, measures, since, until, step, within)

    # ---- statements and the audit

    def statements(self, source: str, fingerprints: Collection[str] | None = None) -> list[Statement]:
        """Return what is known of the statements of a source, or of these of them, the newest first."""
        with self._reading() as connection:
            return statements.known(connection, source, fingerprints)

    def statement(self, fingerprint: str) -> list[Statement]:
        """Return what is known of a statement, at each source that has it."""
        with self._reading() as connection:
            return statements.one_of(connection, fingerprint)

    def audits(self) -> list[Audit]:
        """Return the newest audit of each source, in the order of their names."""
        with self._reading() as connection:
            return audits.latest(connection)

    def facts_before(self, source: str, until: datetime) -> tuple[datetime, bytes] | None:
        """Return the newest facts of a source that were read at `until` or before, and when that was."""
        with self._reading() as connection:
            return audits.facts_before(connection, source, until)

    # ---- what people did

    def act(self, action: Action) -> None:
        """Append an action; any process may, whoever collects."""
        with engine.writing(self._engine, self._path) as connection:
            actions.append(connection, action)

    def actions(self, kinds: Collection[str]) -> list[Action]:
        """Return the actions of these kinds, oldest first."""
        with self._reading() as connection:
            return actions.of_kinds(connection, kinds)

    def waiting_actions(self) -> list[Action]:
        """Return the actions that wait for a cycle to apply them, oldest first."""
        with self._reading() as connection:
            return actions.waiting(connection)

    def confirmations(self) -> dict[str, Confirmation]:
        """Return what people confirmed by hand, by rule of the guide."""
        return actions.standing(self.actions((actions.CONFIRM, actions.UNCONFIRM)))

    # ---- verdicts and incidents

    def standings(self) -> list[Standing]:
        """Return the latest verdict of every budget, limit and subject, also of those no longer promised."""
        with self._reading() as connection:
            return read_judgement.standings(connection)

    def changes(
        self, budget: str, since: datetime, until: datetime, *, in_force: bool = False
    ) -> list[VerdictChange]:
        """Return what changed from `since` to before `until`, oldest first.

        With `in_force`, the last change before `since` of each limit and subject comes first.
        """
        with self._reading() as connection:
            return read_judgement.changes(connection, budget, since, until, in_force=in_force)

    def open_incidents(self) -> list[Incident]:
        """Return the incidents that have not ended, oldest first."""
        with self._reading() as connection:
            return read_judgement.open_incidents(connection)

    def incidents(self, since: datetime | None = None, *, limit: int = 200) -> list[Incident]:
        """Return the incidents opened last, newest first; with `since`, those not ended before it."""
        with self._reading() as connection:
            return read_judgement.latest_incidents(connection, since, limit)

    def transitions(self, incident_id: str) -> list[Transition]:
        """Return the moves of an incident, oldest first."""
        with self._reading() as connection:
            return read_judgement.moves(connection, incident_id)

    # ---- opening and closing

    def close(self) -> None:
        """Give back connections and the lock; a second call does nothing."""
        self._engine.dispose()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        if self._file is None:
            raise HistoryError(f"the history {self._path} was opened for reading only")
        self._file.check()
        try:
            with engine.writing(self._writer, self._path) as connection:
                yield connection
        except BaseException:
            self._memory.forget()
            raise

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with engine.reading(self._engine, self._path) as connection:
                yield connection
        except (Damaged, ZlibError) as error:
            raise HistoryError(
                f"the history {self._path} is damaged: {error}; restore a copy, or move it away to begin anew"
            ) from error
