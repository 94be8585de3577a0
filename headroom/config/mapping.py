"""From the file's own types to the model: the only place where the spelling of the file gets its meaning."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from headroom.budgets import Budget, Kind, Limit, Measure
from headroom.config.forms import Form, evicting_form, form_of
from headroom.config.problems import Key
from headroom.config.rules_limits import name_of
from headroom.config.spec import BudgetSpec, LimitSpec, SourceSpec
from headroom.config.spec_classes import ClassesSpec
from headroom.config.spec_measures import (
    CommandSpec,
    ConnectionsSpec,
    GaugeSpec,
    HistogramSpec,
    HitRateSpec,
    PoolSpec,
    RedisMemorySpec,
    StatementsSpec,
)
from headroom.sources import (
    Access,
    EndpointClass,
    EndpointRules,
    Failures,
    Labels,
    QueryClass,
    QueryRules,
    Secret,
    Source,
)
from headroom.units import parse_duration, parse_share, parse_size, parse_value
from headroom.whose import Whose

_COST = "1%"
"""The share of one core that Headroom may take of a server that it is not told more about."""


def sources(specs: Mapping[str, SourceSpec], unset: Mapping[Key, str], folder: Path) -> tuple[Source, ...]:
    """Return the sources; `unset` names the variable of each that is not configured."""
    made = []
    for name, spec in specs.items():
        missing = unset.get(("sources", name, "url"), "")
        url = None if missing else Secret(spec.url)
        memory = parse_size(spec.memory_limit) if spec.memory_limit else None
        access, every = _access(spec, folder), parse_duration(spec.every)
        cost = parse_share(spec.cost or _COST)
        made.append(Source(name, spec.kind, url, every, missing, access, memory, cost))
    return tuple(made)


def _access(spec: SourceSpec, folder: Path) -> Access:
    auth, tls = spec.auth, spec.tls
    return Access(
        user=auth.user,
        password=Secret(auth.password) if auth.password else None,
        bearer=Secret(auth.bearer) if auth.bearer else None,
        bearer_file=folder / auth.bearer_file if auth.bearer_file else None,
        headers={name: Secret(value) for name, value in spec.headers.items()},
        ca=folder / tls.ca if tls.ca else None,
        cert=folder / tls.cert if tls.cert else None,
        key=folder / tls.key if tls.key else None,
    )


def endpoint_rules(spec: ClassesSpec) -> EndpointRules:
    """Return the classes of requests."""
    classes = tuple(
        EndpointClass(
            each.name, frozenset(each.method), tuple(each.path), tuple(each.status), _labels(each.labels)
        )
        for each in spec.endpoints
    )
    ignored = EndpointClass("ignored", paths=tuple(spec.ignored))
    failures = None if spec.failures is None else Failures(spec.failures.counter, dict(spec.failures.labels))
    return EndpointRules(classes, ignored, spec.labels.model_dump(), failures)


def query_rules(spec: ClassesSpec) -> QueryRules:
    """Return the classes of statements."""
    return QueryRules(
        tuple(
            QueryClass(
                each.name,
                tuple(each.patterns),
                _labels(each.labels),
                _labels(each.tags),
                tuple(each.role),
                tuple(each.database),
            )
            for each in spec.queries
        )
    )


def _labels(spec: Mapping[str, Sequence[str]]) -> Labels:
    return tuple((name, tuple(spec[name])) for name in sorted(spec))


def budget(spec: BudgetSpec) -> Budget:
    """Return a budget."""
    form = _form(spec).sided(spec.limits)
    return Budget(
        id=spec.id,
        title=spec.title,
        guide=spec.guide,
        measure=measure(spec),
        window=parse_duration(spec.window),
        pending_for=parse_duration(spec.for_),
        recover_for=parse_duration(spec.recover_for),
        limits=tuple(_limit(each, form) for each in spec.limits),
        second=None if spec.second is None else _histogram(spec.second),
        evicting=tuple(_limit(each, evicting_form(each)) for each in spec.evicting),
        owner=spec.owner,
        runbook=spec.runbook,
        if_broken=spec.if_broken,
        review_by=date.fromisoformat(spec.review_by) if spec.review_by else None,
        note=spec.note,
    )


def measure(spec: BudgetSpec) -> Measure:  # noqa: PLR0911 one for each form
    """Return what a budget measures."""
    match spec.measure:
        case HistogramSpec() as given:
            return _histogram(given)
        case StatementsSpec() as given:
            return Measure(given.source, Kind.STATEMENTS, given.statements, given.class_)
        case ConnectionsSpec() as given:
            return Measure(given.source, Kind.CONNECTIONS, str(given.connections), _whose(given))
        case PoolSpec() as given:
            return Measure(given.source, Kind.POOL, given.pool, _whose(given))
        case RedisMemorySpec() as given:
            return Measure(given.source, Kind.MEMORY_LIMIT, given.redis_memory)
        case HitRateSpec() as given:
            return Measure(given.source, Kind.HIT_RATE, given.hit_rate)
        case CommandSpec() as given:
            return Measure(given.source, Kind.COMMANDS, given.command_latency)
        case GaugeSpec() as given:
            side = _form(spec).sided(spec.limits).bound
            return Measure(given.source, Kind.GAUGE, _selector(given), f"{given.reads}.{side}")
        case given:
            return Measure(given.source, Kind(given.resource))


def _form(spec: BudgetSpec) -> Form:
    form = form_of({spec.measure.KEY: getattr(spec.measure, spec.measure.KEY)})
    assert form is not None  # each has a word of its own
    return form


def _whose(spec: ConnectionsSpec | PoolSpec) -> str:
    return Whose(spec.role or None, spec.database or None).group


def _selector(spec: GaugeSpec) -> str:
    """Return the metric with its labels as Prometheus writes them, in one order."""
    # Its strings are those of Go; JSON's escapes will do, as long as nothing becomes a surrogate pair.
    labels = [f"{name}={json.dumps(spec.labels[name], ensure_ascii=False)}" for name in sorted(spec.labels)]
    return f"{spec.gauge}{{{','.join(labels)}}}" if labels else spec.gauge


def _histogram(spec: HistogramSpec) -> Measure:
    return Measure(spec.source, Kind.HISTOGRAM, spec.histogram, spec.class_)


def _limit(spec: LimitSpec, form: Form) -> Limit:
    threshold = parse_value(getattr(spec, form.bound), form.unit)
    at_least = form.bound == "min"
    return Limit(name_of(spec), spec.statistic, threshold, form.unit, spec.severity, at_least)
