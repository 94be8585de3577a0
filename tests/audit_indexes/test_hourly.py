"""The audit that the collecting process does by itself: recorded, compared with earlier ones, harmless."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headroom.audit.guide.catalogue import RECORDED_AS
from headroom.audit.past import dump, load
from headroom.checks import State
from headroom.config import Config
from headroom.config import load as load_config
from headroom.history import Audit, History, open_history
from monitor.audit.hourly import Audits
from monitor.audit.look import findings, read_structure, remembered
from monitor.feeds import Feed, feeds
from monitor.writer import Writer
from tests.collectors_postgres.server import Server

from .erp import INDEXES, TABLES, database, of_index, of_rule, source
from .test_command import config

TOKENS = "idx_refresh_tokens_user_expires"


@dataclass
class Collecting:
    """What a collecting process gives to the audit."""

    config: Config
    history: History
    writer: Writer
    feeds: list[Feed]
    audits: Audits = field(init=False)

    def __post_init__(self) -> None:
        self.audits = Audits(self.config, self.history, self.writer, self.feeds)


def of_sources(history: History) -> list[Audit]:
    """Return the recorded audits without that of the application."""
    return [one for one in history.audits() if one.source != RECORDED_AS]


@asynccontextmanager
async def collecting(folder: Path, **urls: str) -> AsyncIterator[Collecting]:
    """Open a history, and make feeds that were polled once."""
    loaded = load_config(config(folder, **urls))
    writer = Writer()
    history = await writer(open_history, loaded.history, collecting=True)
    polled = feeds(loaded)
    try:
        for feed in polled:
            if feed.source.name in urls and feed.collector is not None:
                feed.snapshot = await feed.collector.fetch()
        yield Collecting(loaded, history, writer, polled)
    finally:
        for feed in polled:
            if feed.collector is not None:
                await feed.collector.close()
        await writer(history.close)
        writer.close()


async def test_it_records(cluster: Server, tmp_path: Path) -> None:
    """Findings and counters are in the history, and the connection is given back."""
    name = database(cluster, *TABLES, *INDEXES.values())
    async with collecting(tmp_path, erp=cluster.url_of("monitor", database=name)) as process:
        await process.audits.audit_once()
        (recorded,) = await process.writer(of_sources, process.history)
        earlier = await process.writer(process.history.facts_before, "erp", datetime.now(UTC))
    left = cluster.run(f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'")

    assert recorded.source == "erp"
    assert {one.state for one in of_rule(recorded.findings, "postgres.index.required")} == {State.PASS}
    assert earlier is not None
    past = load(*earlier, name)
    assert past is not None
    assert len(past.scans) == len(INDEXES) + len(TABLES)
    assert left == [(0,)]


async def test_a_source_that_fails_is_left_alone(cluster: Server, tmp_path: Path) -> None:
    """So is one that was not polled yet, and one that was read a moment ago."""
    url = cluster.url_of("monitor", database=database(cluster))
    async with collecting(tmp_path, erp=url) as process:
        (feed,) = [one for one in process.feeds if one.source.name == "erp"]
        feed.failures = 1
        await process.audits.audit_once()
        assert await process.writer(of_sources, process.history) == []
        feed.failures = 0
        await process.audits.audit_once()
        (first,) = await process.writer(of_sources, process.history)
        await process.audits.audit_once()
        (second,) = await process.writer(of_sources, process.history)

    assert first.at == second.at


async def test_what_refuses_is_said_once(
    cluster: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A database that went away between poll and audit: one sentence, and the next source goes on."""
    name, other = database(cluster), database(cluster)
    urls = {
        "gone": cluster.url_of("monitor", database=name),
        "here": cluster.url_of("monitor", database=other),
    }
    async with collecting(tmp_path, **urls) as process:
        for feed in process.feeds:
            if feed.source.name == "gone" and feed.collector is not None:
                await feed.collector.close()
        cluster.run(f"DROP DATABASE {name} WITH (FORCE)")
        with caplog.at_level(logging.WARNING, "headroom.audit"):
            await process.audits.audit_once()
            await process.audits.audit_once()
        (recorded,) = await process.writer(of_sources, process.history)

    assert recorded.source == "here"
    assert [record.message for record in caplog.records] == [
        (
            f'gone: not audited: 127.0.0.1:{cluster.port} says that database "{name}" does not exist: '
            f"create it, or "
            "correct the URL"
        )
    ]


async def test_a_week_between_two_audits(cluster: Server, tmp_path: Path) -> None:
    """What was read in between is used; what was not is said with its window."""
    rows = (
        "INSERT INTO refresh_tokens (user_id, expires_at) SELECT n, now() FROM generate_series(1, 3000) n",
        "CREATE INDEX idle ON refresh_tokens (expires_at)",
        "ANALYZE refresh_tokens",
    )
    name = database(cluster, *TABLES, *INDEXES.values(), *rows)
    now = datetime.now(UTC)
    watched = source(cluster, name)
    async with collecting(tmp_path) as process:
        before = await read_structure(watched, now)
        at = now - timedelta(days=8)
        await process.writer(process.history.record_audit, "erp-db", at, (), dump(before))
        cluster.run(
            "SET enable_seqscan = off",
            "SELECT count(*) FROM refresh_tokens WHERE user_id = 7 AND is_revoked = false",
            database=name,
        )
        known = await process.writer(remembered, process.history, "erp-db", now)
        found = findings(await read_structure(watched, now), known, ())

    assert of_index(found, TOKENS).found == f"public.{TOKENS} is it; read once in the last 8 d"
    (idle,) = of_rule(found, "postgres.index.unused")
    assert (idle.state, dict(idle.subject)["index"]) == (State.WARN, "idle")
    assert "was not read once in the last 8 d, nor since the counters began" in idle.found
