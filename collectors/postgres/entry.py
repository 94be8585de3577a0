"""One statement's counters, and what they prove of the interval between two readings.

Knows how pg_stat_statements counts; knows nothing of classes or budgets. Times are seconds.
"""

from __future__ import annotations

import math
import sys
from itertools import chain
from struct import Struct
from struct import error as StructError  # noqa: N812 an exception in all but name
from typing import NamedTuple

from headroom.bounds import Bounds
from headroom.evidence import TOLERANCE, Moments
from headroom.observation import Quality

EPSILON = sys.float_info.epsilon
# The server keeps mean and deviation by repeated updates, and the deviation is a rounded root: a difference
# of two nearly equal sums of squares may be wrong by this share of the sums. A spread taken too wide only
# weakens what can be proven; one taken too narrow would prove what is not so.
CANCELLATION = 1e-12

# What `statements.sql` writes, in network order: userid, dbid, queryid, calls; total, low, high, deviation
# and planning time in milliseconds; from extension 1.11 on two times of birth.
_OWNERS = Struct(">II")
_KEY = Struct(">IIq")
_COUNTERS = {False: Struct(">16xqddddd"), True: Struct(">16xqdddddqq")}
_MILLISECONDS = 1000.0


class Entry(NamedTuple):
    """The counters of one (database, role, query) at top level since its birth.

    Attributes:
        total, low, high: sum, smallest and largest execution time in seconds.
        squares: sum of the squared deviations from the mean, in square seconds.
        planning: sum of the planning times in seconds; 0 where the server does not track them.
        born, watched: since when the counters and since when low and high count, as the server reckons time;
            0 before extension 1.11.
    """

    calls: int
    total: float
    low: float
    high: float
    squares: float
    planning: float = 0.0
    born: int = 0
    watched: int = 0

    @classmethod
    def read(cls, record: bytes, *, births: bool) -> Entry:
        """Read a record of `statements.sql`; ValueError where it cannot be one."""
        calls, total, low, high, deviation, planning, *born = _COUNTERS[births].unpack(record)
        # No comparison with what is no number is true; the sum of what is not negative is finite if all is.
        if not (total >= 0 <= low and high >= 0 <= planning and calls >= 0) or not (
            total + low + high + planning < math.inf
        ):
            raise ValueError("an entry's counters are out of range")
        deviation /= _MILLISECONDS
        squares = calls * deviation * deviation
        if not 0 <= squares < math.inf:
            raise ValueError("an entry's deviation is out of range")
        return cls(
            calls,
            total / _MILLISECONDS,
            low / _MILLISECONDS,
            high / _MILLISECONDS,
            squares,
            planning / _MILLISECONDS,
            *born,
        )


def cut(data: bytes, *, births: bool) -> frozenset[bytes]:
    """Return the records in what the server wrote; ValueError where they cannot be such."""
    size = _COUNTERS[births].size
    if len(data) % size:
        raise ValueError(f"{len(data)} bytes are no records of {size} bytes")
    return frozenset(chain.from_iterable(Struct(f"{size}s").iter_unpack(data)))


def key_of(record: bytes) -> bytes:
    """Return the identity of a record's entry: role, database and query."""
    return record[: _KEY.size]


def calls_of(record: bytes) -> int:
    """Return the calls of a record, without taking it apart."""
    return int.from_bytes(record[_KEY.size : _KEY.size + 8], "big")


def key(statement: str) -> bytes:
    """Return the identity that the words of `statement_of` came from; ValueError where there is none."""
    role, database, query = statement.split(" ")
    try:
        return _KEY.pack(int(role), int(database), int(query))
    except StructError as error:
        raise ValueError("the numbers of a statement are out of range") from error


def statement_of(record: bytes) -> str:
    """Return role, database and query of a record or key as words, as `texts.sql` gives them."""
    return "{} {} {}".format(*_KEY.unpack_from(record))


def owner_of(record: bytes) -> bytes:
    """Return what the records of one role in one database begin with."""
    return record[: _OWNERS.size]


def owners_of(record: bytes) -> tuple[int, int]:
    """Return role and database of what a record begins with."""
    role, database = _OWNERS.unpack_from(record)
    return role, database


