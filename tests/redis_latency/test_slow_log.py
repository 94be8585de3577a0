"""The slow log: by id, name and time, and nothing else of it."""

from __future__ import annotations

import logging
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.redis import slow_log
from collectors.redis.capabilities import Capabilities
from collectors.redis.collector import RedisCollector
from collectors.redis.slow_log import NEWEST, SlowLog
from headroom import recorded
from headroom.evidence import Moments
from headroom.observation import Part, Quality, Reading
from tests.redis_servers import SERVERS

from .asking import collecting, connected, source, until_read
from .conftest import Start

SLOW = "DEBUG SLEEP 0.02"


def entries(reading: Reading) -> dict[str, Part]:
    """Return the parts of the slow log by command."""
    return {
        dict(one.series.subject)["command"]: one.parts[0]
        for one in reading.observations
        if one.series.measure == recorded.SLOW_LOG
    }


async def read(collector: RedisCollector, before: object) -> Reading:
    """Return what came since an earlier poll that read."""
    return collector.difference(before, await until_read(collector))  # type: ignore[arg-type]


@pytest.mark.parametrize("which", list(SERVERS))
async def test_slow_commands_by_name(start: Start, which: str) -> None:
    """Entries that were there before are not told; new ones are, each once, with their durations."""
    server = start(which, slowlog_log_slower_than="10000")
    async with collecting(server.url) as collector:
        server.run(SLOW)
        before = await collector.fetch()
        server.run(SLOW, "GET a", "DEBUG SLEEP 0.03")
        first = await until_read(collector)
        quiet = await until_read(collector)
        server.run(SLOW)
        last = await until_read(collector)

    found = entries(collector.difference(before, first))
    assert list(found) == ["debug"]
    evidence = found["debug"].evidence
    assert isinstance(evidence, Moments)
    assert evidence.n == 2
    assert 0.05 <= evidence.total < 2
    assert evidence.cap is not None
    assert 0.03 <= evidence.cap < evidence.total
    assert (found["debug"].start, found["debug"].end) == (before.at, first.at)
    assert found["debug"].quality is Quality.EXACT
    assert entries(collector.difference(first, quiet)) == {}
    third = entries(collector.difference(quiet, last))["debug"].evidence
    assert isinstance(third, Moments)
    assert third.n == 1
    assert collector.difference(quiet, last).notes == collector.difference(before, first).notes


@pytest.mark.parametrize("which", list(SERVERS))
async def test_nothing_planted_is_kept(
    start: Start, which: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """No argument, client's name, address or word sent as a command is stored, told or logged."""
    caplog.set_level(logging.DEBUG)
    server = start(which, slowlog_log_slower_than="0")
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        server.run(
            "CLIENT SETNAME planted-client",
            "SET planted-key planted-value",
            "GET planted-key",
            "EVAL return{'planted-script'} 0",
            "CONFIG SET requirepass planted-password",
            "CONFIG SET requirepass ",
        )
        with socket.create_connection(("127.0.0.1", server.port)) as raw:
            raw.sendall(b"planted-command planted\r\nDEBUG planted-sub\r\nSET planted\r\n")
            raw.recv(1000)
        after = await until_read(collector)
        reading = collector.difference(before, after)

    assert {"set", "get", "eval"} <= set(entries(reading))
    assert set(entries(reading)) <= {
        "set", "get", "eval", "client", "config", "debug", "info", "slowlog", "latency", "ping", "other",
    }  # fmt: skip
    for text in (after.dump().decode(), repr(after), repr(reading), caplog.text, *capsys.readouterr()):
        assert "planted" not in text.lower()
        assert "127.0.0.1" not in text


async def test_renamed_command_is_other(start: Start, tmp_path: Path) -> None:
    """A word that the server's statistics do not list is not stored, though it is a command here."""
    (tmp_path / "renamed.conf").write_text("rename-command GET planted\n")
    server = start(slowlog_log_slower_than="0", include=str(tmp_path / "renamed.conf"))
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        server.run("SLOWLOG RESET", "planted a")
        reading = await read(collector, before)

    assert {"other", "info"} <= set(entries(reading))
    assert "planted" not in repr(reading)


@pytest.mark.parametrize("which", list(SERVERS))
async def test_lost_entries_are_counted(start: Start, which: str) -> None:
    """More entries than the log keeps: those that are there, and how many are not."""
    server = start(which, slowlog_log_slower_than="10000", slowlog_max_len="3")
    async with collecting(server.url) as collector:
        server.run(SLOW)
        before = await collector.fetch()
        server.run(*[SLOW] * 5)
        reading = await read(collector, before)

    evidence = entries(reading)["debug"].evidence
    assert isinstance(evidence, Moments)
    assert evidence.n == 3
    assert reading.notes[-1] == (
        "2 entries of the slow log were thrown away within 0 s before anybody read them: by SLOWLOG RESET, "
        "or because it keeps slowlog-max-len of them, and 128 are read at once"
    )


@pytest.mark.parametrize(("between", "asked"), [(2, 1), (20, 2)])
async def test_entries_between_two_answers_lose_none(start: Start, between: int, asked: int) -> None:
    """Entries that come after the newest one was asked for push no older one out of the next answer."""
    server = start(slowlog_log_slower_than="2000")
    async with connected(server.url) as connection:
        quick = "DEBUG SLEEP 0.003"
        server.run(quick)
        capabilities, at = Capabilities("default"), datetime.now(UTC)
        before = SlowLog(at, "a", 0)
        server.run(*[quick] * 3)
        latest = await capabilities.ask(connection, *NEWEST)
        server.run(*[quick] * between)
        sent = capabilities.executed
        found = await slow_log.read(connection, capabilities, before, latest, ["debug"], at, "a")

    assert found is not None
    assert [one.id for one in found.entries if one.id > 0] == [*range(3 + between, 0, -1)]
    assert found.newest == 3 + between
    assert capabilities.executed - sent == asked
    later = replace(found, at=at + timedelta(seconds=60))
    assert slow_log.difference(source(server.url), before, later).notes == ()


@pytest.mark.parametrize("which", list(SERVERS))
async def test_ids_begin_again_with_the_server(start: Start, which: str) -> None:
    """After a restart all entries are new; a log that was emptied goes on with its ids."""
    server = start(which, slowlog_log_slower_than="10000")
    async with collecting(server.url) as collector:
        server.run(*[SLOW] * 3)
        before = await collector.fetch()
        server.run("SLOWLOG RESET")
        emptied = await until_read(collector)
        server.run(SLOW)
        one = await until_read(collector)
        server.stop()
        server.start()
        server.run(SLOW, SLOW)
        restarted = await collector.fetch()

    assert entries(collector.difference(before, emptied)) == {}
    assert entries(collector.difference(emptied, one))["debug"].evidence.n == 1  # type: ignore[union-attr]
    assert entries(collector.difference(one, restarted))["debug"].evidence.n == 2  # type: ignore[union-attr]
    assert not [note for note in collector.difference(one, restarted).notes if "thrown away" in note]


async def test_restored_snapshot_tells_no_entry_twice(start: Start) -> None:
    """A new process reads all of the log, and tells what came after the stored poll."""
    server = start(slowlog_log_slower_than="10000")
    async with collecting(server.url) as collector:
        server.run(SLOW)
        await collector.fetch()
        server.run(SLOW)
        stored = (await until_read(collector)).dump()
    server.run(SLOW, SLOW)
    async with collecting(server.url) as collector:
        before = collector.load(stored)
        assert before is not None
        found = entries(collector.difference(before, await collector.fetch()))

    assert found["debug"].evidence.n == 2  # type: ignore[union-attr]
