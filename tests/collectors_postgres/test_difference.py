"""What two snapshots tell, with snapshots made by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest

from collectors.postgres.difference import difference
from collectors.postgres.snapshot import OWN, Connections, Fault, Label, Labels, PostgresSnapshot, Statements
from headroom.budgets import Measure, Reason
from headroom.evidence import Gauge, Moments, Ratio
from headroom.observation import Quality, Reading
from headroom.statements import Statement

from .asking import absence, calls, connections, moments, part, source, statements
from .simulation import record

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
LABELS = Labels(
    "rules",
    MappingProxyType(
        {
            "10 5 1": Label("lookup", "f1"),
            "10 5 2": Label("", "f2"),
            "10 5 3": Label(OWN, "f3"),
            "10 5 4": Label("list", "f4"),
        }
    ),
)
MEASURES: dict[Measure, tuple[float, ...]] = {
    statements("lookup"): (0.01,),
    statements("list"): (0.05,),
    connections(): (),
}


def snapshot(seconds: float, *records: bytes, **fields: Any) -> PostgresSnapshot:
    """Return a poll so many seconds after the start; `started` and the fields of Statements may be given."""
    started = fields.pop("started", START - timedelta(days=1))
    read = Statements(frozenset(records), LABELS, reset=START - timedelta(hours=1), evictions=(0, 0))
    return PostgresSnapshot(
        START + timedelta(seconds=seconds), started, replace(read, **fields), Connections(10, 50)
    )


def told(before: PostgresSnapshot, after: PostgresSnapshot) -> Reading:
    """Return the reading of two polls of a source that is polled every 15 s."""
    return difference(source(None), MEASURES, before, after)


def line(query: int, calls: int, each: float = 1.0) -> bytes:
    """Return an entry whose calls took equally long, in milliseconds."""
    return record(query, calls, calls * each, each, each, 0.0)


def test_calls_are_shared_out() -> None:
    """Classes, unclassified calls and the collector's own are told apart."""
    before = snapshot(0, line(1, 5), line(2, 1), line(3, 8))
    after = snapshot(15, line(1, 8), line(2, 2), line(3, 12), line(5, 2))
    reading = told(before, after)

    assert calls(reading, "lookup") == 3
    assert part(reading, statements("list")).evidence == Moments(0, 0.0, 0.0)
    unclassified = part(reading, "statements:exec_time:unclassified")
    assert unclassified.evidence == Ratio(3, 6)
    assert reading.notes == (
        "50.0% of the calls and 50.0% of the execution time fall in no query class",
        "1 statement is too new to be classified; texts are read about once a minute",
    )
    assert part(reading, connections()).evidence == Gauge.sample(0.2, 15.0)


def test_quality_is_the_worst_of_the_class() -> None:
    """One new statement makes the class's part "first seen"; other classes stay exact."""
    labels = Labels("rules", MappingProxyType({**LABELS.known, "10 5 9": Label("lookup", "f9")}))
    reading = told(snapshot(0, line(1, 5)), snapshot(15, line(1, 6), line(9, 1), labels=labels))

    assert part(reading, statements("lookup")).quality is Quality.FIRST_SEEN
    assert calls(reading, "lookup") == 2
    assert part(reading, statements("list")).quality is Quality.EXACT


def test_thrown_away_entry_is_said() -> None:
    """What an entry did after the last reading is lost with it, and its class says so."""
    reading = told(snapshot(0, line(1, 5), line(2, 5)), snapshot(15, line(2, 6), evictions=(1, 1)))
    lookup = part(reading, statements("lookup"))

    assert (lookup.quality, lookup.detail) == (
        Quality.RESET,
        "1 of its statements were thrown away with what they did last",
    )
    assert (
        "pg_stat_statements threw entries away 1 time in this interval, and what they did last is lost; "
        "raise pg_stat_statements.max"
    ) in reading.notes


def test_suspect_entry_makes_its_class_suspect() -> None:
    """Larger counters with new extremes after an eviction may be another life: the class is not judged."""
    reading = told(
        snapshot(0, record(1, 2, 7.0, 2.0, 5.0, 1.5), line(4, 1)),
        snapshot(15, record(1, 3, 11.0, 1.0, 7.0, 2.5), line(4, 2), evictions=(1, 1)),
    )

    assert part(reading, statements("lookup")).quality is Quality.SUSPECT
    assert part(reading, statements("lookup")).detail == (
        "1 of its statements may have been thrown away and begun again; raise pg_stat_statements.max"
    )
    assert part(reading, statements("list")).quality is Quality.EXACT


