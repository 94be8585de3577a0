"""`headroom audit` over the whole guide, as a process, and the audit that the collecting process records."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headroom.audit.guide.catalogue import CATALOGUE, RECORDED_AS
from headroom.audit.redis.kept import load
from headroom.checks import State
from headroom.config import load as load_config
from headroom.history import Action, open_history
from headroom.history.actions import CONFIRM
from monitor.audit.hourly import Audits
from monitor.feeds import feeds
from monitor.writer import Writer
from tests.audit_indexes.test_command import audit
from tests.collectors_redis.server import Server

Start = Callable[..., Server]
CACHING = """caching:
  - {name: finance-reports, source: cache, keys: "finance:report:*", ttl: {min: 1h, max: 1h},
     guide: "Caching Strategy, Cache-Aside Pattern"}
  - {name: distributed, source: cache, keys: "*", ttl: {min: 1h, max: 24h},
     guide: "Caching Strategy, Cache Layers"}
"""


def config(folder: Path, server: Server, more: str = "") -> Path:
    """Write a configuration with a Redis, a Prometheus that is not there, and the guide's policies."""
    lines = ["version: 1", "history: history.db", "sources:"]
    lines += [f"  cache: {{kind: redis, url: '{server.url}', every: 15s}}"]
    lines += [
        "  metrics: {kind: prometheus, url: 'http://127.0.0.1:1', every: 15s}",
        more + CACHING,
        "budgets:",
    ]
    lines += [
        "  - id: resource.redis_memory",
        "    title: Memory",
        "    measure: {redis_memory: maxmemory, source: cache}",
    ]
    lines += ["    window: 5m", "    limits:", "      - {statistic: average, max: 80%, severity: warning}"]
    file = folder / "budgets.yaml"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_every_rule_of_the_guide_has_a_line(start: Start, tmp_path: Path) -> None:
    """The document for scripts: each rule with its place and state, and sums that fit together."""
    done = audit(config(tmp_path, start()), "--format", "json")

    document = json.loads(done.stdout)
    covered = document["coverage"]
    assert [one["rule"] for one in covered["guide"]] == [one.id for one in CATALOGUE]
    sums = ("checked", "by_hand", "not_applicable", "cannot_check")
    assert sum(covered[name] for name in sums) == covered["rules"] == len(CATALOGUE)
    for name in ("rules", "confirmed", *sums):
        assert sum(one[name] for one in covered["chapters"]) == covered[name]
    words = {"checked": "checked", "by hand": "by_hand", "not applicable": "not_applicable"}
    for word, name in words.items():
        assert sum(one["state"] == word for one in covered["guide"]) == covered[name]
    states = {one["rule"]: one["state"] for one in covered["guide"]}
    assert states["infrastructure.redis.timeout"] == "checked"
    assert states["budgets.resource.redis_memory"] == "checked"
    found = {one["rule"]: one["found"] for one in document["findings"]}
    assert found["infrastructure.postgres.work_mem"] == "budgets.yaml has no source of kind postgres"
    assert found["budgets.api.login"] == (
        "budgets.yaml has no budget for it: whether it is kept is never judged"
    )
    assert found["prometheus.source"].startswith("unreachable: ")
    assert done.returncode == 1


def test_the_table_ends_with_the_coverage(start: Start, tmp_path: Path) -> None:
    """What is broken comes first, and chapter by chapter what was checked comes last."""
    done = audit(config(tmp_path, start()))

    lines = done.stdout.splitlines()
    assert lines[0].startswith("── fail (")
    at = next(place for place, line in enumerate(lines) if line.startswith("── coverage of the guide "))
    chapters = [line.strip().partition("  ")[0] for line in lines[at + 2 : at + 11]]
    assert chapters == list(dict.fromkeys(one.place.chapter for one in CATALOGUE))
    assert lines[at + 2].endswith("  0 of 18 checked,  5 by hand, 0 not applicable, and 13 cannot be checked")
    whole = lines[at + 12]
    assert whole.startswith("The whole guide: ")
    assert f" of {len(CATALOGUE)} checked, " in whole
    assert whole.endswith(" cannot be checked here")
    assert lines[at + 13] == "To confirm by hand: headroom audit --confirm RULE --by NAME [--note TEXT]"
    assert " findings: " in lines[-1]
    assert max(map(len, lines[at:])) <= 110
    hand = lines.index("  memory.weak-map  WeakMap and WeakSet for what is kept about other objects")
    assert lines[hand + 1] == "      cannot be seen from outside: confirm by hand"


