"""Recurrence rules of RFC 5545 as budgets.yaml may hold them: those that do come round."""

from __future__ import annotations

import re
from calendar import isleap
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise

from dateutil.rrule import rrulestr

REPEAT_FORM = (
    "a recurrence rule of RFC 5545 whose FREQ is HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY, "
    "e.g. FREQ=WEEKLY;BYDAY=SU"
)
REPEAT_PATTERN = "^[A-Z0-9=;,+-]{1,200}$"

_WEEKDAY = "(?:MO|TU|WE|TH|FR|SA|SU)"
_PARTS = {
    "FREQ": "HOURLY|DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": "[1-9][0-9]{0,2}",
    "COUNT": "[1-9][0-9]{0,3}",
    "UNTIL": "[0-9]{8}T[0-9]{6}",
    "WKST": _WEEKDAY,
    "BYDAY": f"(?:[+-]?[1-5])?{_WEEKDAY}",
    "BYMONTH": "[1-9]|1[0-2]",
    "BYMONTHDAY": "-?(?:[1-9]|[12][0-9]|3[01])",
    "BYHOUR": "[01]?[0-9]|2[0-3]",
    "BYMINUTE": "[0-5]?[0-9]",
    "BYSETPOS": "-?[1-9][0-9]?",
}
"""What each part may hold; those that begin with BY hold several, between commas."""
_LOOKED_AT = 60  # over a February in which the end of a month is close to its beginning
_LATE_YEARS = range(9959, 9919, -1)


def wrong_with_repeat(text: str) -> str:
    """Return what is wrong with the spelling of a rule; empty where nothing is."""
    return next(_faults(text), "")


def _faults(text: str) -> Iterator[str]:
    if not re.fullmatch(REPEAT_PATTERN, text):
        yield "which is no such rule"
        return
    pairs = [part.partition("=")[::2] for part in text.split(";")]
    parts = dict(pairs)
    if len(parts) < len(pairs):
        yield "which says something twice"
    for name, value in pairs:
        if name not in _PARTS:
            yield "which has a part that is none of " + ", ".join(_PARTS)
            return
        values = value.split(",") if name.startswith("BY") else [value]
        if name == "UNTIL" and re.fullmatch("[0-9]{8}(?:T[0-9]{6}Z)?", value):
            # As a date it would end at the day's first moment, before the work of that day.
            yield "whose UNTIL is no local time, e.g. 20271231T235959"
        if not all(re.fullmatch(_PARTS[name], each) for each in values):
            yield f"whose {name} cannot be read"
        if name == "UNTIL" and not _is_moment(value):
            yield "whose UNTIL is no moment that there is"
    yield from _contradictions(text, parts)


def _contradictions(text: str, parts: Mapping[str, str]) -> Iterator[str]:
    if "FREQ" not in parts:
        yield "which has no FREQ"
    if "COUNT" in parts and "UNTIL" in parts:
        yield "which has both COUNT and UNTIL"
    if re.search("[1-5]", parts.get("BYDAY", "")) and parts["FREQ"] not in {"MONTHLY", "YEARLY"}:
        yield f"whose numbers before days mean nothing to {parts['FREQ']}"
    try:
        rrulestr(text, dtstart=datetime(2026, 1, 1))  # noqa: DTZ001 clocks of a place
    except (ValueError, TypeError, OverflowError):
        yield "which contradicts itself"


def _is_moment(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y%m%dT%H%M%S")  # noqa: DTZ007 clocks of a place
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1000)
def wrong_with_times(repeat: str, begins: datetime, lasts: timedelta) -> str:
    """Return what is wrong with the times that a rule gives; empty where nothing is.

    Args:
        repeat: nothing is wrong with its spelling.
        begins: the first time, without a time zone.
        lasts: how long each time is.
    """
    if not _at_the_end(repeat, begins):
        return "which never comes"
    times = list(islice(_times(repeat, begins), _LOOKED_AT))
    if not times:
        return "which ends before it begins"
    if times[0] != begins:
        return "whose first time is later than begins"
    gaps = [after - before for before, after in pairwise(times)]
    if gaps and "COUNT" not in repeat and "UNTIL" not in repeat and max(gaps) <= lasts:
        return "which begins again before it ends, so it never ends"
    if gaps and min(gaps) < lasts:
        return "which begins again before it ends"
    return ""


def _times(repeat: str, begins: datetime) -> Iterator[datetime]:
    return iter(rrulestr(repeat, dtstart=begins))


def _at_the_end(repeat: str, begins: datetime) -> bool:
    """Tell whether a rule has any time at all.

    dateutil searches through the year 9999, so the search begins in a late year whose days are those of the
    given one.
    """
    first = begins.replace(month=1, day=1).weekday()
    year = next(
        year
        for year in _LATE_YEARS
        if isleap(year) == isleap(begins.year) and datetime(year, 1, 1).weekday() == first  # noqa: DTZ001
    )
    endless = ";".join(part for part in repeat.split(";") if not part.startswith(("UNTIL=", "COUNT=")))
    return next(_times(endless, begins.replace(year=year)), None) is not None
