"""What is too old goes, in bounded bites, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from headroom.budgets import Subject
from headroom.delivery import Settled
from headroom.history import Cycle, History, Poll, prune
from headroom.incidents import State
from headroom.observation import Observation, Series
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


def test_changes_of_instances_go_and_those_of_the_whole_stay(history: History) -> None:
    """Reports are made of the whole's; those of many instances would add up for ever."""
    said = (build.verdict(), build.verdict(subject=INSTANCE))
    history.record(Cycle(build.START, verdicts=said))

    history.prune(build.START + 35 * DAY)
    assert len(history.changes("api.login", build.START, build.START + DAY)) == 2
    history.prune(build.START + 36 * DAY)
    assert [one.subject for one in history.changes("api.login", build.START, build.START + DAY)] == [()]


INSTANCE = (("instance", "erp-1:3000"),)


@pytest.mark.parametrize(
    ("measure", "subject", "days"),
    [
        ("histogram:http_request_duration_seconds:endpoints.read", INSTANCE, 2),
        ("histogram:http_request_duration_seconds:endpoints.read", (), 35),
        ("statements:exec_time:queries.lookup", INSTANCE, 2),
        ("cpu", INSTANCE, 35),
    ],
)
def test_instances_of_latencies_go_after_two_days(
    history: History, measure: str, subject: Subject, days: int
) -> None:
    """There may be many of them, and what reports need is in the whole; machines are few, and stay."""
    series = Series("metrics", measure, subject)
    history.record(Cycle(build.START, observations=(Observation(series, (build.part(),)),)))

    history.prune(build.START + days * DAY)
    assert len(history.parts(series, build.START)) == 1
    history.prune(build.START + days * DAY + timedelta(seconds=1))
    assert history.parts(series, build.START) == []


def test_the_old_of_instances_are_found_by_the_index(history: History) -> None:
    """A scan of 35 days of evidence every hour would hold up every cycle."""
    queries = [query for table, _, query in prune.old_rows(build.START, 35 * DAY) if table.name == "evidence"]
    assert len(queries) == 2
    with history._reading() as connection:
        for query in queries:
            sql = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
            plan = [row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {sql}"))]
            assert plan[0] == (
                "SEARCH evidence USING COVERING INDEX ix_evidence_series_id_at (series_id=? AND at<?)"
            )


def test_an_instance_that_is_gone_is_forgotten(history: History) -> None:
    """Its name and last verdict go with its evidence; one that comes back is recorded anew."""
    series = Series("metrics", build.series().measure, INSTANCE)

    def at_day(day: int, *subjects: Subject) -> None:
        at = build.START + day * DAY
        observations = tuple(
            Observation(replace(series, subject=subject), (build.part(),)) for subject in subjects
        )
        said = tuple(build.verdict(subject=subject) for subject in subjects)
        history.record(Cycle(at, Poll("metrics", None, at, timedelta(0)), observations, verdicts=said))

    at_day(0, (), INSTANCE)
    at_day(3, ())
    history.prune(build.START + 3 * DAY)
    assert [one.verdict.subject for one in history.standings()] == [()]
    assert set(history.recent_parts(None, build.START)) == {replace(series, subject=())}

    at_day(4, (), INSTANCE)
    assert {one.verdict.subject for one in history.standings()} == {(), INSTANCE}
    assert len(history.parts(series, build.START)) == 1


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
    history.settle([Settled(notice.id, sent=True)], build.START)

    history.prune(build.START + days * DAY)

    assert len(history.deliveries()) == kept


def test_waiting_notices_stay(history: History) -> None:
    """What was never sent is not forgotten for its age."""
    ended = build.incident("a", State.RESOLVED)
    history.record(Cycle(build.START, incidents=(ended,), notices=(build.notice("a"),)))

    history.prune(build.START + 999 * DAY)

    assert history.outbox_depth() == 1
