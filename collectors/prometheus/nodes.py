"""The raw counters of node_exporter, put together per machine and checked."""

from __future__ import annotations

from dataclasses import dataclass, field

from collectors.prometheus.amounts import amount, label
from collectors.prometheus.asked import (
    CPU_SECONDS,
    DISK_DONE,
    DISK_SECONDS,
    DISK_WAITS,
    MEMORY_AVAILABLE,
    MEMORY_TOTAL,
    PRESSURE,
    PROCESS_SERIES,
    Target,
    named,
)
from collectors.prometheus.samples import living, series_of, target_of
from collectors.prometheus.snapshot import Machine, Machines
from collectors.prometheus.words import printable

NOT_BUSY = frozenset({"idle", "iowait"})
"""Modes in which a CPU does nothing: waiting for a disk leaves it free for others. All other modes are busy,
steal too: the machine wanted that time and did not get it."""
WITHIN_OTHERS = frozenset({"guest", "guest_nice"})
"""Modes that Linux counts in user and nice already; very old exporters list them beside those."""
_WAITS = (*DISK_WAITS, *DISK_DONE)


@dataclass(slots=True)
class _Raw:
    rows: list[tuple[float, str, dict[str, str], str]] = field(default_factory=list)


def machines_of(result: object, now: float, window: float) -> Machines:
    """Return the machines in the answer to `query.machines`, whatever processes stand in it besides.

    Raises StrangeAnswerError where it is none.
    """
    raws: dict[Target, _Raw] = {}
    for labels, values in series_of(result, now, window):
        name = label(labels, "__name__")
        if name in PROCESS_SERIES:
            continue
        at, text = living(values)[-1]
        raws.setdefault(target_of(labels), _Raw()).rows.append((at, name, labels, text))
    return Machines(tuple(_machine(target, raw) for target, raw in raws.items()))


def _machine(target: Target, raw: _Raw) -> Machine:
    at = max(row[0] for row in raw.rows)
    cpus: dict[str, tuple[float, float]] = {}
    memory: dict[str, float] = {}
    disks: dict[str, float] = {}
    modes: dict[str, float] = {}
    waits: dict[str, list[float]] = {}
    pressure = None
    broken: dict[str, str] = {}
    for when, name, labels, text in raw.rows:
        if when != at:  # of an older scrape: a CPU or a disk that is gone
            continue
        value = amount(text)
        if value is None:
            broken[name] = (
                f"{printable(name)} of {named(target)} is {printable(text, 40)}, not a number from 0 up"
            )
        elif name == CPU_SECONDS:
            _add_mode(cpus, modes, labels, value)
        elif name == DISK_SECONDS:
            disks[label(labels, "device")] = value
        elif name in _WAITS:
            both_kinds = waits.setdefault(label(labels, "device"), [0.0, 0.0, 0.0])
            both_kinds[name in DISK_DONE] += value
            both_kinds[2] += 1
        elif name == PRESSURE:
            pressure = value
        elif name in (MEMORY_AVAILABLE, MEMORY_TOTAL):
            memory[name] = value
    both = (memory[MEMORY_AVAILABLE], memory[MEMORY_TOTAL]) if len(memory) == 2 else None  # noqa: PLR2004 both
    if both is not None and both[0] > both[1]:
        broken[MEMORY_AVAILABLE] = (
            f"{named(target)} has more memory available ({both[0]:g}) than in all ({both[1]:g})"
        )
    whole = {
        device: (seconds, done) for device, (seconds, done, rows) in waits.items() if rows == len(_WAITS)
    }
    return Machine(target, at, cpus, both, disks, broken, modes, pressure, whole)


def _add_mode(
    cpus: dict[str, tuple[float, float]], modes: dict[str, float], labels: dict[str, str], seconds: float
) -> None:
    mode, cpu = label(labels, "mode"), label(labels, "cpu")
    if mode in WITHIN_OTHERS:
        return
    modes[mode] = modes.get(mode, 0.0) + seconds
    busy, total = cpus.get(cpu, (0.0, 0.0))
    cpus[cpu] = (busy if mode in NOT_BUSY else busy + seconds, total + seconds)
