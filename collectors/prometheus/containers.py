"""What cAdvisor tells of containers, put together per container and checked.

Stamps of its figures are cAdvisor's own; those of limits and of the start are of the scrape.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from collectors.prometheus.amounts import Newest, amount, label
from collectors.prometheus.asked import (
    CONTAINER_SECONDS,
    CONTAINER_STARTED,
    MEMORY_LIMIT,
    PERIOD,
    PERIODS,
    QUOTA,
    RESIDENT,
    THROTTLED,
    WORKING_SET,
    Target,
    named,
)
from collectors.prometheus.samples import living, series_of, target_of
from collectors.prometheus.words import printable
from headroom.budgets import Reason

COMPOSE_SERVICE = "container_label_com_docker_compose_service"
UNLIMITED = 2.0**60
"""Bytes: cgroups without a limit tell the largest number they know, cut down to whole pages."""
_PAUSE = "POD"
"""What Kubernetes calls the container that only holds the network of a pod."""
_LONGEST = 120
_HASH = 64
_SHORT = 12
"""Signs of an id that tell apart what goes by one name."""
_SCRAPED = (CONTAINER_STARTED, MEMORY_LIMIT, PERIOD)
"""What cAdvisor does not stamp itself."""


@dataclass(frozen=True, slots=True)
class Container:
    """What cAdvisor told of one container when it last looked.

    Attributes:
        id: its control group, which is another one for each run of `docker run`, not of `docker restart`.
        name: namespace/pod/container, the container's name, or its service where it has none; with the end
            of its id where others run beside it under one name, as replicas of a service do.
        at: when cAdvisor looked, in Unix seconds.
        started: when it was started, in Unix seconds; None where that is not told.
        cpu: CPU seconds; None where they are not told.
        cores: how many it may use; None without a limit.
        working, resident, limit: bytes; `limit` is None without one.
        periods, throttled: of the scheduler, all and those in which it was held back; None without a limit.
        broken: per series, one sentence on what makes it unfit.
    """

    target: Target
    id: str
    name: str
    at: float
    started: float | None = None
    cpu: float | None = None
    cores: float | None = None
    working: float | None = None
    resident: float | None = None
    limit: float | None = None
    periods: float | None = None
    throttled: float | None = None
    broken: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[Target, str]:
        """What identifies one life of it, as far as names go."""
        return self.target, self.id


@dataclass(frozen=True, slots=True)
class Containers:
    """All containers, of each name the newest, or why there are none."""

    seen: tuple[Container, ...] = ()
    refused: tuple[Reason, str] | None = None


def containers_of(result: object, now: float, window: float) -> Containers:
    """Return the containers out of the answer to `query.containers`, or raise StrangeAnswerError.

    Control groups that are no container of anybody's, and the pause containers of pods, are left out.
    """
    raws: dict[tuple[Target, str], Newest] = {}
    names: dict[tuple[Target, str], str] = {}
    for labels, values in series_of(result, now, window):
        key = target_of(labels), label(labels, "id", 200)
        name = names.get(key)
        if name is None:
            name = names[key] = _name(labels)
        if name:
            at, text = living(values)[-1]
            raws.setdefault(key, Newest()).add(label(labels, "__name__"), label(labels, "cpu"), at, text)
    newest: dict[tuple[Target, str], Container] = {}
    for (target, cgroup), name in _told_apart(raws, names).items():
        one = _container(target, cgroup, name, raws[target, cgroup])
        other = newest.get((target, name))
        if other is None or (one.started or 0.0, one.at) > (other.started or 0.0, other.at):
            newest[target, name] = one
    return Containers(tuple(newest.values()))


def _told_apart(
    raws: Mapping[tuple[Target, str], Newest], names: Mapping[tuple[Target, str], str]
) -> dict[tuple[Target, str], str]:
    """Return the names, with ids where several of one name stand in the newest scrape of their target.

    Those that do not are earlier lives, which stay in answers until the window is over; they are left out
    where such a one took their name.
    """
    scraped = {key: _scraped(raw) for key, raw in raws.items()}
    newest: dict[Target, float] = {}
    for (target, _), at in scraped.items():
        newest[target] = max(newest.get(target, at), at)
    alike: dict[tuple[Target, str], list[tuple[Target, str]]] = {}
    for key in raws:
        alike.setdefault((key[0], names[key]), []).append(key)
    found: dict[tuple[Target, str], str] = {}
    for (target, name), keys in alike.items():
        running = [key for key in keys if scraped[key] >= newest[target]]
        if len(running) > 1:
            found |= {key: f"{name[: _LONGEST - _SHORT - 1]} {_short(key[1])}" for key in running}
        else:
            found |= dict.fromkeys(running or keys, name)
    return found


def _scraped(raw: Newest) -> float:
    stamps = [at for series in _SCRAPED if (at := raw.at(series)) is not None]
    return max(stamps, default=raw.newest)


def _short(cgroup: str) -> str:
    return cgroup.removesuffix(".scope")[-_SHORT:]


def _name(labels: Mapping[str, Any]) -> str:
    """Return what a container is called; "" for what is none."""
    name = label(labels, "name", _LONGEST)
    pod, container = label(labels, "pod", _LONGEST), label(labels, "container", _LONGEST)
    if pod or container:
        if not container or container == _PAUSE:
            return ""
        whole = "/".join(part for part in (label(labels, "namespace", _LONGEST), pod, container) if part)
        return printable(whole, _LONGEST)
    if len(name) == _HASH or not name:
        return label(labels, COMPOSE_SERVICE, _LONGEST) or name
    return name


def _container(target: Target, cgroup: str, name: str, raw: Newest) -> Container:
    broken: dict[str, str] = {}

    def told(series: str, since: float | None = None) -> float | None:
        rows = raw.rows(series, since)
        if not rows:
            return None
        # With and without a sum over all CPUs: the sum alone, where there is one.
        whole = rows.get("total", rows.get(""))
        texts = list(rows.values()) if whole is None else [whole]
        values = [amount(text) for text in texts]
        wrong = next((text for text, value in zip(texts, values, strict=True) if value is None), None)
        if wrong is not None:
            broken[series] = (
                f"{series} of container {name} of {named(target)} is {printable(wrong, 40)}, "
                "not a number from 0 up"
            )
            return None
        return sum(value for value in values if value is not None)

    started = told(CONTAINER_STARTED)
    # A limit that was taken away is not told at the newest scrape, which tells the start.
    scraped = raw.at(CONTAINER_STARTED)
    quota, period, limit = _quota(raw, scraped), told(PERIOD, scraped), told(MEMORY_LIMIT, scraped)
    figures = [raw.at(series) for series in (CONTAINER_SECONDS, WORKING_SET)]
    at = max((when for when in figures if when is not None), default=raw.newest)
    if quota == "":
        broken[QUOTA] = f"{QUOTA} of container {name} of {named(target)} is no number"
    return Container(
        target, cgroup, name, at, started or None,
        cpu=told(CONTAINER_SECONDS, at),
        cores=quota / period if isinstance(quota, float) and quota > 0 and period else None,
        working=told(WORKING_SET, at),
        resident=told(RESIDENT, at),
        limit=limit if limit and limit < UNLIMITED else None,
        periods=told(PERIODS, at),
        throttled=told(THROTTLED, at),
        broken=broken,
    )  # fmt: skip


def _quota(raw: Newest, since: float | None) -> float | str | None:
    """Return microseconds per period; None, 0 or -1 without a limit, "" where it is no number."""
    rows = raw.rows(QUOTA, since)
    text = next(iter(rows.values()), None)
    if text is None:
        return None
    return -1.0 if text == "-1" else ("" if (value := amount(text)) is None else value)


def rows_of(containers: Containers) -> dict[str, Any]:
    """Return containers as JSON holds them."""
    rows = [
        [
            *one.target, one.id, one.name, one.at, one.started, one.cpu, one.cores, one.working, one.resident,
            one.limit, one.periods, one.throttled, one.broken,
        ]
        for one in containers.seen
    ]  # fmt: skip
    return {"seen": rows, "no": containers.refused}


def containers_from(rows: Mapping[str, Any]) -> Containers:
    """Return dumped containers."""
    refused = rows["no"]
    return Containers(
        tuple(Container((job, instance), *rest) for job, instance, *rest in rows["seen"]),
        None if refused is None else (Reason(refused[0]), refused[1]),
    )
