"""Broken instrumentation, found from the data: runs the detectors over what two snapshots hold.

Whoever judges must not use figures with a blinding fault; the others are warnings beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from collectors.prometheus.asked import Asked, Target
from collectors.prometheus.faults.declared import Elsewhere, never_counted, silenced
from collectors.prometheus.faults.failures import answers, never_timed, risen
from collectors.prometheus.faults.fault import Fault
from collectors.prometheus.faults.milliseconds import ID as MILLISECONDS
from collectors.prometheus.faults.milliseconds import REMEDY, milliseconds
from collectors.prometheus.faults.raw_paths import raw_paths
from collectors.prometheus.flow import Flow, flow
from collectors.prometheus.gauges import gauge_faults
from collectors.prometheus.health import Health
from collectors.prometheus.snapshot import Buckets, PrometheusSnapshot
from headroom.budgets import Measure

__all__ = ["Fault", "faults", "faults_of_gauge"]


def faults(
    metric: str,
    before: PrometheusSnapshot | None,
    after: PrometheusSnapshot,
    asked: Asked,
    moved: Flow | None = None,
) -> tuple[Fault, ...]:
    """Return what is wrong with how a histogram is filled, the blinding faults first.

    Two snapshots are needed, except for a histogram without series. `moved` saves working it out again.
    """
    counters = after.histograms[metric]
    if counters.refused is not None:
        return ()
    keep = _users(asked)
    health = Health(before or after, after, asked.every)
    gave = silenced(metric, counters.sets, after.scrapes)
    # Some targets stamp their samples themselves: of those, an older stamp does not say that they are gone.
    there = {one.target for one in counters.sets if not health.gone(one.target, one.at)}
    declared = [target for target in after.declared.get(metric, ()) if target not in there]
    elsewhere = [*counted(after, keep), *after.others]
    silent = never_counted(metric, declared, elsewhere, asked.place, gave)
    if silent is not None and (silent.blinding or not counters.sets):
        return (silent,)
    if before is None or metric not in before.histograms or before.histograms[metric].refused is not None:
        return ()
    then = before.histograms[metric]
    if moved is None:
        moved = flow(then, counters, health)
    users = [one for one in moved.changes if keep(one.series)]
    unit = milliseconds(metric, users, (one for one in counters.sets if keep(one)))
    proxy = None
    if asked.endpoints.failures is not None and after.failures is not None:
        proxy = (
            asked.endpoints.failures.counter,
            risen(before.failures, after.failures, health),
            answers(before.failures, after.failures),
        )

    def age(target: Target) -> float | None:
        scrape = after.scrapes.get(target)
        return None if scrape is None or scrape.started is None else after.now - scrape.started

    found = (
        Fault.blinds(MILLISECONDS, unit, REMEDY.of(metric)) if unit else None,
        raw_paths(metric, then, counters, moved, keep, age),
        never_timed(metric, counters, moved, keep, proxy),
    )
    return tuple(sorted((one for one in found if one is not None), key=lambda one: not one.blinding))


def faults_of_gauge(
    measure: Measure, before: PrometheusSnapshot | None, after: PrometheusSnapshot, asked: Asked
) -> tuple[Fault, ...]:
    """Return what is wrong with the numbers of an application's gauge, the blinding fault first."""
    levels = after.gauges.get(measure.of)
    if levels is None or before is None:
        return ()
    return gauge_faults(measure, before.gauges.get(measure.of), levels, Health(before, after, asked.every))


def _users(asked: Asked) -> Callable[[Buckets], bool]:
    """Return what tells traffic of users from probes and scrapes."""
    ignored = asked.endpoints.ignored
    known: dict[tuple[str, str], bool] = {}

    def keep(one: Buckets) -> bool:
        request = one.method, one.path
        if request not in known:
            known[request] = not (ignored.paths and ignored.matches(*request))
        return known[request]

    return keep


def counted(after: PrometheusSnapshot, keep: Callable[[Buckets], bool]) -> Iterator[Elsewhere]:
    """Yield what each target counted in each histogram since its process began, if it still gives it."""
    for metric, counters in after.histograms.items():
        events: dict[tuple[str, str], int] = {}
        for one in counters.sets:
            scrape = after.scrapes.get(one.target)
            gone = scrape is not None and scrape.ok_at is not None and one.at < scrape.ok_at
            if one.counts and not gone and keep(one):
                events[one.target] = events.get(one.target, 0) + one.counts[-1]
        for target, count in events.items():
            yield Elsewhere(target, metric, count)
