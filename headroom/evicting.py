"""A Redis that evicts by policy: which limits hold instead of its memory's, and what they say together. Pure.

A full cache is healthy. It throws a key away for each one it stores, so evictions alone prove nothing while
its look-ups are still answered: where a limit stands for both, only both together are a broken promise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from headroom.budgets import Budget, Kind, Limit, Measure, Outcome, Unit, Verdict
from headroom.evidence import Gauge
from headroom.units import format_interval, format_value
from headroom.window import HeldT

_CONTAINER = "container"
HITS = "keyspace"


def evictions(measure: Measure) -> Measure:
    """Return how often keys are thrown away, at the source of a memory."""
    return Measure(measure.source, Kind.EVICTIONS)


def hit_rate(measure: Measure) -> Measure:
    """Return how often look-ups are answered, at the source of a memory."""
    return Measure(measure.source, Kind.HIT_RATE, HITS)


def container(measure: Measure) -> Measure:
    """Return the share of its container that a Redis has taken, whatever its policy."""
    return Measure(measure.source, Kind.MEMORY_LIMIT, _CONTAINER)


def beside(budget: Budget) -> tuple[Measure, ...]:
    """Return what a budget on a memory is judged by besides that; nothing for other budgets."""
    measure = budget.measure
    if measure.kind is not Kind.MEMORY_LIMIT or measure == container(measure):
        return ()
    stand_ins = (evictions(measure), hit_rate(measure)) if budget.evicting else ()
    return (*stand_ins, container(measure))


def refused(held: Sequence[HeldT]) -> list[HeldT]:
    """Return the parts of a memory that hold refused writes, which are told as all of it used.

    A server that evicts by policy and refuses all the same has nothing that it may throw away.
    """
    return [one for one in held if isinstance(one.part.evidence, Gauge) and one.part.evidence.low >= 1]


def stand_ins(budget: Budget, limit: Limit) -> tuple[tuple[Limit, Measure], ...]:
    """Return the limits under `evicting:` of a limit's name, each with its measure; evictions come first."""
    found = sorted((one for one in budget.evicting if one.name == limit.name), key=lambda one: one.at_least)
    rate, hits = evictions(budget.measure), hit_rate(budget.measure)
    return tuple((one, rate if one.unit is Unit.PER_1000_COMMANDS else hits) for one in found)


def together(rate: Verdict, hits: Verdict) -> Verdict:
    """Return the verdict that holds of those on evictions and on the hit rate of one cache.

    What is thrown away matters only if it is missed: over, where both are. Without look-ups to go by,
    evictions over their limit stay over.
    """
    if rate.outcome is not Outcome.OVER:
        return rate
    if hits.outcome is Outcome.MET:
        told = f"{_said(rate)}, more than {_limit(rate)}, and yet what is asked for is there"
        return replace(hits, detail=f"{told}: {hits.detail}")
    if hits.outcome is Outcome.OVER:
        return replace(rate, detail=f"{rate.detail}; and the hit rate is {_said(hits)}, below {_limit(hits)}")
    return replace(rate, detail=f"{rate.detail}; the hit rate cannot tell whether it matters: {hits.detail}")


def _said(verdict: Verdict) -> str:
    assert verdict.value is not None
    return format_interval(verdict.value, verdict.unit, against=verdict.threshold)


def _limit(verdict: Verdict) -> str:
    return format_value(verdict.threshold, verdict.unit)
