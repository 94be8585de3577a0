"""Machines beside each other, as HTML: CPU by mode, memory, disks and waits. Pure; everything is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

from dashboard.added import level, ratio
from dashboard.columns import length, stack
from dashboard.foreign import one_line
from dashboard.growth import told
from dashboard.markup import NOTHING
from dashboard.shares import share
from dashboard.spans import took
from dashboard.sums import Sums
from headroom import recorded
from headroom.budgets import Kind, Subject, Unit
from headroom.instances import natural
from headroom.observation import Series
from headroom.trend import Trend

MOST = 40
_OWN = frozenset({"mode", "device"})  # labels of what a machine has several of
_COLOURS = {
    "user": "#2b8cbe",
    "system": "#8c6bb1",
    "iowait": "#b37400",
    "steal": "#d55e00",
    "nice": "#74a9cf",
    "irq": "#009e73",
    "softirq": "#66c2a4",
}
"""Of the modes; the rest of the bar is idle, and has none."""
_OTHER = "#7f8790"
_IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine over a period; None where something was not recorded.

    Attributes:
        modes: shares of CPU time by mode, largest first, without idle.
        waits: the mean wait of one read or write by device, in seconds, longest first.
        growth: of its memory; None where nothing was recorded of it.
    """

    name: str
    cpu: float | None
    memory: float | None
    disk: float | None
    pressure: float | None
    modes: tuple[tuple[str, float], ...]
    waits: tuple[tuple[str, float], ...]
    growth: str

    @property
    def worst(self) -> float:
        """What it has least left of."""
        return max(self.cpu or 0.0, self.memory or 0.0, self.disk or 0.0)


def machines(sums: Mapping[str, Sums], growth: Mapping[Series, Trend | None], full: float) -> list[Machine]:
    """Return the machines, that with least left first; `full` is the share that memory should not reach."""
    found = []
    for source, one in sums.items():
        known = {_machine(series.subject) for series in one.columns if series.measure in _OF}
        apart = known - {()} or known
        # Beside several, what belongs to none of them is of all together; beside one, it is that one's.
        alone = len(apart) == 1
        found += [
            _read(source, whose, one, growth, full, alone=alone) for whose in sorted(apart, key=natural)
        ]
    return sorted(found, key=lambda machine: -machine.worst)


_OF = frozenset(
    {Kind.CPU, Kind.MEMORY, Kind.DISK_IO, Kind.IO_PRESSURE, recorded.CPU_MODES, recorded.DISK_WAIT}
)


def _machine(subject: Subject) -> Subject:
    return tuple(label for label in subject if label[0] not in _OWN)


def _read(
    source: str,
    whose: Subject,
    sums: Sums,
    growth: Mapping[Series, Trend | None],
    full: float,
    *,
    alone: bool,
) -> Machine:
    def series_of(kind: str) -> Series:
        own = Series(source, kind, whose)
        return Series(source, kind) if alone and own not in sums.columns else own

    def mean(kind: str) -> float | None:
        return level(sums.whole(series_of(kind)))

    def several(measure: str, label: str) -> list[tuple[str, float]]:
        named = [series for series in sums.of(measure) if _machine(series.subject) == whose]
        if alone and not named:
            named = sums.of(measure)
        values = {dict(series.subject).get(label, ""): ratio(sums.whole(series)) for series in named}
        return [(name, one.part / one.whole) for name, one in values.items() if one and one.whole]

    memory = series_of(Kind.MEMORY)
    modes = [one for one in several(recorded.CPU_MODES, "mode") if one[0] != _IDLE]
    return Machine(
        ", ".join(value for _, value in whose) or source,
        mean(Kind.CPU),
        mean(Kind.MEMORY),
        mean(Kind.DISK_IO),
        mean(Kind.IO_PRESSURE),
        tuple(sorted(modes, key=lambda one: -one[1])),
        tuple(sorted(several(recorded.DISK_WAIT, "device"), key=lambda one: -one[1])),
        told(growth[memory], Unit.SHARE, (full, "")) if memory in growth else "",
    )


def table(found: Iterable[Machine], since: str) -> str:
    """Return the machines over the time `since`, MOST lines at most; what to do where there are none."""
    ones = list(found)
    if not ones:
        return (
            '<p class="hr-said" data-empty="machines">No machine was seen in the last hour. They are told by '
            "node_exporter, where a Prometheus scrapes it and is a source in the budgets file.</p>"
        )
    heads = ("machine", "CPU", "memory", "disk busy", "waiting for I/O", "mean wait")
    cells = "".join(f'<th scope="col">{name}</th>' for name in heads)
    lines = "".join(_line(one) for one in ones[:MOST])
    rest = f"<p>The {MOST} fullest of {len(ones):,}.</p>" if len(ones) > MOST else ""
    return (
        f'<section class="hr-table hr-machines" data-machines="{len(ones)}"><table><thead><tr>{cells}</tr>'
        f"</thead><tbody>{lines}</tbody></table>{rest}<p>Means since {escape(since)}. A disk that is "
        "busy all the time is full only where something waits for it: disks that do many things at once are "
        "busy long before.</p></section>"
    )


def _line(one: Machine) -> str:
    name = escape(one_line(one.name, 80))
    return (
        f'<tr data-machine="{name}"><td data-head="machine"><b>{name}</b></td>'
        f'<td data-head="CPU">{_share(one.cpu)}{_modes(one)}</td>'
        f'<td data-head="memory">{_share(one.memory)}{_bar(one.memory)}'
        f"{f'<small>{escape(one.growth)}</small>' if one.growth else ''}</td>"
        f'<td data-head="disk busy">{_share(one.disk)}{_bar(one.disk)}</td>'
        f'<td data-head="waiting for I/O">{_share(one.pressure)}</td>'
        f'<td data-head="mean wait">{_waits(one)}</td></tr>'
    )


def _share(value: float | None) -> str:
    return NOTHING if value is None else share(value)


def _bar(value: float | None) -> str:
    return "" if value is None else length(value)


def _modes(one: Machine) -> str:
    if not one.modes:
        return _bar(one.cpu)
    shown = [(mode, part, _COLOURS.get(mode, _OTHER)) for mode, part in one.modes]
    said = ", ".join(f"{one_line(mode, 20)} {share(part)}" for mode, part in one.modes[:4] if part > 0)
    return f"{stack(shown, said)}<small>{escape(said)}</small>"


def _waits(one: Machine) -> str:
    if not one.waits:
        return NOTHING
    (device, longest), *others = one.waits
    among = f", the longest of {len(others) + 1}" if others else ""
    return f"{escape(took(longest))}<small>{escape(one_line(device, 40))}{among}</small>"
