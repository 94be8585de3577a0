"""The raw counters of node_exporter, put together per machine and checked."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from collectors.prometheus.asked import (
    CPU_SECONDS,
    DISK_SECONDS,
    MEMORY_AVAILABLE,
    MEMORY_TOTAL,
    Target,
    named,
)
from collectors.prometheus.samples import StrangeAnswerError, living, series_of, target_of
from collectors.prometheus.snapshot import Machine, Machines
from collectors.prometheus.words import printable

NOT_BUSY = frozenset({"idle", "iowait"})
"""Modes in which a CPU does nothing: waiting for a disk leaves it free for others. All other modes are busy,
steal too: the machine wanted that time and did not get it."""
WITHIN_OTHERS = frozenset({"guest", "guest_nice"})
"""Modes that Linux counts in user and nice already; very old exporters list them beside those."""


@dataclass(slots=True)
class _Raw:
    rows: list[tuple[float, str, dict[str, str], str]] = field(default_factory=list)


def machines_of(result: object, now: float, window: float) -> Machines:
    """Return the machines out of the answer to `query.machines`, or raise StrangeAnswerError."""
    raws: dict[Target, _Raw] = {}
    for labels, values in series_of(result, now, window):
        at, text = living(values)[-1]
        name = _label(labels, "__name__")
        raws.setdefault(target_of(labels), _Raw()).rows.append((at, name, labels, text))
    return Machines(tuple(_machine(target, raw) for target, raw in raws.items()))


def _machine(target: Target, raw: _Raw) -> Machine:
    at = max(row[0] for row in raw.rows)
    cpus: dict[str, tuple[float, float]] = {}
    memory: dict[str, float] = {}
    disks: dict[str, float] = {}
    broken: dict[str, str] = {}
    for when, name, labels, text in raw.rows:
        if when != at:  # of an older scrape: a CPU or a disk that is gone
            continue
        value = _amount(text)
        if value is None:
            broken[name] = (
                f"{printable(name)} of {named(target)} is {printable(text, 40)}, not a number from 0 up"
            )
        elif name == CPU_SECONDS:
            _add_mode(cpus, labels, value)
        elif name == DISK_SECONDS:
            disks[_label(labels, "device")] = value
        elif name in (MEMORY_AVAILABLE, MEMORY_TOTAL):
            memory[name] = value
    both = (memory[MEMORY_AVAILABLE], memory[MEMORY_TOTAL]) if len(memory) == 2 else None  # noqa: PLR2004 both
    if both is not None and both[0] > both[1]:
        broken[MEMORY_AVAILABLE] = (
            f"{named(target)} has more memory available ({both[0]:g}) than in all ({both[1]:g})"
        )
    return Machine(target, at, cpus, both, disks, broken)


def _add_mode(cpus: dict[str, tuple[float, float]], labels: dict[str, str], seconds: float) -> None:
    mode, cpu = _label(labels, "mode"), _label(labels, "cpu")
    if mode in WITHIN_OTHERS:
        return
    busy, total = cpus.get(cpu, (0.0, 0.0))
    cpus[cpu] = (busy if mode in NOT_BUSY else busy + seconds, total + seconds)


def _label(labels: dict[str, str], name: str) -> str:
    value = labels.get(name, "")
    if not isinstance(value, str):
        raise StrangeAnswerError("labels that are no texts")
    return printable(value, 80)


def _amount(text: str) -> float | None:
    try:
        amount = float(text)
    except ValueError:
        return None
    return amount if math.isfinite(amount) and amount >= 0 else None
