"""The value furthest over in the life of an incident, kept as text for people that can be compared again."""

from __future__ import annotations

import re
from collections.abc import Sequence

from headroom.budgets import Verdict

_TIMES = re.compile(r"([0-9.e+]+) times the (?:limit|slow requests allowed)")
_LONGEST = 500


def worse(worst: str, over: Sequence[Verdict]) -> str:
    """Return the text of whichever is further over: what was worst so far, or one of these verdicts.

    Args:
        worst: an earlier answer of this function; empty at first.
        over: verdicts that are over.
    """
    times, furthest = max(((_times(verdict), verdict) for verdict in over), key=lambda pair: pair[0])
    before = _TIMES.match(worst)
    if before and float(before[1]) >= float(f"{times:.3g}"):
        return worst
    what = "slow requests allowed" if _by_share(furthest) else "limit"
    return f"{times:.3g} times the {what} at {furthest.at:%H:%M:%S} UTC: {furthest.detail}"[:_LONGEST]


def _by_share(verdict: Verdict) -> bool:
    return verdict.slow is not None and bool(verdict.n and verdict.allowed)


def _times(verdict: Verdict) -> float:
    """Return how many times the limit, or the slow share it allows, is exceeded for certain, at least 1."""
    if verdict.slow is not None and verdict.n and verdict.allowed:
        return max(1.0, verdict.slow[0] / verdict.n / verdict.allowed)
    value, threshold = verdict.value, verdict.threshold
    if value is None or threshold <= 0:
        return 1.0
    if value.high is not None and value.high < threshold:  # over by falling below: a hit rate
        return threshold / max(value.high, threshold / 1000)
    return max(1.0, (value.low or 0.0) / threshold)
