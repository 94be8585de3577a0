"""What a count of slow events says about the rate behind it: Clopper-Pearson with a design effect.

Counts may be fractions here, since the design effect divides them; the incomplete beta function extends the
binomial distribution to them (Korn and Graubard 1998).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

_STEPS = 300  # on top of the square root of the larger parameter, which is what large ones need
_TINY = 1e-300
_PRECISE = 1e-14


def _continued_fraction(a: float, b: float, x: float) -> float:
    """Return Lentz's evaluation of the incomplete beta function's continued fraction (DLMF 8.17.22)."""
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > _TINY else _TINY)
    value = d
    steps = _STEPS + math.isqrt(math.ceil(max(a, b)))
    for m in range(1, steps):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + term * d
            d = 1 / (d if abs(d) > _TINY else _TINY)
            c = 1 + term / c
            c = c if abs(c) > _TINY else _TINY
            value *= c * d
        if abs(c * d - 1) < _PRECISE:
            return value
    raise ArithmeticError(f"incomplete beta did not converge for a={a}, b={b}, x={x}")


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b) for a, b > 0 and x from 0 to 1."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1) / (a + b + 2):
        return min(1.0, front * _continued_fraction(a, b, x) / a)
    return max(0.0, 1 - front * _continued_fraction(b, a, 1 - x) / b)


def chance_of_at_most(k: float, n: float, rate: float) -> float:
    """Return the chance of at most `k` slow events among `n` when each is slow with chance `rate`."""
    return 1.0 if k >= n else incomplete_beta(n - k, k + 1, 1 - rate)


def chance_of_at_least(k: float, n: float, rate: float) -> float:
    """Return the chance of at least `k` slow events among `n` when each is slow with chance `rate`."""
    return 1.0 if k <= 0 else incomplete_beta(k, n - k + 1, rate)


def upper_limit(k: float, n: float, alpha: float) -> float:
    """Return the largest rate that `k` of `n` does not rule out at the one-sided level `alpha`."""
    return 1.0 if k >= n else _solve(lambda rate: chance_of_at_most(k, n, rate) > alpha)


def lower_limit(k: float, n: float, alpha: float) -> float:
    """Return the smallest rate that `k` of `n` does not rule out at the one-sided level `alpha`."""
    return 0.0 if k <= 0 else _solve(lambda rate: chance_of_at_least(k, n, rate) <= alpha)


def _solve(below: Callable[[float], bool]) -> float:
    """Bisect for the rate at which `below` turns from true to false; 1e-12 on the safe side of it."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return high


@lru_cache(maxsize=1024)
def student_t(alpha: float, degrees: int) -> float:
    """Return the value that Student's t with `degrees` of freedom exceeds with chance `alpha` (< 0.5)."""
    below, above = 0.0, 1.0
    while _exceeds(above, degrees) > alpha:
        below, above = above, above * 2
    for _ in range(60):
        middle = (below + above) / 2
        below, above = (middle, above) if _exceeds(middle, degrees) > alpha else (below, middle)
    return above


def _exceeds(value: float, degrees: int) -> float:
    return incomplete_beta(degrees / 2, 0.5, degrees / (degrees + value * value)) / 2


def design_effect(intervals: Sequence[tuple[int, int]], alpha: float) -> float:
    """Return by how much bursts blunt a count, from (slow, all) of each interval; at least 1.

    The variance of the ratio estimator over the intervals (Cochran 1977, 6.9) divided by the binomial one,
    widened by the squared ratio of Student's t for the intervals to that for the events (Korn and Graubard
    1998): a spread seen in five intervals is known so badly that, without this, bursts of ten at the limit
    are called over in 4 % of the windows instead of 1 %.
    """
    kept = [(k, n) for k, n in intervals if n]
    n = sum(n for _, n in kept)
    if len(kept) < 2 or not 0 < sum(k for k, _ in kept) < n:  # noqa: PLR2004 a spread needs two
        return 1.0
    known = student_t(alpha, len(kept) - 1) / student_t(alpha, max(len(kept) - 1, min(n - 1, 1000)))
    return max(1.0, burstiness(kept)) * known * known


def burstiness(intervals: Sequence[tuple[int, int]]) -> float:
    """Return how many times as much as by chance the intervals, (slow, all) each, differ; 1 where none can.

    The first factor of the design effect; the other only says how well this one is known.
    """
    kept = [(k, n) for k, n in intervals if n]
    n = sum(n for _, n in kept)
    share = sum(k for k, _ in kept) / n if n else 0.0
    if len(kept) < 2 or not 0 < share < 1:  # noqa: PLR2004 a spread needs two
        return 1.0
    spread = sum((k - share * size) ** 2 for k, size in kept) * len(kept) / (len(kept) - 1)
    return spread / (n * share * (1 - share))
