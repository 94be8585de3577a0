"""What the statements of a source did in a period: calls, mean, bounds and budget debt of each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from functools import reduce
from operator import add
from typing import NamedTuple

from dashboard.trend import Trend, trend
from headroom.bounds import Bounds, Interval
from headroom.debt import debt
from headroom.evidence import Moments
from headroom.history.columns import to_microseconds
from headroom.history.folded import Folded
from headroom.statements import NO_CLASS, REST, Statement

P95 = Fraction(95, 100)
NOTHING_OWED = Interval.exactly(0.0)
_NONE = Moments(0, 0.0, 0.0)


class Key(NamedTuple):
    """One statement in one database and class; all others of a class together are the rest of it."""

    group: str
    database: str
    fingerprint: str

    @property
    def rest(self) -> Key:
        """The key of the rest of its class."""
        return Key(self.group, "*", REST)

    @property
    def is_rest(self) -> bool:
        """Whether it stands for a rest."""
        return self.fingerprint == REST


@dataclass(frozen=True, slots=True)
class Sum:
    """What one series did in a stretch of time.

    Attributes:
        over: how many calls took longer than the class's limit, by all parts that tell; None without limit.
        owed: its budget debt; None without limit.
        polls: in how many it had calls.
        missed: in how many it had none, while the rest of its class had: there it may have been in the rest.
        left_out: polls whose figures do not hold.
        columns: its calls by number of the column of time.
    """

    moments: Moments = _NONE
    over: Bounds | None = None
    owed: Interval | None = None
    polls: int = 0
    missed: int = 0
    left_out: int = 0
    columns: Mapping[int, Moments] = field(default_factory=dict)

    def __add__(self, other: Sum) -> Sum:
        """Add another stretch of time."""
        columns = dict(self.columns)
        for place, moments in other.columns.items():
            columns[place] = columns.get(place, _NONE) + moments
        return Sum(
            self.moments + other.moments,
            other.over if self.over is None else self.over if other.over is None else self.over + other.over,
            _owed(self.owed, other.owed),
            self.polls + other.polls,
            self.missed + other.missed,
            self.left_out + other.left_out,
            columns,
        )


def _owed(one: Interval | None, other: Interval | None) -> Interval | None:
    if one is None or other is None:
        return other if one is None else one
    return Interval((one.low or 0.0) + (other.low or 0.0), (one.high or 0.0) + (other.high or 0.0))


def column_of(moment: datetime, column: timedelta) -> int:
    """Return the number of the column of time that a moment lies in."""
    return to_microseconds(moment) // (column // timedelta(microseconds=1))


def summed(folded: Folded, thresholds: Mapping[str, float], column: timedelta) -> dict[Key, Sum]:
    """Add up each series of a measure; its debt fold by fold, which is narrower than that of the sum."""
    keys = {series: _key(dict(series.subject)) for series in folded.folds}
    polls = {keys[series]: bits for series, bits in folded.polls.items()}
    found = {}
    for series, folds in folded.folds.items():
        key = keys[series]
        threshold = thresholds.get(key.group)
        columns: dict[int, Moments] = {}
        total, low, high, bounds = _NONE, 0.0, 0.0, []
        for fold in folds:
            place = column_of(fold.start, column)
            columns[place] = columns.get(place, _NONE) + fold.moments
            total += fold.moments
            if threshold is not None:
                proven = [one for one in fold.bounds if one.threshold == threshold]
                owed = debt(fold.moments, threshold, next(iter(proven), None))
                low, high = low + (owed.low or 0.0), high + (owed.high or 0.0)
                bounds += proven
        missed = 0 if key.is_rest else polls.get(key.rest, 0) & ~polls[key]
        found[key] = Sum(
            total,
            reduce(add, bounds) if bounds else None,
            None if threshold is None else Interval(low, high),
            polls[key].bit_count(),
            missed.bit_count(),
            sum(fold.left_out for fold in folds),
            columns,
        )
    return found


def _key(labels: Mapping[str, str]) -> Key:
    return Key(labels.get("class", NO_CLASS), labels.get("database", "*"), labels.get("statement", REST))


def joined(pieces: Iterable[Mapping[Key, Sum]]) -> dict[Key, Sum]:
    """Add up pieces of time, none of which overlap."""
    pieces = list(pieces)
    found: dict[Key, Sum] = {}
    for key in {key for piece in pieces for key in piece}:
        # Where it does not appear at all it may be in the rest as well.
        absent = (
            Sum(missed=piece[key.rest].polls) for piece in pieces if key not in piece and key.rest in piece
        )
        sums = [piece[key] for piece in pieces if key in piece]
        found[key] = reduce(add, [*sums, *([] if key.is_rest else absent)])
    return found


@dataclass(frozen=True, slots=True)
class Line:
    """One statement, or the rest of a class, over a period.

    Attributes:
        threshold: the lowest limit of its class, in seconds; None where none is promised.
        share: of the execution time of all statements; None where there was none.
        means: seconds, by column of time, oldest first; None where it was not called.
        statement: what is known of it; None where its text was not read, and of a rest.
    """

    key: Key
    sum: Sum
    threshold: float | None
    share: float | None
    means: tuple[float | None, ...]
    statement: Statement | None = None

    @property
    def mean(self) -> float | None:
        """Its mean in seconds."""
        moments = self.sum.moments
        return moments.total / moments.n if moments.n else None

    @property
    def p95(self) -> Interval | None:
        """Where the duration lies for certain that 95 of 100 calls did not exceed."""
        return percentile(self.sum.moments, self.sum.over)

    @property
    def why(self) -> str:
        """What put it into its class; what put its shape into another class elsewhere is no reason here."""
        known = self.statement
        if known is None or (known.group or NO_CLASS) == self.key.group:
            return known.why if known else ""
        return "in no class here" if self.key.group == NO_CLASS else ""

    @property
    def trend(self) -> Trend:
        """Whether its mean rose or fell."""
        return trend(self.means)

    @property
    def at_least(self) -> bool:
        """Whether some of its calls may be counted in the rest of its class."""
        return bool(self.sum.missed)


def percentile(moments: Moments, over: Bounds | None) -> Interval | None:
    """Return where the P95 lies by the moments and, where they are of the same calls, by the bounds."""
    found = moments.quantile(P95)
    if found is None or over is None or over.n != moments.n:
        return found
    allowed = moments.n - -(-moments.n * P95.numerator // P95.denominator)
    if over.k_low > allowed:
        return found.within(Interval(over.threshold, None))
    return found.within(Interval(None, over.threshold)) if over.k_high <= allowed else found


def lines(
    sums: Mapping[Key, Sum],
    thresholds: Mapping[str, float],
    columns: range,
    known: Mapping[str, Statement],
) -> list[Line]:
    """Return a line for each statement and rest that was called, in order of debt.

    First by the debt that is certain, then by the one that is possible, then by time; the rests come last.
    """
    whole = sum(one.moments.total for one in sums.values())
    found = [
        Line(
            key,
            one,
            thresholds.get(key.group),
            one.moments.total / whole if whole else None,
            tuple(_mean(one.columns.get(place)) for place in columns),
            known.get(key.fingerprint),
        )
        for key, one in sums.items()
        if one.moments.n or one.left_out
    ]
    return sorted(found, key=_worst_first)


def _mean(moments: Moments | None) -> float | None:
    return moments.total / moments.n if moments is not None and moments.n else None


def _worst_first(line: Line) -> tuple[object, ...]:
    owed = line.sum.owed or NOTHING_OWED
    return line.key.is_rest, -(owed.low or 0.0), -(owed.high or 0.0), -line.sum.moments.total, line.key


def chosen(found: Sequence[Line], group: str, database: str, words: str) -> list[Line]:
    """Return the lines of a class and database whose text, reason or fingerprint has all the words.

    Empty takes everything. A rest has no text, and is of no database.
    """
    wanted = words.casefold().split()
    return [
        line
        for line in found
        if group in {"", line.key.group}
        and database in {"", line.key.database}
        and (not wanted or all(word in _said(line) for word in wanted))
    ]


def _said(line: Line) -> str:
    if line.key.is_rest:
        return ""
    known = line.statement
    return f"{line.key.fingerprint} {known.text if known else ''} {line.why}".casefold()
