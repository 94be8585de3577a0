"""Containers as cAdvisor tells them: limits, memory, and how often the scheduler held them back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from collectors.prometheus.audited.asking import Asking
from collectors.prometheus.audited.counted import Counted
from headroom.audit.application.facts import Container

MOST = 5_000
"""Series of one answer: of six for each container."""
_QUOTA, _PERIOD = "container_spec_cpu_quota", "container_spec_cpu_period"
_LIMIT, _USED = "container_spec_memory_limit_bytes", "container_memory_working_set_bytes"
_START = "container_start_time_seconds"
_THROTTLED, _PERIODS = "container_cpu_cfs_throttled_periods_total", "container_cpu_cfs_periods_total"
_SERVICE = "container_label_com_docker_compose_service"
_PAUSE = "POD"
"""What kubelet calls the container that only holds a pod's network."""
_NO_LIMIT = 2.0**60
"""Bytes: what a kernel writes where there is no limit is more than that."""

_HASH = 64

Named = tuple[str, str, str]
"""Machine, namespace and pod, name."""


@dataclass(slots=True)
class _Told:
    """The newest figures of one container, by metric."""

    name: str
    service: str
    figures: dict[str, float] = field(default_factory=dict)


def containers_of(asking: Asking, counted: Counted) -> tuple[Container, ...] | None:
    """Return the containers that run now; None without metrics of cAdvisor; or raise SourceError."""
    metrics = f"{_QUOTA}|{_PERIOD}|{_LIMIT}|{_USED}|{_START}"
    # Without an image it is no container, but a group of processes that the machine has anyway.
    told = asking.vector(f'{{__name__=~"{metrics}",image!=""}}', MOST)
    told = told or asking.vector(f'{{__name__=~"{metrics}",name!=""}}', MOST)
    runs: dict[Named, dict[str, _Told]] = {}
    for labels, value in told:
        named = _named(labels)
        if named[2] and labels.get("container") != _PAUSE:
            run = runs.setdefault(named, {}).setdefault(
                labels.get("id", ""), _Told(_shown(named, asking), asking.quotable(_service(labels)))
            )
            run.figures[labels.get("__name__", "")] = value
    if not runs:
        return None
    throttled, periods = (_moved(counted, metric) for metric in (_THROTTLED, _PERIODS))
    found = {}
    for named, by_id in runs.items():
        # One that was made anew lives on for some minutes in the metrics beside its successor.
        run = max(by_id.values(), key=lambda each: each.figures.get(_START, 0.0))
        whole = periods[named]
        share = min(1.0, throttled[named] / whole) if whole else None
        # cAdvisor that is scraped by two jobs tells each container twice.
        found[(*named[1:], max(by_id))] = _container(run, share)
    return tuple(sorted(found.values(), key=lambda one: (one.service, one.name)))


def _container(run: _Told, throttled: float | None) -> Container:
    quota, period = run.figures.get(_QUOTA, 0.0), run.figures.get(_PERIOD)
    limit, used = run.figures.get(_LIMIT), run.figures.get(_USED)
    # Without a limit cAdvisor gives no quota, but the period; and 0 as limit of memory.
    unknown = [name for name, told in (("cores", period), ("memory", limit)) if told is None]
    return Container(
        run.name,
        run.service,
        quota / period if period and quota > 0 else None,
        round(limit) if limit is not None and 0 < limit < _NO_LIMIT else None,
        None if used is None else round(used),
        throttled,
        tuple(unknown),
    )


def _moved(counted: Counted, metric: str) -> Counter[Named]:
    found = Counter[Named]()
    for labels, value in counted.moved(f'{metric}{{id!="/"}}'):
        found[_named(labels)] += value
    return found


def _named(labels: dict[str, str]) -> Named:
    name = labels.get("container") or labels.get("name", "")
    pod = "/".join(word for word in (labels.get("namespace", ""), labels.get("pod", "")) if word)
    if len(name) == _HASH:  # a runtime without names of its own
        name = _service(labels) or name
    return labels.get("instance", ""), pod, name


def _shown(named: Named, asking: Asking) -> str:
    return asking.quotable("/".join(word for word in named[1:] if word), 120)


def _service(labels: dict[str, str]) -> str:
    return labels.get(_SERVICE) or labels.get("container", "")
