"""Starting `tests.history.child`, and checking what it left behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from headroom.history import DeliveryState, History
from tests.history import build

ROOT = Path(__file__).parents[2]


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    """Start the other process, its output to be read and its input to be closed by the test."""
    command = [sys.executable, "-m", "tests.history.child", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def run(*arguments: str | Path) -> str:
    """Run the other process to its end and return what it said."""
    with start(*arguments) as process:
        said, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return said


def check_cycles(history: History, numbers: Sequence[int]) -> None:
    """Check that all of these cycles of `build.cycle` are there, all of each, and nothing else."""
    cycles = [build.cycle(number) for number in numbers]
    last = cycles[-1]
    assert history.polls("metrics", build.START) == [cycle.poll for cycle in reversed(cycles)]
    parts = history.recent_parts(None, build.START)
    for place, observation in enumerate(last.observations):
        assert [stored.part for stored in reversed(parts.pop(observation.series))] == [
            cycle.observations[place].parts[0] for cycle in cycles
        ]
    assert parts == {}
    assert history.last_snapshot("metrics") == last.snapshot
    assert history.notes() == {"metrics": last.notes}
    assert [standing.verdict for standing in history.standings()] == list(last.verdicts)
    assert len(history.changes("api.login", build.START, build.moment(10**6))) == 3 * len(cycles)
    open_incidents = {incident.id: incident for incident in history.open_incidents()}
    assert open_incidents == {incident.id: incident for cycle in cycles for incident in cycle.incidents}
    for cycle in cycles:
        assert history.transitions(cycle.incidents[0].id) == list(cycle.transitions)
    deliveries = history.deliveries(limit=10_000)
    assert [delivery.notice.key for delivery in reversed(deliveries)] == [
        cycle.notices[0].key for cycle in cycles
    ]
    assert {delivery.state for delivery in deliveries} == {DeliveryState.WAITING}


def check_file(history: History) -> None:
    """Check the database itself: no page is damaged, no row refers to one that is not there."""
    with history._reading() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
