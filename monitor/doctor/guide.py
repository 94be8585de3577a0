"""The guide's own metrics, looked at even where no budget is held against them: its mistakes are in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from headroom.budgets import Budget, Kind, Limit, Measure
from headroom.config import Config
from headroom.sources import SourceKind

QUERIES = "db_query_duration_seconds"
HIT_RATE = "cache_hit_rate"
_NONE = timedelta(0)


def guides_own(source: str) -> tuple[Measure, ...]:
    """Return what the guide has measured at a Prometheus.

    The hit rate is read as every other share is; that the guide's are percentages then shows.
    """
    return (
        Measure(source, Kind.HISTOGRAM, QUERIES),
        Measure(source, Kind.GAUGE, HIT_RATE, "ratio.min"),
    )


def with_guides_own(config: Config) -> Config:
    """Return the configuration with budgets that only make the collectors read the guide's own metrics.

    Queries are read with the limits of the budgets on statements, so that the buckets that would decide those
    can be told.
    """
    asked = {measure.of.partition("{")[0] for budget in config.budgets for measure in budget.measures}
    limits = tuple(
        limit
        for budget in config.budgets
        if budget.measure.kind is Kind.STATEMENTS
        for limit in budget.limits
        if limit.statistic.share is not None
    )
    own = [
        _budget(index, measure, () if measure.of == HIT_RATE else limits)
        for source in config.sources
        if source.kind is SourceKind.PROMETHEUS and source.url is not None
        for index, measure in enumerate(guides_own(source.name))
        if measure.of not in asked
    ]
    return replace(config, budgets=(*config.budgets, *own))


def _budget(index: int, measure: Measure, limits: tuple[Limit, ...]) -> Budget:
    return Budget(f"guide.{index}", "", "", measure, _NONE, _NONE, _NONE, limits)
