"""What one poll of a Prometheus keeps: raw counters with their own time stamps, and how their scrapes went.

Times are Unix seconds by the server's clock; counters are totals since some start, never differences.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from collectors.prometheus.asked import Target
from collectors.prometheus.containers import Containers, containers_from
from collectors.prometheus.containers import rows_of as rows_of_containers
from collectors.prometheus.faults.declared import Elsewhere
from collectors.prometheus.levels import Levels, levels_from
from collectors.prometheus.levels import rows_of as rows_of_levels
from collectors.prometheus.processes import Processes, processes_from
from collectors.prometheus.processes import rows_of as rows_of_processes
from collectors.prometheus.tally import Tally, tally_from
from collectors.prometheus.tally import rows_of as rows_of_tally
from collectors.prometheus.words import moment
from headroom.budgets import Reason

_VERSION = 4


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
        steady: its process told one start in the whole span, so that it did not restart there; not dumped.
        own: where its samples have time stamps of its own instead of the scrapes', how many seconds these lie
            apart; 0 where that is not known yet; None where they have the scrapes'.
        times: of all tries in the span; not dumped.
    """

    target: Target
    at: float
    up: bool
    ok_at: float | None
    every: float | None
    started: float | None
    gives: frozenset[str] | None = None
    error: str = field(default="", compare=False)
    steady: bool = field(default=False, compare=False)
    own: float | None = None
    times: frozenset[float] = field(default=frozenset(), compare=False, repr=False)

    @property
    def period(self) -> float:
        """Seconds after which a newer sample is due; 0 where that is not known."""
        return max(self.every or 0.0, self.own or 0.0)


