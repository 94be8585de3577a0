"""Containers against the guide's docker-compose.yml: limits, and how often that of CPU holds them back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from headroom.audit.amounts import clean
from headroom.audit.application.case import ApplicationCase
from headroom.audit.application.facts import Container, Metrics
from headroom.audit.application.mending_limits import argument, mended
from headroom.audit.finding import Finding
from headroom.budgets import Subject, Unit
from headroom.checks import State
from headroom.units import format_value
from headroom.wording import share

_LIMITS, _THROTTLING = "docker.limits", "docker.throttling"
_GIB = 2**30
_SAME = 0.01  # of a limit: rounding of quotas and pages
HELD_BACK = 0.25
"""Share of scheduling periods: kubernetes-mixin's cpuThrottlingPercent, of its alert CPUThrottlingHigh."""
_MOST = 3  # names in a sentence
_CADVISOR = (
    "run cAdvisor beside the containers and let Prometheus scrape it: docker run -d --name cadvisor "
    "-v /:/rootfs:ro -v /var/run:/var/run:ro -v /sys:/sys:ro -v /var/lib/docker:/var/lib/docker:ro "
    "-p 127.0.0.1:8080:8080 gcr.io/cadvisor/cadvisor"
)
_ORDER = (State.PASS, State.CANNOT_CHECK, State.WARN, State.FAIL)
_WRONG = frozenset({State.FAIL, State.WARN})
_BESIDE = {
    "app": "; its reservations (cpus 1, memory 1G) cannot be seen in cAdvisor's metrics",
    "redis": "; the guide contradicts itself here: its maxmemory 1gb does not fit into 512M "
    "(see redis.container)",
}


@dataclass(frozen=True, slots=True)
class Promise:
    """One service of the guide's file: cores, and memory in bytes."""

    service: str
    cores: float
    memory: int
    text: str

    @property
    def guide(self) -> str:
        """The place, and what it says there."""
        return f"Docker Resource Limits: {self.service} cpus {self.cores:g}, memory {self.text}"

    def fits(self, one: Container) -> bool:
        """Tell whether a container is of this service: by compose's label, otherwise by its name."""
        if one.service:
            return one.service == self.service
        return re.search(rf"(?:^|[-_./]){self.service}(?:[-_.]\d+)?$", one.name) is not None


