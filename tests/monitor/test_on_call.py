"""A person, a running `headroom run`, and its receivers: acknowledged, silenced, told of sleep, watched."""

from __future__ import annotations

import json
import re
import signal
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from headroom.budgets import Outcome
from tests.collectors_redis.server import Server, free_port
from tests.monitor.processes import collecting, configure, reading, stop, wait_for_poll, wait_until
from tests.monitor.test_run import command

FILL, EMPTY = "SET filler " + "x" * (20 * 2**20), "DEL filler"


class Hook:
    """A webhook receiver that also counts heartbeats."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.beats: list[float] = []
        self.answer = 204
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                got = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if hook.answer < 300:
                    hook.got.append(got)
                self._done(hook.answer)

            def do_GET(self) -> None:
                hook.beats.append(time.monotonic())
                self._done()

            def _done(self, status: int = 204) -> None:
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def told(self) -> list[str]:
        """Return the statuses that arrived, in order."""
        return [one["status"] for one in self.got]


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A receiver."""
    made = Hook()
    yield made
    made.server.shutdown()
    made.server.server_close()


def alerting(hook: Hook, more: str = "", rest: str = "") -> str:
    """Return the alerts of a configuration, with one webhook for everything."""
    channels = f'channels: {{hook: {{kind: webhook, url: "{hook.url}"}}}}'
    return f"alerts: {{{channels}, routes: [{{channels: [hook]}}]{more}}}\n{rest}"


def test_who_takes_care_is_told_and_a_silence_ends_with_what_still_fires(
    tmp_path: Path, cache: Server, hook: Hook
) -> None:
    """Each action is applied within seconds, and the messages come in their order, to the end."""
    config = configure(tmp_path, limit="25%", alerts=alerting(hook), cache=cache.url)
    process = collecting(config)
    wait_for_poll(config, "cache", "ok")
    cache.run(FILL)
    wait_until(config, lambda _: hook.told() == ["firing"], "the alarm")

    code, out, err = command("alerts", "ack", "cache.memory", "--by", "Ada", "--config", str(config))
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "the collecting process applies it within 2 s"
    wait_until(config, lambda _: hook.told() == ["firing", "acknowledged"], "who takes care of it")
    assert hook.got[1]["acknowledged_by"] == "Ada"

    silence = ("--for", "6s", "--by", "Ada", "--comment", "deploy")
    code, _, err = command("alerts", "silence", "--budget", "cache.*", *silence, "--config", str(config))
    assert (code, err) == (0, "")
    wait_until(config, lambda history: [one for one in history.open_incidents() if one.silenced], "silence")
    wait_until(config, lambda _: hook.told() == ["firing", "acknowledged", "firing"], "what still fires")
    assert '"deploy" by Ada' in hook.got[2]["text"]

    cache.run(EMPTY)
    wait_until(config, lambda _: hook.told()[-1] == "resolved", "the end")
    assert stop(process) == 0
    assert len({one["incident"] for one in hook.got}) == 1
    assert len({one["key"] for one in hook.got}) == 4


def test_whoever_leant_back_hears_that_nobody_takes_care_of_it_any_more(
    tmp_path: Path, cache: Server, hook: Hook
) -> None:
    """Told in the words of what it is, to those who were told that somebody does."""
    config = configure(tmp_path, limit="25%", alerts=alerting(hook), cache=cache.url)
    process = collecting(config)
    wait_for_poll(config, "cache", "ok")
    cache.run(FILL)
    wait_until(config, lambda _: hook.told() == ["firing"], "the alarm")
    command("alerts", "ack", "cache.memory", "--by", "Ada", "--config", str(config))
    wait_until(config, lambda _: hook.told() == ["firing", "acknowledged"], "who takes care of it")

    command("alerts", "unack", "cache.memory", "--by", "Ada", "--config", str(config))
    wait_until(config, lambda _: hook.told() == ["firing", "acknowledged", "firing"], "who leant back")
    assert stop(process) == 0

    assert hook.got[2]["title"].endswith("nobody takes care of it any more, and it still fires")
    assert hook.got[2]["text"].startswith(
        "Nobody takes care of it any more. Memory of cache average still fires. "
    )
    assert len({one["key"] for one in hook.got}) == 3