def test_a_confirmation_is_shown(start: Start, tmp_path: Path) -> None:
    """Who said so, and when, stands where the rule asked for it."""
    file = config(tmp_path, start())
    with open_history(str(tmp_path / "history.db"), collecting=True):
        pass
    assert (
        audit(file, "--confirm", "memory.streams", "--by", "ada", "--note", "heap stays flat").returncode == 0
    )

    done = audit(file)

    lines = done.stdout.splitlines()
    line = lines.index(
        "  memory.streams  large exports are streamed row by row from the database to the answer"
    )
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert lines[line + 1] == f"      confirmed by ada on {today}: heap stays flat"
    assert any("by hand (1 of them confirmed)" in line for line in lines)


def test_one_source(start: Start, tmp_path: Path) -> None:
    """Only what it answers, and no coverage of a guide that was not asked for."""
    done = audit(config(tmp_path, start()), "--source", "cache", "--format", "json")

    document = json.loads(done.stdout)
    assert set(document) == {"findings"}
    assert {one["subject"]["source"] for one in document["findings"]} == {"cache"}
    away = audit(config(tmp_path, start()), "--source", "metrics", "--format", "json")
    (one,) = json.loads(away.stdout)["findings"]
    assert (away.returncode, one["rule"], one["state"]) == (4, "prometheus.source", "cannot check")


async def test_the_hourly_audit_records_all(start: Start, tmp_path: Path) -> None:
    """The Redis under its name with what to go on from, the rest under a name that no source can have."""
    loaded = load_config(config(tmp_path, start()))
    writer = Writer()
    history = await writer(open_history, loaded.history, collecting=True)
    polled = feeds(loaded)
    try:
        for feed in polled:
            assert feed.collector is not None
            if feed.source.name == "cache":
                feed.snapshot = await feed.collector.fetch()
            else:
                feed.failures = 1
        (streams,) = [one for one in CATALOGUE if one.id == "memory.streams"]
        body = {"rule": streams.id, "note": "", "digest": streams.digest}
        act = Action(datetime.now(UTC), "ada", CONFIRM, body)
        await writer(history.act, act)
        await Audits(loaded, history, writer, polled).audit_once()
        recorded = {one.source: one.findings for one in await writer(history.audits)}
        facts = await writer(history.facts_before, "cache", datetime.now(UTC) + timedelta(seconds=1))
    finally:
        for feed in polled:
            if feed.collector is not None:
                await feed.collector.close()
        await writer(history.close)
        writer.close()

    assert set(recorded) == {"cache", RECORDED_AS}
    assert {one.rule for one in recorded["cache"]} >= {"redis.setting.timeout", "caching.expiry"}
    rest = {one.rule: one for one in recorded[RECORDED_AS]}
    assert not any(rule.startswith(("infrastructure.redis.", "redis.setting.")) for rule in rest)
    assert rest["memory.streams"].found.startswith("confirmed by ada on ")
    assert rest["monitoring.query-duration"].found == (
        "it takes two readings: ask `headroom audit` or `headroom doctor` on the command line"
    )
    assert rest["infrastructure.postgres.work_mem"].found == "budgets.yaml has no source of kind postgres"
    assert rest["budgets.api.read"].state is State.FAIL
    assert facts is not None
    census = load(facts[1], loaded.policies.keys, "cache").census
    assert census is not None
    assert (census.complete, census.stopped) == (True, "")


async def test_a_failing_audit_does_not_stop_the_others(
    start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that goes away between poll and audit is one warning, told once; the rest is recorded."""
    server = start()
    loaded = load_config(config(tmp_path, server))
    writer = Writer()
    history = await writer(open_history, loaded.history, collecting=True)
    polled = [feed for feed in feeds(loaded) if feed.source.name == "cache"]
    (feed,) = polled
    assert feed.collector is not None
    try:
        feed.snapshot = await feed.collector.fetch()
        server.stop()
        audits = Audits(loaded, history, writer, polled)
        await audits.audit_once()
        await audits.audit_once()
        recorded = await writer(history.audits)
    finally:
        await feed.collector.close()
        await writer(history.close)
        writer.close()

    assert [one.source for one in recorded] == [RECORDED_AS]
    warned = [one.message for one in caplog.records if one.levelname == "WARNING"]
    assert len(warned) == 1
    assert warned[0].startswith(f"cache: not audited: 127.0.0.1:{server.port} ")
