"""Counts and sums as Prometheus spells them, checked: counters that are unfit say why."""

from __future__ import annotations

import math

from collectors.prometheus.words import printable

_MOST = 2**53
"""Prometheus keeps doubles: above this, counts are rounded."""


class BrokenError(Exception):
    """Counters that are unfit; the text says why."""


def count_of(text: str) -> int:
    """Return a count, or raise BrokenError."""
    try:
        count = int(text)
    except ValueError:
        count = _whole(text)
    if not 0 <= count <= _MOST:
        raise BrokenError(f"a count of {printable(text, 40)}; counters run from 0 to 2^53")
    return count


def seconds_of(text: str) -> float:
    """Return a sum of durations, or raise BrokenError."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds >= 0):
        raise BrokenError(f"a sum of {printable(text, 40)}; somebody observed NaN or negative durations")
    return seconds


def _whole(text: str) -> int:
    """Read a whole number that is spelled with a point or an exponent."""
    try:
        return _exactly(float(text))
    except (ValueError, OverflowError):
        raise BrokenError(f"a count of {printable(text, 40)}; counts are whole numbers") from None


def _exactly(number: float) -> int:
    if number != int(number):
        raise ValueError(number)
    return int(number)
