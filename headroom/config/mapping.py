"""From the file's own types to the model: the only place where the spelling of the file gets its meaning."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from headroom.budgets import Budget, Kind, Limit, Measure
from headroom.config.forms import EVICTING, FORMS, Form
from headroom.config.problems import Key
from headroom.config.rules_limits import name_of
from headroom.config.spec import (
    AlertsSpec,
    BudgetSpec,
    ClassesSpec,
    ConnectionsSpec,
    HistogramSpec,
    HitRateSpec,
    LimitSpec,
    RedisMemorySpec,
    SourceSpec,
    StatementsSpec,
)
from headroom.routing import Channel, Route
from headroom.sources import EndpointClass, EndpointRules, QueryClass, QueryRules, Secret, Source
from headroom.units import parse_duration, parse_value


def sources(specs: Mapping[str, SourceSpec], unset: Mapping[Key, str]) -> tuple[Source, ...]:
    """Return the sources; `unset` names the variable of each that is not configured."""
    made = []
    for name, spec in specs.items():
        missing = unset.get(("sources", name, "url"), "")
        url = None if missing else Secret(spec.url)
        made.append(Source(name, spec.kind, url, parse_duration(spec.every), missing))
    return tuple(made)


def endpoint_rules(spec: ClassesSpec) -> EndpointRules:
    """Return the classes of requests."""
    classes = tuple(
        EndpointClass(each.name, frozenset(each.method), tuple(each.path)) for each in spec.endpoints
    )
    ignored = EndpointClass("ignored", frozenset(), tuple(spec.ignored))
    return EndpointRules(classes, ignored, spec.labels.model_dump())


def query_rules(spec: ClassesSpec) -> QueryRules:
    """Return the classes of statements."""
    return QueryRules(tuple(QueryClass(each.name, tuple(each.patterns)) for each in spec.queries))


def budget(spec: BudgetSpec) -> Budget:
    """Return a budget."""
    form = FORMS[spec.measure.KEY]
    return Budget(
        id=spec.id,
        title=spec.title,
        guide=spec.guide,
        measure=measure(spec),
        window=parse_duration(spec.window),
        pending_for=parse_duration(spec.for_),
        recover_for=parse_duration(spec.recover_for),
        limits=tuple(_limit(each, form) for each in spec.limits),
        evicting=tuple(_limit(each, EVICTING) for each in spec.evicting),
        owner=spec.owner,
        runbook=spec.runbook,
        if_broken=spec.if_broken,
        review_by=date.fromisoformat(spec.review_by) if spec.review_by else None,
        note=spec.note,
    )


def measure(spec: BudgetSpec) -> Measure:
    """Return what a budget measures."""
    match spec.measure:
        case HistogramSpec() as given:
            return Measure(given.source, Kind.HISTOGRAM, given.histogram, given.class_)
        case StatementsSpec() as given:
            return Measure(given.source, Kind.STATEMENTS, given.statements, given.class_)
        case ConnectionsSpec() as given:
            group = f"role.{given.role}" if given.role else ""
            return Measure(given.source, Kind.CONNECTIONS, str(given.connections), group)
        case RedisMemorySpec() as given:
            return Measure(given.source, Kind.MEMORY_LIMIT, given.redis_memory)
        case HitRateSpec() as given:
            return Measure(given.source, Kind.HIT_RATE, given.hit_rate)
        case given:
            return Measure(given.source, Kind(given.resource))


def channels(spec: AlertsSpec) -> tuple[Channel, ...]:
    """Return the receivers of alerts."""
    return tuple(
        Channel(name, each.kind, Secret(each.url), parse_duration(each.timeout))
        for name, each in spec.channels.items()
    )


def routes(spec: AlertsSpec) -> tuple[Route, ...]:
    """Return which alerts go where."""
    return tuple(
        Route(tuple(each.channels), frozenset(each.severities), tuple(each.budgets)) for each in spec.routes
    )


def _limit(spec: LimitSpec, form: Form) -> Limit:
    threshold = parse_value(getattr(spec, form.bound), form.unit)
    at_least = form.bound == "min"
    return Limit(name_of(spec), spec.statistic, threshold, form.unit, spec.severity, at_least)
