"""What processes tell of themselves: CPU and memory by any client library, event loop and heap by Node.js."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from collectors.prometheus.amounts import Newest, amount, label
from collectors.prometheus.asked import (
    HEAP_USED,
    LAG_P99,
    PROCESS_MEMORY,
    PROCESS_SECONDS,
    PROCESS_SERIES,
    Target,
    named,
)
from collectors.prometheus.samples import StrangeAnswerError, living, series_of, target_of
from collectors.prometheus.words import printable
from headroom.budgets import Reason

_NAMED_ALREADY = frozenset({"__name__", "job", "instance"})
_MOST_LABELS = 8


@dataclass(frozen=True, slots=True)
class Process:
    """What one process told at its newest scrape.

    Attributes:
        labels: sorted, without job and instance: where several processes are scraped as one target.
        cpu: CPU seconds.
        memory: resident bytes.
        lag: seconds that 99 % of the event loop's turns were late by at most, since the scrape before; 0
            where no turn was timed since.
        heap: bytes of JavaScript objects in use.
        broken: per series, one sentence on what makes it unfit.
    """

    target: Target
    labels: tuple[tuple[str, str], ...]
    at: float
    cpu: float | None = None
    memory: float | None = None
    lag: float | None = None
    heap: float | None = None
    broken: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[Target, tuple[tuple[str, str], ...]]:
        """What identifies the process."""
        return self.target, self.labels

    @property
    def node(self) -> bool:
        """Whether it is one of Node.js, whose JavaScript runs on one core."""
        return self.lag is not None or self.heap is not None


@dataclass(frozen=True, slots=True)
class Processes:
    """All processes, or why there are none."""

    seen: tuple[Process, ...] = ()
    refused: tuple[Reason, str] | None = None


def processes_of(result: object, now: float, window: float) -> Processes:
    """Return the processes in an answer, whatever else stands in it, or raise StrangeAnswerError."""
    raws: dict[tuple[Target, tuple[tuple[str, str], ...]], Newest] = {}
    for labels, values in series_of(result, now, window):
        name = labels.get("__name__")
        if name not in PROCESS_SERIES:
            continue
        at, text = living(values)[-1]
        raws.setdefault((target_of(labels), _further(labels)), Newest()).add(name, "", at, text)
    return Processes(tuple(_process(*key, raw) for key, raw in raws.items()))


def _further(labels: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    if len(labels) == len(_NAMED_ALREADY):  # nearly always
        return ()
    try:
        names = sorted(labels.keys() - _NAMED_ALREADY)[:_MOST_LABELS]
    except TypeError:
        raise StrangeAnswerError("labels that are no texts") from None
    return tuple((printable(name, 60), label(labels, name)) for name in names)


def _process(target: Target, labels: tuple[tuple[str, str], ...], raw: Newest) -> Process:
    at = raw.newest
    broken: dict[str, str] = {}

    def told(series: str) -> float | None:
        text = raw.rows(series, at).get("")
        if text is None:
            return None
        value = amount(text)
        if value is None:
            broken[series] = f"{series} of {named(target)} is {printable(text, 40)}, not a number from 0 up"
        return value

    cpu, memory, lag, heap = told(PROCESS_SECONDS), told(PROCESS_MEMORY), told(LAG_P99), told(HEAP_USED)
    if raw.rows(LAG_P99, at).get("") == "NaN":  # so do some versions say that no turn was timed
        broken.pop(LAG_P99)
        lag = 0.0
    return Process(target, labels, at, cpu, memory, lag, heap, broken)


def rows_of(processes: Processes) -> dict[str, Any]:
    """Return processes as JSON holds them."""
    rows = [
        [*one.target, one.labels, one.at, one.cpu, one.memory, one.lag, one.heap, one.broken]
        for one in processes.seen
    ]
    return {"seen": rows, "no": processes.refused}


def processes_from(rows: Mapping[str, Any]) -> Processes:
    """Return dumped processes."""
    refused = rows["no"]
    return Processes(
        tuple(
            Process((job, instance), tuple((name, value) for name, value in labels), *rest)
            for job, instance, labels, *rest in rows["seen"]
        ),
        None if refused is None else (Reason(refused[0]), refused[1]),
    )
