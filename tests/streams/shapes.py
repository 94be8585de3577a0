"""Shapes of durations of which the share above any value is known, each as draws and as that share.

Their scale is arbitrary: a stream stretches them until the wanted quantile lies near its limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import gammaincc

Draws = NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """One distribution.

    Attributes:
        over: the share of all draws that is larger than a value.
        draw: as many draws as asked for.
    """

    over: Callable[[float], float]
    draw: Callable[[Generator, int], Draws]


def log_normal(random: Generator) -> Shape:
    """Return the usual shape of durations, more or less wide."""
    return _log_normal(random.uniform(0.3, 1.2))


def bimodal(random: Generator) -> Shape:
    """Return hits and misses of a cache: most are fast, a few per cent take five to thirty times as long."""
    share, apart = random.uniform(0.005, 0.1), random.uniform(5, 30)
    mode = _log_normal(0.3)

    def draw(random: Generator, n: int) -> Draws:
        return mode.draw(random, n) * np.where(random.random(n) < share, apart, 1.0)

    return Shape(lambda value: (1 - share) * mode.over(value) + share * mode.over(value / apart), draw)


def gamma(random: Generator) -> Shape:
    """Return the time that several exponential steps take one after the other."""
    steps = random.uniform(0.7, 5)
    return Shape(
        lambda value: float(gammaincc(steps, max(value, 0.0))),
        lambda random, n: random.gamma(steps, size=n),
    )


def constant(random: Generator) -> Shape:  # noqa: ARG001 as the other shapes
    """Return one and the same duration."""
    return Shape(lambda value: float(value < 1), lambda _, n: np.ones(n))


def heavy_tail(random: Generator) -> Shape:
    """Return a Lomax distribution, whose variance may be infinite."""
    index = random.uniform(1.2, 3)
    return Shape(
        lambda value: (1 + max(value, 0.0)) ** -index, lambda random, n: np.asarray(random.pareto(index, n))
    )


SHAPES: Mapping[str, Callable[[Generator], Shape]] = {
    "log-normal": log_normal,
    "bimodal": bimodal,
    "gamma": gamma,
    "constant": constant,
    "heavy tail": heavy_tail,
}


def quantile(over: Callable[[float], float], allowed: float) -> float:
    """Return the value that a share of `allowed` exceeds, to the last digit."""
    low, high = 0.0, 1.0
    while over(high) > allowed:
        low, high = high, high * 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if over(middle) > allowed else (low, middle)
    return high


def _log_normal(width: float) -> Shape:
    def over(value: float) -> float:
        return 1.0 if value <= 0 else math.erfc(math.log(value) / width / math.sqrt(2)) / 2

    return Shape(over, lambda random, n: random.lognormal(0.0, width, n))
