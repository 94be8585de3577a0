"""What `headroom doctor` checks of one Prometheus: by two snapshots, the budgets, and a few questions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from collectors.prometheus.asked import Asked
from collectors.prometheus.collector import SHARE_OF_PERIOD
from collectors.prometheus.examine.buckets import examine_buckets
from collectors.prometheus.examine.instrumentation import examine_instrumentation, silenced
from collectors.prometheus.examine.scrapes import (
    examine_series,
    examine_strays,
    examine_targets,
    examine_windows,
)
from collectors.prometheus.examine.server import Answers, Questions, examine_server
from collectors.prometheus.families import family_of
from collectors.prometheus.snapshot import Buckets, PrometheusSnapshot
from collectors.prometheus.wire.address import Address
from collectors.prometheus.wire.session import BoundedSession
from collectors.prometheus.wire.thread import OneAtATime
from headroom.budgets import Budget, Measure
from headroom.checks import Check
from headroom.observation import Reading, Snapshot
from headroom.sources import EndpointRules, QueryRules, Source


@dataclass(frozen=True, slots=True)
class Case:
    """What one Prometheus is examined on.

    Attributes:
        budgets: all that it feeds, by their first measure or their second.
        measures: what was asked of it, with thresholds in seconds.
        extra: those of the measures that no budget asks for.
        endpoints, queries: how requests and queries fall into classes.
        before, after: the two newest snapshots of its collector.
        reading: what happened between them.
    """

    source: Source
    budgets: Sequence[Budget]
    measures: Mapping[Measure, tuple[float, ...]]
    extra: Collection[Measure]
    endpoints: EndpointRules
    queries: QueryRules
    before: Snapshot | None
    after: Snapshot
    reading: Reading


async def examine(case: Case) -> list[Check]:
    """Return every check of one Prometheus; SourceError where its address cannot be asked."""
    source, seen = case.source, case.after
    assert isinstance(seen, PrometheusSnapshot)
    assert case.before is None or isinstance(case.before, PrometheusSnapshot)
    address = Address.of(source)
    asked = Asked(
        source.name,
        address.place,
        source.every.total_seconds(),
        dict(case.measures),
        case.endpoints,
        case.queries,
    )
    said = await _asked(address, source.every, silenced(case.before, seen, asked))
    windows = [budget.window for budget in case.budgets] or [timedelta(minutes=5)]

    def class_of(measure: Measure, one: Buckets) -> str:
        family = family_of(measure, asked)
        return f"{family.prefix}{family.of(one) or ''}"

    return [
        *examine_server(source.name, address.place, said, min(windows)),
        *examine_targets(source.name, address.place, seen),
        *examine_instrumentation(case.before, seen, asked, case.extra, said.declared),
        *examine_buckets(case.budgets, asked, seen.histograms, class_of),
        *examine_windows(case.budgets, source.name, seen, source.every),
        *examine_series(seen.histograms),
        *examine_strays(case.reading, asked, seen),
    ]


async def _asked(address: Address, every: timedelta, silent: Sequence[str]) -> Answers:
    """Ask in a thread of its own, within the time that a poll may take."""
    session = BoundedSession(address)
    questions = Questions(address.base, session)

    def ask() -> Answers:
        with session.within(SHARE_OF_PERIOD * every.total_seconds()):
            return questions.ask(silent)

    try:
        return await OneAtATime[Answers](f"doctor {address.place}").run(ask)
    finally:
        session.close()
