"""What the audit knows of the statements that a server ran: their shapes and their counters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from headroom.evidence import Moments


@dataclass(frozen=True, slots=True)
class Shape:
    """What the parse tree of a statement shows.

    Attributes:
        kind: "select", "insert", "update", "delete", "merge" or "utility".
        tables: that it names, as it names them: "public.tasks" or "tasks"; names of CTEs left out.
        unbound: those that an UPDATE or DELETE without WHERE writes, be it in a WITH.
        star: it returns all columns of a table, by `*` or `t.*`.
        where: it has a WHERE, or parts that may have one of their own: subqueries, CTEs, UNION.
        limit, offset: it has them.
        counts: all that it returns is one count.
        grouped: it has GROUP BY, or windows.
        equal: columns that are held equal to a parameter or constant, at top level of its WHERE.
        owners: the table of each column of `equal`; empty where that is not certain. Without any, all are of
            the only table.
        any_of: columns that are held against an array, `= ANY ($1)`.
        listed: columns that are held against a list of parameters, `IN ($1, $2)`.
        singles: each of those lists has one value only, `IN ($1)`.
        order: columns that it is sorted by, and whether downwards; empty names for expressions.
        inserted: rows of VALUES; 0 where it inserts none, or the rows of a query.
    """

    kind: str
    tables: tuple[str, ...] = ()
    star: bool = False
    where: bool = False
    limit: bool = False
    offset: bool = False
    counts: bool = False
    grouped: bool = False
    equal: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    inserted: int = 0
    unbound: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    singles: bool = False

    @property
    def table(self) -> str:
        """The only table that it names; empty where there are several, or none."""
        return self.tables[0] if len(self.tables) == 1 else ""

    @property
    def held(self) -> tuple[tuple[str, str], ...]:
        """Table and column of each equality; no table where it is not certain."""
        return tuple(zip(self.owners or (self.table,) * len(self.equal), self.equal, strict=True))


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted of one statement in some time.

    Attributes:
        calls: executions that came to their end without an error.
        seconds: their execution time.
        squares: squared deviations of it from its mean, summed, in square seconds.
        rows: returned, or written.
        blocks: of tables and indexes, read from the cache or from outside.
        temporary: blocks written to temporary files.
    """

    calls: int = 0
    seconds: float = 0.0
    squares: float = 0.0
    rows: int = 0
    blocks: int = 0
    temporary: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Add what was counted of other executions."""
        both = Moments(self.calls, self.seconds, self.squares) + Moments(
            other.calls, other.seconds, other.squares
        )
        return Counts(
            both.n,
            both.total,
            both.squares,
            self.rows + other.rows,
            self.blocks + other.blocks,
            self.temporary + other.temporary,
        )

    @property
    def mean(self) -> float:
        """Seconds per call."""
        return self.seconds / self.calls if self.calls else 0.0

    @property
    def variation(self) -> float:
        """Standard deviation of the time, as a multiple of its mean."""
        return math.sqrt(self.squares / self.calls) / self.mean if self.calls and self.seconds else 0.0

    @property
    def rows_per_call(self) -> float:
        """Rows per call."""
        return self.rows / self.calls if self.calls else 0.0

    @property
    def blocks_per_row(self) -> float:
        """Blocks touched for each row; a call without rows counts as one with a row."""
        return self.blocks / max(self.rows, self.calls, 1)


@dataclass(frozen=True, slots=True)
class Seen:
    """One shape of statement in one database under one role, at top level.

    Attributes:
        fingerprint, text: as in `headroom.statements.Statement`.
        shape: None where the text could not be read or parsed.
        ids: how many entries of pg_stat_statements are this shape.
        longest: the longest single execution since `Workload.since`, in seconds.
        total: since its entries exist.
        windows: what was counted in each of `Workload.windows`, the oldest first.
    """

    fingerprint: str
    database: str
    role: str
    text: str
    shape: Shape | None
    ids: int
    longest: float
    total: Counts
    windows: tuple[Counts, ...] = ()

    @property
    def recent(self) -> Counts:
        """What was counted in all windows together."""
        return sum(self.windows, Counts())


@dataclass(frozen=True, slots=True)
class Workload:
    """The statements that took most of the time, and how many there are in all.

    Attributes:
        seen: the longest total time first; those of Headroom left out.
        windows: lengths in seconds of the times between the readings.
        since: when the counters were last thrown away as a whole; None where that is not told.
        entries: in pg_stat_statements, all of them.
        most: how many it keeps.
        evictions: how often it threw some away to make room; None where that is not told.
        unread: entries whose text this role may not see.
        why: why there are no statements, or no texts; empty where all is well.
    """

    seen: tuple[Seen, ...] = ()
    windows: tuple[float, ...] = ()
    since: datetime | None = None
    entries: int = 0
    most: int = 0
    evictions: int | None = None
    unread: int = 0
    why: str = ""

    @property
    def seconds(self) -> float:
        """The length of all windows together."""
        return sum(self.windows)
