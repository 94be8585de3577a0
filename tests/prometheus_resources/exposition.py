"""Recorded expositions of cAdvisor and prom-client with other numbers in them, and answers made of such."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from collectors.prometheus.asked import Asked
from collectors.prometheus.containers import containers_of
from collectors.prometheus.difference import difference
from collectors.prometheus.nodes import machines_of
from collectors.prometheus.processes import processes_of
from collectors.prometheus.scrapes import scrapes_of
from collectors.prometheus.snapshot import PrometheusSnapshot
from headroom.budgets import Kind, Measure, Subject
from headroom.observation import Absence, Part, Reading
from headroom.sources import EndpointRules
from tests.collectors_prometheus.figures import EVERY, NOON, PLACE, WINDOW, Answer, one, up

RECORDED = Path(__file__).parent / "recorded"
LATER = NOON + EVERY
CADVISOR = "c:8080"
GIB, MIB = 2.0**30, 2.0**20

CONTAINER_CPU, CONTAINER_MEMORY, THROTTLING, ONE_CORE, EVENT_LOOP, IO_PRESSURE, CPU, DISK_IO = (
    Measure("metrics", kind)
    for kind in (
        Kind.CONTAINER_CPU,
        Kind.CONTAINER_MEMORY,
        Kind.THROTTLING,
        Kind.ONE_CORE,
        Kind.EVENT_LOOP,
        Kind.IO_PRESSURE,
        Kind.CPU,
        Kind.DISK_IO,
    )
)

_LINE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)(?: (\d+))?$")
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_CPUS = 4
"""Rows of CPU seconds of the recorded container."""


def recorded(name: str) -> str:
    """Return a recorded exposition without the header that tells its origin."""
    lines = (RECORDED / name).read_text().splitlines()
    return (
        "\n".join(line for line in lines if not line.startswith("# ") or line[2:6] in {"HELP", "TYPE"}) + "\n"
    )


def container(
    name: str = "shop",
    *,
    at: float | None = None,
    id: str = "",  # noqa: A002 the label's name
    drop: tuple[str, ...] = (),
    labels: str = "",
    **values: float | str,
) -> str:
    """Return the recorded container under another name and with other numbers, as its metrics are called.

    CPU seconds are spread over its CPUs. Stamps become `at`; without it the lines that have some lose them.
    """
    told = []
    for line in recorded("cadvisor.txt").splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        metric, inside, text, stamp = found.groups()
        if metric in drop:
            continue
        value = values.get(metric, text)
        if metric == "container_cpu_usage_seconds_total" and isinstance(value, float):
            value = value / _CPUS
        inside = inside.replace('id="testcontainer"', f'id="{id or f"/docker/{name}"}"')
        inside = inside.replace('image="test"', 'image="erp:1"').replace("testcontaineralias", name) + labels
        when = f" {round(at * 1000)}" if stamp and at is not None else ""
        told.append(f"{metric}{{{inside}}} {value}{when}")
    return "\n".join(told) + "\n"


def answer(text: str, at: float, *, job: str = "cadvisor", instance: str = CADVISOR) -> Answer:
    """Return what a Prometheus answers that scraped an exposition at `at`."""
    return list(_series(text, at, job, instance))


def _series(text: str, at: float, job: str, instance: str) -> Iterator[dict[str, object]]:
    for line in text.splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        metric, inside, value, stamp = found.groups()
        labels = {"__name__": metric, "job": job, "instance": instance, **dict(_LABEL.findall(inside or ""))}
        yield one(labels, float(stamp) / 1000 if stamp else at, value)


def snapshot(
    at: float,
    *,
    containers: Answer | None = None,
    others: Answer | None = None,
    down: tuple[tuple[str, str], ...] = (),
    started: float | None = None,
    own: float | None = None,
) -> PrometheusSnapshot:
    """Return the snapshot of a poll a second after the scrape at `at`; the scrapes of `down` fail.

    With `own`, the targets stamp their samples themselves, so many seconds apart.
    """
    health: Answer = []
    for job, instance in dict.fromkeys(
        (series["metric"]["job"], series["metric"]["instance"])
        for series in (*(containers or []), *(others or []))
    ):
        health += up(at, job=job, instance=instance, well=(job, instance) not in down, started=started)
    scrapes = scrapes_of(health, at + 1, WINDOW)
    for scrape in scrapes.values():
        object.__setattr__(scrape, "gives", _ALL)
        object.__setattr__(scrape, "own", own)
    return PrometheusSnapshot(
        "epoch",
        at + 1,
        scrapes,
        {},
        machines_of(others or [], at + 1, WINDOW),
        processes=processes_of(others or [], at + 1, WINDOW),
        containers=containers_of(containers or [], at + 1, WINDOW),
    )


_ALL = frozenset(
    {
        "container_cpu_usage_seconds_total", "container_memory_working_set_bytes",
        "container_cpu_cfs_periods_total", "process_cpu_seconds_total", "nodejs_eventloop_lag_p99_seconds",
    }
)  # fmt: skip


def asked(*measures: Measure, every: float = EVERY) -> Asked:
    """Return what is asked."""
    return Asked("metrics", PLACE, every, dict.fromkeys(measures, ()), EndpointRules(()))


def read(before: PrometheusSnapshot | None, after: PrometheusSnapshot, *measures: Measure) -> Reading:
    """Return the difference as the collector would."""
    return difference(before, after, asked(*measures))


def part(reading: Reading, measure: str | Measure, *subject: tuple[str, str]) -> Part:
    """Return the only part observed of a series."""
    key = measure.key if isinstance(measure, Measure) else measure
    found = [
        part
        for o in reading.observations
        if o.series.measure == key and o.series.subject == subject
        for part in o.parts
    ]
    assert len(found) == 1, [(o.series.measure, o.series.subject) for o in reading.observations]
    return found[0]


def subjects(reading: Reading, measure: str | Measure) -> set[Subject]:
    """Return the subjects observed of a measure."""
    key = measure.key if isinstance(measure, Measure) else measure
    return {o.series.subject for o in reading.observations if o.series.measure == key}


def absent(reading: Reading, measure: Measure, *subject: tuple[str, str]) -> tuple[str, str]:
    """Return reason and sentence of an absence."""
    found: list[Absence] = [
        a for a in reading.absences if a.series.measure == measure.key and a.series.subject == subject
    ]
    assert len(found) == 1, (reading.absences, reading.observations)
    return found[0].reason.value, found[0].detail
