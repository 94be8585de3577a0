"""What one poll of a Prometheus keeps: raw counters with their own time stamps, and how their scrapes went.

Times are Unix seconds by the server's clock; counters are totals since some start, never differences.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from collectors.prometheus.asked import Target
from collectors.prometheus.words import moment
from headroom.budgets import Reason

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Scrape:
    """How Prometheus fares with one target.

    Attributes:
        at: when it last tried.
        up: whether that went well.
        ok_at: when it last went well; None where it did not within the span that was asked for.
        every: seconds between two scrapes; None where fewer than two were seen.
        started: when the target's process began, as it says itself; None where it does not.
        gives: the asked series that it gave at any time; None where it was never seen to go well.
        error: what Prometheus says went wrong; not dumped.
    """

    target: Target
    at: float
    up: bool
    ok_at: float | None
    every: float | None
    started: float | None
    gives: frozenset[str] | None = None
    error: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Buckets:
    """One label set of a histogram at its newest scrape.

    Attributes:
        key: identifies the label set, `le` and the metric's name left out.
        bounds: finite upper bounds in seconds, ascending.
        counts: events up to each bound, and all of them; one more than `bounds`; empty where broken.
        total: the sum of the durations in seconds; None where there is none of the same scrape.
        broken: one sentence on what makes the counters unfit; empty where they are fit.
    """

    key: str
    target: Target
    method: str
    path: str
    status: str
    at: float
    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float | None
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Counters:
    """All label sets of one histogram, or why there are none."""

    sets: tuple[Buckets, ...] = ()
    refused: tuple[Reason, str] | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """What node_exporter gave of one machine at its newest scrape.

    Attributes:
        cpus: per CPU the seconds it was busy, and the seconds in all modes.
        memory: available and total, in bytes.
        disks: per device the seconds with I/O in flight.
        broken: per series, one sentence on what makes it unfit.
    """

    target: Target
    at: float
    cpus: Mapping[str, tuple[float, float]]
    memory: tuple[float, float] | None
    disks: Mapping[str, float]
    broken: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Machines:
    """All machines, or why there are none."""

    seen: tuple[Machine, ...] = ()
    refused: tuple[Reason, str] | None = None


@dataclass(frozen=True, slots=True)
class PrometheusSnapshot:
    """Raw counters of all that is asked of one Prometheus.

    Attributes:
        now: the server's clock.
        histograms: by metric name.
        remarks: what the server noted beside its answers; not dumped.
    """

    epoch: str
    now: float
    scrapes: Mapping[Target, Scrape]
    histograms: Mapping[str, Counters]
    machines: Machines
    remarks: tuple[str, ...] = field(default=(), compare=False)

    @property
    def at(self) -> datetime:
        """The server's clock, UTC."""
        return moment(self.now)

    def dump(self) -> bytes:
        """Return compact JSON; targets and bucket layouts stand in tables, for most sets share them."""
        targets, layouts = _Table(), _Table()
        histograms = {
            name: {"sets": [_set_row(one, targets, layouts) for one in counters.sets], "no": counters.refused}
            for name, counters in self.histograms.items()
        }
        machines = {
            "seen": [
                [targets.index(one.target), one.at, one.cpus, one.memory, one.disks, one.broken]
                for one in self.machines.seen
            ],
            "no": self.machines.refused,
        }
        scrapes = [
            [*one.target, one.at, one.up, one.ok_at, one.every, one.started, _sorted(one.gives)]
            for one in self.scrapes.values()
        ]
        whole = {
            "version": _VERSION,
            "epoch": self.epoch,
            "now": self.now,
            "scrapes": scrapes,
            "histograms": histograms,
            "machines": machines,
            "targets": targets.rows,
            "layouts": layouts.rows,
        }
        # In ASCII, for a label may hold half a surrogate pair, which no other encoding takes.
        return json.dumps(whole, separators=(",", ":")).encode("ascii")


def load(data: bytes) -> PrometheusSnapshot | None:
    """Return a dumped snapshot, or None where this version cannot read it."""
    try:
        whole = json.loads(data)
        return _loaded(whole) if whole["version"] == _VERSION else None
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None


def _loaded(whole: Mapping[str, Any]) -> PrometheusSnapshot:
    targets = [(job, instance) for job, instance in whole["targets"]]
    layouts = [tuple(layout) for layout in whole["layouts"]]
    scrapes = {}
    for job, instance, at, up, ok_at, every, started, gives in whole["scrapes"]:
        known = None if gives is None else frozenset(gives)
        scrapes[job, instance] = Scrape((job, instance), at, up, ok_at, every, started, known)
    histograms = {
        name: Counters(
            tuple(_set_of(row, targets, layouts) for row in counters["sets"]), _refusal(counters["no"])
        )
        for name, counters in whole["histograms"].items()
    }
    machines = Machines(
        tuple(
            Machine(
                targets[target],
                at,
                {cpu: (busy, total) for cpu, (busy, total) in cpus.items()},
                None if memory is None else (memory[0], memory[1]),
                disks,
                broken,
            )
            for target, at, cpus, memory, disks, broken in whole["machines"]["seen"]
        ),
        _refusal(whole["machines"]["no"]),
    )
    return PrometheusSnapshot(whole["epoch"], whole["now"], scrapes, histograms, machines)


class _Table:
    """Values that stand once, and are pointed to by their place."""

    def __init__(self) -> None:
        self._places: dict[tuple[Any, ...], int] = {}

    def index(self, value: tuple[Any, ...]) -> int:
        return self._places.setdefault(value, len(self._places))

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        return list(self._places)


def _set_row(one: Buckets, targets: _Table, layouts: _Table) -> list[Any]:
    where, layout = targets.index(one.target), layouts.index(one.bounds)
    return [
        one.key, where, one.method, one.path, one.status, one.at, layout, one.counts, one.total, one.broken
    ]  # fmt: skip


def _set_of(row: list[Any], targets: list[Target], layouts: list[tuple[float, ...]]) -> Buckets:
    key, where, method, path, status, at, layout, counts, total, broken = row
    return Buckets(
        key, targets[where], method, path, status, at, layouts[layout], tuple(counts), total, broken
    )


def _sorted(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)


def _refusal(pair: list[str] | None) -> tuple[Reason, str] | None:
    return None if pair is None else (Reason(pair[0]), pair[1])