def test_what_a_receiver_refused_arrives_once_it_is_mended(tmp_path: Path, cache: Server, hook: Hook) -> None:
    """The channel was disabled: `replay` asks it again, and does not give up unseen."""
    config = configure(tmp_path, limit="25%", alerts=alerting(hook), cache=cache.url)
    hook.answer = 404
    process = collecting(config)
    wait_for_poll(config, "cache", "ok")
    cache.run(FILL)
    wait_until(
        config,
        lambda history: (state := history.channel_states().get("hook")) is not None and state.disabled,
        "a channel that takes nothing",
    )
    hook.answer = 204

    code, out, err = command("alerts", "replay", "--by", "Ada", "--config", str(config))
    assert (code, err) == (0, ""), out
    wait_until(config, lambda _: "firing" in hook.told(), "what was given up")
    assert stop(process) == 0
    with reading(config) as history:
        assert history.channel_states()["hook"].disabled is None


def test_a_test_message_and_what_is_asked_for_meanwhile_waits(
    tmp_path: Path, cache: Server, hook: Hook
) -> None:
    """Nobody collects: an action waits for the next start; a test of a channel needs nobody."""
    config = configure(tmp_path, limit="25%", alerts=alerting(hook), cache=cache.url)
    cache.run(FILL)
    process = collecting(config)
    wait_until(config, lambda _: hook.told() == ["firing"], "the alarm")
    assert stop(process) == 0

    code, out, _ = command("alerts", "test", "hook", "--by", "Ada", "--config", str(config))
    assert code == 0, out
    assert hook.told() == ["firing", "headroom"]
    _, out, _ = command("alerts", "ack", "cache.memory", "--by", "Bob", "--config", str(config))
    assert out.splitlines()[-1] == "nobody collects: it is applied when `headroom run` starts"
    process = collecting(config)
    wait_until(config, lambda _: hook.told()[-1] == "acknowledged", "what waited")
    assert stop(process) == 0
    with reading(config) as history:
        assert history.channel_states()["hook"].tested.startswith("arrived")


def test_it_tells_of_itself_and_its_heart_stops_with_its_sight(
    tmp_path: Path, cache: Server, hook: Hook
) -> None:
    """Ready and beating while all is judged; a source that is gone is judged blind, and that is judged."""
    port = free_port()
    rest = f'serve: {{listen: "127.0.0.1:{port}"}}\n'
    more = f', heartbeat: {{url: "{hook.url}beat", every: 10s}}'
    config = configure(tmp_path, alerts=alerting(hook, more, rest), cache=cache.url)
    process = collecting(config)
    wait_for_poll(config, "cache", "ok")
    wait_until(config, lambda _: hook.beats, "a heartbeat")
    wait_until(
        config,
        lambda history: {one.verdict.outcome for one in history.standings()} == {Outcome.MET},
        "a verdict that is met",
    )

    with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
        assert answer.status == 200
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    assert 'headroom_polls_total{result="ok",source="cache"}' in text
    assert re.search(r'headroom_verdict\{[^}]*budget="cache.memory"[^}]*outcome="met"[^}]*\} 1', text)
    assert stop(process) == 0


def test_a_port_that_is_taken_is_said_and_ends_it(tmp_path: Path, cache: Server, hook: Hook) -> None:
    """Whoever asks for metrics and gets none would believe that all is well."""
    port = hook.server.server_address[1]
    rest = f'serve: {{listen: "127.0.0.1:{port}"}}\n'
    config = configure(tmp_path, alerts=alerting(hook, "", rest), cache=cache.url)

    code, out, err = command("run", "--config", str(config))

    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == (
        f"serve: 127.0.0.1:{port} cannot be listened on: address already in use; "
        "see who has it, or name another port under `serve:` in budgets.yaml"
    )


def test_a_process_that_stood_still_says_so(tmp_path: Path, cache: Server, hook: Hook) -> None:
    """Stopped for 13 s: nothing was judged, and nobody is told that the source did not answer."""
    config = configure(tmp_path, alerts=alerting(hook), cache=cache.url)
    process = collecting(config)
    wait_for_poll(config, "cache", "ok")
    process.send_signal(signal.SIGSTOP)
    time.sleep(13)
    process.send_signal(signal.SIGCONT)
    wait_until(config, lambda _: hook.told() == ["headroom"], "a message about it")
    assert stop(process) == 0

    assert re.fullmatch(
        r"\[HEADROOM\] asleep for 1\d(\.\d+)? s, awake again: the process stood still", hook.got[0]["title"]
    )
    assert hook.got[0]["lines"][1] == "the process stood still."
    with reading(config) as history:
        assert {poll.result for poll in history.last_polls().values()} == {"ok"}
