"""Whether the log of slow requests could show a broken budget, by what is declared of it: nobody sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headroom.audit.application.case import ApplicationCase
from headroom.audit.finding import Finding
from headroom.budgets import Budget, Kind, Limit, Unit
from headroom.checks import State
from headroom.units import format_value

_RULE = "application.slow_requests"
_GUIDE = "Slow Query Logging: slowQueryThreshold = 1000, requests over 1 s are logged"
GUIDES = 1.0
"""Seconds: the guide's own."""
_MOST = 4  # limits in a sentence


def slow_requests(case: ApplicationCase) -> Iterator[Finding]:
    """Yield which limits of the budgets of requests lie below the threshold of the log."""
    limits = [
        (budget, limit)
        for budget in case.budgets
        for limit in budget.limits
        if _of_requests(budget) and limit.unit is Unit.SECONDS
    ]
    if not limits:
        yield Finding(_RULE, (), State.NOT_APPLICABLE, _GUIDE, "no budget limits how long requests take")
        return
    declared = case.policies.application.slow_requests if case.policies.application else None
    threshold = GUIDES if declared is None else declared.total_seconds()
    hidden = [(budget, limit) for budget, limit in limits if limit.threshold < threshold]
    least = min(limit.threshold for _, limit in limits)
    at = format_value(threshold, Unit.SECONDS)
    if not hidden:
        told = f"each of {_limits(len(limits))} is {at} or more, and what breaks it is in the log"
    else:
        told = (
            f"{len(hidden)} of {_limits(len(limits))} lie below {at}, and a request that breaks one of them "
            f"is in the log only where it takes longer still: {_named(hidden)}"
        )
    fix = (
        f"private readonly slowQueryThreshold = {least * 1000:g}; // in performance.interceptor.ts"
        if hidden
        else ""
    )
    if declared is None:
        found = (
            "cannot be checked: budgets.yaml does not say from when on the application logs a request as "
            f"slow; with the guide's {at}, {told}"
        )
        lines = f"application:\n  slow_requests: {format_value(threshold, Unit.SECONDS).replace(' ', '')}"
        yield Finding(_RULE, (), State.CANNOT_CHECK, _GUIDE, found, lines)
        return
    if hidden:
        found = f"budgets.yaml declares that requests over {at} are logged, which nobody saw: {told}"
        yield Finding(_RULE, (), State.WARN, _GUIDE, found, fix)
        return
    # Two declarations that agree prove nothing about the application.
    found = (
        f"cannot be checked: budgets.yaml declares that requests over {at} are logged, and whether they are "
        f"is not seen; if so, {told}"
    )
    yield Finding(_RULE, (), State.CANNOT_CHECK, _GUIDE, found)


def _of_requests(budget: Budget) -> bool:
    return any(one.kind is Kind.HISTOGRAM and one.group.startswith("endpoints.") for one in budget.measures)


def _named(hidden: Sequence[tuple[Budget, Limit]]) -> str:
    ordered = sorted(hidden, key=lambda each: each[1].threshold)
    names = [
        f"{budget.id} {limit.name} ({format_value(limit.threshold, limit.unit)})"
        for budget, limit in ordered[:_MOST]
    ]
    more = len(hidden) - _MOST
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


def _limits(count: int) -> str:
    return f"{count} limit{'s' * (count != 1)} of requests"
