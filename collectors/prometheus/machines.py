"""CPU, memory and disks between two snapshots of node_exporter: of each machine, and of all of them.

For all: CPU is summed, memory is that of the worst machine, disk I/O that of the busiest device anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from collectors.prometheus.asked import OF_MACHINES, Asked, Target, named
from collectors.prometheus.change import RANK
from collectors.prometheus.health import ONE_READING, Health, failure
from collectors.prometheus.instances import subjects
from collectors.prometheus.machine_details import beside, pressed
from collectors.prometheus.snapshot import Machine
from collectors.prometheus.words import clock, moment
from headroom.budgets import Kind, Measure, Reason
from headroom.evidence import Gauge, Ratio
from headroom.observation import Absence, Observation, Part, Quality, Series

_SLACK = 1.1
"""A clock of CPU or disk runs at most this much faster than the wall's; what shows more is not since zero."""


_LEAP = 2.0
"""A CPU whose counters grow this many times faster than time passes had one of its modes missing before."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One kind's figure of one machine.

    Attributes:
        share: by which the worst is found.
        what: the part of the machine that it is of, such as the device; "" for all of it.
        beside: what else is known of it, that a person should see beside the figure.
    """

    target: Target
    start: float
    end: float
    evidence: Ratio | Gauge
    share: float
    quality: Quality
    what: str = ""
    beside: str = ""

    @property
    def name(self) -> str:
        """The machine and its part, as sentences name them."""
        return f"{self.what} of {named(self.target)}" if self.what else named(self.target)


@dataclass(frozen=True, slots=True)
class Without:
    """Why a machine has no figure."""

    reason: Reason
    detail: str


def gives(machine: Machine, kind: Kind) -> bool:
    """Tell whether a machine has what a kind is made of, or something broken in its place."""
    if any(name in machine.broken for name in OF_MACHINES[kind]):
        return True
    match kind:
        case Kind.CPU:
            return bool(machine.cpus)
        case Kind.MEMORY:
            return machine.memory is not None
        case Kind.DISK_IO:
            return bool(machine.disks)
        case _:
            return machine.pressure is not None


def tell_machines(
    measure: Measure, asked: Asked, health: Health, before: Mapping[Target, Machine]
) -> Iterator[Observation | Absence]:
    """Yield what is known of one kind, or why nothing is, or nothing where nothing was scraped since."""
    kind, series = measure.kind, Series.of(measure)
    live = [one for one in health.after.machines.seen if not health.gone(one.target, one.at)]
    broken = [one.broken[name] for one in live for name in OF_MACHINES[kind] if name in one.broken]
    if broken:
        yield Absence(series, Reason.BROKEN_INSTRUMENTATION, broken[0])
        return
    having = [one for one in live if gives(one, kind)]
    pairs = [
        (before[one.target], one)
        for one in having
        if one.target in before and gives(before[one.target], kind)
    ]
    told = [_FIGURE[kind](then, now, health) for then, now in pairs if now.at > then.at]
    figures = [one for one in told if isinstance(one, Figure)]
    failing = health.failing(OF_MACHINES[kind][0])
    if figures:
        missing = health.failing(OF_MACHINES[kind][0], known=True)
        remark = f"without what {failure(missing, asked.place)}" if missing else ""
        yield from _observed(measure, figures, remark, several=len(having) > 1)
        return
    old = health.old({one.target for one in having})
    without = next((one for one in told if isinstance(one, Without)), None)
    if failing:
        yield Absence(series, Reason.NO_DATA, failure(failing, asked.place))
    elif without is not None:
        yield Absence(series, without.reason, without.detail)
    elif old:
        yield Absence(series, Reason.STALE, old)
    elif not pairs:
        yield Absence(series, Reason.NO_DATA, ONE_READING)


def _observed(
    measure: Measure, figures: list[Figure], remark: str, *, several: bool
) -> Iterator[Observation]:
    if measure.kind is Kind.CPU:
        yield Observation(Series.of(measure), tuple(_summed(figures, remark)))
    else:
        worst = max(figures, key=lambda figure: figure.share)
        named_worst = ""
        if several:
            named_worst = f"the worst of {len(figures)} machines: {worst.name}"
        elif worst.what:
            named_worst = f"the busiest device: {worst.name}"
        yield Observation(Series.of(measure), (_part(worst, (named_worst, worst.beside, remark)),))
    if several:
        names = subjects([figure.target for figure in figures])
        for figure in figures:
            detail = f"the busiest device: {figure.what}" if figure.what else ""
            yield Observation(
                Series.of(measure, names[figure.target]), (_part(figure, (detail, figure.beside)),)
            )


