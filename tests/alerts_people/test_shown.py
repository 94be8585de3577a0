"""`headroom alerts list` and `show`: what is open, who was told, and the whole story of one."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from headroom.acting import kept_test
from headroom.history import ChannelState, Receipt
from headroom.history.actions import ACKNOWLEDGE, NOTE
from headroom.incidents import About, NoticeStatus
from tests.alerts_people.stage import CHANNELS, Stage, ended, fired, firing, now, said, staged

A, B = "aaaaaaaa11111111", "aaaaaaaa22222222"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A history with two channels."""
    return staged(tmp_path, CHANNELS)


def test_quiet_is_said_with_its_reasons(stage: Stage) -> None:
    """Nothing is open: when was looked last, and would anybody hear."""
    stage.record()
    at = now() - timedelta(days=3)
    stage.history.act(kept_test("chat", "Ada", "200 OK", at, arrived=True))

    result = stage.run("list")

    assert result.exit_code == 0
    assert re.fullmatch(
        r"No alerts in 24 h\. Last judged (\d+ min )?\d+ s ago\. "
        r"Last test message: 3 d ago \(chat: arrived; never tested: mail\)\.\n",
        result.output,
    )


def test_that_nobody_collects_is_said_loudly(stage: Stage) -> None:
    """An empty list of a dead monitor is no good news."""
    stage.record()
    stage.history.close()

    assert "NOBODY COLLECTS: no alert can come; start `headroom run`. Last judged" in stage.run("list").output


def test_open_incidents_with_all_that_belongs_to_them(stage: Stage) -> None:
    """State, people, silence, sight, and who was told with which result."""
    hostile = firing(
        B,
        subject=(("instance", "web\x1b[31m\u202e"),),
        acknowledged=now(),
        acknowledged_by="Ada\x1b]0;",
        flapping=True,
        blind=True,
    )
    stage.record(
        firing(A), hostile, ended(), notices=[said(A), said(A, "mail"), said(B)], transitions=[fired(A)]
    )
    first, second, third = stage.history.due_notices(now(), lease=timedelta(minutes=1))
    stage.settle(first, sent=True, response="200 OK")
    stage.settle(second, again=now(), error="refused \x1b[2J")
    stage.settle(third, error="404 no\x1b such hook")
    stage.history.keep_receipts(
        [Receipt(B, "pager", "127.0.0.1:9093", now(), "suppressed", "silenced by Bo")]
    )
    quiet = "suppressed, silenced by Bo"
    stage.run("silence", A, "--for", "2h", "--by", "Bo", "--comment", "deploy")

    output = stage.run("list").output
    lines = [line.strip() for line in output.splitlines()]

    since = f"{firing().fired:%Y-%m-%d %H:%M:%S} UTC (30 min ago)"
    assert lines[2] == f"aaaaaaaa1  firing  critical  api.login  p95        all                 {since}"
    assert lines[4].startswith("silenced until ")
    assert lines[4].endswith("by Bo: deploy")
    assert lines[5] == (
        f"told: chat (firing) arrived at {now():%Y-%m-%d %H:%M:%S} UTC; mail (firing) waits, 1 attempt: "
        "refused \N{REPLACEMENT CHARACTER}[2J"
    )
    assert f"acknowledged by Ada\N{REPLACEMENT CHARACTER}]0; at {now():%Y-%m-%d %H:%M:%S} UTC" in lines
    assert "flapping: it fires and recovers over and over, and is kept open as one" in lines
    assert "blind: it fires, and nothing can be told of it just now" in lines
    lost = "404 no\N{REPLACEMENT CHARACTER} such hook"
    assert f"told: chat (firing) did not arrive: {lost}; pager 127.0.0.1:9093: {quiet}" in lines
    assert "eeeeeeee" not in output
    assert "eeeeeeee" in stage.run("list", "--all").output
    assert not {"\x1b", "\u202e"} & set(output)


def test_ended_ones_and_disabled_channels(stage: Stage) -> None:
    """What is over is counted, and a channel that takes nothing is named with its reason."""
    stage.record(ended())
    stage.history.keep_channel(ChannelState("mail", "d", disabled=now(), error="535 bad password"))

    output = stage.run("list").output

    assert "No open alerts; 1 alert ended in the last 24 h: see `headroom alerts list --all`." in output
    assert f"mail since {now():%Y-%m-%d %H:%M:%S} UTC: 535 bad password; mend it in the budgets" in output


def test_json_has_the_same(stage: Stage) -> None:
    """For scripts, with strangers' words escaped and no payloads."""
    stage.record(firing(A, about=About.BLIND), notices=[said(A)])

    found = json.loads(stage.run("list", "--format", "json").output)

    assert found["collected"] is True
    assert found["incidents"][0]["about"] == "blind"
    assert found["incidents"][0]["told"][0]["state"] == "waiting"
    assert "payload" not in found["incidents"][0]["told"][0]


def test_show_tells_the_whole_story(stage: Stage) -> None:
    """Moves, messages, receivers and people in the order of time, and the command that explains it."""
    stage.record(
        firing(A, subject=(("instance", "a b"),)), notices=[said(A, minutes=30)], transitions=[fired(A)]
    )
    (one,) = stage.history.due_notices(now(), lease=timedelta(minutes=1))
    stage.settle(one, now() - timedelta(minutes=29), sent=True, response="200 OK")
    stage.history.keep_receipts([Receipt(A, "am", "127.0.0.1:9093", now(), "active", "stored there")])
    stage.run("ack", A, "--by", "Ada", "--note", "on it")
    stage.run("note", A, "restarted the pool", "--by", "Bo")

    output = stage.run("show", "api.login:p95").output

    assert output.startswith(
        "FIRING critical: api.login p95 of instance a b\n  incident   aaaaaaaa11111111\n"
    )
    told = [line.split("UTC  ", 1)[1] for line in output.splitlines() if "UTC  " in line]
    assert told == [
        "firing (critical): over for long enough; over for 1 min",
        f"chat (firing) arrived at {now() - timedelta(minutes=29):%Y-%m-%d %H:%M:%S} UTC, it answered 200 OK",
        "Ada acknowledged it: on it (waits to be applied)",
        "Bo noted: restarted the pool",
    ]
    assert f"am 127.0.0.1:9093, at {now():%Y-%m-%d %H:%M:%S} UTC: active: stored there" in output
    assert "Why it is so: headroom explain api.login:p95 --subject 'instance=a b'\n" in output
    kept = json.loads(stage.run("show", A, "--format", "json").output)
    assert [each["kind"] for each in kept["actions"]] == [ACKNOWLEDGE, NOTE]
    assert kept["transitions"][0]["why"] == "over for long enough"


def test_statuses_that_are_told_keep_their_names(stage: Stage) -> None:
    """The newest message to a channel is the one that counts."""
    stage.record(firing(A), notices=[said(A), said(A, status=NoticeStatus.ESCALATED, minutes=1)])

    assert "told: chat (escalated) waits" in stage.run("list").output
