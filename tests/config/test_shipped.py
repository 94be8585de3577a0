"""The shipped budgets.yaml says exactly what the guide's three tables say."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from headroom.budgets import Budget, Kind, Limit, Measure, Severity, Statistic, Unit
from headroom.config import Config, load
from headroom.config.spec_channels import CHANNEL_KINDS
from headroom.routing import Told
from headroom.units import parse_value

SHIPPED = Path(__file__).parents[2] / "budgets.yaml"

GUIDE = """
### API Response Time Targets

| Endpoint Type          | P95 Target | P99 Target |
| ---------------------- | ---------- | ---------- |
| Authentication (login) | < 200ms    | < 500ms    |
| Read operations        | < 100ms    | < 200ms    |
| Write operations       | < 500ms    | < 1s       |
| Reports (async)        | < 5s       | < 10s      |
| File uploads           | < 2s       | < 5s       |

### Database Query Targets

| Query Type                   | Target                |
| ---------------------------- | --------------------- |
| Simple lookups by ID         | < 10ms                |
| List queries with pagination | < 50ms                |
| Aggregated reports           | < 500ms               |
| Complex analytics            | < 5s (consider async) |

### Resource Utilization Targets

| Resource             | Target        | Alert Threshold |
| -------------------- | ------------- | --------------- |
| CPU                  | < 70% average | > 80%           |
| Memory               | < 80%         | > 90%           |
| Database connections | < 70% pool    | > 90%           |
| Redis memory         | < 80%         | > 90%           |
| Disk I/O             | < 60%         | > 80%           |
"""

IDS = {
    "api.login": "Authentication (login)",
    "api.read": "Read operations",
    "api.write": "Write operations",
    "api.reports": "Reports (async)",
    "api.uploads": "File uploads",
    "db.lookup": "Simple lookups by ID",
    "db.list": "List queries with pagination",
    "db.aggregate": "Aggregated reports",
    "db.analytics": "Complex analytics",
    "resource.cpu": "CPU",
    "resource.memory": "Memory",
    "resource.db_connections": "Database connections",
    "resource.redis_memory": "Redis memory",
    "resource.disk_io": "Disk I/O",
}


@pytest.fixture(scope="module", name="config")
def _config() -> Config:
    return load(SHIPPED, {})


def budget(config: Config, name: str) -> Budget:
    """Return the budget with this id."""
    return next(each for each in config.budgets if each.id == name)


def rows() -> list[tuple[str, int, str, list[str]]]:
    """Return the rows of the guide: table, number, first cell, the texts of the limits."""
    found = []
    table, number = "", 0
    for line in GUIDE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("### "):
            table, number = line.removeprefix("### "), -2  # the heading and the rule come first
        elif line.startswith("|"):
            number += 1
            if number > 0:
                found.append((table, number, cells[0], cells[1:]))
    return found


def test_identities(config: Config) -> None:
    """There are 14 budgets, 19 rows and 24 limits, in the guide's order, under the names scripts rely on."""
    assert {each.id: each.title for each in config.budgets} == IDS
    assert [each.id for each in config.budgets] == list(IDS)
    assert sum(len(each.statistics) for each in config.budgets) == 19
    assert sum(len(each.limits) for each in config.budgets) == 24


@pytest.mark.parametrize(("table", "number", "title", "cells"), rows())
def test_every_number_of_the_guide(
    config: Config, table: str, number: int, title: str, cells: list[str]
) -> None:
    """Each row has one budget that cites it and carries its figures, in its units, and no others."""
    (found,) = (each for each in config.budgets if each.guide == f"{table}, row {number}")
    assert found.title == title
    unit = Unit.SHARE if table.startswith("Resource") else Unit.SECONDS
    figures = [re.findall(r"[<>] ([0-9]+(?:ms|s|%))", cell)[0] for cell in cells]
    assert [limit.threshold for limit in found.limits] == [parse_value(figure, unit) for figure in figures]
    assert {limit.unit for limit in found.limits} == {unit}
    assert not any(limit.at_least for limit in found.limits)


