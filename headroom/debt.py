"""Budget debt: the time that executions took beyond their limit. It tells which mending buys most."""

from __future__ import annotations

import math
from collections.abc import Iterable

from headroom.bounds import Bounds, Interval
from headroom.budgets import Budget, Kind, Unit
from headroom.evidence import TOLERANCE, Moments

QUERIES = "queries."
"""What the group of a measure of statements begins with, before the name of the class."""


def limits(budgets: Iterable[Budget], source: str) -> dict[str, float]:
    """Return the lowest limit in seconds of each class that is promised for a source's statements.

    A debt is reckoned against it.
    """
    found: dict[str, float] = {}
    for budget in budgets:
        for measure in budget.measures:
            if measure.source == source and measure.kind is Kind.STATEMENTS:
                group = measure.group.removeprefix(QUERIES)
                for limit in budget.limits:
                    if limit.unit is Unit.SECONDS and not limit.at_least:
                        found[group] = min(limit.threshold, found.get(group, limit.threshold))
    return found


def debt(moments: Moments, threshold: float, proven: Bounds | None = None) -> Interval:
    """Return the seconds over `threshold`, summed over the executions, between two certain ends.

    The sum of max(0, t - T) is not known from moments, only where it lies. From below: n·max(0, mean - T)
    (Jensen's inequality). From above, the least of: n/2·(sqrt(s² + (T - mean)²) + mean - T) (Scarf 1958, "A
    min-max solution of an inventory problem"), the sum of the times itself, and with a known maximum M the
    chord through 0 and M: total·(M - T)/M. What is `proven` of how many were over, such as by the parts that
    the moments are the sum of, limits it, too: at most so many times M - T.
    """
    n = moments.n
    if not n:
        return Interval.exactly(0.0)
    mean, variance = moments.total / n, moments.squares / n
    beyond = mean - threshold
    low = max(0.0, beyond) * n
    high = min((math.hypot(math.sqrt(variance), beyond) + beyond) / 2 * n, moments.total)
    cap = None if moments.cap is None or moments.cap < mean else moments.cap
    if cap is not None:
        high = min(high, moments.total * (cap - threshold) / cap) if cap > threshold else 0.0
        if proven is not None and proven.n == n and cap > threshold:
            high = min(high, proven.k_high * (cap - threshold))
    if proven is not None and proven.n == n and not proven.k_high:
        high = 0.0
    slack = TOLERANCE * max(moments.total, threshold)
    if high <= slack:
        high = 0.0
    return Interval(max(0.0, min(low - slack, high)) if low else 0.0, max(low, high))
