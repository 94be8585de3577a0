"""One stream of requests: how many, how slow, how bursty, and how many of them are really slow."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headroom.budgets import Limit
from headroom.config import load
from tests.streams.shapes import SHAPES, Draws, Shape, quantile

GUIDE = (0.01, 0.05, 0.1, 0.5, 1, 5)
GOOD = (0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
"""The guide's buckets, and those with a bound at each of its limits."""
SIZES = (50, 500, 5_000, 100_000)
"""Requests per window, on average."""
STEADY, TENS, SECONDS = "steady", "bursts of ten or more", "slow seconds"
TRAFFIC = (STEADY, TENS, SECONDS)
INSTANCES = 2

LIMITS: tuple[Limit, ...] = tuple(
    limit
    for budget in load(Path(__file__).parents[2] / "budgets.yaml", {}).budgets
    if budget.id.startswith("api.")
    for limit in budget.limits
)
"""The guide's ten limits on its API, from the shipped file."""
THRESHOLDS = tuple(sorted({limit.threshold for limit in LIMITS}))

_NEAR = 0.5
"""The true quantile lies within a factor of e to this power of the limit."""


@dataclass(frozen=True)
class Stream:
    """Requests of one path.

    Attributes:
        limit: the one that the true quantile lies near.
        together: how many requests in a row take the same time.
        bad, slower: the share of slow seconds, and how many times slower they are.
        scale: what the shape's draws are multiplied with.
    """

    number: int
    size: int
    traffic: str
    kind: str
    limit: Limit
    shape: Shape
    together: int
    bad: float
    slower: float
    scale: float

    @property
    def path(self) -> str:
        """What the label `path` says: a route, and so without digits."""
        return "/streams/" + "".join("abcdefghij"[int(digit)] for digit in str(self.number))

    @property
    def allowed(self) -> float:
        """The share of slow requests that the limit allows."""
        assert self.limit.statistic.allowed is not None
        return float(self.limit.statistic.allowed)

    def over(self, value: float) -> float:
        """Return the share of requests, were there endlessly many, that take longer than `value` seconds."""
        return _over(self.shape, self.bad, self.slower, value / self.scale)

    @property
    def kept(self) -> bool:
        """Whether the stream keeps its promise in the long run."""
        return self.over(self.limit.threshold) <= self.allowed


@dataclass(frozen=True)
class Drawn:
    """The requests of one stream, per step and instance; nothing is cumulated.

    Attributes:
        counts: by bucket of GOOD, the last above all of them.
        over: by threshold of THRESHOLDS, from the durations themselves.
        seconds: the sum of the durations.
    """

    counts: NDArray[np.int64]
    over: NDArray[np.int64]
    seconds: NDArray[np.float64]


def streams(seed: int, each: int) -> Iterator[Stream]:
    """Yield `each` streams for every size, traffic and limit; the shapes take turns."""
    kinds = list(SHAPES)
    for number, (size, traffic, limit, _) in enumerate(product(SIZES, TRAFFIC, LIMITS, range(each))):
        kind = kinds[(number + seed) % len(kinds)]
        random = np.random.default_rng([seed, number])
        shape = SHAPES[kind](random)
        together = int(random.integers(10, 31)) if traffic == TENS else 1
        bad, slower = (
            (random.uniform(0.01, 0.15), random.uniform(3, 10)) if traffic == SECONDS else (0.0, 1.0)
        )
        # A constant exactly at the limit keeps it: bounds are inclusive.
        near = 0.0 if kind == "constant" and random.random() < 0.2 else random.uniform(-_NEAR, _NEAR)
        assert limit.statistic.allowed is not None
        one = quantile(lambda v, s=shape, b=bad, f=slower: _over(s, b, f, v), float(limit.statistic.allowed))  # type: ignore[misc]
        scale = limit.threshold * math.exp(near) / one
        yield Stream(number, size, traffic, kind, limit, shape, together, bad, slower, scale)


def drawn(stream: Stream, seed: int, steps: int, per_window: int) -> Drawn:
    """Draw the requests of `steps` steps, of which a window holds `per_window`."""
    random = np.random.default_rng([seed, stream.number, 1])
    rate = stream.size / per_window / stream.together
    groups = random.poisson(rate, steps)
    step = np.repeat(np.repeat(np.arange(steps), groups), stream.together)
    seconds = np.repeat(stream.shape.draw(random, int(groups.sum())), stream.together) * stream.scale
    seconds *= np.where(random.random(steps) < stream.bad, stream.slower, 1.0)[step]
    where = step * INSTANCES + random.integers(0, INSTANCES, step.size)
    return Drawn(*_counted(seconds, where, steps))


def _counted(
    seconds: Draws, where: NDArray[np.int64], steps: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], Draws]:
    cells, buckets = steps * INSTANCES, len(GOOD) + 1
    # A value on a bound belongs to that bucket.
    bucket = np.searchsorted(GOOD, seconds, side="left")
    counts = np.bincount(where * buckets + bucket, minlength=cells * buckets)
    over = [np.bincount(where[seconds > limit], minlength=cells) for limit in THRESHOLDS]
    shape = (steps, INSTANCES)
    return (
        counts.reshape(*shape, buckets),
        np.stack(over, axis=-1).reshape(*shape, len(THRESHOLDS)),
        np.bincount(where, weights=seconds, minlength=cells).reshape(shape),
    )


def _over(shape: Shape, bad: float, slower: float, value: float) -> float:
    return (1 - bad) * shape.over(value) + bad * shape.over(value / slower)
