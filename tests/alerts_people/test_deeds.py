"""Who kept an incident quiet, who was too late with it, and that nobody rewrites what people did."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from headroom.acting import acknowledging, ending, letting_go, silencing
from headroom.history import Cycle
from headroom.incidents import Incident, State, Transition, Why
from headroom.silences import Matcher
from monitor.people.standing import People
from tests.alerts_people.stage import CHANNELS, Stage, firing, now, staged

A = "aaaaaaaa11111111"
FIRING = firing(A)
_WORK = """\
  maintenance:
    - {name: backup, budgets: "api.*", begins: "2026-01-04 02:00", lasts: 2h, comment: nightly}
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A history with two channels."""
    return staged(tmp_path, CHANNELS)


def story(stage: Stage) -> list[str]:
    """Return what happened, without its moments."""
    output = stage.run("show", A).output.split("What happened:\n")[1].split("\n\n")[0]
    return [line.split(" UTC  ", 1)[1] for line in output.splitlines()]


def silenced(ident: str, minutes: int = 10) -> Transition:
    """Return the move by which a silence took hold."""
    at = now() - timedelta(minutes=minutes)
    return Transition(A, at, State.FIRING, State.FIRING, Why.SILENCED, f"silence {ident}")


def applied(stage: Stage, *incidents: Incident) -> None:
    """Apply what waits as a cycle does."""
    found = People(()).asked(stage.history.waiting_actions(), incidents, now())
    after = tuple(one.incident for one in found.decisions if one.incident is not None)
    moves = tuple(one.transition for one in found.decisions if one.transition is not None)
    stage.history.record(Cycle(at=now(), incidents=after, transitions=moves, applied=found.applied))


def test_who_silenced_it_by_a_pattern_is_named(stage: Stage) -> None:
    """With the comment, and who ended it; a silence that never took hold of it is none of its story."""
    ones = []
    for minutes, (person, pattern) in enumerate([("Ada", "api.*"), ("Eve", "*.login")]):
        action, one = silencing(
            Matcher(budgets=(pattern,)), now() + timedelta(minutes=minutes), now() + timedelta(hours=2),
            person=person, comment=f"{person} deploys", now=now(),
        )  # fmt: skip
        stage.history.act(action)
        ones.append(one)
    stage.history.act(ending(ones[0], "Bo", now() + timedelta(hours=1)))
    stage.history.act(ending(ones[1], "Bo", now() + timedelta(hours=1)))
    stage.record(FIRING, transitions=[silenced(ones[0].id)])
    applied(stage, FIRING)

    until = f"{now() + timedelta(hours=2):%Y-%m-%d %H:%M:%S} UTC"
    assert story(stage) == [
        f"still firing (critical): it is silenced; silence {ones[0].id}",
        f"Ada silenced budget api.* until {until} (silence {ones[0].id[:8]}): Ada deploys",
        f"Bo ended the silence {ones[0].id[:8]}",
    ]


def test_maintenance_that_silenced_it_is_named(tmp_path: Path) -> None:
    """By its name and comment, and who ended it early."""
    stage = staged(tmp_path, CHANNELS + _WORK)
    ident = "maintenance:backup:2026-01-04T02:00:00Z"
    one = silencing(Matcher(A), now(), now() + timedelta(hours=1), person="x", comment="x", now=now())[1]
    stage.history.act(ending(replace(one, id=ident), "Bo", now()))
    stage.record(FIRING, transitions=[silenced(ident)])

    assert story(stage) == [
        (
            f"still firing (critical): it is silenced; silence {ident}, "
            "maintenance backup: nightly"
        ),
        f"Bo ended the silence {ident} (waits to be applied)",
    ]  # fmt: skip


def test_who_was_too_late_is_told_so(stage: Stage) -> None:
    """Two took care of it in the same two seconds, and one let go of what nobody had; all stays on record."""
    stage.record(FIRING)
    for person in ("Bob", "Ada"):
        stage.history.act(acknowledging(FIRING, person, "on it", now()))
    taken = replace(FIRING, acknowledged=now(), acknowledged_by="Bob")
    for person in ("Ada", "Eve"):
        stage.history.act(letting_go(taken, person, "", now()))
    applied(stage, FIRING)
    stage.history.act(acknowledging(FIRING, "Ada", "again", now()))

    assert [line for line in story(stage) if not line.startswith("still")] == [
        "Bob acknowledged it: on it",
        "Ada acknowledged it: on it: Bob had it already, no effect",
        "Ada let go of it",
        "Eve let go of it: nobody had it, no effect",
        "Ada acknowledged it: again (waits to be applied)",
    ]


def test_no_code_changes_what_people_did() -> None:
    """Actions are appended, marked as applied, and nothing else: it is looked for in every file."""
    root = Path(__file__).parents[2]
    changing = re.compile(
        r"\b(update|delete)\(\s*(?:tables\.)?actions\b|\bactions\.(update|delete)\("
        r"|(?i:(UPDATE|DELETE FROM)\s+actions\b)"
    )
    found = {}
    for folder in ("headroom", "monitor", "alerts", "dashboard", "collectors", "scripts"):
        for path in (root / folder).rglob("*.py"):
            for line in path.read_text().splitlines():
                if changing.search(line):
                    found.setdefault(str(path.relative_to(root)), []).append(line.strip())

    assert found == {
        "headroom/history/actions.py": [
            "connection.execute(update(actions).where(actions.c.id.in_(numbers)).values(applied_seq=seq))"
        ]
    }
