"""What `headroom doctor` says of how metrics are filled, the guide's own included that no budget asks for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from collectors.prometheus.asked import Asked, Target
from collectors.prometheus.faults.declared import never_counted
from collectors.prometheus.faults.instrumentation import Fault, counted, faults, faults_of_gauge
from collectors.prometheus.faults.lifetime import REMEDY
from collectors.prometheus.gauges import metric_of
from collectors.prometheus.health import Health
from collectors.prometheus.levels import Levels
from collectors.prometheus.snapshot import PrometheusSnapshot
from collectors.prometheus.words import printable
from headroom.budgets import Kind, Measure
from headroom.checks import Check, State


def silenced(before: PrometheusSnapshot | None, after: PrometheusSnapshot, asked: Asked) -> tuple[str, ...]:
    """Return the histograms of which every series is gone, while the targets that gave them are well."""
    health = Health(before or after, after, asked.every)
    return tuple(
        metric
        for metric in asked.metrics
        if after.histograms[metric].sets
        and all(health.gone(one.target, one.at) for one in after.histograms[metric].sets)
    )


def examine_instrumentation(
    before: PrometheusSnapshot | None,
    after: PrometheusSnapshot,
    asked: Asked,
    extra: Collection[Measure],
    declared: Mapping[str, tuple[Target, ...]],
) -> Iterator[Check]:
    """Yield the checks of every histogram and gauge asked for.

    `extra` are those that no budget asks for, `declared` says of those that are silenced who declares them.
    """
    own = {measure.of for measure in asked.measures if measure not in extra}
    for metric in asked.metrics:
        found = faults(metric, before, after, asked)
        if metric in declared:
            elsewhere = [*counted(after, lambda _: True), *after.others]
            targets = declared[metric]
            silent = never_counted(metric, targets, elsewhere, asked.place, targets)
            if silent is not None and silent.id not in {fault.id for fault in found}:
                found = (silent, *found)
        counters = after.histograms[metric]
        there = bool(counters.sets) or counters.refused is not None or metric in after.declared
        # A snapshot of the history holds only what budgets ask for; most faults show in a difference.
        compared = before is not None and metric in before.histograms
        if metric in own or there:
            yield from _checks(metric, found, there=there and compared)
    for measure in asked.measures:
        if measure.kind is not Kind.GAUGE:
            continue
        levels = after.gauges.get(measure.of)
        there = levels is not None and bool(levels.sets)
        metric = metric_of(measure.of)
        if levels is None or not there:
            continue
        earlier = replace(before or after, gauges={measure.of: _begun(levels)})
        known = before if before is not None and measure.of in before.gauges else earlier
        yield from _checks(metric, faults_of_gauge(measure, known, after, asked), there=there)
        yield _ratio(metric)


def _begun(levels: Levels) -> Levels:
    """Return a gauge as it was at the first sample at hand, in the place of an earlier snapshot."""
    return Levels(tuple(replace(one, samples=one.samples[:1]) for one in levels.sets))


def _checks(metric: str, found: tuple[Fault, ...], *, there: bool) -> Iterator[Check]:
    title = f"How {printable(metric)} is filled"
    for fault in found:
        state = State.FAIL if fault.blinding else State.WARN
        ident = f"instrumentation:{metric}:{fault.id.replace(' ', '-')}"
        yield Check(ident, state, title, fault.detail, fault.fix)
    if not found and there:
        yield Check(f"instrumentation:{metric}", State.PASS, title, "nothing speaks against it")


def _ratio(metric: str) -> Check:
    detail = (
        "a ratio worked out by the application: over which time cannot be seen (the guide's is of its whole "
        "life), and the ratios of several instances can be neither added nor averaged"
    )
    ident = f"instrumentation:{metric}:ratio-in-a-gauge"
    return Check(ident, State.WARN, f"What {printable(metric)} can tell", detail, REMEDY.of(metric))
