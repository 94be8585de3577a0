"""`headroom run`: one at a time, killed at any moment, with sources that are not there."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from headroom.budgets import Outcome, Reason
from headroom.incidents import State
from tests.collectors_redis.server import Server
from tests.monitor.processes import collecting, configure, polls, reading, stop, wait_for_poll, wait_until


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A webhook receiver: its address, and what it got."""
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", got
    server.shutdown()
    server.server_close()


def command(*arguments: str) -> tuple[int, str, str]:
    """Run a command to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "monitor", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_a_second_collecting_process_is_refused(tmp_path: Path, cache: Server) -> None:
    """The first goes on; the second ends with a sentence and exit code 2."""
    config = configure(tmp_path, cache=cache.url)
    first = collecting(config)
    wait_for_poll(config, "cache", "ok")

    code, _, err = command("run", "--config", str(config))

    assert code == 2
    assert re.search(r"another Headroom is collecting into .*history\.db", err)
    assert first.poll() is None
    assert stop(first) == 0


def test_killed_at_random_moments_it_goes_on_where_it_was(tmp_path: Path, cache: Server) -> None:
    """Kill -9 five times: every start goes on, evidence stays whole, no interval is counted twice."""
    config = configure(tmp_path, cache=cache.url)
    for lasted in (0.7, 1.6, 2.2, 1.1, 2.9):
        process = collecting(config)
        time.sleep(lasted)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    last = collecting(config)
    before = len(polls(config, "cache"))
    wait_until(config, lambda _: len(polls(config, "cache")) > before + 2, "three more polls")
    assert stop(last) == 0

    with reading(config) as history:
        found = history.recent_parts(None, polls(config, "cache")[0].at.replace(year=2000))
    assert found
    for held in found.values():
        ends = [stored.part.end for stored in held]
        starts = [stored.part.start for stored in held]
        assert ends == sorted(ends, reverse=True)
        assert all(earlier <= later for earlier, later in zip(ends[1:], starts, strict=False))


def test_what_is_not_configured_is_blind_with_that_reason(tmp_path: Path, cache: Server) -> None:
    """An unset address stops nothing: its budget says so, the other is judged."""
    config = configure(tmp_path, cache=cache.url, other="${HEADROOM_OTHER_URL}")
    process = collecting(config)

    def judged(history: Any) -> bool:
        stand = {one.verdict.budget: one.verdict for one in history.standings()}
        return len(stand) == 2 and stand["cache.memory"].outcome is Outcome.MET

    wait_until(config, judged, "both budgets judged")
    assert stop(process) == 0

    with reading(config) as history:
        verdicts = {one.verdict.budget: one.verdict for one in history.standings()}
    assert verdicts["other.memory"].outcome is Outcome.BLIND
    assert verdicts["other.memory"].reason is Reason.NOT_CONFIGURED
    assert verdicts["other.memory"].detail == (
        "other is not configured: the environment variable HEADROOM_OTHER_URL is not set"
    )


def test_an_alert_survives_a_kill_and_is_delivered_and_resolved(
    tmp_path: Path, cache: Server, receiver: tuple[str, list[dict[str, Any]]]
) -> None:
    """Fired before a kill -9, resolved after it: one incident, both messages, at least once each."""
    url, got = receiver
    alerts = (
        f'alerts: {{channels: {{hook: {{kind: webhook, url: "{url}"}}}}, routes: [{{channels: [hook]}}]}}\n'
    )
    config = configure(tmp_path, limit="25%", alerts=alerts, cache=cache.url)
    cache.run("SET filler " + "x" * (20 * 2**20))
    process = collecting(config)
    wait_until(
        config,
        lambda history: [one for one in history.open_incidents() if one.state is State.FIRING],
        "a firing incident",
    )
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    cache.run("DEL filler")
    process = collecting(config)
    wait_until(config, lambda _: [one for one in got if one["status"] == "resolved"], "the end of it")
    assert stop(process) == 0

    assert {one["incident"] for one in got} == {got[0]["incident"]}
    assert {one["status"] for one in got} == {"firing", "resolved"}
    assert len({one["key"] for one in got}) == 2
    assert got[0]["budget"] == "cache.memory"


def test_a_changed_promise_ends_the_incident_of_the_old_one(
    tmp_path: Path, cache: Server, receiver: tuple[str, list[dict[str, Any]]]
) -> None:
    """Restarted with another limit, what fired under the old one is resolved with that reason."""
    url, got = receiver
    alerts = (
        f'alerts: {{channels: {{hook: {{kind: webhook, url: "{url}"}}}}, routes: [{{channels: [hook]}}]}}\n'
    )
    config = configure(tmp_path, limit="1%", alerts=alerts, cache=cache.url)
    process = collecting(config)
    wait_until(config, lambda _: got, "a firing message")
    assert stop(process) == 0

    config = configure(tmp_path, limit="90%", alerts=alerts, cache=cache.url)
    process = collecting(config)
    wait_until(config, lambda _: len(got) > 1, "the end of it")
    assert stop(process) == 0

    assert [one["status"] for one in got] == ["firing", "resolved"]
    assert got[1]["why"] == "the budget was changed or removed"


def test_once_polls_twice_and_ends(tmp_path: Path, cache: Server) -> None:
    """`run --once` and `check --poll` collect by themselves."""
    config = configure(tmp_path, cache=cache.url)

    assert collecting(config, "--once").wait(30) == 0
    assert [poll.result for poll in polls(config, "cache")] == ["ok", "ok"]

    code, out, _ = command("check", "--config", str(config), "--poll", "--format", "json")
    assert code == 0
    assert [one["outcome"] for one in json.loads(out)["verdicts"]] == ["met"]
    assert len(polls(config, "cache")) == 4


def test_check_poll_refuses_beside_a_collecting_process(tmp_path: Path, cache: Server) -> None:
    """Two would count every interval twice."""
    config = configure(tmp_path, cache=cache.url)
    process = collecting(config)
    wait_for_poll(config, "cache", "ok")

    code, out, err = command("check", "--config", str(config), "--poll")

    assert (code, out) == (2, "")
    assert "another Headroom is collecting" in err
    assert stop(process) == 0


def test_a_history_that_is_taken_away_ends_the_collecting(tmp_path: Path, cache: Server) -> None:
    """Writing on into a deleted file would lose everything in silence."""
    config = configure(tmp_path, cache=cache.url)
    process = collecting(config)
    wait_for_poll(config, "cache", "ok")
    for file in tmp_path.glob("history.db*"):
        file.unlink()

    assert process.wait(20) == 2
    assert "was deleted or moved while Headroom collects into it" in (tmp_path / "log").read_text()


def test_a_stop_in_the_middle_of_a_poll_is_an_ordinary_end(tmp_path: Path, cache: Server) -> None:
    """SIGTERM while a source hangs: exit code 0, and no traceback."""
    config = configure(tmp_path, cache=cache.url)
    with cache.hanging():
        process = collecting(config)
        time.sleep(2.5)
        assert stop(process) == 0

    log = (tmp_path / "log").read_text()
    assert "Traceback" not in log
    assert "ERROR" not in log
