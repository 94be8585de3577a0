"""A real history of an invented hour: the guide's 14 budgets, with every outcome among their 19 rows.

Evidence is made up; everything else is ours: the file is loaded, `judge` makes the verdicts, and the history
records them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from headroom.budgets import Budget, Limit, Measure, Reason, Severity, Statistic, Subject, Verdict
from headroom.config import Config, load
from headroom.evidence import Evidence, Gauge, Histogram, Moments, Ratio
from headroom.history import Cycle, History, Poll, StoredPart, open_history
from headroom.incidents import Incident, State, Transition, Why
from headroom.instances import softened, with_worst
from headroom.judge import Case, judge
from headroom.observation import Absence, Observation, Part, Series
from headroom.second import joined

EVERY = timedelta(seconds=15)
BUCKETS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0)
FINE = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

API = {
    "login": ("Authentication (login)", "200ms", "500ms"),
    "read": ("Read operations", "100ms", "200ms"),
    "write": ("Write operations", "500ms", "1s"),
    "reports": ("Reports (async)", "5s", "10s"),
    "uploads": ("File uploads", "2s", "5s"),
}
DB = {
    "lookup": ("Simple lookups by ID", "10ms"),
    "list": ("List queries with pagination", "50ms"),
    "aggregate": ("Aggregated reports", "500ms"),
    "analytics": ("Complex analytics", "5s"),
}
SECOND = {
    "lookup": "second: {histogram: db_query_duration_seconds, source: metrics, class: queries.lookup}, "
}
RESOURCES = {
    "cpu": ("CPU", "{resource: cpu, source: metrics}", "70%", "80%"),
    "memory": ("Memory", "{resource: memory, source: metrics}", "80%", "90%"),
    "db_connections": (
        "Database connections",
        "{connections: max_connections, source: erp-db}",
        "70%",
        "90%",
    ),
    "redis_memory": ("Redis memory", "{redis_memory: maxmemory, source: erp-cache}", "80%", "90%"),
    "disk_io": ("Disk I/O", "{resource: disk_io, source: metrics}", "60%", "80%"),
}
HEAD = """\
version: 1
history: history.db
sources:
  erp-db: {kind: postgres, url: "postgresql://headroom@127.0.0.1:5432/erp", every: 15s}
  erp-cache: {kind: redis, url: "redis://127.0.0.1:6379/0", every: 15s}
  metrics: {kind: prometheus, url: "http://127.0.0.1:9090", every: 15s}
classes:
  endpoints:
    - {name: login, method: POST, path: "/auth/login"}
    - {name: uploads, method: [POST, PUT], path: ["/files*", "/uploads*"]}
    - {name: reports, path: "/reports*"}
    - {name: write, method: [POST, PUT, PATCH, DELETE]}
    - {name: read, method: [GET, HEAD]}
  queries: [{name: lookup, labels: {query_type: lookup}}, {name: list}, {name: aggregate}, {name: analytics}]
budgets:
"""


def text() -> str:
    """Return a budgets.yaml with the guide's three tables."""
    rest = (
        'window: 5m, for: 1m, recover_for: 2m, owner: platform, runbook: "https://wiki.example/perf", '
        'if_broken: "Feature work of the owning team stops until it is met again", review_by: 2026-04-08'
    )
    lines = [HEAD]
    for name, (title, p95, p99) in API.items():
        lines.append(
            f'  - {{id: api.{name}, title: "{title}", guide: API Response Time Targets, {rest}, '
            f"measure: {{histogram: http_request_duration_seconds, source: metrics, "
            f"class: endpoints.{name}}}, "
            f"limits: [{{statistic: p95, max: {p95}}}, {{statistic: p99, max: {p99}}}]}}\n"
        )
    for name, (title, p95) in DB.items():
        lines.append(
            f'  - {{id: db.{name}, title: "{title}", guide: Database Query Targets, {rest}, '
            f"measure: {{statements: exec_time, source: erp-db, class: queries.{name}}}, "
            f"{SECOND.get(name, '')}"
            f"limits: [{{statistic: p95, max: {p95}}}]}}\n"
        )
    for name, (title, measure, target, alert) in RESOURCES.items():
        lines.append(
            f'  - {{id: resource.{name}, title: "{title}", guide: Resource Utilization Targets, {rest}, '
            f"measure: {measure}, limits: [{{name: target, statistic: average, max: {target}, "
            f"severity: warning}}, {{name: alert, statistic: average, max: {alert}}}]}}\n"
        )
    return "".join(lines)


