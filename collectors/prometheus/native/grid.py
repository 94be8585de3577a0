"""The bounds that native histograms can have: powers of 2^(2^-schema), and which of them are worth keeping.

Pure arithmetic; knows nothing of samples.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

COARSEST, FINEST = -4, 8
"""Schemas of exponential buckets: one bucket from 1 to 65536, and 256 buckets from 1 to 2."""
TOLERANCE = 1e-9
"""How far, relatively, two spellings of one bound may lie apart; the finest buckets are 2.7e-3 wide."""
LOWEST, HIGHEST = -13, 10
"""Powers of two that every layout has, where its schema has them: 0.12 ms to 17 minutes."""


def schema_of(edges: Iterable[tuple[float, float]]) -> int | None:
    """Return the schema whose buckets these are (lower and upper, in seconds), or None where there is none.

    The width tells it: a bucket of schema s reaches from b^(k-1) to b^k, with b = 2^(2^-s) and k a whole
    number (https://prometheus.io/docs/specs/native_histograms/#standard-schemas).
    """
    schema: int | None = None
    for lower, upper in edges:
        if not (0 < lower < upper < math.inf and 1 < upper / lower < math.inf):
            return None
        if schema is None:
            schema = -round(math.log2(math.log2(upper / lower)))
            if not COARSEST <= schema <= FINEST:
                return None
        if not (_on_grid(lower, schema) and math.isclose(lower * _base(schema), upper, rel_tol=TOLERANCE)):
            return None
    return schema


@lru_cache(maxsize=64)
def canonical(schema: int, thresholds: tuple[float, ...]) -> tuple[float, ...]:
    """Return the bounds on which native histograms of a schema are kept, ascending.

    Powers of two for the shape, and for each threshold the bounds on both of its sides, of this schema and of
    all coarser ones: a histogram that grows too large becomes coarser while it counts, and the bounds that
    decide must still be common to what came before.
    """
    kept = {2.0**power for power in range(LOWEST, HIGHEST + 1) if _on_grid(2.0**power, schema)}
    for coarser in range(COARSEST, schema + 1):
        for threshold in thresholds:
            kept.update(_around(threshold, coarser))
    return tuple(sorted(kept))


def _around(threshold: float, schema: int) -> list[float]:
    """Return the nearest bounds at or below and at or above a threshold."""
    if not 0 < threshold < math.inf:
        return []
    place = math.log2(threshold) * 2.0**schema
    nearest = round(place)
    if abs(place - nearest) < 2.0**schema * TOLERANCE:
        # On a bound, but for the last digits: those on both sides hold, wherever it lies by a hair.
        places = [nearest] if _bound(nearest, schema) == threshold else [nearest - 1, nearest, nearest + 1]
    else:
        places = [math.floor(place), math.ceil(place)]
    return [bound for bound in (_bound(place, schema) for place in places) if 0 < bound < math.inf]


def _bound(place: int, schema: int) -> float:
    try:
        return float(2.0 ** (place * 2.0**-schema))
    except OverflowError:
        return math.inf


def _base(schema: int) -> float:
    return float(2.0 ** (2.0**-schema))


def _on_grid(bound: float, schema: int) -> bool:
    place = math.log2(bound) * 2.0**schema
    return abs(place - round(place)) <= 2.0 * 2.0**schema * TOLERANCE