class Change(NamedTuple):
    """What one statement did in an interval.

    Attributes:
        n, total, squares, cap: its moments; figures by themselves, since most are only summed.
        blur: by how much the sum of the times may be wrong, in seconds.
        longest: an execution time that did occur in the interval; None where none is known.
        planning: sum of the planning times in seconds; not part of the moments.
    """

    n: int
    total: float
    squares: float
    cap: float | None
    blur: float
    longest: float | None
    quality: Quality
    planning: float = 0.0

    @property
    def moments(self) -> Moments:
        """Number, sum and spread of the executions."""
        return Moments(self.n, self.total, self.squares, self.cap)

    def over(self, threshold: float) -> Bounds:
        """Return how many executions can and must have taken longer than `threshold` seconds."""
        n, cap = self.n, self.cap
        if cap is not None and cap <= threshold:  # which the sum cannot contradict
            return Bounds(threshold, n, 0, 0)
        bounds = self.moments.over(threshold)
        low, high = bounds.k_low, bounds.k_high
        # Moments.over leaves room for errors up to its tolerance; sums over years of calls exceed it.
        if self.blur > n * TOLERANCE * threshold / 4:
            less, more = max(0.0, self.total - self.blur), self.total + self.blur
            if cap is not None:
                more = min(more, n * cap)
            low = min(low, Moments(n, less, self.squares, cap).over(threshold).k_low)
            high = max(high, Moments(n, more, self.squares, cap).over(threshold).k_high)
        if self.longest is not None and self.longest > threshold:
            low, high = max(1, low), max(1, high)
        return Bounds(threshold, n, low, high)


def since_birth(entry: Entry, quality: Quality) -> Change:
    """Return what an entry did that was born in the interval: all that it counts."""
    calls, high = entry.calls, entry.high
    squares = entry.squares * (1 + CANCELLATION + calls * EPSILON) if calls > 1 else 0.0
    # Otherwise low and high were reset on their own, later than the birth.
    cap = high if entry.watched == entry.born else None
    total, blur = _capped(entry.total, calls, cap), calls * EPSILON * entry.total
    return Change(calls, total, squares, cap, blur, high, quality, entry.planning)


def between(before: Entry, after: Entry, *, disturbed: bool) -> Change | None:
    """Return what an entry did between two readings; None where it did nothing.

    The squares follow from the parallel-variance identity (Chan, Golub and LeVeque 1979) solved for the
    second set: M2 = M2_after - M2_before - d²·n_before·n/n_after, with d the distance of the two means.

    In a `disturbed` interval entries were thrown away, so that this one may have been, too, and begun again.
    Then it must prove its identity by a smallest or largest time that stayed: another life would have to meet
    one of them to the last digit, after more calls in one interval than the old one made in all.
    """
    then, old_total, old_low, old_high, _, old_planning, born, watched = before
    calls, new_total, low, high, _, planning, now_born, now_watched = after
    if born != now_born:
        return since_birth(after, Quality.RESET)
    n, total, known = calls - then, new_total - old_total, bool(now_born)
    blur = (n + 2) * EPSILON * max(new_total, old_total)
    if not known and (n < 0 or total < -blur or high < old_high or (then and low > old_low)):
        return since_birth(after, Quality.RESET)
    if n <= 0:
        # The same number of calls and other times: another life of the entry, which lived through as many.
        return since_birth(after, Quality.RESET) if n == 0 and total > blur and not known else None
    total = max(0.0, total)
    squares, slack = _squares(before, after, n, total, blur)
    if squares < -slack and not known:
        return since_birth(after, Quality.RESET)
    cap = high if watched == now_watched else None
    proven = not disturbed or known or high == old_high or low == old_low
    fresh = high > old_high or cap is None
    return Change(
        n,
        _capped(total, n, cap),
        (squares if squares > 0 else 0.0) + slack if n > 1 else 0.0,
        cap,
        blur,
        high if fresh and high > 0 else None,
        Quality.EXACT if proven else Quality.SUSPECT,
        planning - old_planning if planning > old_planning else 0.0,
    )


def _squares(before: Entry, after: Entry, n: int, total: float, blur: float) -> tuple[float, float]:
    """Return the interval's sum of squared deviations, and by how much it may be wrong."""
    then, earlier, later = before.calls, before.squares, after.squares
    if not then:
        return later, (CANCELLATION + n * EPSILON) * later
    apart = total / n - before.total / then
    between_means = apart * apart * then * n / after.calls
    squares = later - earlier - between_means
    error = blur / n  # of either mean
    slack = (CANCELLATION + n * EPSILON) * (later + earlier + between_means)
    slack += n * error * (2 * (abs(apart) + math.sqrt(squares / n if squares > 0 else 0.0)) + error)
    return squares, slack


def _capped(total: float, n: int, cap: float | None) -> float:
    """Return the sum without the last digits that would put the mean above the largest time."""
    return total if cap is None else min(total, n * cap)
