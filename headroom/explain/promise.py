"""A limit as an inequality and in words."""

from __future__ import annotations

from headroom.budgets import Budget, Kind, Limit, Measure, Statistic, Unit
from headroom.explain.records import Promise
from headroom.units import format_duration, format_value
from headroom.wording import share

_EVENTS = {Kind.HISTOGRAM: "requests", Kind.STATEMENTS: "calls", Kind.COMMANDS: "calls"}


def events_of(measure: Measure) -> str:
    """Return what is counted: requests, calls, or readings."""
    if measure.kind is Kind.HISTOGRAM and measure.group.startswith("queries."):
        return "calls"
    return _EVENTS.get(measure.kind, "readings")


def promise(budget: Budget, limit: Limit, measure: Measure) -> Promise:
    """Return what a limit promises."""
    threshold = format_value(limit.threshold, limit.unit)
    within = f"in any {format_duration(budget.window)}"
    allowed = limit.statistic.allowed
    if allowed is not None:
        events = events_of(measure)
        words = (
            f"at most {share(float(allowed))} of the {events} {within} take longer than {threshold}: "
            f"slow / all <= {float(allowed):g}"
        )
        return Promise(f"{limit.statistic.value.upper()} <= {threshold}", words)
    sign, side = (">=", "at least") if limit.at_least else ("<=", "at most")
    what = "the mean duration" if limit.statistic is Statistic.MEAN else "the average"
    if limit.unit is Unit.PER_1000_COMMANDS:
        what = "the number of evicted keys"
    return Promise(f"{limit.statistic.value} {sign} {threshold}", f"{what} {within} is {side} {threshold}")
