"""A trend in words: how fast something grows, and when it reaches its limit. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta

from headroom.bounds import Interval
from headroom.budgets import Unit
from headroom.trend import Trend
from headroom.units import format_duration, format_interval, format_value

NONE = "no clear trend"
_DAY, _HOUR = 86_400.0, 3_600.0
_SHORT = 6 * _HOUR  # what was seen for less is not told by the day


def told(found: Trend | None, unit: Unit, limit: tuple[float, str] | None = None) -> str:
    """Return a trend as words: "grows 1.2 to 1.5 GiB a day; reaches 80% in 9 to 14 h", or NONE.

    Args:
        found: None where there is none.
        unit: what slope and limit count in.
        limit: a threshold in that unit, and how it is called; the name may be empty.
    """
    if found is None:
        return NONE
    long, per = (_DAY, "a day") if found.span >= _SHORT else (_HOUR, "an hour")
    ends = sorted(abs(end) * long for end in (found.slope.low, found.slope.high) if end is not None)
    speed = format_interval(Interval(ends[0], ends[-1]), unit)
    if unit is Unit.SHARE:
        speed = f"{speed.replace('%', '')} points"
    words = f"{'grows' if found.rising else 'falls'} {speed} {per}"
    until = None if limit is None else found.time_to(limit[0])
    if limit is None or until is None:
        return words
    name = limit[1] or format_value(limit[0], unit)
    return f"{words}; reaches {name} in {_between(until)}"


def _between(until: Interval) -> str:
    """Return a length of time by its ends: "9 to 14 h", "50 min to 2 h", "3 d"."""
    soonest, latest = _rounded(until.low or 0.0, math.floor), _rounded(until.high or 0.0, math.ceil)
    if soonest == latest:
        return f"about {latest}"
    first, last = soonest.split(), latest.split()
    if len(first) == len(last) == 2 and first[1] == last[1]:  # noqa: PLR2004 number and unit
        return f"{first[0]} to {latest}"
    return f"{soonest} to {latest}"


def _rounded(seconds: float, how: Callable[[float], int]) -> str:
    """Return a length of time to two digits or so, outwards: nobody knows a future moment to the minute."""
    for least, step in ((10 * _DAY, _DAY), (2 * _DAY, _HOUR * 6), (10 * _HOUR, _HOUR), (2 * _HOUR, 1_800.0)):
        if seconds >= least:
            return format_duration(timedelta(seconds=how(seconds / step) * step))
    return format_duration(timedelta(seconds=max(60, how(seconds / 60) * 60)))
