"""What each form of `measure:` needs: the kind of source, the unit of its limits, the statistics it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headroom.budgets import Statistic, Unit
from headroom.sources import SourceKind
from headroom.units import DURATION_FORM, RATE_FORM, SHARE_FORM, SIZE_FORM

_OF_EVENTS = tuple(statistic for statistic in Statistic if statistic is not Statistic.AVERAGE)
_OF_TIME = (Statistic.AVERAGE,)

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
        family: "endpoints" or "queries": where its class comes from; empty where it has none.
    """

    called: str
    source: SourceKind
    unit: Unit
    statistics: tuple[Statistic, ...]
    bound: Literal["max", "min"] = "max"
    family: str = ""


FORMS = {
    "histogram": Form("a latency", SourceKind.PROMETHEUS, Unit.SECONDS, _OF_EVENTS, family="endpoints"),
    "statements": Form("a latency", SourceKind.POSTGRES, Unit.SECONDS, _OF_EVENTS, family="queries"),
    "connections": Form("a share of connections", SourceKind.POSTGRES, Unit.SHARE, _OF_TIME),
    "redis_memory": Form("a share of memory", SourceKind.REDIS, Unit.SHARE, _OF_TIME),
    "hit_rate": Form("a hit rate", SourceKind.REDIS, Unit.SHARE, _OF_TIME, bound="min"),
    "resource": Form("a share of a resource", SourceKind.PROMETHEUS, Unit.SHARE, _OF_TIME),
}
EVICTING = Form("a rate of evictions", SourceKind.REDIS, Unit.PER_1000_COMMANDS, _OF_TIME)
