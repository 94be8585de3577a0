"""What is too old goes, in bounded bites, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from headroom.history import Cycle, History, Poll, prune
from headroom.incidents import State
from headroom.observation import Observation
from tests.history import build

DAY = timedelta(days=1)


def at_day(history: History, day: int, source: str = "metrics") -> None:
    """Record a poll with one part, and a cycle of the clock, so many days after the start."""
    at = build.START + day * DAY
    observation = Observation(build.series(source=source), (build.part(),))
    history.record(Cycle(at, Poll(source, None, at, timedelta(0)), (observation,)))
    history.record(Cycle(at))


def kept_days(history: History) -> list[int]:
    """Return the days whose evidence is still there."""
    return [
        (one.at - build.START).days
        for one in history.points(build.series(), build.START, build.START + 999 * DAY)
    ]


def test_old_evidence_and_polls_go(history: History) -> None:
    """What was recorded 35 days ago or later stays."""
    for day in range(0, 60, 10):
        at_day(history, day)

    gone = history.prune(build.START + 55 * DAY)

    assert gone == 6  # of two days: a part, a poll and a cycle of the clock each
    assert kept_days(history) == [20, 30, 40, 50]
    assert len(history.polls("metrics", build.START)) == 4
    assert history.prune(build.START + 55 * DAY) == 0


def test_numbers_go_on_when_all_is_gone(history: History) -> None:
    """A number that came back would put the new before the old."""
    at_day(history, 0)
    assert history.prune(build.START + DAY, timedelta(0)) == 3

    assert history.record(Cycle(build.START + 2 * DAY)) == 3
    assert history.last_polls() == {}
    assert history.last_ok() == {"metrics": build.START}


def test_at_most_so_many_rows(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backlog is worked off over several calls, in chunks, and rows of all series count."""
    monkeypatch.setattr(prune, "CHUNK", 2)
    for day in range(4):
        at_day(history, day)
        at_day(history, day, "erp-db")

    assert history.prune(build.START + 99 * DAY, at_most=5) == 5
    assert history.prune(build.START + 99 * DAY, at_most=5) == 5
    assert history.prune(build.START + 99 * DAY) == 14
    assert kept_days(history) == []


def test_verdicts_and_snapshots_stay(history: History) -> None:
    """Changes are what reports are made of; a snapshot is what the next poll needs."""
    history.record(build.cycle(1))
    history.prune(build.START + 999 * DAY)

    assert history.last_snapshot("metrics") == build.cycle(1).snapshot
    assert len(history.standings()) == 3
    assert len(history.changes("api.login", build.START, build.START + DAY)) == 3


@pytest.mark.parametrize(
    ("state", "days", "kept"),
    [
        (State.RESOLVED, 91, False),
        (State.RESOLVED, 89, True),
        (State.FIRING, 91, True),
    ],
)
def test_told_notices_go_after_90_days(history: History, state: State, days: int, kept: bool) -> None:
    """But stay while the incident is open: its end is told to those who heard of its beginning."""
    history.record(Cycle(build.START, incidents=(build.incident("a", state),), notices=(build.notice("a"),)))
    (notice,) = history.due_notices(build.START, lease=DAY)
    assert notice.id is not None
    history.delivered(notice.id, build.START, "")

    history.prune(build.START + days * DAY)

    assert len(history.deliveries()) == kept


def test_waiting_notices_stay(history: History) -> None:
    """What was never sent is not forgotten for its age."""
    ended = build.incident("a", State.RESOLVED)
    history.record(Cycle(build.START, incidents=(ended,), notices=(build.notice("a"),)))

    history.prune(build.START + 999 * DAY)

    assert history.outbox_depth() == 1
