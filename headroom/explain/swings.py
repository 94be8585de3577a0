"""What would change the verdict on an average: found by judging evidence that is higher or lower."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime

from headroom.bounds import Interval
from headroom.budgets import Outcome, Unit, Verdict
from headroom.evidence import Evidence, Gauge, Histogram, Moments, Ratio, merged
from headroom.explain.counts import judged
from headroom.explain.ledger import shown
from headroom.explain.records import Change
from headroom.judge import Case, judge
from headroom.observation import Part
from headroom.units import format_interval, format_value

_DIGITS = 6
_STEPS = 60


@dataclass(frozen=True, slots=True)
class _Raised:
    """A part of the window with other figures."""

    at: datetime
    part: Part


def swings(case: Case, verdict: Verdict) -> tuple[Change, ...]:
    """Return by how much the average would have to differ for another outcome."""
    limit, value = case.limit, verdict.value
    assert value is not None
    if verdict.outcome not in (Outcome.MET, Outcome.OVER):
        return (Change("a source that gives the sum of the durations places the mean exactly"),)
    up = (verdict.outcome is Outcome.MET) is not limit.at_least
    by = _nearest(case, verdict.outcome, up=up)
    threshold = format_value(limit.threshold, limit.unit)
    if by is None:
        return (Change(f"nothing: no value there can be lies on the other side of {threshold}"),)
    then = judge(raised(case, by))
    beyond = {
        (True, False): "over",
        (False, False): "at most",
        (True, True): "at least",
        (False, True): "under",
    }
    side = beyond[up, limit.at_least]
    now = format_interval(value, limit.unit, against=limit.threshold)
    words = f"had the {limit.statistic} been {side} {threshold} instead of {now}"
    whole = merged([one.part.evidence for one in judged(case)])
    if isinstance(whole, Ratio):
        # Rounded to nearest, so that the figure may be the edge itself.
        part = shown(max(0.0, whole.part + by * whole.whole), _DIGITS)
        words += f", which takes a part {side} {part} of these {shown(whole.whole, _DIGITS)}"
    return (Change(words, then.outcome, then.reason, _in_unit(by, limit.unit)),)


def _in_unit(by: float, unit: Unit) -> float:
    return by * 1000 if unit is Unit.PER_1000_COMMANDS else by


def _nearest(case: Case, outcome: Outcome, *, up: bool) -> float | None:
    """Bisect for the least by which the average must be higher, or lower, for another outcome."""
    far = 2 * case.limit.threshold + 1 if up else -math.inf
    if judge(raised(case, far)).outcome is outcome:
        return None
    near, far = 0.0, far if up else -_highest(case)
    for _ in range(_STEPS):
        middle = (near + far) / 2
        near, far = (near, middle) if judge(raised(case, middle)).outcome is not outcome else (middle, far)
    return far


def _highest(case: Case) -> float:
    """Return an amount by which lowering everything leaves nothing."""
    means = [mean for one in judged(case) if (mean := one.part.evidence.mean()) is not None]
    return 1.0 + max((_high(mean) for mean in means), default=0.0)


def _high(mean: Interval) -> float:
    return mean.high if mean.high is not None else mean.low or 0.0


def raised(case: Case, by: float) -> Case:
    """Return the case with evidence whose average is higher by an amount, but not under 0."""
    held = [_Raised(one.at, replace(one.part, evidence=_raised(one.part.evidence, by))) for one in case.held]
    return replace(case, held=held)


def _raised(evidence: Evidence, by: float) -> Evidence:
    match evidence:
        case Ratio(part, whole):
            return Ratio(_sum(part, by, whole), whole)
        case Gauge():
            return Gauge(
                evidence.n,
                _sum(evidence.total, by, evidence.seconds),
                _sum(evidence.low, by, 1.0),
                _sum(evidence.high, by, 1.0),
                _sum(evidence.last, by, 1.0),
                evidence.seconds,
            )
        case Moments():
            return Moments(evidence.n, _sum(evidence.total, by, evidence.n), evidence.squares)
        case Histogram():
            total = None if evidence.total is None else _sum(evidence.total, by, evidence.n)
            return replace(evidence, total=total)


def _sum(value: float, by: float, times: float) -> float:
    return max(0.0, value + by * times) if times else value
