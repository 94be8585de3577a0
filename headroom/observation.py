"""What one poll of a source tells: evidence with its quality, or the reason why there is none.

These records are what collectors make, the history keeps and `headroom.judge` reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from headroom.bounds import Bounds
from headroom.budgets import Measure, Reason, Subject
from headroom.evidence import Evidence
from headroom.statements import Statement


class Quality(StrEnum):
    """How far the evidence of one interval can be trusted."""

    EXACT = "exact"
    FIRST_SEEN = "first seen"  # counted from zero, since it was born in the interval
    RESET = "reset"  # the part since a counter reset; what came before it is lost
    SUSPECT = "suspect"  # a reset cannot be ruled out: kept, not judged
    GAP = "gap"  # longer than two polls: kept for reports, not judged in windows
    UNSORTED = "unsorted"  # known figures of events that may belong here or elsewhere
    LOST = "lost"  # so many events, at most, were thrown away uncounted, and may belong here
    RUNNING = "running"  # all that were over the limit and still running when they were looked at
    UNFINISHED = "unfinished"  # still running when they crossed the limit; perhaps counted when they ended


STATES = "connections:state"
"""The measure of connections by database, role and state: recorded and shown, judged by none."""
ASIDE = ":evicting"
"""What is put behind a measure's key for evidence that is kept, but must not be judged under that measure."""

JUDGED = frozenset({Quality.EXACT, Quality.FIRST_SEEN, Quality.RESET})
BESIDE = frozenset({Quality.UNSORTED, Quality.LOST, Quality.UNFINISHED, Quality.RUNNING})
"""What stands beside the figures of an interval: it may be in them too, or in none, or in others."""
DOUBTED = BESIDE | {Quality.SUSPECT, Quality.GAP}
"""What is not judged, and yet must not turn what is."""


@dataclass(frozen=True, slots=True, order=True)
class Series:
    """The identity of a stream of evidence."""

    source: str
    measure: str  # Measure.key
    subject: Subject = ()

    @classmethod
    def of(cls, measure: Measure, subject: Subject = ()) -> Series:
        """Return the series of a measure."""
        return cls(measure.source, measure.key, subject)


@dataclass(frozen=True, slots=True)
class Part:
    """The evidence of one interval, or of one of its pieces that must not be merged (a bucket layout).

    Attributes:
        start, end: the interval by the source's clock, UTC.
        bounds: what the pieces behind the evidence prove at the thresholds in force, often tighter than
            what the merged evidence proves; empty for ratios and gauges.
        detail: what a person should know about this interval, e.g. what a reset lost.
    """

    start: datetime
    end: datetime
    evidence: Evidence
    quality: Quality = Quality.EXACT
    bounds: tuple[Bounds, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """The parts that one poll gives for one series."""

    series: Series
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Absence:
    """Why a poll gives nothing for a series."""

    series: Series
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of a source that it knows of and cannot read now: what that gave may still be there.

    Attributes:
        measure: `Measure.key`.
        labels: those that its subjects may have.
        known: it has given the measure before; otherwise it may be of something else.
    """

    measure: str
    labels: Subject
    known: bool = True

    def hides(self, series: Series) -> bool:
        """Tell whether a series may come from there: its subject contradicts none of the labels."""
        of = dict(series.subject)
        shared = [of[name] == value for name, value in self.labels if name in of]
        return series.measure == self.measure and (all(shared) if shared else self.known)


@dataclass(frozen=True, slots=True)
class Reading:
    """All that the difference of two snapshots tells.

    Attributes:
        unread: parts of the source whose silence does not mean that their subjects are gone.
        notes: sentences about the source as a whole (unclassified share, statements not permitted, ...).
        statements: what was learnt of statements since the snapshot before.
    """

    observations: tuple[Observation, ...] = ()
    absences: tuple[Absence, ...] = ()
    notes: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = ()
    unread: tuple[Unread, ...] = ()


class SourceError(Exception):
    """A poll that gave nothing.

    Attributes:
        reason: why, as every budget of the source will say.
        message: what happened and what to do, in one sentence, without secrets.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Snapshot(Protocol):
    """Raw, cumulative figures at one moment; never charted, never judged."""

    @property
    def epoch(self) -> str:
        """The identity of the run of the source whose counters these are."""
        ...

    @property
    def at(self) -> datetime:
        """The source's clock, UTC."""
        ...

    def dump(self) -> bytes:
        """Return the snapshot as bytes for the history (uncompressed; no secrets, no texts)."""
        ...


class Collector(Protocol):
    """One source: fetch is all the I/O, difference is pure."""

    async def fetch(self) -> Snapshot:
        """Read the source once, or raise SourceError; the caller bounds the time."""
        ...

    def difference(self, before: Snapshot | None, after: Snapshot) -> Reading:
        """Return what happened between two snapshots; `before` is None on the first poll."""
        ...

    def load(self, data: bytes) -> Snapshot | None:
        """Return a dumped snapshot, or None where this version cannot read it."""
        ...

    async def close(self) -> None:
        """Give back what the collector holds of the source."""
        ...
