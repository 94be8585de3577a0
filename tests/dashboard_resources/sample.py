"""Two machines, containers and processes of an invented half day in a real history; one leaks."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from headroom import recorded
from headroom.audit.finding import Finding
from headroom.audit.guide.catalogue import RECORDED_AS
from headroom.bounds import Interval
from headroom.budgets import Budget, Kind, Outcome, Reason, Subject, Verdict, Window
from headroom.checks import State
from headroom.config import Config, load
from headroom.evidence import Evidence, Gauge, Ratio
from headroom.history import Cycle, Poll, open_history
from headroom.observation import Observation, Part, Series

SOURCE = "metrics"
EVIL = "<img src=x onerror=boom()>" + "x" * 60
EVERY = timedelta(minutes=1)
GIB = 2.0**30
MACHINES = {"10.0.0.7:9100": 0.42, "10.0.0.8:9100": 0.81}
"""By instance, how busy the CPU is."""
TEXT = """\
version: 1
history: history.db
sources:
  metrics: {kind: prometheus, url: "http://127.0.0.1:9090", every: 1m}
budgets:
  - id: resource.cpu
    title: CPU
    measure: {resource: cpu, source: metrics}
    window: 5m
    limits:
      - {name: target, statistic: average, max: 70%, severity: warning}
      - {name: alert, statistic: average, max: 80%, severity: critical}
  - id: resource.memory
    title: Memory
    measure: {resource: memory, source: metrics}
    window: 5m
    limits:
      - {name: target, statistic: average, max: 80%, severity: warning}
      - {name: alert, statistic: average, max: 90%, severity: critical}
"""
FINDINGS = (
    Finding(
        "memory.leak",
        (("instance", "10.0.0.7:3000"), ("job", "erp"), ("memory", "heap"), ("source", SOURCE)),
        State.WARN,
        "Memory Leak Prevention",
        "its heap grew 48 to 53 MiB an hour for 12 h",
        "take two heap snapshots an hour apart",
    ),
    Finding("application.ready", (), State.PASS, "Health", "it says up"),
)


def written(folder: Path, *, polls: int = 720, text: str = TEXT, things: bool = True) -> Path:
    """Write budgets.yaml and a history of so many minutes into a folder; return the file."""
    file = folder / "budgets.yaml"
    file.write_text(text, encoding="utf-8")
    config = load(file)
    with closing(open_history(config.history, collecting=True)) as history:
        until = datetime.now(UTC)
        for k in range(polls):
            at = until - EVERY * (polls - 1 - k)
            poll = Poll(SOURCE, "1", at, timedelta(milliseconds=3))
            observations = tuple(_observed(k, at, things=things))
            verdicts = tuple(_verdicts(config, at)) if k == polls - 1 else ()
            note = (f"not scraped: {EVIL}",)
            history.record(Cycle(at, poll, observations=observations, verdicts=verdicts, notes=note))
        history.record_audit(RECORDED_AS, until - timedelta(minutes=3), FINDINGS, b"")
    return file


def _observed(k: int, at: datetime, *, things: bool) -> list[Observation]:
    seconds = EVERY.total_seconds()
    found: list[Observation] = []

    def tell(measure: str, evidence: Evidence, subject: Subject = ()) -> None:
        found.append(Observation(Series(SOURCE, measure, subject), (Part(at - EVERY, at, evidence),)))

    jitter = (k * 7919 % 13 - 6) / 6
    tell(Kind.CPU, Ratio(60.0, 100.0))
    tell(Kind.MEMORY, Gauge.sample(0.60 + 0.10 * k / 720 + 0.002 * jitter, seconds))
    for machine, busy in MACHINES.items():
        whose = (("instance", machine),)
        tell(Kind.CPU, Ratio(busy * 100, 100.0), whose)
        tell(Kind.MEMORY, Gauge.sample(0.60 + 0.002 * jitter, seconds), whose)
        tell(Kind.DISK_IO, Ratio(12.0, 60.0), whose)
        tell(Kind.IO_PRESSURE, Ratio(0.6, 60.0), whose)
        for mode, share in (("user", busy - 0.1), ("system", 0.1), ("idle", 1 - busy)):
            tell(recorded.CPU_MODES, Ratio(share * 100, 100.0), (*whose, ("mode", mode)))
        for device, wait in (("nvme0n1", 0.0004), ("sda", 0.012)):
            tell(recorded.DISK_WAIT, Ratio(100 * wait, 100.0), (("device", device), *whose))
    if not things:
        return found
    for name, used, limit in (("erp-app", 1.0 + 0.5 * k / 720, 2.0), (EVIL, 0.25, 0.0)):
        whose = (("container", name),)
        tell(recorded.CONTAINER_USED, Gauge.sample((used + 0.01 * jitter) * GIB, seconds), whose)
        if limit:
            tell(Kind.CONTAINER_MEMORY, Gauge.sample(used / limit, seconds), whose)
            tell(Kind.CONTAINER_CPU, Ratio(30.0, 120.0), whose)
            tell(Kind.THROTTLING, Ratio(6.0, 600.0), whose)
    for place, instance in enumerate(("10.0.0.7:3000", "10.0.0.8:3000")):
        short, full = (("instance", instance),), (("instance", instance), ("job", "erp"))
        tell(Kind.ONE_CORE, Ratio(54.0 - 30 * place, 60.0), short)
        tell(Kind.EVENT_LOOP, Gauge.sample(0.02 + 0.05 * place, seconds), short)
        tell(recorded.PROCESS_MEMORY, Gauge.sample((0.4 + 0.004 * jitter) * GIB, seconds), full)
        grown = 0.6 * k / 720 * (1 - place)
        tell(recorded.HEAP, Gauge.sample((0.2 + grown + 0.004 * jitter) * GIB, seconds), full)
    return found


def _verdicts(config: Config, at: datetime) -> list[Verdict]:
    found = []
    for budget in config.budgets:
        whole = 0.6 if budget.id == "resource.cpu" else 0.7
        found += _said(budget, (), whole, at)
        for machine, busy in MACHINES.items():
            value = busy if budget.id == "resource.cpu" else 0.6
            found += _said(budget, (("instance", machine),), value, at)
    return found


def _said(budget: Budget, subject: Subject, value: float, at: datetime) -> list[Verdict]:
    return [
        Verdict(
            budget=budget.id,
            limit=limit.name,
            statistic=limit.statistic,
            severity=limit.severity,
            subject=subject,
            source=SOURCE,
            outcome=Outcome.MET if value <= limit.threshold else Outcome.OVER,
            reason=Reason.WITHIN_LIMIT if value <= limit.threshold else Reason.OVER_LIMIT,
            detail=f"average {value:.0%}",
            unit=limit.unit,
            threshold=limit.threshold,
            window=Window(at - budget.window, at, 1.0),
            at=at,
            value=Interval.exactly(value),
            n=5,
            headroom=1 - value / limit.threshold,
        )
        for limit in budget.limits
    ]
