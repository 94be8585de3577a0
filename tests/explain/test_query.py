"""What is said to be read is what the collectors send, without credentials; two measures are both told."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from collectors.prometheus import query
from collectors.redis.info import SECTIONS
from headroom.budgets import Kind, Measure, Outcome
from headroom.config import load
from headroom.evidence import Histogram, Moments
from headroom.observation import Observation, Reading, Series
from monitor.explain.explained import explained
from monitor.explain.page import pages
from monitor.explain.printed import FORMATS
from monitor.explain.query import query_of
from tests.monitor.scripted import NOON, part, stage

CONFIG = """
version: 1
history: history.db
sources:
  db: {kind: postgres, url: "postgresql://watcher:s3cret@127.0.0.1:5433/erp", every: 15s}
  cache: {kind: redis, url: "redis://watcher:s3cret@127.0.0.1:6380", every: 15s}
  metrics: {kind: prometheus, url: "http://watcher:s3cret@127.0.0.1:9090/prom/", every: 15s}
  absent: {kind: redis, url: "${NO_SUCH_CACHE}", every: 15s}
classes:
  endpoints:
    - {name: uploads, method: [POST, PUT], path: ["/files", "/files/*"], status: 2xx}
    - {name: login, method: POST, path: "/auth/login"}
  queries:
    - {name: hot, patterns: ["FROM orders"]}
    - {name: lookup, labels: {query_type: lookup}}
budgets:
"""
BUDGETS = {
    "api.uploads": "histogram: http_request_duration_seconds, source: metrics, class: endpoints.uploads",
    "api.login": "histogram: http_request_duration_seconds, source: metrics, class: endpoints.login",
    "db.hot": "statements: exec_time, source: db, class: queries.hot",
    "db.lookup": "statements: exec_time, source: db, class: queries.lookup",
    "resource.cpu": "resource: cpu, source: metrics",
    "resource.connections": "connections: 20, role: erp, source: db",
    "resource.memory": "redis_memory: maxmemory, source: cache",
    "resource.hits": "hit_rate: keyspace, source: cache",
    "resource.absent": "redis_memory: maxmemory, source: absent",
}
LOOKUPS = Measure("db", Kind.STATEMENTS, "exec_time", "queries.lookup")
TIMED = Measure("metrics", Kind.HISTOGRAM, "db_query_duration_seconds", "queries.lookup")


def written(*names: str, more: str = "") -> str:
    """Return a file with some of the budgets."""
    text = CONFIG
    for name in names:
        latency = name.startswith(("api.", "db."))
        bound = "statistic: p95, max: 10ms" if latency else "statistic: average, max: 80%"
        bound = bound.replace("max", "min") if name == "resource.hits" else bound
        text += f"  - id: {name}\n    title: {name}\n    measure: {{{BUDGETS[name]}}}\n{more}"
        text += f"    limits:\n      - {{{bound}}}\n"
    return text


@pytest.fixture
def told(tmp_path: Path) -> dict[str, tuple[str, str, str]]:
    """Return what is said to be read for every budget: sent, to paste, rules."""
    path = tmp_path / "budgets.yaml"
    path.write_text(written(*BUDGETS))
    config = load(path, {})
    found = {}
    for budget in config.budgets:
        one = query_of(config, budget, budget.measure, NOON)
        found[budget.id] = ("\n".join(one.sent), one.paste, "\n".join(one.rules))
        assert "s3cret" not in repr(one)
        assert "watcher" not in repr(one)
    return found


def test_prometheus_is_asked_in_the_collector_s_own_words(told: dict[str, tuple[str, str, str]]) -> None:
    """The selector is the collector's; the line to paste is a shell's, with the address and no login."""
    sent, paste, rules = told["api.uploads"]
    assert sent == query.histogram("http_request_duration_seconds", 120.0)
    words = shlex.split(paste)
    assert words[:5] == ["curl", "-sG", "-u", "USER:PASSWORD", "http://127.0.0.1:9090/prom/api/v1/query"]
    assert words[6] == f"query={query.histogram('http_request_duration_seconds', 330.0)}"
    assert rules.split("\n")[1] == (
        "of the class uploads: method POST or PUT, path /files or /files/*, status 2xx"
    )
    assert "and not of an earlier class" not in rules
    assert "and not of an earlier class: uploads" in told["api.login"][2]
    assert told["resource.cpu"][0].startswith('{__name__=~"node_cpu_seconds_total"')


def test_a_login_is_left_to_who_pastes_the_line(tmp_path: Path) -> None:
    """A token and the headers come from the shell's variables, which it fills in, as they are in quotes."""
    path = tmp_path / "budgets.yaml"
    access = 'auth: {bearer: "t0ps3cret"}, headers: {X-Scope-OrgID: "t3nant"}, '
    path.write_text(
        written("api.login")
        .replace("kind: prometheus, ", f"kind: prometheus, {access}")
        .replace("watcher:s3cret@", "")
    )
    config = load(path, {})
    paste = query_of(config, config.budgets[0], config.budgets[0].measure, NOON).paste
    assert paste.startswith(
        'curl -sG -H "Authorization: Bearer $TOKEN" -H "X-Scope-OrgID: $X_SCOPE_ORGID" '
        "http://127.0.0.1:9090/prom/api/v1/query --data-urlencode "
    )
    assert "t0ps3cret" not in paste
    assert "t3nant" not in paste