def test_evictions_while_a_poll_reads_belong_to_both_intervals() -> None:
    """An eviction between the two readings of the counter may have hit either interval."""
    before = snapshot(0, record(1, 2, 7.0, 2.0, 5.0, 1.5), evictions=(3, 4))
    after = snapshot(15, record(1, 3, 11.0, 1.0, 7.0, 2.5), evictions=(4, 4))

    assert part(told(before, after), statements("lookup")).quality is Quality.SUSPECT


def test_new_entry_is_not_trusted_after_a_capped_reading() -> None:
    """An entry that the capped reading before did not hold may be old."""
    reading = told(snapshot(0, line(1, 5), complete=False), snapshot(15, line(1, 6), line(4, 900)))

    assert calls(reading, "list") == 0
    assert calls(reading, "lookup") == 1
    assert "pg_stat_statements holds more than 50,000 entries; the rest is not read" in reading.notes


def test_rubbish_is_left_out_and_said() -> None:
    """An entry that cannot be understood costs itself only."""
    reading = told(
        snapshot(0, line(1, 5), line(4, 1)), snapshot(15, line(1, 6), record(4, 3, math.nan, 1, 2, 3))
    )

    assert calls(reading, "lookup") == 1
    assert "1 entry of pg_stat_statements could not be understood and is left out" in reading.notes


def twin(calls: int, each: float) -> bytes:
    """Return an entry of the one statement that ran at two levels."""
    return line(1, calls, each)


@pytest.mark.parametrize(
    ("before", "after", "n", "quality"),
    [
        ((), (twin(5, 1.0), twin(3, 2.0)), 8, Quality.FIRST_SEEN),
        ((twin(5, 1.0), twin(3, 2.0)), (twin(10, 1.0), twin(6, 2.0)), 8, Quality.EXACT),
        ((twin(5, 1.0), twin(3, 2.0)), (twin(5, 1.0), twin(6, 2.0)), 3, Quality.EXACT),
        ((twin(5, 1.0),), (twin(6, 1.0), twin(3, 2.0)), 4, Quality.EXACT),
        ((twin(5, 1.0), twin(3, 2.0)), (twin(9, 1.0),), 9, Quality.SUSPECT),
        ((twin(5, 1.0), twin(3, 2.0)), (), 0, Quality.RESET),
    ],
    ids=["both new", "both moved", "one moved", "one is new", "one is gone", "both are gone"],
)
def test_old_extension_shows_two_levels_as_twins(
    before: tuple[bytes, ...], after: tuple[bytes, ...], n: int, quality: Quality
) -> None:
    """Before 1.9 nested calls cannot be told from others: two entries of one key count together."""
    old = {"nesting": False, "reset": None, "evictions": None}
    reading = told(snapshot(0, *before, line(4, 1), **old), snapshot(15, *after, line(4, 2), **old))
    found = part(reading, statements("lookup"))

    assert (moments(found).n, found.quality) == (n, quality)


def test_twins_give_the_moments_of_both() -> None:
    """Together they are one set of executions, with its sum, its spread and its largest time."""
    old = {"nesting": False, "reset": None, "evictions": None}
    before = snapshot(0, twin(5, 1.0), twin(3, 2.0), **old)
    found = part(told(before, snapshot(15, twin(10, 1.0), twin(6, 2.0), **old)), statements("lookup"))
    truth = Moments.of([0.001] * 5 + [0.002] * 3)

    assert moments(found).total == pytest.approx(truth.total)
    assert moments(found).squares == pytest.approx(truth.squares)
    assert moments(found).cap == 0.002


def test_planning_is_said_next_to_the_class() -> None:
    """What planning took is told, and is in no figure."""
    before = snapshot(0, record(1, 2, 2.0, 1.0, 1.0, 0.0, planning=1.0), line(4, 1))
    after = snapshot(15, record(1, 6, 6.0, 1.0, 1.0, 0.0, planning=3.0), line(4, 2))
    found = part(told(before, after), statements("lookup"))

    assert found.detail == "planning took another 500 µs a call on average"
    assert moments(found).total == pytest.approx(0.004)
    assert part(told(before, after), statements("list")).detail == ""


