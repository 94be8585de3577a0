"""What each form of `measure:` needs: the kind of source, the unit of its limits, the statistics it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from headroom.budgets import Statistic, Unit
from headroom.config.spec import LimitSpec
from headroom.sources import SourceKind
from headroom.units import DURATION_FORM, RATE_FORM, SHARE_FORM, SIZE_FORM

_OF_EVENTS = tuple(statistic for statistic in Statistic if statistic is not Statistic.AVERAGE)
_OF_TIME = (Statistic.AVERAGE,)
BOTH = ("endpoints", "queries")

UNIT_FORMS = {
    Unit.SECONDS: DURATION_FORM,
    Unit.SHARE: SHARE_FORM,
    Unit.BYTES: SIZE_FORM,
    Unit.PER_1000_COMMANDS: RATE_FORM,
}


@dataclass(frozen=True, slots=True)
class Form:
    """The rules of one form of measure.

    Attributes:
        called: the form in a sentence: "a latency".
        bound: the side of its limits; "either" where all limits of a budget share the side of the first.
        families: "endpoints", "queries" or both: where its class comes from; none where it has no class.
        polls: that a window must hold at least; one reading says all of what is read off, not counted.
    """

    called: str
    source: SourceKind
    unit: Unit
    statistics: tuple[Statistic, ...]
    bound: Literal["max", "min", "either"] = "max"
    families: tuple[str, ...] = ()
    polls: int = 4

    def sided(self, limits: Iterable[LimitSpec]) -> Form:
        """Return the form with the side that its limits have: that of the first that names one.

        One side only, since for all instances together the worst one is judged, and which is the worst
        depends on the side.
        """
        if self.bound != "either":
            return self
        side: Literal["max", "min"] = "max"
        for limit in limits:
            if limit.max or limit.min:
                side = "max" if limit.max else "min"
                break
        return replace(self, called=f"{self.called} whose first limit has {side}", bound=side)


FORMS = {
    "histogram": Form("a latency", SourceKind.PROMETHEUS, Unit.SECONDS, _OF_EVENTS, families=BOTH),
    "statements": Form("a latency", SourceKind.POSTGRES, Unit.SECONDS, _OF_EVENTS, families=("queries",)),
    "connections": Form("a share of connections", SourceKind.POSTGRES, Unit.SHARE, _OF_TIME, polls=1),
    "pool": Form("a share of a pool", SourceKind.PGBOUNCER, Unit.SHARE, _OF_TIME, polls=1),
    "redis_memory": Form("a share of memory", SourceKind.REDIS, Unit.SHARE, _OF_TIME, polls=1),
    "hit_rate": Form("a hit rate", SourceKind.REDIS, Unit.SHARE, _OF_TIME, bound="min"),
    "command_latency": Form("a latency of commands", SourceKind.REDIS, Unit.SECONDS, _OF_EVENTS),
    "resource": Form("a share of a resource", SourceKind.PROMETHEUS, Unit.SHARE, _OF_TIME),
    "gauge": Form("a gauge", SourceKind.PROMETHEUS, Unit.SHARE, _OF_TIME, bound="either"),
}
EVICTING = Form("a rate of evictions", SourceKind.REDIS, Unit.PER_1000_COMMANDS, _OF_TIME)
"""Limits of `evicting` that have a max; those with a min are hit rates."""
_LATE = Form("a delay", SourceKind.PROMETHEUS, Unit.SECONDS, _OF_TIME)


def form_of(measure: Mapping[str, object]) -> Form | None:
    """Return the form of a measure as written; None where it has no word for one."""
    if measure.get("resource") == "event_loop":
        return _LATE
    return next((form for word, form in FORMS.items() if word in measure), None)


def evicting_form(limit: LimitSpec) -> Form:
    """Return the form of a limit of `evicting`: its side tells what it speaks of."""
    return FORMS["hit_rate"] if limit.min and not limit.max else EVICTING
