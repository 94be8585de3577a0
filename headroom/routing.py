"""Which alerts go to which channels, and when: `alerts.routes` in budgets.yaml, frozen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from headroom.budgets import Severity
from headroom.patterns import starred

_DAYS_AHEAD = 8  # a week and the day it ends on: every day of the week is met


@dataclass(frozen=True, slots=True)
class Told:
    """What of an alert decides where it goes.

    Attributes:
        budget: the budget's id.
        source: the name of the source that it is judged by.
    """

    budget: str
    severity: Severity
    owner: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Hours:
    """The times of the week at which a route is open, by the clocks of one place.

    Attributes:
        days: 0 for Monday to 6 for Sunday; each names the day on which the span begins.
        begin, end: an end at or before the begin lies on the next day.
    """

    days: frozenset[int]
    begin: time
    end: time
    zone: str = "UTC"

    def opens(self, at: datetime) -> datetime:
        """Return `at` where it lies in the hours, otherwise the next moment that does."""
        zone = ZoneInfo(self.zone)
        today = at.astimezone(zone).date()
        spans = []
        for ahead in range(-1, _DAYS_AHEAD):
            day = today + timedelta(days=ahead)
            if day.weekday() not in self.days:
                continue
            until = day if self.end > self.begin else day + timedelta(days=1)
            spans.append(
                (
                    datetime.combine(day, self.begin, zone).astimezone(at.tzinfo),
                    datetime.combine(until, self.end, zone).astimezone(at.tzinfo),
                )
            )
        if any(begin <= at < end for begin, end in spans):
            return at
        return min(begin for begin, _ in spans if begin > at)


@dataclass(frozen=True, slots=True)
class Route:
    """Which alerts go to which channels.

    Attributes:
        channels: names of channels.
        severities: only alerts of these.
        budgets, owners, sources: patterns, in which `*` matches anything; only alerts of these.
        hours: when it is open; what comes before waits until then, if it still fires. None: always.
    """

    channels: tuple[str, ...]
    severities: frozenset[Severity] = frozenset(Severity)
    budgets: tuple[str, ...] = ("*",)
    owners: tuple[str, ...] = ("*",)
    sources: tuple[str, ...] = ("*",)
    hours: Hours | None = None

    def takes(self, told: Told) -> bool:
        """Tell whether an alert goes this way."""
        return (
            told.severity in self.severities
            and any(starred(told.budget, pattern) for pattern in self.budgets)
            and any(starred(told.owner, pattern) for pattern in self.owners)
            and any(starred(told.source, pattern) for pattern in self.sources)
        )


def channels_for(routes: Iterable[Route], told: Told, at: datetime) -> dict[str, datetime]:
    """Return the channels of all routes that take an alert, in the file's order, and when each may be told.

    A channel that several routes lead to is told when the first of them is open.
    """
    found: dict[str, datetime] = {}
    for route in routes:
        if route.takes(told):
            opens = at if route.hours is None else route.hours.opens(at)
            for name in route.channels:
                found[name] = min(opens, found.get(name, opens))
    return found
