"""The audit of the application: what its doors answer, what Prometheus knows of it, and the rules."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from headroom.audit.application.case import ApplicationCase
from headroom.audit.application.facts import Doors, Metrics
from headroom.audit.finding import Finding
from headroom.budgets import Kind
from headroom.checks import State
from headroom.config import Config
from headroom.history import History
from headroom.observation import Part, Series, SourceError
from headroom.policies import Application
from headroom.recorded import HEAP, PROCESS_MEMORY
from headroom.sources import Source, SourceKind

BACK = timedelta(days=2)
"""How far back a process's memory is looked at."""
DEADLINE = 60.0
"""Seconds that all doors together may take."""


def parts(history: History, sources: Sequence[Source], now: datetime) -> dict[Series, tuple[Part, ...]]:
    """Return the recorded memory of processes, newest first; HistoryError where it cannot be read."""
    found: dict[Series, tuple[Part, ...]] = {}
    for source in sources:
        if source.kind is SourceKind.PROMETHEUS:
            for measure in (PROCESS_MEMORY, HEAP):
                read = history.parts_of_measure(source.name, measure, now - BACK)
                found |= {series: tuple(one.part for one in some) for series, some in read.items()}
    return found


async def metrics(source: Source, config: Config, now: datetime) -> Metrics:
    """Return what a Prometheus knows of the application; SourceError where it cannot be asked."""
    from collectors.prometheus.audited import read  # noqa: PLC0415 as in monitor.audit.redis

    measures = {each for one in config.budgets for each in one.measures if each.source == source.name}
    histograms = {one.of for one in measures if one.kind is Kind.HISTOGRAM}
    return await read(source, config.endpoints, histograms, config.policies.layers, now)


async def doors(
    application: Application | None, now: datetime, unreachable: Sequence[tuple[str, str]]
) -> tuple[Doors | None, tuple[Finding, ...]]:
    """Knock where there is an application, and say why where nothing could be asked."""
    if application is None or application.url is None:
        return None, ()  # which the rules say themselves
    from collectors.http import knock  # noqa: PLC0415 as in monitor.audit.redis

    try:
        return await asyncio.wait_for(knock(application, now, unreachable=unreachable), DEADLINE), ()
    except TimeoutError:
        found = f"the application's doors took longer than {DEADLINE:g} s together"
    except SourceError as error:
        found = f"{error.reason}: {error.message}"
    return None, (Finding("application.doors", (), State.CANNOT_CHECK, "", found),)


def findings(
    config: Config, found: Doors | None, metrics: Sequence[Metrics], known: Mapping[Series, tuple[Part, ...]]
) -> tuple[Finding, ...]:
    """Return what all rules find."""
    from headroom.audit.application.rules import APPLICATION  # noqa: PLC0415 as in monitor.audit.redis

    case = ApplicationCase(config.policies, config.budgets, found, tuple(metrics), known)
    return tuple(one for rule in APPLICATION for one in rule(case))
