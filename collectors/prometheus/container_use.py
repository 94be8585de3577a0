"""CPU, memory and throttling of containers between two snapshots, each against the container's own limit.

Without a limit there is no share: that is said, and is never 0 %.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from collectors.prometheus.asked import OF_CONTAINERS, Asked, Target, named
from collectors.prometheus.containers import Container, Containers
from collectors.prometheus.health import ONE_READING, Health, failure
from collectors.prometheus.instances import subjects
from collectors.prometheus.words import listed
from collectors.prometheus.worst import MOST, Use, each, greatest, not_judged, tell_broken, tell_worst
from headroom import recorded
from headroom.budgets import Kind, Measure, Reason, Subject, Unit
from headroom.evidence import Gauge, Ratio
from headroom.observation import Absence, Observation, Quality, Series
from headroom.units import format_value

_SLACK = 1.1
"""A clock of CPU runs at most this much faster than the wall's; what shows more is not since zero."""

_LIMIT = {
    Kind.CONTAINER_CPU: ("CPU quota", "cpus"),
    Kind.CONTAINER_MEMORY: ("memory limit", "mem_limit"),
    Kind.THROTTLING: ("CPU quota", "cpus"),
}
"""What a limit is called, and the setting of Docker Compose that sets it."""

Seen = tuple[Container, Container]
"""One container at two polls."""


@dataclass(frozen=True, slots=True)
class Without:
    """Why a container has no figure."""

    reason: Reason
    detail: str


def tells(container: Container, kind: Kind) -> bool:
    """Tell whether cAdvisor told what a kind is made of, limits aside, or something broken in its place."""
    if any(name in container.broken for name in OF_CONTAINERS[kind]):
        return True
    match kind:
        case Kind.CONTAINER_CPU:
            return container.cpu is not None
        case Kind.CONTAINER_MEMORY:
            return container.working is not None
        case _:  # of a container without a quota the scheduler counts no periods
            return container.cores is None or container.periods is not None


def tell_containers(
    measure: Measure, asked: Asked, health: Health, before: Containers, after: Containers
) -> Iterator[Observation | Absence]:
    """Yield what is known of one kind, or why nothing is, or nothing where nothing was scraped since."""
    kind, series = measure.kind, Series.of(measure)
    live = [one for one in _living(after, health) if tells(one, kind)]
    names = subjects_of(after)
    broken = {one.key: why for one in live if (why := _broken(one, kind))}
    good = [one for one in live if one.key not in broken]
    free = [one for one in good if _unlimited(one, kind)]
    limited = [one for one in good if not _unlimited(one, kind)]
    pairs, fresh = _paired(limited, before)
    told = [_USE[kind](then, now, health, names[now.key]) for then, now in pairs if now.at > then.at]
    uses = [one for one in told if isinstance(one, Use)]
    if len(live) > 1:
        yield from tell_broken(series, {names[key]: why for key, why in broken.items()})
    failing = health.failing(OF_CONTAINERS[kind][0], known=True)
    if len(live) > 1 and (uses or not limited):
        yield from _free(measure, free, names)
    if uses:
        remark = "; ".join(
            said
            for said in (
                f"without what {failure(failing, asked.place)}" if failing else "",
                _of_no_limit(kind, free, len(live)) if free else "",
                not_judged(list(broken.values()), len(live)),
            )
            if said
        )
        yield from tell_worst(series, uses, "containers", remark)
        return
    if broken and not limited:
        yield Absence(series, Reason.BROKEN_INSTRUMENTATION, next(iter(broken.values())))
        return
    without = next((one for one in told if isinstance(one, Without)), None)
    old = health.old({one.target for one in live or after.seen})
    if failing:
        yield Absence(series, Reason.NO_DATA, failure(failing, asked.place))
    elif without is not None:
        yield Absence(series, without.reason, without.detail)
    elif free and not limited:
        yield Absence(series, Reason.NO_LIMIT, _all_free(kind, free))
    elif old:
        yield Absence(series, Reason.STALE, old)
    elif fresh and not pairs:
        yield Absence(series, Reason.NO_DATA, _anew(fresh, before))


def tell_memory(source: str, health: Health, before: Containers, after: Containers) -> Iterator[Observation]:
    """Yield the working sets that are recorded, of containers with and without a limit."""
    names = subjects_of(after)
    pairs, _ = _paired([one for one in _living(after, health) if one.working is not None], before)
    uses = [
        Use(
            names[now.key],
            now.name,
            then.at,
            now.at,
            Gauge.sample(now.working, now.at - then.at),
            now.working,
        )
        for then, now in pairs
        if now.at > then.at and now.working is not None
    ]
    series = Series(source, recorded.CONTAINER_USED)
    yield from (each(series, use) for use in greatest(uses))


def subjects_of(containers: Containers) -> dict[tuple[Target, str], Subject]:
    """Return the container as subject, and its machine too where several are seen."""
    targets = {one.target for one in containers.seen}
    machines = subjects(targets) if len(targets) > 1 else dict.fromkeys(targets, ())
    return {
        one.key: tuple(sorted((("container", one.name), *machines[one.target]))) for one in containers.seen
    }


