"""A Redis of an invented quarter of an hour in a real history: it evicts, and some names are hostile."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from headroom import recorded
from headroom.audit.finding import Finding
from headroom.audit.guide.catalogue import CATALOGUE
from headroom.bounds import Interval
from headroom.budgets import Budget, Outcome, Reason, Subject, Verdict, Window
from headroom.checks import State
from headroom.config import Config, load
from headroom.evidence import Evidence, Gauge, Histogram, Moments, Ratio
from headroom.history import Action, Cycle, History, Poll, open_history
from headroom.observation import ASIDE, Observation, Part, Series

SOURCE = "erp-cache"
EVERY = timedelta(seconds=15)
EVIL = "<script>boom()</script>\u202e"
LADDER = tuple(2.0**power / 1e6 for power in range(24))
"""Redis's own bounds: powers of two microseconds."""
TEXT = """\
version: 1
history: history.db
sources:
  erp-cache: {kind: redis, url: "redis://127.0.0.1:6379/0", every: 15s, memory_limit: 96mb}
  other-cache: {kind: redis, url: "${HEADROOM_NOWHERE_URL}", every: 15s}
budgets:
  - id: resource.redis_memory
    title: Redis memory
    measure: {redis_memory: maxmemory, source: erp-cache}
    window: 5m
    limits:
      - {name: target, statistic: average, max: 80%, severity: warning}
      - {name: alert, statistic: average, max: 90%, severity: critical}
    evicting:
      - {name: target, statistic: average, max: 1 per 1000 commands, severity: warning}
      - {name: alert, statistic: average, max: 10 per 1000 commands, severity: critical}
  - id: cache.commands
    title: Cache commands
    measure: {command_latency: all, source: erp-cache}
    window: 5m
    limits: [{statistic: p99, max: 1ms, severity: warning}]
"""
POLICY = "maxmemory-policy is allkeys-lru, under which a full cache is healthy"
FINDINGS = (
    Finding(
        "caching.keys",
        (("policy", "reports"), ("source", SOURCE)),
        State.FAIL,
        "Cache-Aside Pattern: one hour",
        "of keys finance:report:* 3.1% to 4.2% have no expiry </code><script>boom()</script>",
        "set them with EX 3600",
    ),
    Finding(
        "redis.settings.timeout",
        (("setting", "timeout"), ("source", SOURCE)),
        State.PASS,
        "Redis Configuration: timeout 300",
        "timeout is 300, as in the guide",
    ),
    Finding(
        "caching.failures",
        (("source", SOURCE),),
        State.BY_HAND,
        "Cache Implementation",
        "cannot be seen from outside: confirm by hand",
    ),
)
OTHERWISE = "Zoe"
"""Who confirmed other words than the rule's."""
NOTES = (f"the last background save failed {EVIL}", "1 replica, 2 s behind")


def written(
    folder: Path,
    *,
    polls: int = 60,
    every: timedelta = EVERY,
    audited: bool = True,
    evicting: bool = True,
    text: str = TEXT,
) -> Path:
    """Write budgets.yaml and a history of so many polls into a folder; return the file."""
    file = folder / "budgets.yaml"
    file.write_text(text, encoding="utf-8")
    config = load(file)
    with closing(open_history(config.history, collecting=True)) as history:
        until = datetime.now(UTC)
        for k in range(polls):
            at = until - every * (polls - 1 - k)
            poll = Poll(SOURCE, "1", at, timedelta(milliseconds=3))
            observations = tuple(_observed(k, at, every, evicting=evicting))
            verdicts = tuple(_verdicts(config, at, evicting=evicting))
            history.record(Cycle(at, poll, observations=observations, verdicts=verdicts, notes=NOTES))
        if audited:
            history.record_audit(SOURCE, until - timedelta(minutes=3), FINDINGS, b"{}")
            _confirm(history, until)
    return file


def _confirm(history: History, now: datetime) -> None:
    said = (
        (2, "confirm", "user-preferences", "Ada", "read UserService.update"),
        (200, "confirm", "service-catalog", "Bob", ""),
        (9, "confirm", "tenant-config", "Eve", ""),
        (8, "unconfirm", "tenant-config", "Eve", ""),
        (1, "confirm", "financial-reports", EVIL, EVIL),
        (4, "confirm", "dashboard-metrics", OTHERWISE, ""),
    )
    for days, kind, row, person, note in said:
        rule = next(one for one in CATALOGUE if one.id == f"caching.invalidation.{row}")
        body = {"rule": rule.id, "note": note, "digest": "0" * 16 if person == OTHERWISE else rule.digest}
        history.act(Action(now - timedelta(days=days), person, kind, body))