AGAIN = START + timedelta(seconds=12, microseconds=400_000)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {},
            (
                "another tool or person reset pg_stat_statements at 12:00:12 UTC; "
                "what the 12 s before that held is lost"
            ),
        ),
        (
            {"backend": 2},
            (
                "pg_stat_statements was reset by another tool or person, or wiped by a crash of the server, "
                "at 12:00:12 UTC; what the 12 s before that held is lost"
            ),
        ),
        (
            {"backend": 2, "started": START + timedelta(seconds=11)},
            (
                "PostgreSQL restarted without its counters, as after a crash, so that they began again "
                "at 12:00:12 UTC; what the 12 s before that held is lost"
            ),
        ),
    ],
    ids=["session outlived it", "session did not", "restarted"],
)
def test_full_reset_names_who_may_have_done_it(fields: dict[str, Any], said: str) -> None:
    """A crash of any server process ends all sessions: one that outlived the reset saw none."""
    before = replace(snapshot(0, line(1, 5)), backend=1)
    after = replace(snapshot(15, line(1, 2), reset=AGAIN), **({"backend": 1} | fields))
    reading = told(before, after)

    assert reading.notes == (said,)
    assert part(reading, statements("lookup")).start == AGAIN


def test_reset_of_a_database_is_said() -> None:
    """Entries that began again or are gone, while nothing was evicted, were reset by somebody."""
    names = MappingProxyType({5: "erp"})
    before = snapshot(0, line(1, 5), line(2, 5), line(4, 1))
    after = snapshot(15, line(1, 2), line(4, 2), databases=names)
    reading = told(before, after)

    assert (
        "2 entries of pg_stat_statements were reset one by one (database erp), which Headroom never does; "
        "what they counted since the last reading is lost"
    ) in reading.notes
    assert part(reading, statements("lookup")).quality is Quality.RESET
    assert part(reading, statements("list")).quality is Quality.EXACT


def test_entries_that_cannot_be_read_are_said() -> None:
    """They are in no figure, and the sentence says what to grant."""
    before, after = snapshot(0, line(1, 5)), snapshot(15, line(1, 6), unreadable=37)

    assert told(before, replace(after, role='the "monitor"')).notes == (
        (
            "37 entries of other roles cannot be read and are in no figure: "
            'GRANT pg_read_all_stats TO "the ""monitor""";'
        ),
    )


def test_standby_is_said() -> None:
    """Its statements are its own."""
    before, after = snapshot(0, line(1, 5)), snapshot(15, line(1, 6))

    assert told(before, replace(after, standby=True)).notes == (
        "this server is a standby: what ran on its primary is not in these figures",
    )


def test_nothing_moved_in_a_capped_reading_is_no_silence() -> None:
    """The reading's own entries may be among those that are not read."""
    found = told(snapshot(0, line(1, 5), complete=False), snapshot(15, line(1, 5), complete=False))

    assert calls(found, "lookup") == 0
    assert found.absences == ()


def test_what_was_learnt_is_told_once() -> None:
    """Statements are told with the first reading after they were learnt, also with the very first."""
    one, two = (Statement("erp-db", word, "lookup", "why", "SELECT", ()) for word in ("f1", "f2"))
    first = snapshot(0, line(1, 5), learnt=((7, one),), learnt_upto=7)
    second = snapshot(15, line(1, 6), learnt=((7, one), (8, two)), learnt_upto=8)

    assert difference(source(None), MEASURES, None, first).statements == (one,)
    assert told(first, second).statements == (two,)
    assert told(second, replace(second, at=second.at + timedelta(seconds=15))).statements == ()
    assert told(snapshot(0, line(1, 5)), second).statements == (one, two)


def test_notes_of_the_reading_are_passed_on() -> None:
    """An old extension, and texts that could not be read, are said."""
    reading = told(
        snapshot(0, line(1, 5), nesting=False), snapshot(15, line(1, 6), nesting=False, texts="the texts ...")
    )

    assert reading.notes == (
        "the texts ...",
        (
            "pg_stat_statements before 1.9 does not tell nested statements from top-level ones and "
            "counts both where pg_stat_statements.track is all; "
            "ALTER EXTENSION pg_stat_statements UPDATE mends it"
        ),
    )


OTHER = "another server answers here since the last reading; a difference needs two readings of one server"
UPDATED = "pg_stat_statements was updated since the last reading; a difference needs two readings of one kind"
FIRST = "one reading of pg_stat_statements so far; a difference needs two"
SILENT = (
    "pg_stat_statements recorded nothing between two readings, not even these readings: check that "
    "pg_stat_statements.track is not none and compute_query_id is not off"
)
BEFORE = snapshot(0, line(1, 5))