GUIDE = (
    Promise("app", 2, 2 * _GIB, "2G"),
    Promise("redis", 1, _GIB // 2, "512M"),
    Promise("postgres", 2, 4 * _GIB, "4G"),
)


def limits(case: ApplicationCase) -> Iterator[Finding]:
    """Yield for each of the guide's services what its containers are limited to."""
    told = [metrics for metrics in case.metrics if metrics.containers is not None]
    for promise in GUIDE:
        about = (("service", promise.service),)
        if not told:
            yield Finding(
                _LIMITS,
                about,
                State.CANNOT_CHECK,
                promise.guide,
                _untold(case),
                "" if _why(case) else _CADVISOR,
            )
            continue
        mine = [(m, one) for m in told for one in m.containers or () if promise.fits(one)]
        if not mine:
            seen = _containers(sum(len(m.containers or ()) for m in told))
            found = (
                f"cannot be checked: cAdvisor tells of {seen}, and by docker compose's label or by name none "
                f"is of the service {promise.service}: it is named otherwise, or runs in no container"
            )
            yield Finding(_LIMITS, about, State.CANNOT_CHECK, promise.guide, found)
        for metrics, one in mine:
            yield _limited(promise, one, _subject(metrics, one, promise.service))


def _limited(promise: Promise, one: Container, subject: Subject) -> Finding:
    cores, said_of_cores = _judged(one.cores, promise.cores, "CPU", _cpus, unknown="cores" in one.unknown)
    memory, said_of_memory = _judged(
        one.memory,
        promise.memory,
        "memory",
        lambda value: format_value(value, Unit.BYTES),
        unknown="memory" in one.unknown,
    )
    found = f"{said_of_cores}; {said_of_memory}"
    if one.used is not None:
        found += f"; it uses {format_value(one.used, Unit.BYTES)} of memory"
    state = max(cores, memory, key=_ORDER.index)
    fix = mended(
        one,
        promise.service,
        cores=promise.cores if cores in _WRONG else None,
        memory=promise.memory if memory in _WRONG else None,
        text=promise.text,
    )
    found += _BESIDE.get(promise.service, "")
    return Finding(_LIMITS, subject, state, promise.guide, found, fix)


def _judged(
    have: float | None, want: float, what: str, spelled: Callable[[float], str], *, unknown: bool
) -> tuple[State, str]:
    """Return how a limit stands to the guide's, and what to say of it."""
    if unknown:
        found = f"its limit of {what} cannot be told: cAdvisor's container_spec metrics are missing"
        return State.CANNOT_CHECK, found
    if have is None:
        return State.FAIL, f"it has no limit of {what}; the guide's is {spelled(want)}"
    if abs(have - want) <= _SAME * want:
        return State.PASS, f"its limit of {what} is {spelled(have)}, the guide's"
    return State.WARN, f"its limit of {what} is {spelled(have)}; the guide's is {spelled(want)}"


def throttling(case: ApplicationCase) -> Iterator[Finding]:
    """Yield the containers that their CPU limit holds back, or that none is."""
    guide = "Docker Resource Limits: cpus; what is over the limit waits for the next 100 ms"
    told = [metrics for metrics in case.metrics if metrics.containers is not None]
    if not told:
        found = _untold(case)
        yield Finding(_THROTTLING, (), State.CANNOT_CHECK, guide, found, "" if _why(case) else _CADVISOR)
    for metrics in told:
        ours = (("source", metrics.source),)
        known = [(one, one.throttled) for one in metrics.containers or () if one.throttled is not None]
        over = [(one, held) for one, held in known if held > HELD_BACK]
        for one, held in over:
            found = (
                f"its CPU limit{'' if one.cores is None else f' of {_cpus(one.cores)}'} held it back in "
                f"{share(held)} of the scheduling periods of the last {_span(metrics)}: answers then wait, "
                f"however low its average use is; {share(HELD_BACK)} is what kubernetes-mixin alerts at"
            )
            fix = f"docker update --cpus {2 * (one.cores or 1):g} {argument(one.name)}, or spread the work"
            yield Finding(_THROTTLING, _subject(metrics, one), State.WARN, guide, found, fix)
        if over:
            continue
        if known:
            worst, held = max(known, key=lambda each: each[1])
            found = (
                f"none of {_containers(len(known))} with a CPU limit was held back in more than "
                f"{share(HELD_BACK)} of the scheduling periods of the last {_span(metrics)}; the most was "
                f"{share(held)}, of {clean(worst.name)}"
            )
            yield Finding(_THROTTLING, ours, State.PASS, guide, found)
        elif any(one.cores is not None for one in metrics.containers or ()):
            found = "containers have CPU limits, but no metric tells how often they were held back"
            yield Finding(_THROTTLING, ours, State.CANNOT_CHECK, guide, found)
        else:
            found = "no container has a CPU limit that could hold it back; see docker.limits"
            yield Finding(_THROTTLING, ours, State.NOT_APPLICABLE, guide, found)


def _untold(case: ApplicationCase) -> str:
    if why := _why(case):
        return f"cannot be checked: {why}"
    if not case.metrics:
        return "cannot be checked: no source of kind prometheus could be read"
    names = ", ".join(metrics.source for metrics in case.metrics[:_MOST])
    return f"cannot be checked: {names} has no metrics of cAdvisor (container_spec_memory_limit_bytes)"


def _why(case: ApplicationCase) -> str:
    return next((m.why["containers"] for m in case.metrics if "containers" in m.why), "")


def _subject(metrics: Metrics, one: Container, service: str = "") -> Subject:
    labels = {"container": clean(one.name), "service": service, "source": metrics.source}
    return tuple((name, value) for name, value in sorted(labels.items()) if value)


def _span(metrics: Metrics) -> str:
    return format_value(metrics.period, Unit.SECONDS)


def _containers(count: int) -> str:
    return f"{count:,} container{'s' * (count != 1)}"


def _cpus(count: float) -> str:
    return f"{count:g} CPU{'s' * (count != 1)}"
