"""A bad afternoon of an invented ERP in a real history: alerts fire, some are quiet, some words hostile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from headroom.bounds import Interval
from headroom.budgets import Budget, Outcome, Reason, Severity, Statistic, Verdict, Window
from headroom.config import Config, load
from headroom.delivery import Heard, Settled
from headroom.history import Action, Cycle, History, Receipt, open_history
from headroom.history.actions import ACKNOWLEDGE, SILENCE, TESTED
from headroom.history.silence_body import body_of
from headroom.incidents import About, Incident, Notice, NoticeStatus, State, Transition, Why
from headroom.silences import Matcher, Silence

EVIL = '<script>boom()</script>"\u202e&lt;'
MEMORY, CPU, LOGIN, READ, DISK, UPLOADS, OLD = (
    f"{number:032x}" for number in (0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6, 0x77)
)
TEXT = """\
version: 1
history: history.db
sources:
  erp-cache: {kind: redis, url: "redis://127.0.0.1:9/0", every: 15s}
  metrics: {kind: prometheus, url: "http://127.0.0.1:9", every: 15s}
classes:
  endpoints:
    - {name: login, method: POST, path: "/auth/login"}
    - {name: uploads, path: "/files*"}
    - {name: read, method: [GET, HEAD]}
budgets:
  - id: resource.redis_memory
    title: Redis memory
    measure: {redis_memory: maxmemory, source: erp-cache}
    window: 5m
    for: 1m
    limits:
      - {name: target, statistic: average, max: 80%, severity: warning}
      - {name: alert, statistic: average, max: 90%, severity: critical}
    owner: platform
    runbook: "https://wiki.example/redis"
    if_broken: "Raise maxmemory, or evict"
  - id: resource.cpu
    title: CPU
    measure: {gauge: "cpu", source: metrics, reads: ratio}
    window: 5m
    for: 1m
    limits:
      - {name: target, statistic: average, max: 70%, severity: warning}
      - {name: alert, statistic: average, max: 80%, severity: critical}
  - id: api.login
    title: Log-in
    measure: {histogram: http_request_duration_seconds, source: metrics, class: endpoints.login}
    window: 5m
    for: 2m
    limits: [{statistic: p95, max: 200ms}]
  - id: api.read
    title: Reading
    measure: {histogram: http_request_duration_seconds, source: metrics, class: endpoints.read}
    window: 5m
    for: 1m
    limits: [{statistic: p95, max: 200ms}]
  - id: api.uploads
    title: Uploads
    measure: {histogram: http_request_duration_seconds, source: metrics, class: endpoints.uploads}
    window: 5m
    for: 1m
    limits: [{statistic: p95, max: 1s}]
"""
ALERTS = """\
alerts:
  channels:
    chat: {kind: slack, url: "https://hooks.slack.com/services/T0/B0/secret-of-slack"}
    pager: {kind: pagerduty, routing_key: "0123456789abcdef0123456789abcdef"}
    cluster: {kind: alertmanager, urls: ["http://127.0.0.1:9"]}
    hook: {kind: webhook, url: "http://127.0.0.1:9/secret-of-hook"}
  routes:
    - {channels: [chat], severities: [critical, warning]}
    - {channels: [hook], severities: [critical, warning], budgets: [api.uploads]}
    - {channels: [pager], severities: [critical]}
    - {channels: [cluster], severities: [critical]}
  maintenance:
    - {name: backup, begins: "2026-01-01 03:00", lasts: 30m, repeat: FREQ=DAILY, budgets: ["api.*"]}
