"""CPU of one core, event loop and memory of processes between two snapshots.

JavaScript runs on one core, so that a limit of two hides a full event loop: where processes of Node.js are
known, the share of one core is theirs alone, since other programs may well fill several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from collectors.prometheus.asked import OF_PROCESSES, Asked, Target, named
from collectors.prometheus.health import ONE_READING, Health, failure
from collectors.prometheus.instances import subjects
from collectors.prometheus.processes import Process, Processes
from collectors.prometheus.words import printable
from collectors.prometheus.worst import Use, each, greatest, not_judged, tell_broken, tell_worst
from headroom import recorded
from headroom.budgets import Kind, Measure, Reason, Subject
from headroom.evidence import Gauge, Ratio
from headroom.observation import Absence, Observation, Quality, Series

_FLOOR = 0.011
"""Seconds. The loop is looked at every 10 ms: an idle one is 10 ms late by this measure."""

_NOTHING = {
    Kind.ONE_CORE: "the CPU counter of {} ran backwards",
    Kind.EVENT_LOOP: (
        "no turn of the event loop of {} was timed since the scrape before: each scrape begins anew; do "
        "several servers scrape it?"
    ),
}
"""Why a process has no figure."""

Key = tuple[Target, tuple[tuple[str, str], ...]]


def tells(process: Process, kind: Kind) -> bool:
    """Tell whether a process gives what a kind is made of, or something broken in its place."""
    if any(name in process.broken for name in OF_PROCESSES[kind]):
        return True
    return (process.cpu if kind is Kind.ONE_CORE else process.lag) is not None


def _broken(process: Process, kind: Kind) -> str:
    return next((process.broken[name] for name in OF_PROCESSES[kind] if name in process.broken), "")


def tell_processes(
    measure: Measure, asked: Asked, health: Health, before: Processes, after: Processes
) -> Iterator[Observation | Absence]:
    """Yield what is known of one kind, or why nothing is, or nothing where nothing was scraped since."""
    kind, series = measure.kind, Series.of(measure)
    live = [one for one in after.seen if tells(one, kind) and not health.gone(one.target, one.at)]
    if any(one.node for one in live):
        live = [one for one in live if one.node]
    broken = {one.key: why for one in live if (why := _broken(one, kind))}
    of, things = len(live), "processes of Node.js" if live and live[0].node else "processes"
    live = [one for one in live if one.key not in broken]
    known = {one.key: one for one in before.seen if tells(one, kind) and not _broken(one, kind)}
    pairs = [(known[one.key], one) for one in live if one.key in known]
    names = _subjects(after)
    figure = _one_core if kind is Kind.ONE_CORE else _late
    told = [figure(then, now, health, names[now.key]) for then, now in pairs if now.at > then.at]
    last = pairs[-1][1] if pairs else None
    uses = [use for use in told if use is not None]
    failing = health.failing(OF_PROCESSES[kind][0], known=True)
    if of > 1:
        yield from tell_broken(series, {names[key]: why for key, why in broken.items()})
    if uses:
        without = f"without what {failure(failing, asked.place)}" if failing else ""
        remark = "; ".join(said for said in (without, not_judged(list(broken.values()), of)) if said)
        yield from tell_worst(series, uses, things, remark)
        return
    if broken and not live:
        yield Absence(series, Reason.BROKEN_INSTRUMENTATION, next(iter(broken.values())))
        return
    old = health.old({one.target for one in live or after.seen})
    if failing:
        yield Absence(series, Reason.NO_DATA, failure(failing, asked.place))
    elif told and last is not None:
        yield Absence(series, Reason.NO_DATA, _NOTHING[kind].format(_name(last)))
    elif old:
        yield Absence(series, Reason.STALE, old)
    elif not pairs:
        yield Absence(series, Reason.NO_DATA, ONE_READING)


def tell_memories(source: str, health: Health, before: Processes, after: Processes) -> Iterator[Observation]:
    """Yield the resident memories and heaps that are recorded, of the largest processes."""
    known = {one.key: one for one in before.seen}
    names = _subjects(after, always=True)
    live = [
        (known[one.key], one)
        for one in after.seen
        if one.key in known and one.at > known[one.key].at and not health.gone(one.target, one.at)
    ]
    for measure, value_of in _MEMORIES:
        uses = [
            Use(names[now.key], _name(now), then.at, now.at, Gauge.sample(value, now.at - then.at), value)
            for then, now in live
            if (value := value_of(now)) is not None
        ]
        series = Series(source, measure)
        yield from (each(series, use) for use in greatest(uses))


_MEMORIES: Sequence[tuple[str, Callable[[Process], float | None]]] = (
    (recorded.PROCESS_MEMORY, lambda process: process.memory),
    (recorded.HEAP, lambda process: process.heap),
)


def _subjects(processes: Processes, *, always: bool = False) -> dict[Key, Subject]:
    """Return the instance, the job where two scrape it or `always`, and labels where one has several."""
    keys = [one.key for one in processes.seen]
    targets = [target for target, _ in keys]
    short = subjects(set(targets))
    shared = (
        {target for target in targets if targets.count(target) > 1}
        if len(set(targets)) < len(targets)
        else set()
    )
    found: dict[Key, Subject] = {}
    for target, labels in keys:
        whose = (("instance", target[1]), ("job", target[0])) if always else short[target]
        found[target, labels] = tuple(sorted((*(labels if target in shared else ()), *whose)))
    return found


def _name(process: Process) -> str:
    labels = ", ".join(f"{name} {value}" for name, value in process.labels)
    return f"{named(process.target)}" + (f" with {printable(labels, 80)}" if labels else "")


def _quality(now: Process, seconds: float, health: Health, *, reset: bool = False) -> Quality:
    if seconds > health.patience(now.target):
        return Quality.GAP
    return Quality.RESET if reset else Quality.EXACT


def _one_core(then: Process, now: Process, health: Health, subject: Subject) -> Use | None:
    assert now.cpu is not None
    assert then.cpu is not None
    seconds, spent = now.at - then.at, now.cpu - then.cpu
    reset = spent < 0
    if reset:
        began = health.after.scrapes.get(now.target)
        life = now.at - began.started if began is not None and began.started else seconds
        # Since zero only if its life lies in the interval; a program may fill many cores in it.
        if life > seconds + 1:
            return None
        spent = now.cpu
    quality = _quality(now, seconds, health, reset=reset)
    evidence = Ratio(spent, seconds)
    return Use(subject, _name(now), then.at, now.at, evidence, spent / seconds, quality)


def _late(then: Process, now: Process, health: Health, subject: Subject) -> Use | None:
    assert now.lag is not None
    if not now.lag:
        return None
    seconds = now.at - then.at
    detail = "idle: a loop is looked at every 10 ms" if now.lag < _FLOOR else ""
    quality = _quality(now, seconds, health)
    return Use(subject, _name(now), then.at, now.at, Gauge.sample(now.lag, seconds), now.lag, quality, detail)
