"""A storm of incidents: listed together, and taken care of in one go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from headroom.history.actions import ACKNOWLEDGE
from headroom.incidents import State
from tests.alerts_people.stage import CHANNELS, Stage, firing, now, said, staged

A, B = "aaaaaaaa11111111", "aaaaaaaa22222222"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A history with two channels."""
    return staged(tmp_path, CHANNELS)


def storm(stage: Stage, count: int = 60) -> None:
    """Let many instances of one budget fire, and one of another."""
    many = [firing(f"{number:016d}", subject=(("instance", f"web{number}"),)) for number in range(count)]
    taken = replace(many[0], acknowledged=now(), acknowledged_by="Bo")
    other = firing(B, budget="cache.memory", source="erp-cache")
    stage.record(taken, *many[1:], other, notices=[said(one.id) for one in many])


def test_many_are_listed_together(stage: Stage) -> None:
    """A line for all that is alike, with who has it and who was told; each on demand."""
    storm(stage)

    lines = stage.run("list").output.splitlines()

    since = f"{firing().fired:%Y-%m-%d %H:%M:%S} UTC (30 min ago)"
    assert lines[2:7] == [
        f"60         firing  critical  metrics    api.login     p95        {since}",
        "    acknowledged: 1, told: chat (firing) waiting: 60",
        f"1          firing  critical  erp-cache  cache.memory  p95        {since}",
        "    told: nobody",
        "61 incidents; `headroom alerts list --each` prints every one.",
    ]
    assert len(stage.run("list", "--each").output.splitlines()) > 120


def test_fifty_are_listed_one_by_one(stage: Stage) -> None:
    """What can be read is not hidden in a sum."""
    storm(stage, 49)

    assert "web48" in stage.run("list").output


def test_a_whole_budget_is_taken_care_of(stage: Stage) -> None:
    """All that fire of it and that nobody has yet, each on record."""
    storm(stage, 13)

    result = stage.run("ack", "--budget", "api.*", "--by", "Ada", "--note", "the switch")

    assert result.output.startswith("acknowledged: 12 incidents (api.login p95 of instance web1")
    assert "; and 2 more), no reminders and no escalation until it grows worse\n" in result.output
    assert len({one.body["incident"] for one in stage.actions(ACKNOWLEDGE)}) == 12


def test_several_are_named(stage: Stage) -> None:
    """All are acknowledged, each once, or where one cannot be, none is."""
    pending = replace(firing("p" * 16), state=State.PENDING, fired=None)
    stage.record(firing(A), firing(B, budget="cache.memory"), pending)

    refused = stage.run("ack", A, "pppp", "--by", "Ada")
    assert (refused.exit_code, stage.actions(ACKNOWLEDGE)) == (2, [])
    done = stage.run("ack", A, A, "cache.memory", "--by", "Ada")
    assert done.output.startswith("acknowledged: 2 incidents (api.login p95; cache.memory p95), no reminders")
    assert [one.body["incident"] for one in stage.actions(ACKNOWLEDGE)] == [B, A]


@pytest.mark.parametrize(
    ("words", "sentence", "code"),
    [
        (("--budget", "nope"), '--budget "nope" matches no budget in the budgets file; it has', 2),
        (("--budget", "cache.*"), "nothing fires there that nobody takes care of", 1),
        ((), "name an INCIDENT, or a --budget", 2),
    ],
)
def test_nothing_to_take_care_of(stage: Stage, words: tuple[str, ...], sentence: str, code: int) -> None:
    """A slip of the pen is told from a budget that is quiet."""
    stage.record(firing(A))

    result = stage.run("ack", *words, "--by", "Ada")

    assert sentence in result.output
    assert (result.exit_code, stage.actions(ACKNOWLEDGE)) == (code, [])
