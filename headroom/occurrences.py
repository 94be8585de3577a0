"""When planned work takes place: recurrence rules over the clocks of a place, bounded however old they are.

A time that the clocks of the place leave out counts as if they had not been put forward yet; of one that they
show twice, the first is meant (RFC 5545, section 3.3.5), but of hourly work both are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr  # it ships no types

from headroom.silences import Maintenance, Silence

MOST = 1_000
"""Occurrences that one answer holds: hourly work of six weeks."""

_DAY = timedelta(days=1)
_STEPS = {"HOURLY": timedelta(hours=1), "DAILY": _DAY, "WEEKLY": 7 * _DAY}
_DAYS = frozenset({"BYDAY", "BYMONTHDAY"})
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def occurrences(maintenance: Maintenance, begin: datetime, end: datetime) -> tuple[Silence, ...]:
    """Return the silences of planned work that hold at any moment from `begin` to before `end`, in order.

    Each lasts by a stop-watch, whatever the clocks of the place do meanwhile. What it costs does not depend
    on how long ago the work began, unless its rule counts (COUNT), which it can only do from there. Of more
    than `MOST`, the first are given.

    Args:
        maintenance: as `headroom.config` checked it.
        begin: with a time zone.
        end: with a time zone.
    """
    zone = ZoneInfo(maintenance.zone)
    # A day more on both sides: the clocks of a place may be put by so much.
    first = _local(begin - maintenance.lasts - _DAY, zone)
    last = _local(end + _DAY, zone)
    found: dict[datetime, Silence] = {}
    folds = (0, 1) if _hourly(maintenance.repeat) else (0,)
    for local in _times(maintenance, first, last):
        for fold in folds:
            begins = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
            if fold and _local(begins, zone) != local:
                continue  # the clocks leave it out: the first reading stands for it
            if begins < end and begins + maintenance.lasts > begin:
                found.setdefault(begins, _silence(maintenance, begins))
    return tuple(found[each] for each in sorted(found))[:MOST]


def silences_of(maintenances: Iterable[Maintenance], at: datetime) -> tuple[Silence, ...]:
    """Return the silences of planned work that hold at a moment."""
    day = datetime.combine(at.astimezone(UTC).date(), time(), UTC)
    return tuple(silence for each in maintenances for silence in _of_day(each, day) if silence.holds(at))


@lru_cache(maxsize=1_000)
def _of_day(maintenance: Maintenance, day: datetime) -> tuple[Silence, ...]:
    """Return those of one day, reckoned once: a cycle asks every few seconds."""
    return occurrences(maintenance, day, day + _DAY)


def _hourly(repeat: str) -> bool:
    """Tell whether work comes with every hour: between the two that clocks show alike it must not pause."""
    parts = dict(part.split("=", 1) for part in repeat.upper().split(";") if part)
    return parts.get("FREQ") == "HOURLY" and int(parts.get("INTERVAL", "1")) == 1


def _silence(maintenance: Maintenance, begins: datetime) -> Silence:
    ident = f"maintenance:{maintenance.name}:{begins:%Y-%m-%dT%H:%M:%SZ}"
    comment = maintenance.comment or "planned work"
    author = f"maintenance {maintenance.name}"
    return Silence(ident, maintenance.matcher, begins, begins + maintenance.lasts, author, comment)


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clocks of a place show, without their zone."""
    return moment.astimezone(zone).replace(tzinfo=None)


def _times(maintenance: Maintenance, first: datetime, last: datetime) -> Iterator[datetime]:
    """Yield the beginnings from `first` to `last` by the clocks of the place."""
    begins = maintenance.begins
    if not maintenance.repeat:
        if first <= begins <= last:
            yield begins
        return
    if last < begins:
        return
    parts = dict(part.split("=", 1) for part in maintenance.repeat.upper().split(";"))
    counted = int(parts.pop("COUNT", 0))
    until = parts.pop("UNTIL", "")
    stop = min(last, datetime.strptime(until, "%Y%m%dT%H%M%S")) if until else last  # noqa: DTZ007 a local time
    start = begins if counted else _near(parts, begins, first)
    # Without an end dateutil looks through the year 9999 for a rule that names no day.
    rule = rrulestr(_spelled({**parts, "UNTIL": f"{stop:%Y%m%dT%H%M%S}"}), dtstart=start)
    times = islice(rule, counted) if counted else iter(rule)
    yield from (each for each in times if each >= max(first, begins))


def _near(parts: dict[str, str], begins: datetime, first: datetime) -> datetime:
    """Return a start shortly before `first` that gives the same times from there on as `begins` does.

    What the rule takes from the start is written into it: the day of a month, the month, the weekday.
    """
    frequency, interval = parts["FREQ"], int(parts.get("INTERVAL", "1"))
    if interval < 1:
        raise ValueError(f"INTERVAL={interval} never goes on")
    if not parts.keys() & _DAYS:
        if frequency == "WEEKLY":
            parts["BYDAY"] = _WEEKDAYS[begins.weekday()]
        elif frequency in {"MONTHLY", "YEARLY"}:
            parts["BYMONTHDAY"] = str(begins.day)
            if frequency == "YEARLY":
                parts.setdefault("BYMONTH", str(begins.month))
    if frequency in _STEPS:
        step = interval * _STEPS[frequency]
        return begins + max(0, (first - begins) // step - 1) * step
    months = interval * (12 if frequency == "YEARLY" else 1)
    gone = (first.year - begins.year) * 12 + first.month - begins.month
    whole = max(0, gone // months - 1) * months
    if not whole:
        return begins
    month = begins.month - 1 + whole if frequency == "MONTHLY" else whole
    return begins.replace(year=begins.year + month // 12, month=month % 12 + 1, day=1)


def _spelled(parts: dict[str, str]) -> str:
    return ";".join(f"{name}={value}" for name, value in parts.items())