def latency(bounds: Sequence[float], counts: Mapping[float, int]) -> Histogram:
    """Return a histogram with so many events at each duration."""
    filled = [0] * (len(bounds) + 1)
    for duration, count in counts.items():
        filled[next((i for i, bound in enumerate(bounds) if duration <= bound), len(bounds))] += count
    return Histogram(tuple(bounds), tuple(filled))


def moments(n: int, mean: float, deviation: float, cap: float | None = None) -> Moments:
    """Return the moments of so many statements, in seconds."""
    return Moments(n, n * mean, n * deviation**2, cap)


EVIDENCE: dict[str, Callable[[int, bool], Evidence]] = {
    "api.login": lambda _, slow: latency(
        FINE, {0.04: 63, 0.15: 30, 0.3: 25 if slow else 1, 0.9: 6 if slow else 0}
    ),
    "api.read": lambda wave, _: latency(
        BUCKETS, {0.008: 300 + 20 * wave, 0.04: 120, 0.08: 20, 0.3: 3 if wave == 2 else 6}
    ),
    "api.write": lambda wave, _: latency(BUCKETS, {0.04: 80, 0.2: 12 + wave}),
    "api.reports": lambda wave, _: latency(BUCKETS, {0.8: 3, 3.0: 6, 7.0: wave % 2}),
    "api.uploads": lambda _, __: latency(BUCKETS, {}),
    "db.lookup": lambda wave, _: moments(900 + 40 * wave, 0.0012, 0.0012),
    "db.list": lambda _, __: moments(200, 0.031, 0.03),
    "db.aggregate": lambda wave, _: moments(30 + wave, 0.12, 0.017),
    "db.analytics": lambda _, __: moments(4, 1.1, 0.3, 2.2),
    "resource.cpu": lambda wave, _: Ratio(15 * (0.63 + 0.01 * wave), 15.0),
    "resource.memory": lambda _, __: Gauge.sample(0.71, 15.0),
    "resource.db_connections": lambda wave, _: Gauge.sample(0.74 + 0.01 * (wave % 3), 15.0),
    "resource.redis_memory": lambda wave, _: Gauge.sample(0.42 + 0.002 * wave, 15.0),
}
"""What an interval gives for each budget, by its place in a week of them and whether log-ins are slow."""
SECONDS = {"db.lookup": latency((0.001, 0.01, 0.1, 0.5), {0.004: 970, 0.3: 30})}
"""What an interval gives for the second measure of a budget: slower than the first, and still met."""
INSTANCES: dict[str, Mapping[str, Histogram]] = {
    "api.login": {
        "10.0.0.7:3000": latency(FINE, {0.04: 20, 0.3: 14}),
        "10.0.0.8:3000": latency(FINE, {0.04: 31, 0.15: 15}),
        "<b>&amp;erp-" + "x" * 80 + ":3000": latency(FINE, {0.04: 2}),
        "10.0.0.9:3000": latency(FINE, {}),
    }
}
"""What an interval gives for the instances of a budget; the first is slow, and one label is hostile."""


