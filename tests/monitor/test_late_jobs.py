"""What the log says while the history is locked: which jobs are late, once, and that they go on."""

from __future__ import annotations

import re
import sqlite3
import time
from pathlib import Path

from tests.collectors_redis.server import Server
from tests.monitor.processes import collecting, configure, stop, wait_for_poll


def test_a_locked_history_floods_no_log(tmp_path: Path, cache: Server) -> None:
    """A line for each job that is late and one when it goes on, however many turns were missed."""
    config = configure(tmp_path, cache=cache.url)
    process = collecting(config)
    wait_for_poll(config, "cache", "ok")
    locked = sqlite3.connect(tmp_path / "history.db", isolation_level=None, timeout=20)
    locked.execute("BEGIN IMMEDIATE")
    time.sleep(8)
    locked.close()
    time.sleep(3)
    assert stop(process) == 0

    log = (tmp_path / "log").read_text()
    assert "apscheduler" not in log
    late = re.findall(
        r"headroom\.schedule: (.+) takes longer than its interval; it is left alone until it ends", log
    )
    assert "cache" in late
    assert len(late) == len(set(late))
    assert re.search(r"headroom\.schedule: cache goes on, \d+ s late", log)


def test_that_nobody_hears_headroom_itself_is_said_at_the_start(tmp_path: Path, cache: Server) -> None:
    """An Alertmanager is told of incidents only; with a channel that takes messages nothing is said."""
    manager = 'manager: {kind: alertmanager, urls: ["http://127.0.0.1:9"]}'
    hook = 'hook: {kind: webhook, url: "http://127.0.0.1:9"}'
    said = []
    routes = (("alone", manager, "[manager]"), ("paired", f"{manager}, {hook}", "[manager, hook]"))
    for name, channels, routed in routes:
        folder = tmp_path / name
        folder.mkdir()
        alerts = f"alerts: {{channels: {{{channels}}}, routes: [{{channels: {routed}}}]}}\n"
        config = configure(folder, alerts=alerts, cache=cache.url)
        process = collecting(config)
        wait_for_poll(config, "cache", "ok")
        assert stop(process) == 0
        said.append("all routes lead to an Alertmanager" in (folder / "log").read_text())

    assert said == [True, False]
