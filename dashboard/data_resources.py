"""The reader of the Resources page: machines, containers and processes, and whether anything grows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard import data
from dashboard.data import Moment, Unavailable
from dashboard.data_sums import audits, file, sums, trends
from dashboard.sums import Sums
from headroom import recorded
from headroom.audit.finding import Finding
from headroom.audit.guide.catalogue import RECORDED_AS
from headroom.budgets import Kind
from headroom.config import Config
from headroom.history import HistoryError
from headroom.observation import Series
from headroom.sources import Source, SourceKind
from headroom.trend import Trend

LENGTH, STEP = timedelta(hours=1), timedelta(minutes=2)
_SHOWN = (
    Kind.CPU, Kind.MEMORY, Kind.DISK_IO, Kind.IO_PRESSURE, recorded.CPU_MODES, recorded.DISK_WAIT,
    Kind.CONTAINER_CPU, Kind.CONTAINER_MEMORY, Kind.THROTTLING, recorded.CONTAINER_USED,
    Kind.ONE_CORE, Kind.EVENT_LOOP, recorded.PROCESS_MEMORY, recorded.HEAP,
)  # fmt: skip
_GROWING = (Kind.MEMORY, recorded.CONTAINER_USED, recorded.PROCESS_MEMORY, recorded.HEAP)
KINDS = frozenset(
    {
        Kind.CPU, Kind.MEMORY, Kind.DISK_IO, Kind.IO_PRESSURE, Kind.CONNECTIONS, Kind.POOL,
        Kind.MEMORY_LIMIT, Kind.CONTAINER_CPU, Kind.CONTAINER_MEMORY, Kind.THROTTLING, Kind.ONE_CORE,
        Kind.EVENT_LOOP,
    }
)  # fmt: skip
"""What a budget of this page measures."""
_RULES = ("memory.leak", "docker.")


@dataclass(frozen=True, slots=True)
class Resources:
    """What is known of machines, containers and processes.

    Attributes:
        sums: of the last hour, by source.
        growth: of what was looked at; a series that is not in it was never recorded.
        findings: on leaks and limits, of the newest audit.
        audited: when that was; None where there was none.
    """

    sums: Mapping[str, Sums]
    growth: Mapping[Series, Trend | None]
    findings: tuple[Finding, ...]
    audited: datetime | None


def prometheus(config: Config) -> list[Source]:
    """Return the sources that may tell of machines, containers and processes."""
    return [source for source in config.sources if source.kind is SourceKind.PROMETHEUS]


def resources(config: Config, moment: Moment) -> Resources:
    """Return what was recorded until the newest polls, or raise Unavailable."""
    of = file(config.history)
    judged: dict[str, set[str]] = {}
    for budget in config.budgets:
        if budget.measure.kind in KINDS:
            judged.setdefault(budget.measure.source, set()).add(budget.measure.key)
    told: dict[str, Sums] = {}
    growth: dict[Series, Trend | None] = {}
    asked = {source.name for source in prometheus(config)}
    try:
        for source in config.sources:
            newest = moment.last_ok.get(source.name, data.now())
            if source.name in asked:
                told[source.name] = sums(of, source.name, _SHOWN, LENGTH, STEP, newest)
            wanted = judged.get(source.name, set()) | (set(_GROWING) if source.name in asked else set())
            if wanted:
                growth |= trends(of, source.name, tuple(sorted(wanted)), newest, source.every)
        found = audits(of).get(RECORDED_AS)
    except HistoryError as error:
        raise Unavailable("No history to show", str(error)) from error
    if found is None:
        return Resources(told, growth, (), None)
    ones = tuple(one for one in found.findings if one.rule.startswith(_RULES))
    return Resources(told, growth, ones, found.at)
