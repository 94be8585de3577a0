"""What the budgets promise of a source's statements: the limits of its classes, in seconds."""

from __future__ import annotations

from collections.abc import Mapping

from headroom.audit.case import Case
from headroom.budgets import Kind


def promised(case: Case) -> Mapping[str, tuple[float, ...]]:
    """Return for each class of statements that a budget limits at this source its limits, ascending."""
    found: dict[str, set[float]] = {}
    for budget in case.budgets:
        measure = budget.measure
        if measure.kind is Kind.STATEMENTS and measure.source == case.facts.source:
            group = measure.group.removeprefix("queries.")
            found.setdefault(group, set()).update(limit.threshold for limit in budget.limits)
    return {group: tuple(sorted(limits)) for group, limits in found.items()}