def test_statistics_and_severities(config: Config) -> None:
    """API rows are P95 and P99, queries P95, resources averages; only a resource's target is a warning."""
    said = {
        each.id.split(".")[0]: [(limit.name, limit.statistic, limit.severity) for limit in each.limits]
        for each in config.budgets
    }
    assert said == {
        "api": [("p95", Statistic.P95, Severity.CRITICAL), ("p99", Statistic.P99, Severity.CRITICAL)],
        "db": [("p95", Statistic.P95, Severity.CRITICAL)],
        "resource": [
            ("target", Statistic.AVERAGE, Severity.WARNING),
            ("alert", Statistic.AVERAGE, Severity.CRITICAL),
        ],
    }


def test_measures(config: Config) -> None:
    """Every budget measures what its row speaks of, at the source that knows it."""
    latency = "http_request_duration_seconds"
    assert [each.measure for each in config.budgets] == [
        *(
            Measure("metrics", Kind.HISTOGRAM, latency, f"endpoints.{name}")
            for name in ("login", "read", "write", "reports", "uploads")
        ),
        *(
            Measure("erp-db", Kind.STATEMENTS, "exec_time", f"queries.{name}")
            for name in ("lookup", "list", "aggregate", "analytics")
        ),
        Measure("metrics", Kind.CPU),
        Measure("metrics", Kind.MEMORY),
        Measure("erp-db", Kind.CONNECTIONS, "max_connections"),
        Measure("erp-cache", Kind.MEMORY_LIMIT, "maxmemory"),
        Measure("metrics", Kind.DISK_IO),
    ]


def test_queries_have_the_applications_histogram_as_second_source(config: Config) -> None:
    """The guide's db_query_duration_seconds, by the same class as pg_stat_statements, and nothing else."""
    seconds = {each.id: each.second for each in config.budgets if each.second is not None}
    assert seconds == {
        f"db.{name}": Measure("metrics", Kind.HISTOGRAM, "db_query_duration_seconds", f"queries.{name}")
        for name in ("lookup", "list", "aggregate", "analytics")
    }


def test_an_evicting_cache_has_limits_of_its_own(config: Config) -> None:
    """With the guide's allkeys-lru a full cache is healthy, so evictions and hit rate are judged together."""
    evicting = budget(config, "resource.redis_memory").evicting
    per_1000, share = Unit.PER_1000_COMMANDS, Unit.SHARE
    assert evicting == (
        Limit("target", Statistic.AVERAGE, 1.0, per_1000, Severity.WARNING),
        Limit("target", Statistic.AVERAGE, 0.8, share, Severity.WARNING, at_least=True),
        Limit("alert", Statistic.AVERAGE, 10.0, per_1000, Severity.CRITICAL),
        Limit("alert", Statistic.AVERAGE, 0.5, share, Severity.CRITICAL, at_least=True),
    )
    assert [each.id for each in config.budgets if each.evicting] == ["resource.redis_memory"]


def test_windows_fit_the_traffic(config: Config) -> None:
    """Busy classes are judged over minutes, rare ones over an hour."""
    windows = {each.id: each.window for each in config.budgets}
    hour, quarter = timedelta(hours=1), timedelta(minutes=15)
    assert {name: window for name, window in windows.items() if window != timedelta(minutes=5)} == {
        "api.reports": hour,
        "api.uploads": hour,
        "db.aggregate": quarter,
        "db.analytics": hour,
    }
    assert {(each.pending_for, each.recover_for) for each in config.budgets} == {
        (timedelta(minutes=1), timedelta(minutes=2))
    }


