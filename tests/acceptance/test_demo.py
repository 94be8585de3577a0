"""`headroom demo --fault slow-login`: 24 verdicts, 19 rows, alerts that fire and resolve on each channel."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.acceptance.running import Demo, running, wait_for
from tests.acceptance.told import CHANNELS, told
from tests.browser import chromium, visit

OUTCOMES = {"met", "over", "undecided", "idle", "blind"}
PICTURE = Path(__file__).parents[2] / "docs/overview.png"


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """A demo whose logins are slow from 60 s to 135 s."""
    folder = Path(tempfile.mkdtemp(prefix="headroom-demo-"))
    folder.chmod(0o755)  # PostgreSQL runs as another user where we are root
    try:
        with running(folder, "--fault", "slow-login") as started:
            yield started
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_a_second_demo_in_the_checkout_is_refused_with_a_sentence(demo: Demo) -> None:
    """The first goes on undisturbed."""
    assert demo.dashboard

    second = subprocess.run(
        [sys.executable, "-m", "monitor", "demo"],
        cwd=demo.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (second.returncode, second.stdout) == (2, "")
    assert second.stderr == (
        "a demo already runs in this checkout; stop it (Ctrl-C, or SIGTERM) before starting another\n"
    )
    assert demo.process.poll() is None


def test_after_80_seconds_at_most_3_of_24_limits_are_blind(demo: Demo) -> None:
    """`headroom check` prints all 24 limits, each with a reason of its outcome."""
    time.sleep(max(0.0, 80 - (time.monotonic() - demo.begun)))

    code, document = demo.check()

    verdicts = document["verdicts"]
    assert len(verdicts) == 24
    assert len({(each["budget"], each["limit"]) for each in verdicts}) == 24
    assert {each["outcome"] for each in verdicts} <= OUTCOMES
    assert all(each["reason"] and each["detail"] for each in verdicts)
    blind = [each for each in verdicts if each["outcome"] == "blind"]
    assert len(blind) <= 3, blind
    assert code in {0, 1}


def test_the_audit_beside_the_running_demo_covers_every_rule(demo: Demo) -> None:
    """What is being recorded meanwhile does not get in its way; the last lines count what was looked at."""
    done = demo.command("audit")

    assert done.returncode in {1, 4}, done.stderr
    assert "Traceback" not in done.stderr
    counted = r"The whole guide: \d+ of 111 checked, \d+ by hand, \d+ not applicable"
    assert re.search(rf"^{counted}", done.stdout, re.MULTILINE), done.stdout[-2000:]


def test_the_browser_shows_all_19_rows_of_the_running_demo(demo: Demo) -> None:
    """Rows, words and banner on live data, at a desk, in the dark and on a phone."""
    fired = "Alert received: api.login p95 is firing"
    wait_for(lambda: any(line.startswith(fired) for line in demo.lines), 120, demo.told)
    with chromium() as browser:
        with visit(browser, height=1300) as seen:
            seen.page.goto(demo.dashboard)
            seen.page.locator("[data-row]").nth(18).wait_for()
            rows = {
                row.get_attribute("data-row"): row.get_attribute("data-outcome")
                for row in seen.page.locator("[data-row]").all()
            }
            words = seen.page.locator('[data-row="api.login:p95"]').inner_text()
            seen.page.wait_for_timeout(1000)
            picture = seen.page.screenshot()
        with visit(browser, scheme="dark", width=390, height=844) as phone:
            phone.page.goto(demo.dashboard)
            phone.page.locator("[data-row]").nth(18).wait_for()
            wider = phone.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")

    assert len(rows) == 19
    assert {"api.login:p95", "db.lookup:p95", "resource.cpu:average"} <= set(rows)
    assert set(rows.values()) <= OUTCOMES
    assert rows["api.login:p95"] == "over"
    assert "over" in words
    assert wider <= 0
    assert seen.foreign == phone.foreign == []
    assert seen.errors == phone.errors == []
    if os.environ.get("HEADROOM_PICTURES"):
        PICTURE.write_bytes(picture)


def test_a_redis_that_hangs_is_told_as_blind(demo: Demo) -> None:
    """The slow logins go on meanwhile; it is let go as soon as somebody was told."""
    redis = psutil.Process(demo.servers["pids"]["redis"])
    redis.suspend()
    try:
        wait_for(lambda: _blind(demo), 90, demo.told)
    finally:
        redis.resume()

    (fired,) = _blind(demo)
    assert (fired["status"], fired["severity"]) == ("firing", "warning")
    assert fired["title"].startswith("[BLIND] nothing can be told of Redis memory")


def test_the_slow_logins_fire_and_resolve_one_incident(demo: Demo) -> None:
    """The receiver gets `firing`, and after the fault `resolved`, of the same incident."""

    def resolved() -> list[str]:
        got = [each for each in demo.received() if each["budget"] == "api.login"]
        ended = {each["incident"] for each in got if each["status"] == "resolved"}
        begun = {each["incident"] for each in got if each["status"] == "firing"}
        return sorted(ended & begun)

    assert wait_for(resolved, 300, demo.told)
    statuses = {each["status"] for each in demo.received()}
    assert {"firing", "resolved"} <= statuses <= {"firing", "resolved", "reminder"}
    assert any("Fault slow-login is on" in line for line in demo.lines)


def test_every_channel_is_told_of_both_incidents_in_order(demo: Demo) -> None:
    """Of the slow logins and of lost sight each receiver got `firing` and then `resolved`, and says so."""
    logins = next(each for each in demo.received() if each["budget"] == "api.login")
    for incident in (logins, *_blind(demo)):
        expected = {channel: ["firing", "resolved"] for channel in CHANNELS}
        wait_for(lambda: told(demo, incident) == expected, 150, lambda: str(told(demo, incident)))  # noqa: B023 called at once

    for channel in CHANNELS[1:]:
        assert any(line.startswith(f"Alert received by {channel}: ") for line in demo.lines), channel


def test_sigterm_leaves_no_process_behind(demo: Demo) -> None:
    """Servers, application, collectors and dashboard end with it, and it says success."""
    family = demo.family()
    assert len(family) > 8

    demo.process.send_signal(signal.SIGTERM)
    demo.process.wait(30)

    gone, alive = psutil.wait_procs(family, timeout=5)
    assert not alive, [" ".join(process.cmdline()) for process in alive]
    assert len(gone) == len(family)
    assert demo.process.returncode == 0


def _blind(demo: Demo) -> list[dict[str, Any]]:
    """Return the webhook's first messages about lost sight of Redis, one for each incident."""
    about = [each for each in demo.received() if each["source"] == "erp-cache" and each["about"] == "blind"]
    return [each for each in about if each["status"] == "firing"]