"""


def configured(folder: Path, *, alerts: str = ALERTS) -> Config:
    """Write budgets.yaml into a folder, and return what it says."""
    file = folder / "budgets.yaml"
    file.write_text(TEXT + alerts, encoding="utf-8")
    return load(file)


@contextmanager
def collecting(config: Config) -> Iterator[History]:
    """Collect into the history, so that somebody does."""
    with closing(open_history(config.history, collecting=True)) as history:
        yield history


def fill(history: History, config: Config, *, now: datetime | None = None) -> None:
    """Record the afternoon: six open incidents, one of the morning that ended, and who was told of each."""
    now = now or datetime.now(UTC)
    found = incidents(now)
    moves = [
        Transition(MEMORY, now - timedelta(minutes=23), None, State.PENDING, Why.OVER, "84% of 80%"),
        Transition(MEMORY, now - timedelta(minutes=22), State.PENDING, State.FIRING, Why.HELD, EVIL),
        Transition(MEMORY, now - timedelta(minutes=6), State.FIRING, State.FIRING, Why.WORSE, "91.4%"),
        Transition(OLD, now - timedelta(hours=5), State.PENDING, State.FIRING, Why.HELD, "over"),
        Transition(OLD, now - timedelta(hours=4), State.FIRING, State.RESOLVED, Why.RECOVERED, "met"),
    ]
    notices = [
        notice(MEMORY, "chat", now - timedelta(minutes=6), f"[OVER] Redis memory {EVIL}"),
        notice(MEMORY, "pager", now - timedelta(minutes=6), "[OVER] Redis memory"),
        notice(CPU, "chat", now - timedelta(minutes=40), "[OVER] CPU"),
        notice(READ, "chat", now - timedelta(minutes=12), "[FLAPPING] Reading"),
    ]
    history.record(
        Cycle(
            now,
            verdicts=tuple(verdicts(config, now)),
            incidents=tuple(found),
            transitions=tuple(moves),
            notices=tuple(notices),
        )
    )
    known = {(one.notice.incident, one.notice.channel): one.notice.id for one in history.deliveries()}

    def came(incident: str, channel: str, minutes: int, error: str = "", answer: str = "") -> None:
        number = known[incident, channel]
        assert number is not None
        at = now - timedelta(minutes=minutes)
        result = Settled(number, sent=not error, error=error, response=answer)
        digest = next(one.digest for one in config.channels if one.name == channel)
        history.settle([result], at, heard=Heard(channel, digest, at, error, disables=bool(error)))

    came(CPU, "chat", 39, answer="ok")
    came(READ, "chat", 12, answer="ok")
    came(MEMORY, "chat", 6, answer=f"ok {EVIL}")
    came(MEMORY, "pager", 6, "401 Unauthorized")
    history.keep_receipts(
        [Receipt(MEMORY, "cluster", "am:9093", now, "suppressed", f"silenced at am:9093 by Zoe {EVIL}")]
    )
    said = {"channel": "chat", "arrived": "yes", "said": "the receiver answered ok"}
    history.act(Action(now - timedelta(days=3), "Ada", TESTED, said))
    history.act(Action(now - timedelta(minutes=9), "Ada", ACKNOWLEDGE, {"incident": READ, "note": EVIL}))
    quiet = Silence(
        "5" * 32, Matcher(incident=UPLOADS), now - timedelta(minutes=5), now + timedelta(hours=2), "Bob"
    )
    history.act(
        Action(now - timedelta(minutes=5), "Bob", SILENCE, body_of(replace(quiet, comment=f"deploy {EVIL}")))
    )
    numbers = tuple(one.number for one in history.waiting_actions())
    history.record(Cycle(now, applied=numbers))


def incidents(now: datetime) -> list[Incident]:
    """Return the incidents of the afternoon."""

    def ago(**length: float) -> datetime:
        return now - timedelta(**length)

    memory = Incident(
        MEMORY, "resource.redis_memory", Statistic.AVERAGE, (), State.FIRING, Severity.CRITICAL, "alert",
        ago(minutes=23), fired=ago(minutes=22), worst=f"91.8% {EVIL}", source="erp-cache", step=1,
    )  # fmt: skip
    cpu = Incident(
        CPU, "resource.cpu", Statistic.AVERAGE, (), State.FIRING, Severity.WARNING, "target",
        ago(minutes=42), fired=ago(minutes=41), worst="74%", source="metrics",
    )  # fmt: skip
    login = Incident(
        LOGIN, "api.login", Statistic.P95, (), State.PENDING, Severity.CRITICAL, "p95",
        ago(seconds=70), over_for=timedelta(seconds=70), source="metrics",
    )  # fmt: skip
    read = Incident(
        READ, "api.read", Statistic.P95, (("instance", EVIL),), State.FIRING, Severity.CRITICAL, "p95",
        ago(minutes=30), fired=ago(minutes=29), flapping=True, rises=4, source="metrics", blind=True,
        acknowledged=ago(minutes=9), acknowledged_by=f"Ada {EVIL}",
    )  # fmt: skip
    disk = Incident(
        DISK, "api.login", Statistic.P95, (), State.FIRING, Severity.WARNING, "p95",
        ago(minutes=20), fired=ago(minutes=10), about=About.BLIND, source="metrics",
    )  # fmt: skip
    uploads = Incident(
        UPLOADS, "api.uploads", Statistic.P95, (), State.FIRING, Severity.CRITICAL, "p95",
        ago(minutes=50), fired=ago(minutes=49), silenced="5" * 32, source="metrics",
    )  # fmt: skip
    old = Incident(
        OLD, "resource.cpu", Statistic.AVERAGE, (), State.RESOLVED, Severity.CRITICAL, "alert",
        ago(hours=5), fired=ago(hours=5), ended=ago(hours=4), worst=f"88% {EVIL}", source="metrics",
    )  # fmt: skip
    return [memory, cpu, login, read, disk, uploads, old]


def notice(incident: str, channel: str, at: datetime, title: str) -> Notice:
    """Return a message that says that an incident fires."""
    payload = json.dumps({"title": title})
    return Notice(incident, channel, NoticeStatus.FIRING, f"{incident}-{at}", payload, at, at)


def verdicts(config: Config, now: datetime) -> Iterator[Verdict]:
    """Yield a verdict on each limit: all over but the alert of CPU."""
    figures = {
        "resource.redis_memory": (0.914, Outcome.OVER),
        "resource.cpu": (0.74, Outcome.OVER),
        "api.login": (0.31, Outcome.OVER),
        "api.read": (0.31, Outcome.OVER),
        "api.uploads": (1.4, Outcome.OVER),
    }
    for budget in config.budgets:
        value, outcome = figures[budget.id]
        for limit in budget.limits:
            over = outcome if value > limit.threshold else Outcome.MET
            yield _verdict(budget, limit.name, value, over, now)


def _verdict(budget: Budget, name: str, value: float, outcome: Outcome, at: datetime) -> Verdict:
    limit = next(one for one in budget.limits if one.name == name)
    return Verdict(
        budget=budget.id,
        limit=limit.name,
        statistic=limit.statistic,
        severity=limit.severity,
        subject=(),
        source=budget.measure.source,
        outcome=outcome,
        reason=Reason.OVER_LIMIT if outcome is Outcome.OVER else Reason.WITHIN_LIMIT,
        detail=f"average over 20 readings {EVIL if budget.id == 'api.uploads' else ''}",
        unit=limit.unit,
        threshold=limit.threshold,
        window=Window(at - budget.window, at, 1.0),
        at=at,
        value=Interval.exactly(value),
        n=20,
        headroom=1 - value / limit.threshold,
    )