def test_every_budget_says_who_and_what_then(config: Config) -> None:
    """Each budget has an owner, a place to look, a consequence, and the guide's own next review."""
    assert all(each.owner and each.runbook and each.if_broken for each in config.budgets)
    assert {each.review_by for each in config.budgets} == {date(2026, 4, 8)}
    assert "consider async" in budget(config, "db.analytics").note


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/auth/login", "login"),
        ("POST", "/auth/logout", "write"),
        ("GET", "/auth/login", "read"),
        ("POST", "/files", "uploads"),
        ("PUT", "/files/7/parts/2", "uploads"),
        ("POST", "/uploads/x", "uploads"),
        ("GET", "/files/7", "read"),
        ("DELETE", "/files/7", "write"),
        ("POST", "/filesystem", "write"),
        ("GET", "/reports", "reports"),
        ("POST", "/reports/pnl/2026", "reports"),
        ("PATCH", "/bookings/7", "write"),
        ("GET", "/bookings", "read"),
        ("HEAD", "/", "read"),
        ("OPTIONS", "/bookings", None),
        ("GET", "/metrics", "ignored"),
        ("GET", "/health/ready", "ignored"),
    ],
)
def test_endpoint_classes(config: Config, method: str, path: str, name: str | None) -> None:
    """Requests fall into the classes in the order login, uploads, reports, write, read."""
    assert [each.name for each in config.endpoints.classes] == [
        "login",
        "uploads",
        "reports",
        "write",
        "read",
    ]
    assert config.endpoints.classify({"method": method, "path": path}) == name


def test_query_classes(config: Config) -> None:
    """Statements fall into six classes by their shape, and the guide's histogram into five by query_type."""
    names = ["lookup", "list", "aggregate", "analytics", "write", "utility"]
    assert [(each.name, each.patterns) for each in config.queries.classes] == [(name, ()) for name in names]
    told = {kind: config.queries.classify({"query_type": kind, "table": "users"}) for kind in [*names, ""]}
    assert told == {**{name: name for name in names[:5]}, "utility": None, "": None}


def test_it_starts_with_nothing_configured(config: Config) -> None:
    """Without any variable the sources are not configured, which is no error, and nobody is told anything."""
    assert {source.name: (source.url, source.unset) for source in config.sources} == {
        "erp-db": (None, "HEADROOM_POSTGRES_URL"),
        "erp-cache": (None, "HEADROOM_REDIS_URL"),
        "metrics": (None, "HEADROOM_PROMETHEUS_URL"),
    }
    assert (config.channels, config.routes) == ((), ())
    assert config.history == f"sqlite:///{SHIPPED.parent}/.headroom/history.db"


def test_the_example_in_the_comments_works(tmp_path: Path) -> None:
    """Uncommented, the example of alerts is valid and does what it says."""
    text = SHIPPED.read_text()
    example = re.findall(r"(?m)^#(   .*)$", text.split("# Who is told.")[1])
    path = tmp_path / "budgets.yaml"
    path.write_text(text.split("alerts:\n")[0] + "alerts:\n" + "\n".join(example) + "\n")
    named = dict.fromkeys(re.findall(r"\$\{(HEADROOM_[A-Z_]+)\}", "\n".join(example)), "https://127.0.0.1/x")
    named["HEADROOM_APPRISE_URL"] = "ntfy://127.0.0.1/x"
    assert len(named) == 8
    config = load(path, {**named, "HEADROOM_PAGERDUTY_KEY": 32 * "a"})
    assert {channel.kind for channel in config.channels} == set(CHANNEL_KINDS)
    cpu, login = Told("resource.cpu", Severity.WARNING), Told("api.login", Severity.CRITICAL, source="erp-db")
    assert [route.takes(cpu) for route in config.routes] == [False, True, False, True]
    assert [route.takes(login) for route in config.routes] == [True, False, True, True]
    alerting = config.alerting
    assert (alerting.installation, alerting.link) == ("production", "https://headroom.example.org")
    assert [each.name for each in alerting.maintenance] == ["sunday-backup"]
    assert [step.channels for step in alerting.steps] == [("phone",)]
    assert alerting.heartbeat is not None


def test_the_example_of_serving_works(tmp_path: Path) -> None:
    """Uncommented, the line that serves metrics is valid."""
    path = tmp_path / "budgets.yaml"
    path.write_text(SHIPPED.read_text().replace("# serve: {", "serve: {"))
    serving = load(path, {"HEADROOM_TOKEN": "a-word-to-ask-with"}).alerting.serving
    assert serving is not None
    assert (serving.host, serving.port) == ("127.0.0.1", 9464)
