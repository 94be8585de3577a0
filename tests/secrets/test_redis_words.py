"""Words that clients make up are planted in a Redis, and looked for in all that Headroom leaves of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import redis

from headroom import recorded
from headroom.history import History
from tests.collectors_redis.server import Server
from tests.monitor.processes import collecting, reading, stop, wait_until
from tests.secrets.planting import WORD
from tests.secrets.searching import found_in_file

LETTERS = "PLFOURNTED"
"""A key like the words that servers use themselves."""

_CONFIG = """
version: 1
history: history.db
sources:
  cache: {{kind: redis, url: "{url}", every: 1s}}
budgets:
  - id: hits
    title: Hit rate
    measure: {{hit_rate: keyspace, source: cache}}
    window: 8s
    limits: [{{statistic: average, min: 50%, severity: warning}}]
"""


def _plant(server: Server) -> None:
    """Let scripts answer with errors that begin with keys, and with what no key is."""
    with redis.Redis(port=server.port, protocol=2, driver_info=None) as client:
        asking = client.pipeline(transaction=False)
        for first in (WORD, WORD.upper(), LETTERS, f"{WORD}:session:42"):
            asking.set(first, WORD)
            asking.eval("return {err=KEYS[1]..' '..ARGV[1]}", 1, first, WORD)  # type: ignore[no-untyped-call]
            asking.lpush(first, WORD)
        asking.execute(raise_on_error=False)


def _kinds(history: History) -> set[str]:
    """Return the kinds of errors that are kept."""
    found = history.series_of("cache", recorded.ERRORS)
    return {dict(one.subject)["error"] for one in found if one.subject}


def test_no_word_of_a_client_is_kept(tmp_path: Path) -> None:
    """Neither the history while it is written to, with the snapshot in it, nor the log holds one."""
    server = Server(slowlog_log_slower_than="0").start()
    config = tmp_path / "budgets.yaml"
    config.write_text(_CONFIG.format(url=server.url))
    try:
        _plant(server)
        process = collecting(config)
        try:
            wait_until(config, lambda history: history.last_polls().get("cache"), "a poll")
            _plant(server)
            wait_until(config, lambda history: _kinds(history) >= {"WRONGTYPE", "other"}, "errors by kind")
            for name in ("history.db", "history.db-wal"):
                shutil.copy(tmp_path / name, tmp_path / f"running-{name}")
        finally:
            assert stop(process) == 0
        planted = server.run("INFO errorstats")
    finally:
        server.remove()

    assert f"errorstat_{WORD.upper()}" in planted
    assert f"errorstat_{LETTERS}" in planted
    with reading(config) as history:
        assert _kinds(history) == {"WRONGTYPE", "other"}
    for word in (WORD, LETTERS):
        files = [path for path in tmp_path.iterdir() if path.is_file() and path != config]
        assert [place for path in files for place in found_in_file(path, word)] == []
