"""From two snapshots of a Prometheus to what happened in between. Pure: no clock, no I/O, no memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from collectors.prometheus.asked import OF_CONTAINERS, OF_MACHINES, OF_PROCESSES, PRESSURE, Asked
from collectors.prometheus.classes import Classes
from collectors.prometheus.container_use import tell_containers, tell_memory
from collectors.prometheus.container_use import tells as container_tells
from collectors.prometheus.families import family_of
from collectors.prometheus.faults.instrumentation import faults, faults_of_gauge
from collectors.prometheus.flow import flow
from collectors.prometheus.gauges import tell_gauge
from collectors.prometheus.health import ONE_READING, Health, failure
from collectors.prometheus.machine_details import tell_details
from collectors.prometheus.machines import gives, tell_machines
from collectors.prometheus.process_use import tell_memories, tell_processes
from collectors.prometheus.process_use import tells as process_tells
from collectors.prometheus.snapshot import Counters, PrometheusSnapshot
from collectors.prometheus.unread import unread
from collectors.prometheus.words import printable
from headroom.budgets import Kind, Measure, Reason
from headroom.observation import Absence, Observation, Reading, Series

_NAME = "is the name right, and has it counted anything yet?"
_PSI = "does the kernel account pressure (/proc/pressure/io, boot option psi=1)?"
_CADVISOR = "is cAdvisor scraped, and does it tell of containers with an image?"
_PROM_CLIENT = "does the application call collectDefaultMetrics() of prom-client?"


def difference(before: PrometheusSnapshot | None, after: PrometheusSnapshot, asked: Asked) -> Reading:
    """Return evidence of every measure that has something new, the reasons of those that cannot, and notes.

    A measure of which nothing new was scraped since, while nothing is wrong, is in neither: that is no
    evidence, and least of all evidence that nothing happened.
    """
    if before is not None and before.epoch != after.epoch:
        before = None
    told: list[Observation | Absence] = []
    notes = list(after.remarks)
    health = Health(before or after, after, asked.every)
    for metric in asked.metrics:
        told += _histogram(metric, before, asked, health, notes)
    told += _machines(before, asked, health)
    told += _containers(before, asked, health)
    told += _processes(before, asked, health)
    told += _recorded(before, asked, health)
    told += _gauges(before, asked, health, notes)
    told = list({one.series: one for one in told}.values())
    return Reading(
        tuple(one for one in told if isinstance(one, Observation)),
        tuple(one for one in told if isinstance(one, Absence)),
        tuple(dict.fromkeys(notes)),
        unread=unread(asked.measures, health),
    )


def _histogram(
    metric: str,
    before: PrometheusSnapshot | None,
    asked: Asked,
    health: Health,
    notes: list[str],
) -> Iterator[Observation | Absence]:
    after = health.after
    measures = {m: at for m, at in asked.measures.items() if m.kind is Kind.HISTOGRAM and m.of == metric}
    counters = after.histograms[metric]
    if counters.refused is not None:
        yield from _all(measures, *counters.refused)
        return
    if not counters.sets:
        yield from _all(measures, *_silent(metric, after, health, asked))
        return
    if before is None or not _based(before.histograms.get(metric)):
        yield from _all(measures, Reason.NO_DATA, ONE_READING)
        return
    down = health.failing(metric, known=True)
    if down:
        notes.append(failure(down, asked.place))
    moved = flow(before.histograms[metric], counters, health)
    families = {family.prefix: family for family in (family_of(measure, asked) for measure in measures)}
    classed = {prefix: Classes(metric, asked, moved, health, family) for prefix, family in families.items()}
    classes = next(iter(classed.values()))
    wrong = faults(metric, before, after, asked, moved)
    notes += [fault.detail for fault in wrong if not fault.blinding]
    if wrong and wrong[0].blinding:
        yield from _all(measures, Reason.BROKEN_INSTRUMENTATION, wrong[0].detail)
        return
    for measure, thresholds in measures.items():
        yield from classed[family_of(measure, asked).prefix].tell(measure, thresholds)
    stray, note = classes.unclassified()
    if stray is not None:
        yield stray
    notes += [note] if note else []
    notes += [said for family in classed.values() for said in family.notes]
    notes += [one.broken for one in moved.broken if classes.of(one) is None][:1]


def _based(counters: Counters | None) -> bool:
    """Tell whether a difference can start from what was read before, or kept while it was refused."""
    return counters is not None and (counters.refused is None or bool(counters.sets))


def _machines(
    before: PrometheusSnapshot | None, asked: Asked, health: Health
) -> Iterator[Observation | Absence]:
    machines = health.after.machines
    earlier = {} if before is None else {one.target: one for one in before.machines.seen}
    for measure in asked.measures:
        if measure.kind not in OF_MACHINES:
            continue
        name = OF_MACHINES[measure.kind][0]
        hint = _PSI if name == PRESSURE else _NAME
        if machines.refused is not None:
            yield Absence(Series.of(measure), *machines.refused)
        elif not any(gives(one, measure.kind) for one in machines.seen):
            yield Absence(Series.of(measure), Reason.NO_DATA, _nowhere(name, health, asked, hint))
        elif not earlier:
            yield Absence(Series.of(measure), Reason.NO_DATA, ONE_READING)
        else:
            yield from tell_machines(measure, asked, health, earlier)


def _containers(
    before: PrometheusSnapshot | None, asked: Asked, health: Health
) -> Iterator[Observation | Absence]:
    containers = health.after.containers
    for measure in asked.measures:
        if measure.kind not in OF_CONTAINERS:
            continue
        name = OF_CONTAINERS[measure.kind][0]
        if containers.refused is not None:
            yield Absence(Series.of(measure), *containers.refused)
        elif not any(container_tells(one, measure.kind) for one in containers.seen):
            yield Absence(Series.of(measure), Reason.NO_DATA, _nowhere(name, health, asked, _CADVISOR))
        elif before is None or not before.containers.seen:
            yield Absence(Series.of(measure), Reason.NO_DATA, ONE_READING)
        else:
            yield from tell_containers(measure, asked, health, before.containers, containers)


def _processes(
    before: PrometheusSnapshot | None, asked: Asked, health: Health
) -> Iterator[Observation | Absence]:
    processes = health.after.processes
    for measure in asked.measures:
        if measure.kind not in OF_PROCESSES:
            continue
        name = OF_PROCESSES[measure.kind][0]
        if processes.refused is not None:
            yield Absence(Series.of(measure), *processes.refused)
        elif not any(process_tells(one, measure.kind) for one in processes.seen):
            yield Absence(Series.of(measure), Reason.NO_DATA, _nowhere(name, health, asked, _PROM_CLIENT))
        elif before is None or not before.processes.seen:
            yield Absence(Series.of(measure), Reason.NO_DATA, ONE_READING)
        else:
            yield from tell_processes(measure, asked, health, before.processes, processes)


def _recorded(before: PrometheusSnapshot | None, asked: Asked, health: Health) -> Iterator[Observation]:
    """Yield what is known of resources beside what is judged; what is not known of them blinds nothing."""
    if before is None or not asked.recording:
        return
    after = health.after
    earlier = {one.target: one for one in before.machines.seen}
    if asked.machine_series and after.machines.refused is None:
        yield from tell_details(asked.source, health, earlier, after.machines.seen)
    if after.processes.refused is None:
        yield from tell_memories(asked.source, health, before.processes, after.processes)
    if after.containers.refused is None:
        yield from tell_memory(asked.source, health, before.containers, after.containers)


def _gauges(
    before: PrometheusSnapshot | None, asked: Asked, health: Health, notes: list[str]
) -> Iterator[Observation | Absence]:
    after = health.after
    for measure in asked.measures:
        if measure.kind is not Kind.GAUGE:
            continue
        levels = after.gauges[measure.of]
        wrong = faults_of_gauge(measure, before, after, asked)
        notes += [fault.detail for fault in wrong if not fault.blinding]
        if levels.refused is not None:
            yield Absence(Series.of(measure), *levels.refused)
        elif not levels.sets:
            yield Absence(Series.of(measure), Reason.NO_DATA, _nowhere(measure.of, health, asked))
        elif wrong and wrong[0].blinding:
            yield Absence(Series.of(measure), Reason.BROKEN_INSTRUMENTATION, wrong[0].detail)
        elif before is None:
            yield Absence(Series.of(measure), Reason.NO_DATA, ONE_READING)
        else:
            yield from tell_gauge(measure, asked, health, before.gauges.get(measure.of), levels)


def _silent(metric: str, after: PrometheusSnapshot, health: Health, asked: Asked) -> tuple[Reason, str]:
    """Return why a histogram has no series: broken, or not known."""
    wrong = faults(metric, None, after, asked)
    if wrong and wrong[0].blinding:
        return Reason.BROKEN_INSTRUMENTATION, wrong[0].detail
    if wrong and not health.failing(metric):
        return Reason.NO_DATA, wrong[0].detail
    return Reason.NO_DATA, _nowhere(f"{metric}_bucket", health, asked)


def _nowhere(series: str, health: Health, asked: Asked, hint: str = _NAME) -> str:
    failing = health.failing(series)
    if failing:
        why = failure(failing, asked.place)
    elif not health.after.scrapes:
        why = (
            "no scrape is to be seen: it has only begun to (VictoriaMetrics shows one after 30 s), or has no "
            "targets"
        )
    else:
        why = f"no target that it scrapes gives it; {hint}"
        down = [scrape for scrape in health.after.scrapes.values() if not scrape.up]
        why += f" Besides, {failure(down, asked.place)}" if down else ""
    return f"no series {printable(series)} at {asked.place}: {why}"


def _all(measures: Iterable[Measure], reason: Reason, detail: str) -> Iterator[Absence]:
    for measure in measures:
        yield Absence(Series.of(measure), reason, detail)
