"""The raw samples of an application's gauge, put together per label set, and its life so far."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from collectors.prometheus.asked import Target
from collectors.prometheus.samples import StrangeAnswerError, series_of, target_of
from collectors.prometheus.words import printable
from headroom.budgets import Reason

MAX_LEVELS = 200
"""Label sets of one gauge. Each is judged for itself, so more would be more than anybody reads."""

Samples = tuple[tuple[float, float], ...]
"""Unix seconds and values, oldest first."""


@dataclass(frozen=True, slots=True)
class Level:
    """One label set of a gauge.

    Attributes:
        labels: sorted, without job and instance.
        samples: the newest ones, as the gauge gives them; of a dumped one only the newest is kept.
    """

    target: Target
    labels: tuple[tuple[str, str], ...]
    samples: Samples = field(compare=False)

    @property
    def key(self) -> tuple[Target, tuple[tuple[str, str], ...]]:
        """What identifies the label set."""
        return self.target, self.labels

    @property
    def at(self) -> float:
        """When it was last sampled."""
        return self.samples[-1][0]


@dataclass(frozen=True, slots=True)
class Past:
    """What one label set of a gauge read during the life of its process, or the first day of it.

    Attributes:
        started: when the process began.
        step: seconds from one value to the next.
        values: age in seconds, and value as the gauge gave it, oldest first.
    """

    target: Target
    labels: tuple[tuple[str, str], ...]
    started: float
    step: float
    values: Samples


@dataclass(frozen=True, slots=True)
class Levels:
    """All label sets of one gauge, or why there are none.

    Attributes:
        past: not dumped.
    """

    sets: tuple[Level, ...] = ()
    refused: tuple[Reason, str] | None = None
    past: tuple[Past, ...] = field(default=(), compare=False)


def levels_of(selector: str, result: object, now: float, window: float) -> Levels:
    """Return the label sets out of the answer to `query.gauge`, or raise StrangeAnswerError."""
    sets = tuple(_level(labels, values) for labels, values in series_of(result, now, window))
    if len(sets) > MAX_LEVELS:
        why = (
            f"{printable(selector)} has {len(sets):,} label sets, and {MAX_LEVELS} are read at most; name "
            "those that matter with labels: in its measure"
        )
        return Levels(refused=(Reason.NO_DATA, why))
    return Levels(sets)


def past_of(result: object, started: float, step: float, now: float, window: float) -> tuple[Past, ...]:
    """Return the lives out of the answer to `query.past`, or raise StrangeAnswerError."""
    found = []
    for labels, values in series_of(result, now, window):
        level = _level(labels, values)
        ages = tuple((at - started, value) for at, value in level.samples if at >= started)
        if ages:
            found.append(Past(level.target, level.labels, started, step, ages))
    return tuple(found[:MAX_LEVELS])


def _level(labels: Mapping[str, Any], values: Sequence[tuple[float, str]]) -> Level:
    own = [
        (printable(name, 80), printable(value))
        for name, value in labels.items()
        if name not in {"__name__", "job", "instance"}
    ]
    try:
        samples = tuple((float(at), _number(text)) for at, text in values)
    except (TypeError, ValueError, OverflowError):
        raise StrangeAnswerError("samples of a gauge of another form") from None
    times = [at for at, _ in samples]
    if times != sorted(times) or not all(map(math.isfinite, times)):
        raise StrangeAnswerError("samples of a gauge in no order of time")
    return Level(target_of(labels), tuple(sorted(own)), samples)


def _number(text: str) -> float:
    if type(text) is not str:
        raise TypeError
    return float(text)


def rows_of(levels: Levels) -> dict[str, Any]:
    """Return what of a gauge is dumped: the newest sample of each label set, as JSON holds it."""
    sets = [[one.target, one.labels, one.at, repr(one.samples[-1][1])] for one in levels.sets]
    return {"sets": sets, "no": levels.refused}


def levels_from(rows: Mapping[str, Any]) -> Levels:
    """Return a dumped gauge."""
    sets = tuple(
        Level((job, instance), tuple((name, text) for name, text in labels), ((at, float(value)),))
        for (job, instance), labels, at, value in rows["sets"]
    )
    refused = rows["no"]
    return Levels(sets, None if refused is None else (Reason(refused[0]), refused[1]))