def _living(containers: Containers, health: Health) -> list[Container]:
    """Return those that cAdvisor still tells of: what was stopped stays in answers for a while."""
    newest: dict[Target, float] = {}
    for one in containers.seen:
        newest[one.target] = max(newest.get(one.target, one.at), one.at)
    return [
        one
        for one in containers.seen
        if not health.gone(one.target, one.at) and newest[one.target] - one.at <= health.patience(one.target)
    ]


def _paired(containers: Sequence[Container], before: Containers) -> tuple[list[Seen], list[Container]]:
    """Return those that were seen before, and those that were not."""
    known = {one.key: one for one in before.seen}
    pairs = [(known[one.key], one) for one in containers if one.key in known]
    return pairs, [one for one in containers if one.key not in known]


def _broken(one: Container, kind: Kind) -> str:
    return next((one.broken[name] for name in OF_CONTAINERS[kind] if name in one.broken), "")


def _unlimited(one: Container, kind: Kind) -> bool:
    return one.limit is None if kind is Kind.CONTAINER_MEMORY else one.cores is None


def _free(
    measure: Measure, free: Sequence[Container], names: Mapping[tuple[Target, str], Subject]
) -> Iterator[Absence]:
    what, setting = _LIMIT[measure.kind]
    for one in free[:MOST]:
        detail = f"container {one.name} has no {what}; set {setting}"
        yield Absence(Series.of(measure, names[one.key]), Reason.NO_LIMIT, detail)


def _of_no_limit(kind: Kind, free: Sequence[Container], of: int) -> str:
    have = "has" if len(free) == 1 else "have"
    return f"{len(free)} of {of} {have} no {_LIMIT[kind][0]}: {listed(sorted(one.name for one in free))}"


def _all_free(kind: Kind, free: Sequence[Container]) -> str:
    what, setting = _LIMIT[kind]
    if len(free) == 1:
        return f"container {free[0].name} has no {what}, so no share can be told; set {setting}"
    names = listed(sorted(one.name for one in free))
    return f"none of {len(free)} containers has a {what}, so no share can be told: {names}; set {setting}"


def _anew(fresh: Sequence[Container], before: Containers) -> str:
    known = {(one.target, one.name) for one in before.seen}
    again = sorted(one.name for one in fresh if (one.target, one.name) in known)
    if not again:
        return ONE_READING
    return f"another container took the place of {listed(again)} since the last poll; a difference needs two"


def _quality(now: Container, seconds: float, health: Health, *, reset: bool = False) -> Quality:
    if seconds > health.patience(now.target):
        return Quality.GAP
    return Quality.RESET if reset else Quality.EXACT


def _cpu(then: Container, now: Container, health: Health, subject: Subject) -> Use | Without:
    assert now.cpu is not None
    assert now.cores is not None
    seconds, spent = now.at - then.at, now.cpu - (then.cpu or 0.0)
    if then.cpu is None:
        return Without(Reason.NO_DATA, ONE_READING)
    reset = spent < 0
    if reset:
        if now.cpu > _SLACK * now.cores * seconds:
            who = f"container {now.name} of {named(now.target)}"
            return Without(Reason.NO_DATA, f"the CPU counter of {who} ran backwards")
        spent = now.cpu
    evidence = Ratio(spent, now.cores * seconds)
    quality = _quality(now, seconds, health, reset=reset)
    detail = f"of {now.cores:g} {'core' if now.cores == 1 else 'cores'}"
    share = evidence.part / evidence.whole
    return Use(subject, now.name, then.at, now.at, evidence, share, quality, detail)


def _memory(then: Container, now: Container, health: Health, subject: Subject) -> Use | Without:
    assert now.working is not None
    assert now.limit is not None
    seconds, share = now.at - then.at, now.working / now.limit
    detail = f"of {format_value(now.limit, Unit.BYTES)}"
    if now.resident is not None:
        # The working set holds page cache that was used lately, which the kernel takes back before it kills.
        own = format_value(now.resident / now.limit, Unit.SHARE)
        detail += f", {own} without page cache (RSS)"
    quality = _quality(now, seconds, health)
    return Use(subject, now.name, then.at, now.at, Gauge.sample(share, seconds), share, quality, detail)


def _throttling(then: Container, now: Container, health: Health, subject: Subject) -> Use | Without:
    assert now.periods is not None
    if then.periods is None:
        return Without(Reason.NO_DATA, ONE_READING)
    # Where nothing was ever held back, old ones leave the counter out.
    held_then, held_now = then.throttled or 0.0, now.throttled or 0.0
    seconds, periods, held = now.at - then.at, now.periods - then.periods, held_now - held_then
    reset = periods < 0 or held < 0
    if reset:
        periods, held = now.periods, held_now
    if held > periods:
        who = f"container {now.name} of {named(now.target)}"
        return Without(
            Reason.BROKEN_INSTRUMENTATION, f"{who} was held back in {held:g} of {periods:g} periods"
        )
    quality = _quality(now, seconds, health, reset=reset)
    share = held / periods if periods else -1.0
    detail = f"{held:,.0f} of {periods:,.0f} periods" if periods else "it did not run"
    return Use(subject, now.name, then.at, now.at, Ratio(held, periods), share, quality, detail)


_USE: Mapping[Kind, Callable[[Container, Container, Health, Subject], Use | Without]] = {
    Kind.CONTAINER_CPU: _cpu,
    Kind.CONTAINER_MEMORY: _memory,
    Kind.THROTTLING: _throttling,
}
