"""Every rule of the guide, once, in its order."""

from __future__ import annotations

from collections.abc import Iterable

from headroom.audit.finding import Finding
from headroom.audit.guide import (
    api,
    caching,
    concurrency,
    database,
    infrastructure,
    memory,
    monitoring,
    queries,
    targets,
)
from headroom.audit.guide.caching import ROWS, of_row
from headroom.audit.guide.rule import GuideRule, Place
from headroom.policies import Policies

RECORDED_AS = "(application)"
"""What belongs to no single source is in the history under this name, which no source can have."""

CATALOGUE: tuple[GuideRule, ...] = (
    *database.RULES,
    *caching.RULES,
    *queries.RULES,
    *memory.RULES,
    *concurrency.RULES,
    *api.RULES,
    *infrastructure.RULES,
    *monitoring.RULES,
    *targets.RULES,
)


def catalogue(policies: Policies) -> tuple[GuideRule, ...]:
    """Return the rules with the rows of the invalidation table as budgets.yaml declares them.

    A row of the same data takes the place of the guide's; others stand behind them.
    """
    own = {of_row(row).id: of_row(row) for row in policies.invalidation}
    guides = {of_row(row).id for row in ROWS}
    last = max(place for place, one in enumerate(CATALOGUE) if one.id in guides)
    found = []
    for place, one in enumerate(CATALOGUE):
        found.append(own.pop(one.id, one) if one.id in guides else one)
        if place == last:
            found += own.values()
    return tuple(found)


_INDEXES = Place("Database Optimization", "Index Strategy")
_POOL = Place("Database Optimization", "Connection Pooling")
_SETTINGS = Place("Infrastructure Tuning", "PostgreSQL Configuration")
OURS: dict[str, Place | None] = {
    "history": None,
    "postgres.source": None,
    "redis.source": None,
    "prometheus.source": None,
    "application.doors": None,
    "postgres.catalogue": None,
    "postgres.index.invalid": _INDEXES,
    "postgres.index.duplicate": _INDEXES,
    "postgres.index.unused": _INDEXES,
    "postgres.memory": _SETTINGS,
    "postgres.cache_size": _SETTINGS,
    "postgres.log_threshold": _SETTINGS,
    "postgres.role_limit": _POOL,
    "postgres.idle_in_transaction": _POOL,
    "postgres.slow_statements": Place("Monitoring and Profiling", "Slow Query Logging"),
    "redis.container": Place("Infrastructure Tuning", "Docker Resource Limits"),
    "docker.throttling": Place("Infrastructure Tuning", "Docker Resource Limits"),
    "redis.slow_log": Place("Monitoring and Profiling", "Slow Query Logging"),
    "redis.latency_tracking": Place("Monitoring and Profiling", "Performance Metrics"),
    "caching.memory": Place("Caching Strategy", "Cache Layers"),
    "application.payload": Place("Database Optimization", "Query Optimization Patterns"),
    "postgres.statistics": Place("Performance Budgets", "Database Query Targets"),
}
"""Rules of the audit beyond the guide's, or the group of which they are, and the place that they serve; None
where they serve all of it."""


def place_of(finding: Finding, rules: Iterable[GuideRule]) -> Place | None:
    """Return the place in the guide that a finding is about; None for one that is about all of it."""
    near = None
    for one in rules:
        if one.id == finding.rule or one.answered_by(finding):
            return one.place
        if near is None and finding.rule in one.findings:
            near = one.place
    return near or OURS.get(finding.rule) or OURS.get(finding.rule.rpartition(".")[0])