@pytest.mark.parametrize(
    ("before", "after", "reason", "detail"),
    [
        (BEFORE, snapshot(15, line(1, 9), started=START - timedelta(hours=3)), Reason.RESET, OTHER),
        (BEFORE, snapshot(15, line(1, 9), reset=START - timedelta(hours=3)), Reason.RESET, OTHER),
        (BEFORE, snapshot(15, line(1, 9), births=True), Reason.RESET, UPDATED),
        (BEFORE, snapshot(15, line(1, 9), reset=None), Reason.RESET, UPDATED),
        (BEFORE, snapshot(15, line(1, 5)), Reason.BROKEN_INSTRUMENTATION, SILENT),
        (
            BEFORE,
            replace(BEFORE, statements=Fault(Reason.NOT_PERMITTED, "no right")),
            Reason.NOT_PERMITTED,
            "no right",
        ),
        (
            replace(BEFORE, statements=Fault(Reason.NOT_PERMITTED, "no right")),
            snapshot(15, line(1, 9)),
            Reason.NO_DATA,
            FIRST,
        ),
        (replace(BEFORE, statements=None), snapshot(15, line(1, 9)), Reason.NO_DATA, FIRST),
    ],
)
def test_snapshots_that_must_not_be_compared(
    before: PostgresSnapshot, after: PostgresSnapshot, reason: Reason, detail: str
) -> None:
    """Across servers and versions there is no difference; the connections are told all the same."""
    reading = told(before, after)

    assert (absence(reading, statements("lookup")).reason, absence(reading, statements("lookup")).detail) == (
        reason,
        detail,
    )
    assert isinstance(part(reading, connections()).evidence, Gauge)


def test_restart_without_told_resets_doubts_growth() -> None:
    """Extension 1.8 tells no resets; after a restart an entry must prove that it is the old one."""
    before = snapshot(0, record(1, 2, 7.0, 2.0, 5.0, 1.5), reset=None, evictions=None)
    after = snapshot(
        15,
        record(1, 3, 11.0, 1.0, 7.0, 2.5),
        reset=None,
        evictions=None,
        started=START + timedelta(seconds=5),
    )

    assert part(told(before, after), statements("lookup")).quality is Quality.SUSPECT


def test_long_interval_is_a_gap() -> None:
    """More than two polls, with a tenth for jitter, are kept for reports and not judged."""
    at_most = told(snapshot(0, line(1, 5)), snapshot(33, line(1, 6)))
    longer = told(snapshot(0, line(1, 5)), snapshot(34, line(1, 6)))

    assert part(at_most, statements("lookup")).quality is Quality.EXACT
    assert part(longer, statements("lookup")).quality is Quality.GAP
    assert part(longer, statements("lookup")).detail == "no reading for 34 s, where one was due every 15 s"
    assert part(longer, connections()).quality is Quality.GAP


def test_clock_that_went_back_gives_a_gap() -> None:
    """The server's clock stepped an hour back: the counters hold, the interval's length is unknown."""
    reading = told(snapshot(0, line(1, 5)), snapshot(-3585, line(1, 6)))
    found = part(reading, statements("lookup"))

    assert (moments(found).n, found.quality, found.start) == (1, Quality.GAP, found.end)
    assert found.detail == "the server's clock went back by 3585 s: how long this interval was is unknown"
    assert part(reading, connections()).evidence == Gauge.sample(0.2, 0.0)


@pytest.mark.parametrize(
    ("of", "role", "limit", "detail"),
    [
        (
            "max_connections",
            "",
            0,
            "max_connections less the reserved connections is 0: there is nothing to take a share of",
        ),
        ("0", "", 50, "the pool is 0: there is nothing to take a share of"),
        ("-5", "", 50, "a limit of connections is max_connections or a whole number, not '-5'"),
        ("pool", "", 50, "a limit of connections is max_connections or a whole number, not 'pool'"),
    ],
)
def test_no_limit_is_no_share(of: str, role: str, limit: int, detail: str) -> None:
    """A limit of nothing gives neither 0 % nor an error."""
    measure = connections(of, role)
    after = replace(snapshot(15), connections=Connections(3, limit))
    found = absence(difference(source(None), {measure: ()}, snapshot(0), after), measure)

    assert (found.reason, found.detail) == (Reason.NO_LIMIT, detail)


def test_connections_that_were_not_read() -> None:
    """A snapshot of a run that did not ask for connections holds none."""
    measure = connections()
    faulty = replace(snapshot(15), connections=Fault(Reason.NOT_PERMITTED, "no right"))

    assert (
        absence(
            difference(source(None), {measure: ()}, snapshot(0), replace(faulty, connections=None)), measure
        ).detail
        == "the connections were not read; the next poll reads them"
    )
    assert absence(difference(source(None), {measure: ()}, snapshot(0), faulty), measure).detail == "no right"