@dataclass
class Erp:
    """An invented system whose sources are polled together.

    Attributes:
        slow: log-ins are slow.
    """

    config: Config
    history: History
    at: datetime
    slow: bool = False
    step: int = 0
    held: dict[Series, list[StoredPart]] = field(default_factory=dict)

    def poll(self) -> None:
        """Record one interval of every source, ending EVERY after the last one."""
        self.at += EVERY
        self.step += 1
        for number, source in enumerate(self.config.sources):
            budgets = [budget for budget in self.config.budgets if budget.measure.source == source.name]
            observations: list[Observation] = []
            verdicts: list[Verdict] = []
            for budget in budgets:
                source_works = budget.id in EVIDENCE
                if source_works:
                    found = EVIDENCE[budget.id](self.step % 7, self.slow)
                    observations.append(self._observed(Series.of(budget.measure), found))
                if budget.second is not None:
                    observations.append(self._observed(Series.of(budget.second), SECONDS[budget.id]))
                for host, counted in INSTANCES.get(budget.id, {}).items():
                    observations.append(self._observed(Series.of(budget.measure, _at(host)), counted))
                verdicts += self._judged(budget, failed=not source_works)
            if source.name == "metrics":
                stray = Part(self.at - EVERY, self.at, Ratio(4.0, 640.0))
                series = Series("metrics", "histogram:http_request_duration_seconds:unclassified")
                observations.append(Observation(series, (stray,)))
            poll = Poll(
                source.name, "1", self.at - timedelta(milliseconds=40 * number), timedelta(milliseconds=9)
            )
            self.history.record(
                Cycle(
                    self.at,
                    poll,
                    observations=tuple(observations),
                    verdicts=tuple(verdicts),
                    notes=("4 of 640 requests belong to no class: GET /a",)
                    if source.name == "metrics"
                    else (),
                )
            )

    def catch_up(self) -> None:
        """Poll until the newest interval is the one that has just ended."""
        while self.at + EVERY <= datetime.now(UTC):
            self.poll()

    def _observed(self, series: Series, found: Evidence) -> Observation:
        part = Part(self.at - EVERY, self.at, found)
        self.held.setdefault(series, []).insert(0, StoredPart(self.step, self.at, part))
        return Observation(series, (part,))

    def _judged(self, budget: Budget, *, failed: bool) -> list[Verdict]:
        absence = Absence(
            Series.of(budget.measure),
            Reason.NO_DATA,
            "no series node_disk_io_time_seconds_total; is node_exporter scraped?",
        )

        def said(limit: Limit, measure: Measure, subject: Subject = ()) -> Verdict:
            held = self.held.get(Series.of(measure, subject), [])[:40]
            because = absence if failed else None
            return judge(Case(budget, limit, held, self.at, 2 * EVERY, because, subject, measure=measure))

        verdicts = []
        for limit in budget.limits:
            whole = said(limit, budget.measure)
            if budget.second is not None:
                whole = joined(budget, whole, said(limit, budget.second)).verdict
            hosts = INSTANCES.get(budget.id, {})
            beside = [softened(said(limit, budget.measure, _at(host))) for host in hosts]
            verdicts += [with_worst(whole, beside), *beside]
        return verdicts

    def fire(self) -> None:
        """Record an alert on slow log-ins."""
        opened = self.at - timedelta(minutes=2)
        incident = Incident(
            id="incident-1",
            budget="api.login",
            statistic=Statistic.P95,
            subject=(),
            state=State.FIRING,
            severity=Severity.CRITICAL,
            limit="p95",
            opened=opened,
            fired=self.at,
            worst="p95 200 to 500 ms, at most 200 ms promised",
        )
        moved = Transition("incident-1", self.at, None, State.FIRING, Why.HELD, "over for 1 min")
        self.history.record(Cycle(self.at, incidents=(incident,), transitions=(moved,)))


def _at(host: str) -> Subject:
    return (("instance", host),)


@contextmanager
def erp(folder: Path, *, polls: int, until: datetime | None = None, slow: int = 16) -> Iterator[Erp]:
    """Write budgets.yaml and a history of so many polls into a folder; the last `slow` have slow log-ins."""
    file = folder / "budgets.yaml"
    file.write_text(text(), encoding="utf-8")
    config = load(file)
    start = (until or datetime.now(UTC)) - polls * EVERY
    with closing(open_history(config.history, collecting=True)) as history:
        system = Erp(config, history, start)
        for step in range(polls):
            system.slow = step >= polls - slow
            system.poll()
        if slow:
            system.fire()
        yield system
