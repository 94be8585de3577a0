"""A cycle is recorded whole, and every record comes back as it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.history import Cycle, History, HistoryError, Poll, StoredPart, open_history
from headroom.incidents import State
from headroom.observation import Observation, Series
from tests.history import build, strategies


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """One history for all examples of a property."""
    with open_history(str(tmp_path_factory.mktemp("shared") / "history.db"), collecting=True) as opened:
        yield opened


@given(st.lists(strategies.observations, max_size=4))
@settings(deadline=None)
def test_evidence_comes_back_as_it_was(shared: History, observations: list[Observation]) -> None:
    """All kinds, subjects, floats, bounds, qualities and words, newest first."""
    seq = shared.record(Cycle(build.moment(), observations=tuple(observations)))

    for series in {one.series for one in observations}:
        recorded = [part for one in observations if one.series == series for part in one.parts]
        found = [stored for stored in shared.parts(series, build.START) if stored.seq == seq]
        assert repr([stored.part for stored in reversed(found)]) == repr(recorded)
        assert {stored.at for stored in found} <= {build.moment()}


def test_everything_in_a_cycle_is_found_again(history: History) -> None:
    """One cycle that touches every table."""
    cycle = build.cycle(3)
    seq = history.record(cycle)

    assert history.last_polls() == {"metrics": cycle.poll}
    assert history.polls("metrics", build.START) == [cycle.poll]
    assert history.last_ok() == {"metrics": build.moment(3)}
    assert history.last_snapshot("metrics") == cycle.snapshot
    assert history.notes() == {"metrics": ("3 requests matched no class",)}
    assert history.open_incidents() == list(cycle.incidents)
    assert history.incidents() == list(cycle.incidents)
    assert history.transitions("i3") == list(cycle.transitions)
    assert [standing.verdict for standing in history.standings()] == list(cycle.verdicts)
    assert {standing.seq for standing in history.standings()} == {seq}
    assert history.recent_parts(None, build.START) == {
        one.series: [StoredPart(seq, cycle.at, one.parts[0])] for one in cycle.observations
    }


def test_the_newest_snapshot_replaces_the_last(history: History) -> None:
    """One row a source, and none for a source that was never polled."""
    history.record(build.cycle(1))
    history.record(build.cycle(2))

    assert history.last_snapshot("metrics") == ("started 2026-02-01", b"snapshot 2" * 100)
    assert history.last_snapshot("erp-db") is None


def test_a_failed_poll_keeps_what_was_good(history: History) -> None:
    """The newest poll is not the newest good one; the snapshot stays; notes are the newest poll's."""
    history.record(build.cycle(1))
    failed = Poll(
        "metrics", None, build.moment(2), timedelta(seconds=5), "unreachable", "it refused to connect"
    )
    history.record(Cycle(build.moment(2), failed))

    assert history.last_polls() == {"metrics": failed}
    assert history.last_ok() == {"metrics": build.moment(1)}
    assert history.last_snapshot("metrics") == build.cycle(1).snapshot
    assert history.notes() == {"metrics": ()}


def test_order_is_by_sequence_where_the_clock_was_set_back(history: History) -> None:
    """A part recorded an hour earlier by the clock, but later in truth, is the newest."""
    hour = timedelta(hours=1)
    one = Observation(build.series(), (build.part(),))
    first = history.record(Cycle(build.START, build.poll(), (one,)))
    set_back = Poll("metrics", None, build.START - hour, timedelta(0))
    second = history.record(Cycle(build.START - hour, set_back, (one,)))

    assert [part.seq for part in history.parts(build.series(), build.START - hour)] == [second, first]
    assert [part.seq for part in history.parts(build.series(), build.START)] == [first]
    assert history.last_polls() == {"metrics": set_back}


def test_spans_and_limits_of_points(history: History) -> None:
    """A span holds its beginning and not its end; a limit keeps the newest; points are oldest first."""
    seqs = [history.record(build.cycle(number, breadth=1)) for number in range(5)]

    def found(since: int, until: int, limit: int = 9) -> list[int]:
        points = history.points(build.series(), build.moment(since), build.moment(until), limit=limit)
        return [point.seq for point in points]

    assert found(1, 4) == seqs[1:4]
    assert found(0, 5, limit=2) == seqs[3:5]
    assert [part.seq for part in history.parts(build.series(), build.moment(2), limit=2)] == [
        seqs[4],
        seqs[3],
    ]
    assert [poll.at for poll in history.polls("metrics", build.moment(3))] == [
        build.moment(4),
        build.moment(3),
    ]


def test_recent_parts_of_some_sources(history: History) -> None:
    """Only the sources asked for, each series newest first."""
    for number in range(2):
        one = Observation(build.series(source="metrics"), (build.part(number),))
        two = Observation(build.series(source="erp-db"), (build.part(number, 1), build.part(number, 2)))
        history.record(Cycle(build.moment(number), observations=(one, two)))

    found = history.recent_parts({"erp-db"}, build.START)

    assert {series.source for series in found} == {"erp-db"}
    assert [stored.part for stored in found[build.series(source="erp-db")]] == [
        build.part(1, 2),
        build.part(1, 1),
        build.part(0, 2),
        build.part(0, 1),
    ]
    assert history.recent_parts([], build.START) == {}


