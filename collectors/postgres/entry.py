"""One statement's counters, and what they prove of the interval between two readings.

Knows how pg_stat_statements counts; knows nothing of classes or budgets. Times are seconds.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

from headroom.bounds import Bounds
from headroom.evidence import TOLERANCE, Moments
from headroom.observation import Quality

EPSILON = sys.float_info.epsilon
# The server keeps mean and deviation by repeated updates, and the deviation is a rounded root: a difference
# of two nearly equal sums of squares may be wrong by this share of the sums. A spread taken too wide only
# weakens what can be proven; one taken too narrow would prove what is not so.
CANCELLATION = 1e-12

_WORDS = 10  # of a line without the times of birth
_MOST_CALLS = 1 << 63


@dataclass(frozen=True, slots=True)
class Entry:
    """The counters of one (database, role, query, level) since its birth.

    Attributes:
        total, low, high: sum, smallest and largest execution time in seconds.
        squares: sum of the squared deviations from the mean, in square seconds.
        born, watched: since when the counters and since when low and high count; empty before extension 1.11.
    """

    calls: int
    total: float
    low: float
    high: float
    squares: float
    born: str = ""
    watched: str = ""

    @classmethod
    def read(cls, line: str) -> Entry:
        """Read a line of `statements.sql`; ValueError where it cannot be one."""
        words = line.split(" ")
        if len(words) not in (_WORDS, _WORDS + 2):
            raise ValueError("an entry has the wrong number of words")
        calls = int(words[4])
        total, low, high, deviation = (float(word) / 1000 for word in words[5:9])
        if not 0 <= calls < _MOST_CALLS or not (
            0 <= total < math.inf and 0 <= low < math.inf and 0 <= high < math.inf
        ):
            raise ValueError("an entry's counters are out of range")
        squares = calls * deviation * deviation
        if not 0 <= squares < math.inf:
            raise ValueError("an entry's deviation is out of range")
        return cls(calls, total, low, high, squares, *words[_WORDS:])


def key_of(line: str) -> str:
    """Return the identity of a line's entry: database, role, query and level."""
    return " ".join(line.split(" ", 4)[:4])


@dataclass(frozen=True, slots=True)
class Change:
    """What one statement did in an interval.

    Attributes:
        blur: by how much the sum of the times may be wrong, in seconds.
        longest: an execution time that did occur in the interval; None where none is known.
    """

    moments: Moments
    blur: float
    longest: float | None
    quality: Quality

    def over(self, threshold: float) -> Bounds:
        """Return how many executions can and must have taken longer than `threshold` seconds."""
        moments = self.moments
        bounds = moments.over(threshold)
        low, high = bounds.k_low, bounds.k_high
        # Moments.over leaves room for errors up to its tolerance; sums over years of calls exceed it.
        if self.blur > moments.n * TOLERANCE * threshold / 4:
            less, more = max(0.0, moments.total - self.blur), moments.total + self.blur
            if moments.cap is not None:
                more = min(more, moments.n * moments.cap)
            low = min(low, Moments(moments.n, less, moments.squares, moments.cap).over(threshold).k_low)
            high = max(high, Moments(moments.n, more, moments.squares, moments.cap).over(threshold).k_high)
        if self.longest is not None and self.longest > threshold:
            low, high = max(1, low), max(1, high)
        return Bounds(threshold, bounds.n, low, high)


def since_birth(entry: Entry, quality: Quality) -> Change:
    """Return what an entry did that was born in the interval: all that it counts."""
    watched = entry.watched == entry.born  # else low and high were reset on their own, later than the birth
    squares = entry.squares * (1 + CANCELLATION + entry.calls * EPSILON) if entry.calls > 1 else 0.0
    cap = entry.high if watched else None
    moments = Moments(entry.calls, _capped(entry.total, entry.calls, cap), squares, cap)
    return Change(moments, entry.calls * EPSILON * entry.total, entry.high, quality)


def between(before: Entry, after: Entry, *, disturbed: bool) -> Change | None:
    """Return what an entry did between two readings; None where it did nothing.

    The squares follow from the parallel-variance identity (Chan, Golub and LeVeque 1979) solved for the
    second set: M2 = M2_after - M2_before - d²·n_before·n/n_after, with d the distance of the two means.

    In a `disturbed` interval entries were thrown away, so that this one may have been, too, and begun again.
    Then it must prove its identity by a smallest or largest time that stayed: another life would have to meet
    one of them to the last digit, after more calls in one interval than the old one made in all.
    """
    if before.born != after.born:
        return since_birth(after, Quality.RESET)
    n, watched = after.calls - before.calls, before.watched == after.watched
    blur = (n + 2) * EPSILON * max(after.total, before.total)
    total = after.total - before.total
    known = bool(after.born)
    if not known and (
        n < 0 or total < -blur or after.high < before.high or (before.calls and after.low > before.low)
    ):
        return since_birth(after, Quality.RESET)
    if n <= 0:
        # The same number of calls and other times: another life of the entry, which lived through as many.
        return since_birth(after, Quality.RESET) if n == 0 and total > blur and not known else None
    total = max(0.0, total)
    squares, slack = _squares(before, after, n, total, blur)
    if squares < -slack and not known:
        return since_birth(after, Quality.RESET)
    cap = after.high if watched else None
    moments = Moments(n, _capped(total, n, cap), max(0.0, squares) + slack if n > 1 else 0.0, cap)
    proven = known or after.high == before.high or after.low == before.low
    quality = Quality.SUSPECT if disturbed and not proven else Quality.EXACT
    fresh = after.high > before.high or not watched
    return Change(moments, blur, after.high if fresh and after.high > 0 else None, quality)


def _squares(before: Entry, after: Entry, n: int, total: float, blur: float) -> tuple[float, float]:
    """Return the interval's sum of squared deviations, and by how much it may be wrong."""
    if not before.calls:
        return after.squares, (CANCELLATION + n * EPSILON) * after.squares
    apart = total / n - before.total / before.calls
    between_means = apart * apart * before.calls * n / after.calls
    squares = after.squares - before.squares - between_means
    error = blur / n  # of either mean
    slack = (CANCELLATION + n * EPSILON) * (after.squares + before.squares + between_means)
    slack += n * error * (2 * (abs(apart) + math.sqrt(max(0.0, squares) / n)) + error)
    return squares, slack


def _capped(total: float, n: int, cap: float | None) -> float:
    """Return the sum without the last digits that would put the mean above the largest time."""
    return total if cap is None else min(total, n * cap)