@dataclass(frozen=True, slots=True)
class Buckets:
    """One label set of a histogram at its newest scrape.

    Attributes:
        key: identifies the label set, `le` and the metric's name left out.
        bounds: finite upper bounds in seconds, ascending.
        counts: events up to each bound, and all of them; one more than `bounds`; empty where broken.
        total: the sum of the durations in seconds; None where there is none of the same scrape.
        broken: one sentence on what makes the counters unfit; empty where they are fit.
        labels: further labels that classes are told by, sorted, as far as the label set has them.
        schema: that of a native histogram; None for a classic one.
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
    labels: tuple[tuple[str, str], ...] = ()
    schema: int | None = None

    @property
    def native(self) -> bool:
        """Whether it is of a native histogram, whose layout follows from its schema and what it counted."""
        return self.schema is not None

    def upto(self, bound: float) -> int | None:
        """Return how many events are certain to lie at or below a bound; None where that is not known.

        Inside a bucket nothing is known, unless it is empty.
        """
        place = bisect_left(self.bounds, bound)
        below = self.counts[place - 1] if place else 0
        if place < len(self.bounds) and self.bounds[place] == bound:
            return self.counts[place]
        return below if self.counts[place] == below else None


@dataclass(frozen=True, slots=True)
class Counters:
    """All label sets of one histogram, or why there are none.

    Attributes:
        sets: where it was refused, those read last, which the next difference starts from.
    """

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
        modes: per mode the seconds of all CPUs.
        pressure: seconds in which some task waited for I/O; None where the kernel does not account them.
        waits: per device the seconds that reads and writes took, and their number.
    """

    target: Target
    at: float
    cpus: Mapping[str, tuple[float, float]]
    memory: tuple[float, float] | None
    disks: Mapping[str, float]
    broken: Mapping[str, str] = field(default_factory=dict)
    modes: Mapping[str, float] = field(default_factory=dict)
    pressure: float | None = None
    waits: Mapping[str, tuple[float, float]] = field(default_factory=dict)


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
        gauges: by selector.
        failures: the counter of failures that is kept elsewhere; None where there is none.
        declared: by histogram, the targets that declare it and give no series of it; not dumped.
        others: what those targets counted in metrics that nobody asked for; not dumped.
        processes, containers: what is told of them.
    """

    epoch: str
    now: float
    scrapes: Mapping[Target, Scrape]
    histograms: Mapping[str, Counters]
    machines: Machines
    remarks: tuple[str, ...] = field(default=(), compare=False)
    gauges: Mapping[str, Levels] = field(default_factory=dict)
    failures: Tally | None = None
    declared: Mapping[str, tuple[Target, ...]] = field(default_factory=dict, compare=False)
    others: tuple[Elsewhere, ...] = field(default=(), compare=False)
    processes: Processes = field(default_factory=Processes)
    containers: Containers = field(default_factory=Containers)

    @property
    def at(self) -> datetime:
        """The server's clock, UTC."""
        return moment(self.now)

    def dump(self) -> bytes:
        """Return compact JSON; targets, layouts and labels stand in tables, for most sets share them."""
        targets, layouts, labels = _Table(), _Table(), _Table()
        histograms = {
            name: {
                "sets": [_set_row(one, targets, layouts, labels) for one in counters.sets],
                "no": counters.refused,
            }
            for name, counters in self.histograms.items()
        }
        machines = {
            "seen": [
                [
                    targets.index(one.target), one.at, one.cpus, one.memory, one.disks, one.broken,
                    one.modes, one.pressure, one.waits,
                ]
                for one in self.machines.seen
            ],
            "no": self.machines.refused,
        }  # fmt: skip
        scrapes = [
            [*one.target, one.at, one.up, one.ok_at, one.every, one.started, _sorted(one.gives), one.own]
            for one in self.scrapes.values()
        ]
        whole = {
            "version": _VERSION,
            "epoch": self.epoch,
            "now": self.now,
            "scrapes": scrapes,
            "histograms": histograms,
            "machines": machines,
            "processes": rows_of_processes(self.processes),
            "containers": rows_of_containers(self.containers),
            "gauges": {selector: rows_of_levels(levels) for selector, levels in self.gauges.items()},
            "failures": None if self.failures is None else rows_of_tally(self.failures),
            "targets": targets.rows,
            "layouts": layouts.rows,
            "labels": labels.rows,
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
    labels = [tuple((name, value) for name, value in pairs) for pairs in whole["labels"]]
    scrapes = {}
    for job, instance, at, up, ok_at, every, started, gives, own in whole["scrapes"]:
        known = None if gives is None else frozenset(gives)
        scrapes[job, instance] = Scrape((job, instance), at, up, ok_at, every, started, known, own=own)
    histograms = {
        name: Counters(
            tuple(_set_of(row, targets, layouts, labels) for row in counters["sets"]),
            _refusal(counters["no"]),
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
                modes,
                pressure,
                {device: (seconds, done) for device, (seconds, done) in waits.items()},
            )
            for target, at, cpus, memory, disks, broken, modes, pressure, waits in whole["machines"]["seen"]
        ),
        _refusal(whole["machines"]["no"]),
    )
    gauges = {selector: levels_from(rows) for selector, rows in whole["gauges"].items()}
    failures = None if whole["failures"] is None else tally_from(whole["failures"])
    return PrometheusSnapshot(
        whole["epoch"],
        whole["now"],
        scrapes,
        histograms,
        machines,
        gauges=gauges,
        failures=failures,
        processes=processes_from(whole["processes"]),
        containers=containers_from(whole["containers"]),
    )


class _Table:
    """Values that stand once, and are pointed to by their place."""

    def __init__(self) -> None:
        self._places: dict[tuple[Any, ...], int] = {}

    def index(self, value: tuple[Any, ...]) -> int:
        return self._places.setdefault(value, len(self._places))

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        return list(self._places)


def _set_row(one: Buckets, targets: _Table, layouts: _Table, labels: _Table) -> list[Any]:
    where, layout, further = targets.index(one.target), layouts.index(one.bounds), labels.index(one.labels)
    return [
        one.key, where, one.method, one.path, one.status, one.at, layout, one.counts, one.total, one.broken,
        further, one.schema,
    ]  # fmt: skip


def _set_of(
    row: list[Any],
    targets: list[Target],
    layouts: list[tuple[float, ...]],
    labels: list[tuple[tuple[str, str], ...]],
) -> Buckets:
    key, where, method, path, status, at, layout, counts, total, broken, further, schema = row
    return Buckets(
        key, targets[where], method, path, status, at, layouts[layout], tuple(counts), total, broken,
        labels[further], schema,
    )  # fmt: skip


def _sorted(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)


def _refusal(pair: list[str] | None) -> tuple[Reason, str] | None:
    return None if pair is None else (Reason(pair[0]), pair[1])