def test_postgres_is_asked_by_its_own_statement(told: dict[str, tuple[str, str, str]]) -> None:
    """The statement is that of the collector's file, with the columns it fills in."""
    sent, _, rules = told["db.hot"]
    assert "total_exec_time" in sent
    assert "pg_stat_statements" in sent
    assert "of the class hot: texts in which /FROM orders/ is found" in rules
    assert "one row at most, by the primary or unique keys of its tables" in told["db.lookup"][2]
    assert "pg_stat_get_activity" in told["resource.connections"][0]
    assert (
        "connections of role erp, divided by the 20 that the budget names" in told["resource.connections"][2]
    )
    assert "the column value x s is this share times the seconds" in told["resource.connections"][2]


def test_redis_is_asked_for_info(told: dict[str, tuple[str, str, str]]) -> None:
    """The fields are named as INFO names them, and a source that is not configured has nothing to paste."""
    sent, paste, rules = told["resource.memory"]
    assert sent == f"INFO {' '.join(SECTIONS)}"
    assert paste == (
        "redis-cli -h 127.0.0.1 -p 6380 INFO | grep -E "
        "'^(used_memory|mem_not_counted_for_evict|maxmemory|used_memory_rss|maxmemory_policy):'"
    )
    assert rules == "(used_memory - mem_not_counted_for_evict)/maxmemory: the share that eviction goes by"
    assert "keyspace_hits" in told["resource.hits"][2]
    assert told["resource.absent"][1] == ""


async def test_two_measures_are_both_explained(tmp_path: Path) -> None:
    """Both measures of a promise are shown, the one that judges first; the verdict is the recorded one."""
    second = "    second: {histogram: db_query_duration_seconds, source: metrics, class: queries.lookup}\n"

    def statements(at: float) -> Reading:
        return Reading((Observation(Series.of(LOOKUPS), (part(at, Moments(50, 0.1, 0.5, 2.0)),)),))

    def timed(at: float) -> Reading:
        figures = Histogram((0.005, 0.01, 0.05), (50, 0, 0, 0))
        return Reading((Observation(Series.of(TIMED), (part(at, figures),)),))

    text = (
        written("db.lookup", more=second)
        .replace("  cache: {kind", "  #cache: {kind")
        .replace("  absent", "  #absent")
    )
    async with stage(tmp_path, text) as on:
        for _ in range(6):
            await on.poll_beside(timed)
            standings = await on.poll(statements)
        config = load(tmp_path / "budgets.yaml")
        now = on.hands.read().wall
        (found,) = explained(config, "db.lookup", limit="", subject=(), at=None, now=now)
    assert found.verdict == standings["p95"].verdict
    assert found.same
    assert [(one.measure, one.judges) for one in found.measured] == [(TIMED, True), (LOOKUPS, False)]
    assert found.measured[0].explanation.verdict.outcome is Outcome.MET
    assert found.measured[1].explanation.verdict.outcome is Outcome.UNDECIDED
    assert list(pages([found], narrow=True))
    shown = FORMATS["table"]([found])
    assert (
        "It is measured twice: db_query_duration_seconds at metrics judges where it decides, otherwise"
    ) in shown
    assert "4. The arithmetic, by pg_stat_statements at db (which does not judge)" in shown
