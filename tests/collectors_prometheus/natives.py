"""Native histograms as a server would tell them, made of known durations."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.collectors_prometheus.figures import METRIC, Answer

ZERO = 2.938735877055719e-39
"""The width of the bucket around zero that libraries begin with."""


def exponential(durations: Sequence[float], schema: int, zero: float = ZERO) -> dict[str, Any]:
    """Return the native histogram of durations in buckets of a schema; up to `zero` they are one bucket.

    As libraries do, that bucket is widened up to a bound of the schema, so that it overlaps with none.
    """
    zero = zero if zero == ZERO else _edge(_place(zero, schema), schema)
    places = Counter(_place(value, schema) for value in durations if value > zero)
    buckets = [
        _bucket(0, _edge(place - 1, schema), _edge(place, schema), places[place]) for place in sorted(places)
    ]
    near = sum(value <= zero for value in durations)
    return _told(durations, [_bucket(3, -zero, zero, near)] * bool(near) + buckets)


def custom(durations: Sequence[float], bounds: Sequence[float]) -> dict[str, Any]:
    """Return the native histogram of durations in buckets with bounds of one's own."""
    ends = (-math.inf, *bounds, math.inf)
    places = Counter(bisect_left(bounds, value) for value in durations)
    return _told(
        durations,
        [_bucket(0 if place else 3, ends[place], ends[place + 1], places[place]) for place in sorted(places)],
    )


def series(
    at: float, told: object, *, path: str = "/auth/login", instance: str = "a:80", **labels: str
) -> Answer:
    """Return the series of one label set with one native histogram."""
    whole = {"job": "erp", "instance": instance, "method": "POST", "path": path, "status": "200", **labels}
    return [{"metric": {"__name__": METRIC, **whole}, "histograms": [[at, told]]}]


def _told(durations: Sequence[float], buckets: list[list[Any]]) -> dict[str, Any]:
    told: dict[str, Any] = {"count": str(len(durations)), "sum": _text(math.fsum(durations))}
    # An empty histogram has no buckets at all.
    return {**told, "buckets": buckets} if buckets else told


def _bucket(rule: int, lower: float, upper: float, count: int) -> list[Any]:
    return [rule, _text(lower), _text(upper), str(count)]


def _text(number: float) -> str:
    return {math.inf: "+Inf", -math.inf: "-Inf"}.get(number, repr(number))


def _place(value: float, schema: int) -> int:
    place = math.ceil(math.log2(value) * 2.0**schema)
    while _edge(place, schema) < value:
        place += 1
    while _edge(place - 1, schema) >= value:
        place -= 1
    return place


def _edge(place: int, schema: int) -> float:
    return float(2.0 ** (place / 2.0**schema))
