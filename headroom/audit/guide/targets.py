"""The tables of Performance Budgets: budgets.yaml holds each row by the guide's figures or tighter ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from headroom.audit.finding import Finding
from headroom.audit.guide.rule import Asked, GuideRule, Place
from headroom.budgets import Budget, Limit, Severity, Statistic, Unit
from headroom.checks import State
from headroom.units import format_value

_CHAPTER = "Performance Budgets"
_API = Place(_CHAPTER, "API Response Time Targets")
_QUERIES = Place(_CHAPTER, "Database Query Targets")
_RESOURCES = Place(_CHAPTER, "Resource Utilization Targets")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a row.

    Attributes:
        statistic: None for the queries, where the guide names none: any percentile will do.
        alert: the resource's alert threshold, which only a critical limit keeps.
    """

    threshold: float
    unit: Unit
    statistic: Statistic | None = None
    alert: bool = False

    @property
    def words(self) -> str:
        """The figure as a sentence has it."""
        value = format_value(self.threshold, self.unit)
        if self.unit is Unit.SHARE:
            return f"{'alert' if self.alert else 'target'} {value}"
        return f"{self.statistic.value.upper()} {value}" if self.statistic else value

    def kept_by(self, limit: Limit) -> bool:
        """Tell whether a limit promises at least this much: so does a higher percentile."""
        if limit.unit is not self.unit or limit.at_least or limit.threshold > self.threshold:
            return False
        if self.unit is Unit.SHARE:
            return not self.alert or limit.severity is Severity.CRITICAL
        share = limit.statistic.share
        wanted = None if self.statistic is None else self.statistic.share
        return share is not None and (wanted is None or share >= wanted)

    def said_by(self, limit: Limit) -> bool:
        """Tell whether a limit promises just this much."""
        alike = self.statistic is None or limit.statistic is self.statistic
        return self.kept_by(limit) and alike and limit.threshold == self.threshold


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the tables, and the budget that keeps it in the shipped budgets.yaml."""

    budget: str
    place: Place
    number: int
    title: str
    figures: tuple[Figure, ...]

    @property
    def rule(self) -> GuideRule:
        """The row as a rule."""
        ident = f"budgets.{self.budget}"
        said = f"{self.title}: {', '.join(one.words for one in self.figures)}"
        return GuideRule(ident, self.place, said, Asked.BUDGETS, (ident,))

    def kept_in(self, budgets: Sequence[Budget]) -> Budget | None:
        """Return the budget of this row: by its id, or by the place in the guide that it names."""
        cited = f"{self.place.section}, row {self.number}"
        named = [one for one in budgets if one.id == self.budget]
        return next(iter((*named, *(one for one in budgets if one.guide == cited))), None)


def _latency(number: int, budget: str, title: str, p95: float, p99: float) -> Row:
    figures = (Figure(p95, Unit.SECONDS, Statistic.P95), Figure(p99, Unit.SECONDS, Statistic.P99))
    return Row(budget, _API, number, title, figures)


def _query(number: int, budget: str, title: str, most: float) -> Row:
    return Row(budget, _QUERIES, number, title, (Figure(most, Unit.SECONDS),))


def _resource(number: int, budget: str, title: str, target: float, alert: float) -> Row:
    figures = (Figure(target, Unit.SHARE), Figure(alert, Unit.SHARE, alert=True))
    return Row(budget, _RESOURCES, number, title, figures)


ROWS = (
    _latency(1, "api.login", "Authentication (login)", 0.2, 0.5),
    _latency(2, "api.read", "Read operations", 0.1, 0.2),
    _latency(3, "api.write", "Write operations", 0.5, 1.0),
    _latency(4, "api.reports", "Reports (async)", 5.0, 10.0),
    _latency(5, "api.uploads", "File uploads", 2.0, 5.0),
    _query(1, "db.lookup", "Simple lookups by ID", 0.01),
    _query(2, "db.list", "List queries with pagination", 0.05),
    _query(3, "db.aggregate", "Aggregated reports", 0.5),
    _query(4, "db.analytics", "Complex analytics", 5.0),
    _resource(1, "resource.cpu", "CPU", 0.7, 0.8),
    _resource(2, "resource.memory", "Memory", 0.8, 0.9),
    _resource(3, "resource.db_connections", "Database connections", 0.7, 0.9),
    _resource(4, "resource.redis_memory", "Redis memory", 0.8, 0.9),
    _resource(5, "resource.disk_io", "Disk I/O", 0.6, 0.8),
)
_ASYNC = (
    GuideRule(
        "budgets.reports-async",
        _API,
        "reports are made asynchronously: no request waits for one",
        by_hand=True,
    ),
    GuideRule(
        "budgets.analytics-async",
        _QUERIES,
        "complex analytics are considered for asynchronous work",
        by_hand=True,
    ),
)
RULES = tuple(
    one
    for place in (_API, _QUERIES, _RESOURCES)
    for one in (*(row.rule for row in ROWS), *_ASYNC)
    if one.place == place
)


def targets(budgets: Sequence[Budget]) -> Iterator[Finding]:
    """Yield one finding for each row of the guide's three tables."""
    for row in ROWS:
        rule = row.rule
        budget = row.kept_in(budgets)
        if budget is None:
            found = "budgets.yaml has no budget for it: whether it is kept is never judged"
            fix = (
                f"copy {row.budget} out of the shipped budgets.yaml; `headroom init --config FILE` writes it"
            )
            yield Finding(rule.id, (("budget", row.budget),), State.FAIL, rule.cited, found, fix)
            continue
        lacking = [one for one in row.figures if not any(one.kept_by(limit) for limit in budget.limits)]
        limits = ", ".join(_said(limit) for limit in budget.limits) or "no limit"
        equal = all(any(one.said_by(limit) for limit in budget.limits) for one in row.figures)
        found, fix, state = f"{budget.id} has {limits}", "", State.PASS
        if lacking:
            state = State.WARN
            found += f", which is looser than the guide's {', '.join(one.words for one in lacking)}"
            fix = (
                f"tighten the limits of {budget.id} in budgets.yaml, or say there why the guide does not hold"
            )
        else:
            how = "as the guide has it" if equal else "more tightly than the guide has it"
            found += f": declared {how}; whether it is kept, `headroom check` says"
        yield Finding(rule.id, (("budget", budget.id),), state, rule.cited, found, fix)


def _said(limit: Limit) -> str:
    name = limit.statistic.value.upper() if limit.statistic.share is not None else limit.name
    return f"{name} {format_value(limit.threshold, limit.unit)} ({limit.severity.value})"
