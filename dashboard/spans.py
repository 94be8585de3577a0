"""Lengths of time that may be microseconds or days, rounded outwards where they are between two ends."""

from __future__ import annotations

import math
from datetime import timedelta

from headroom.bounds import Interval
from headroom.budgets import Unit
from headroom.units import format_duration, format_interval, format_value

_LONG = 120.0  # seconds: from here on minutes are read more easily
_STEPS = ((86_400.0, 3_600), (3_600.0, 60), (0.0, 1))  # what two units of a length of time can show


def took(seconds: float) -> str:
    """Return a length of time: "1.2 ms", "95 s", "3 h 10 min"."""
    if seconds < _LONG:
        return format_value(seconds, Unit.SECONDS)
    return format_duration(timedelta(seconds=seconds))


def between(interval: Interval) -> str:
    """Return where a length of time lies: "none", "at most 3 ms", "1 min 40 s to 3 h 11 min"."""
    low, high = interval.low or 0.0, interval.high
    if high is None or high < _LONG:
        return "none" if high == 0 else format_interval(interval, Unit.SECONDS)
    most = _rounded(high, math.ceil)
    if not low:
        return f"at most {most}"
    # An open interval is written with its lower end rounded down.
    short = format_interval(Interval(low, None), Unit.SECONDS).removeprefix("over ")
    least = short if low < _LONG else _rounded(low, math.floor)
    return most if least == most else f"{least} to {most}"


def _rounded(seconds: float, how: object) -> str:
    assert callable(how)
    step = next(step for least, step in _STEPS if seconds >= least)
    return format_duration(timedelta(seconds=how(seconds / step) * step))