def test_a_cycle_of_the_clock_has_a_number_but_no_poll(history: History) -> None:
    """Silent sources are judged without a poll; the sequence goes on."""
    first = history.record(build.cycle(1))
    second = history.record(Cycle(build.moment(2), verdicts=(build.verdict(2),)))

    assert second == first + 1
    assert history.last_polls() == {"metrics": build.poll(1)}


def test_a_snapshot_needs_a_poll() -> None:
    """Nothing says whose it would be."""
    with pytest.raises(ValueError, match=r"^a cycle without a poll has neither a snapshot nor notes$"):
        Cycle(build.START, snapshot=("epoch", b""))


def test_a_cycle_that_fails_leaves_nothing(history: History) -> None:
    """A move of an incident that nobody opened undoes all that came before it, in memory too."""
    bad = Cycle(
        build.moment(1),
        build.poll(1, source="erp-db"),
        (Observation(Series("erp-db", "statements:queries.new"), (build.part(),)),),
        transitions=(build.transition("nobody"),),
        config_digest="new",
    )
    with pytest.raises(
        HistoryError,
        match=r"history\.db refused rows that do not fit together: FOREIGN KEY constraint failed$",
    ):
        history.record(bad)
    assert history.last_polls() == {}

    other = Observation(Series("erp-cache", "hit_rate"), (build.part(1, 2),))
    history.record(Cycle(build.moment(2), build.poll(2, source="erp-cache"), (other,)))
    good = Observation(Series("erp-db", "statements:queries.new"), (build.part(2),))
    history.record(Cycle(build.moment(3), build.poll(3, source="erp-db"), (good,), config_digest="new"))

    found = history.recent_parts(None, build.START)
    assert {series: [one.part for one in stored] for series, stored in found.items()} == {
        other.series: [build.part(1, 2)],
        good.series: [build.part(2)],
    }
    assert set(history.last_polls()) == {"erp-cache", "erp-db"}


def test_moments_without_a_time_zone_are_refused(history: History) -> None:
    """A local time would be an hour off twice a year."""
    naive = datetime(2026, 3, 1)  # noqa: DTZ001 the subject of the test
    with pytest.raises(Exception, match="a moment needs a time zone: 2026-03-01T00:00:00"):
        history.record(Cycle(naive))


def test_text_that_databases_refuse_is_kept_readable(history: History) -> None:
    """NUL and lone surrogates in a source's error do not lose the cycle."""
    failed = Poll("metrics", "run\ud800", build.START, timedelta(0), "unreachable", "bad\0 byte \udcff\nend")
    history.record(Cycle(build.START, failed))

    (found,) = history.polls("metrics", build.START)
    assert (found.epoch, found.detail) == ("run\\ud800", "bad\\x00 byte \\udcff\nend")


def test_an_incident_moves_and_ends(history: History) -> None:
    """The newest state replaces the one before; an ended one is not open but still listed."""
    history.record(
        Cycle(build.moment(0), incidents=(build.incident("a", State.PENDING), build.incident("b")))
    )
    history.record(
        Cycle(
            build.moment(9),
            incidents=(build.incident("a", State.RESOLVED, 9),),
            transitions=(build.transition("a", 0), build.transition("a", 9, State.RESOLVED)),
        )
    )

    assert [one.id for one in history.open_incidents()] == ["b"]
    assert history.incidents() == [build.incident("b"), build.incident("a", State.RESOLVED, 9)]
    assert [one.id for one in history.incidents(build.moment(10))] == ["b"]
    assert [one.id for one in history.incidents(limit=1)] == ["b"]
    assert [move.after for move in history.transitions("a")] == [State.FIRING, State.RESOLVED]


def test_versions_of_the_configuration(history: History) -> None:
    """A version that a cycle named first gets its text later, once."""
    history.record(build.cycle(1))
    assert history.configuration("c1") is None

    history.record_config("c1", "version: 1\n", build.START)
    history.record_config("c1", "something else", build.START)

    assert history.configuration("c1") == "version: 1\n"
    assert history.configuration("c2") is None


def test_a_reader_cannot_write(history: History, path: Path) -> None:
    """Only the collecting process records."""
    history.record(build.cycle(1))
    with open_history(str(path), collecting=False) as reader:
        assert reader.last_polls() == {"metrics": build.poll(1)}
        with pytest.raises(HistoryError, match=r"history\.db was opened for reading only$"):
            reader.record(build.cycle(2))


def test_damage_is_a_sentence(history: History) -> None:
    """Bytes that changed on the disk are reported and not shown as figures."""
    history.record(build.cycle(1))
    with history._writing() as connection:
        connection.exec_driver_sql("UPDATE evidence SET figures = x'0909', kind = 'R'")
        connection.exec_driver_sql("UPDATE snapshots SET data = x'00'")

    with pytest.raises(
        HistoryError, match=r"is damaged: R evidence of 2 bytes: .*unknown form 9; restore a copy"
    ):
        history.parts(build.series(), build.START)
    with pytest.raises(HistoryError, match=r"is damaged: Error .* while decompressing .*; restore a copy"):
        history.last_snapshot("metrics")