def _observed(k: int, at: datetime, every: timedelta, *, evicting: bool) -> list[Observation]:
    seconds = every.total_seconds()
    found: list[Observation] = []

    def tell(measure: str, evidence: Evidence, subject: Subject = (), detail: str = "") -> None:
        part = Part(at - every, at, evidence, detail=detail)
        found.append(Observation(Series(SOURCE, measure, subject), (part,)))

    tell(recorded.USED, Gauge.sample(60 * 2**20, seconds))
    tell(recorded.RSS, Gauge.sample(72 * 2**20 + 2**10 * k, seconds))
    tell(recorded.MAXMEMORY, Gauge.sample(64 * 2**20, seconds))
    share = f"redis_memory:maxmemory{ASIDE if evicting else ''}"
    tell(share, Gauge.sample(60 / 64, seconds), detail="60.0 of 64.0 MiB of maxmemory; RSS 72.0 of 96.0 MiB")
    tell("evictions", Ratio(2.0 if evicting else 0.0, 1_000.0))
    tell("hit_rate:keyspace", Ratio(285.0, 300.0))
    tell(recorded.EXPIRED, Ratio(3.0, 1_000.0))
    tell(recorded.ERRORS, Ratio(5.0, 1_000.0))
    tell(recorded.ERRORS, Ratio(4.0, 1_000.0), (("error", "OOM"),))
    tell(recorded.ERRORS, Ratio(1.0, 1_000.0), (("error", EVIL),))
    tell(recorded.REJECTED, Ratio(0.0, 6.0))
    tell(recorded.CLIENTS, Gauge.sample(0.021 if k == 7 else 0.017, seconds))
    tell(recorded.MAIN_THREAD, Ratio(0.9, seconds))
    if k % 4 == 0:
        get, keys = timed({9: 380, 8: 15, 5: 5}), timed({2: 3, 1: 1})
        tell("command_latency:all", get + keys)
        tell("command_latency:all", get, (("command", "get"),))
        tell("command_latency:all", keys, (("command", f"{EVIL}|keys"),))
    if k % 10 == 3:
        tell(recorded.SLOW_LOG, Moments.of([0.02, 0.031]), (("command", "keys"),))
    return found


def timed(counts: dict[int, int]) -> Histogram:
    """Return so many events in buckets that are counted from the slowest of 12: 2 ms."""
    filled = [0] * (len(LADDER) + 1)
    for place, count in counts.items():
        filled[11 - place] = count
    return Histogram(LADDER, tuple(filled), sum(n * LADDER[11 - place] for place, n in counts.items()) * 0.75)


def _verdicts(config: Config, at: datetime, *, evicting: bool) -> list[Verdict]:
    memory, commands = config.budgets
    limits = memory.evicting if evicting else memory.limits
    value = 0.5 if evicting else 60 / 64
    told = POLICY if evicting else "average 93.8%, at most 80% promised"
    found = [
        replace(
            _verdict(memory, place, value, at),
            unit=limit.unit,
            threshold=limit.threshold,
            limit=limit.name,
            outcome=Outcome.MET if value <= limit.threshold else Outcome.OVER,
            reason=Reason.WITHIN_LIMIT if value <= limit.threshold else Reason.OVER_LIMIT,
            detail=f"{told}; 20 readings",
        )
        for place, limit in enumerate(limits)
    ]
    return [*found, _verdict(commands, 0, 0.0005, at)]


def _verdict(budget: Budget, place: int, value: float, at: datetime) -> Verdict:
    limit = budget.limits[place]
    return Verdict(
        budget=budget.id,
        limit=limit.name,
        statistic=limit.statistic,
        severity=limit.severity,
        subject=(),
        source=SOURCE,
        outcome=Outcome.MET,
        reason=Reason.WITHIN_LIMIT,
        detail="within",
        unit=limit.unit,
        threshold=limit.threshold,
        window=Window(at - budget.window, at, 1.0),
        at=at,
        value=Interval.exactly(value),
        n=20,
        headroom=1 - value / limit.threshold,
    )


def unlimited(history: History, *, rss: float = 60.0, **others: float) -> None:
    """Record one poll that tells used and resident memory in MiB, and of `recorded` nothing but `others`."""
    at = datetime.now(UTC)
    told = tuple(
        Observation(Series(SOURCE, measure), (Part(at - EVERY, at, Gauge.sample(value, 15.0)),))
        for measure, value in (
            (recorded.USED, 50 * 2.0**20),
            (recorded.RSS, rss * 2.0**20),
            *((getattr(recorded, name), other) for name, other in others.items()),
        )
    )
    history.record(Cycle(at, Poll(SOURCE, "1", at, timedelta(milliseconds=3)), observations=told))
