"""Answers of a Prometheus written by hand, and snapshots made of them by the real parsers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from collectors.prometheus.asked import Asked
from collectors.prometheus.buckets import counters_of
from collectors.prometheus.difference import difference
from collectors.prometheus.nodes import machines_of
from collectors.prometheus.scrapes import scrapes_of
from collectors.prometheus.snapshot import Counters, Machines, PrometheusSnapshot
from headroom.budgets import Kind, Measure
from headroom.observation import Absence, Observation, Part, Reading
from headroom.sources import EndpointClass, EndpointRules

METRIC = "http_request_duration_seconds"
BOUNDS = ("0.01", "0.05", "0.1", "0.5", "1", "5", "+Inf")
NOON = 1_790_000_000.0 - 1_790_000_000.0 % 86_400 + 43_200
"""12:00:00 UTC of some day."""
PLACE = "prom:9090"
EVERY = 15.0
WINDOW = 660.0

RULES = EndpointRules(
    (
        EndpointClass("login", frozenset({"POST"}), ("/auth/login",)),
        EndpointClass("write", frozenset({"POST", "PUT"}), ()),
        EndpointClass("read", frozenset({"GET"}), ()),
    )
)
LOGIN = Measure("metrics", Kind.HISTOGRAM, METRIC, "endpoints.login")
READ = Measure("metrics", Kind.HISTOGRAM, METRIC, "endpoints.read")
CPU, MEMORY, DISK_IO = (Measure("metrics", kind) for kind in (Kind.CPU, Kind.MEMORY, Kind.DISK_IO))
THRESHOLDS = (0.2, 0.5)

Answer = list[dict[str, Any]]


def asked(*measures: Measure, every: float = EVERY) -> Asked:
    """Return what is asked: by default the logins and the reads."""
    wanted = measures or (LOGIN, READ)
    return Asked(
        "metrics",
        PLACE,
        every,
        {measure: THRESHOLDS if measure.kind is Kind.HISTOGRAM else () for measure in wanted},
        RULES,
    )


def requests(
    at: float,
    *counts: int,
    path: str = "/auth/login",
    method: str = "POST",
    status: str = "200",
    instance: str = "a:80",
    bounds: Sequence[str] = BOUNDS,
    seconds: float | None = None,
    **labels: str,
) -> Answer:
    """Return the series of one label set: `counts` per bucket, not cumulated, missing ones 0."""
    whole = {"job": "erp", "instance": instance, "method": method, "path": path, "status": status, **labels}
    series, upto = [], 0
    for bound, count in zip(bounds, (*counts, *[0] * (len(bounds) - len(counts))), strict=True):
        upto += count
        series.append(one({**whole, "__name__": f"{METRIC}_bucket", "le": bound}, at, str(upto)))
    total = upto * 0.03125 if seconds is None else seconds
    series.append(one({**whole, "__name__": f"{METRIC}_sum"}, at, repr(total)))
    series.append(one({**whole, "__name__": f"{METRIC}_count"}, at, str(upto)))
    return series


def up(
    at: float,
    *,
    well: bool = True,
    instance: str = "a:80",
    job: str = "erp",
    started: float | None = None,
    every: float = EVERY,
) -> Answer:
    """Return the scrapes of one target, the newest at `at`, the one before it always well."""
    target = {"job": job, "instance": instance}
    samples = [[at - every, "1"], [at, "1" if well else "0"]]
    series = [{"metric": {"__name__": "up", **target}, "values": samples}]
    if started is not None:
        series.append(one({"__name__": "process_start_time_seconds", **target}, at, str(started)))
    return series


def node(at: float, name: str, value: float | str, *, instance: str = "n:9100", **labels: str) -> Answer:
    """Return one series of node_exporter."""
    return [one({"__name__": name, "job": "node", "instance": instance, **labels}, at, str(value))]


def one(labels: Mapping[str, str], at: float, text: str) -> dict[str, Any]:
    """Return one series with one sample."""
    return {"metric": dict(labels), "values": [[at, text]]}


def joined(answers: Iterable[Answer]) -> Answer:
    """Return one answer of several."""
    return list(chain.from_iterable(answers))


def snapshot(
    now: float, *, counters: Answer | None = None, health: Answer | None = None, nodes: Answer | None = None
) -> PrometheusSnapshot:
    """Return the snapshot that a reading at `now` would make of these answers."""
    scrapes = scrapes_of(health or [], now, WINDOW)
    parsed = counters_of(METRIC, counters or [], asked(), now, WINDOW)
    machines = machines_of(nodes or [], now, WINDOW)
    gave: dict[tuple[str, str], set[str]] = {}
    for series in parsed.sets:
        gave.setdefault(series.target, set()).add(METRIC)
    for machine in machines.seen:
        gave.setdefault(machine.target, set()).update(asked(CPU, MEMORY, DISK_IO).machine_series)
    for target, scrape in scrapes.items():
        if scrape.up or target in gave:
            object.__setattr__(scrape, "gives", frozenset(gave.get(target, set())))
    return PrometheusSnapshot("epoch", now, scrapes, {METRIC: parsed}, machines)


def refusing(now: float, refused: tuple[Any, str]) -> PrometheusSnapshot:
    """Return a snapshot in which the histogram could not be read."""
    return PrometheusSnapshot(
        "epoch", now, {}, {METRIC: Counters(refused=refused)}, Machines(refused=refused)
    )


def read(before: PrometheusSnapshot | None, after: PrometheusSnapshot, *measures: Measure) -> Reading:
    """Return the difference as the collector would."""
    return difference(before, after, asked(*measures))


def seen(reading: Reading, measure: Measure, suffix: str = "") -> tuple[Part, ...]:
    """Return the parts observed of a measure's series for all; none where it was not observed."""
    return next(
        (
            o.parts
            for o in reading.observations
            if o.series.measure == measure.key + suffix and not o.series.subject
        ),
        (),
    )


def absent(reading: Reading, measure: Measure) -> tuple[str, str] | None:
    """Return reason and detail of a measure's absence; None where there is none."""
    return next(
        ((a.reason.value, a.detail) for a in reading.absences if a.series.measure == measure.key), None
    )


def told(reading: Reading, measure: Measure) -> list[Observation | Absence]:
    """Return all that is said of a measure's own series."""
    everything: list[Observation | Absence] = [*reading.observations, *reading.absences]
    return [said for said in everything if said.series.measure == measure.key]


LATER = NOON + EVERY
STARTED = NOON - 3600


def pair(
    before: Answer, after: Answer, *, started: tuple[float | None, float | None] = (None, None)
) -> tuple[PrometheusSnapshot, PrometheusSnapshot]:
    """Return two snapshots of a target that is well both times."""
    return (
        snapshot(NOON + 1, counters=before, health=up(NOON, started=started[0])),
        snapshot(LATER + 1, counters=after, health=up(LATER, started=started[1])),
    )
