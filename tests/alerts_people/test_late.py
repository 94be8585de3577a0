"""What is said where a process collects but judges nothing, and of silences that can keep nothing quiet."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from headroom.silences import Maintenance, Matcher
from monitor.people.standing import People
from tests.alerts_people.stage import CHANNELS, Stage, firing, now, staged

A = "aaaaaaaa11111111"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A history with two channels."""
    return staged(tmp_path, CHANNELS)


def test_a_process_that_hangs_is_told_from_one_that_judges(stage: Stage) -> None:
    """It holds the history all the same: nothing may be promised in its name."""
    stage.record(firing(A), judged_ago=600)

    listed, shown, done = (
        stage.run(*words).output
        for words in (("list",), ("show", A), ("ack", A, "--by", "Ada"))
    )  # fmt: skip

    assert re.search(
        r"^NOTHING IS JUDGED since \S+ \S+ UTC \(10 min\): no alert can come; "
        r"a process holds the history and does not go on: see its log, or start it anew\. No channel",
        " ".join(listed.splitlines()[-2:]),
    )
    assert shown.splitlines()[-1] == (
        "NOTHING IS JUDGED for 10 min: it stands as it was left, and a process hangs."
    )
    assert done.splitlines()[-1] == (
        "a process holds the history but has judged nothing for 10 min: it is applied when that one goes on"
    )
    assert json.loads(stage.run("list", "--format", "json").output)["stuck"] is True


def test_what_is_judged_while_the_history_is_read_is_now(stage: Stage) -> None:
    """No verdict comes in 0 s."""
    stage.record(judged_ago=-2)

    assert "Last judged 0 s ago." in stage.run("list").output


@pytest.mark.parametrize(
    ("subject", "has"),
    [((("instance", "a"), ("db", "x\x1b")), "there are db, instance"), ((), "none has any")],
)
def test_a_label_that_no_series_has_is_warned_of(
    stage: Stage, subject: tuple[tuple[str, str], ...], has: str
) -> None:
    """A slip of the pen would leave somebody thinking that it is quiet; a star asks for nothing."""
    stage.record(firing(A), subject=subject)
    options = ("--for", "2h", "--by", "Ada", "--comment", "deploy")

    lines = stage.run("silence", "--label", "instnace=a", "--label", "x=*", *options).output.splitlines()

    assert lines[2] == (
        f'WARNING: no series has a label "instnace": until one does, it keeps nothing quiet; {has}'
    )
    again = stage.run("silence", A, "--label", "foo=*", *options).output
    assert "WARNING" not in again


def test_such_a_label_of_maintenance_is_warned_of_at_the_start(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """The file cannot know it; a history in which nothing was judged yet cannot, either."""
    work = Maintenance(
        "backup", Matcher(labels=(("instnace", "a"),)), now().replace(tzinfo=None), timedelta(hours=1)
    )
    People([work]).load(stage.history, now())
    assert caplog.messages == []
    stage.record(subject=(("instance", "a"),))

    People([work]).load(stage.history, now())

    assert caplog.messages == [
        'maintenance "backup": no series has a label "instnace": until one does, it keeps nothing quiet'
    ]