def _summed(figures: list[Figure], remark: str) -> Iterator[Part]:
    for quality in RANK:
        group = [figure for figure in figures if figure.quality is quality]
        if not group:
            continue
        part = sum(figure.evidence.part for figure in group if isinstance(figure.evidence, Ratio))
        whole = sum(figure.evidence.whole for figure in group if isinstance(figure.evidence, Ratio))
        start, end = max(figure.start for figure in group), max(figure.end for figure in group)
        details = [_quality_detail(figure) for figure in group]
        yield Part(
            moment(start), moment(end), Ratio(part, whole), quality, (), _joined((*details[:3], remark))
        )


def _part(figure: Figure, remarks: tuple[str, ...]) -> Part:
    detail = _joined((*remarks, _quality_detail(figure)))
    return Part(moment(figure.start), moment(figure.end), figure.evidence, figure.quality, (), detail)


def _joined(sentences: tuple[str, ...]) -> str:
    return "; ".join(sentence for sentence in sentences if sentence)


def _quality_detail(figure: Figure) -> str:
    if figure.quality is Quality.RESET:
        who, when = named(figure.target), clock(figure.start)
        return f"the counters of {who} began anew after {when}; what came before is lost"
    if figure.quality is Quality.GAP:
        return f"nothing was heard of {named(figure.target)} for {figure.end - figure.start:.0f} s"
    return ""


def _quality(now: Machine, seconds: float, health: Health, *, reset: bool) -> Quality:
    if seconds > health.patience(now.target):
        return Quality.GAP
    return Quality.RESET if reset else Quality.EXACT


def _cpu(then: Machine, now: Machine, health: Health) -> Figure | Without:
    """Sum CPU by CPU: one that was taken away or added must not look like a reset of all."""
    seconds = now.at - then.at
    busy = total = 0.0
    reset = leapt = False
    for cpu, (busy_now, total_now) in now.cpus.items():
        if cpu not in then.cpus:
            continue
        busy_then, total_then = then.cpus[cpu]
        if total_now - total_then > _LEAP * seconds + 1:
            leapt = True
        elif busy_now >= busy_then and total_now >= total_then:
            busy, total = busy + busy_now - busy_then, total + total_now - total_then
        elif total_now <= _SLACK * seconds:
            busy, total, reset = busy + busy_now, total + total_now, True
    if total <= 0 and leapt:
        who = named(now.target)
        return Without(
            Reason.NO_DATA, f"the CPU counters of {who} leapt: the last poll lacked some of its modes"
        )
    if total <= 0:
        return Without(
            Reason.NO_DATA, f"the CPU counters of {named(now.target)} stood still or ran backwards"
        )
    # Idle time may run backwards by a tick, which would leave more busy than there was time.
    evidence = Ratio(min(busy, total), total)
    quality = _quality(now, seconds, health, reset=reset)
    return Figure(now.target, then.at, now.at, evidence, evidence.part / total, quality)


def _memory(then: Machine, now: Machine, health: Health) -> Figure | Without:
    assert now.memory is not None
    available, total = now.memory
    if total <= 0:
        return Without(Reason.NO_LIMIT, f"{named(now.target)} says that it has no memory at all")
    seconds, used = now.at - then.at, 1 - available / total
    quality = _quality(now, seconds, health, reset=False)
    return Figure(now.target, then.at, now.at, Gauge.sample(used, seconds), used, quality)


def _disk(then: Machine, now: Machine, health: Health) -> Figure | Without:
    seconds = now.at - then.at
    spent: dict[str, tuple[float, bool]] = {}
    for device, value in now.disks.items():
        if device in then.disks:
            if value >= then.disks[device]:
                spent[device] = value - then.disks[device], False
            elif value <= _SLACK * seconds:
                spent[device] = value, True
    if not spent:
        return Without(
            Reason.NO_DATA, f"no disk of {named(now.target)} has counters that go on from the last poll"
        )
    device = max(spent, key=lambda name: spent[name])
    used, reset = spent[device]
    evidence = Ratio(min(used, seconds), seconds)
    quality = _quality(now, seconds, health, reset=reset)
    share = evidence.part / seconds
    told = beside(then, now, device, share)
    return Figure(now.target, then.at, now.at, evidence, share, quality, device, told)


def _pressure(then: Machine, now: Machine, health: Health) -> Figure | Without:
    evidence = pressed(then, now)
    if evidence is None:
        return Without(
            Reason.NO_DATA, f"the I/O pressure of {named(now.target)} does not go on from the last poll"
        )
    assert then.pressure is not None
    assert now.pressure is not None
    quality = _quality(now, now.at - then.at, health, reset=now.pressure < then.pressure)
    return Figure(now.target, then.at, now.at, evidence, evidence.part / evidence.whole, quality)


_FIGURE: Mapping[Kind, Callable[[Machine, Machine, Health], Figure | Without]] = {
    Kind.CPU: _cpu,
    Kind.MEMORY: _memory,
    Kind.DISK_IO: _disk,
    Kind.IO_PRESSURE: _pressure,
}
