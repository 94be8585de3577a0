"""What two snapshots tell, with snapshots made by hand."""

from __future__ import annotations

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

from .asking import absence, calls, connections, moments, part, source, statements

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


def snapshot(seconds: float, *lines: str, **fields: Any) -> PostgresSnapshot:
    """Return a poll so many seconds after the start; `started` and the fields of Statements may be given."""
    started = fields.pop("started", START - timedelta(days=1))
    read = Statements(frozenset(lines), LABELS, reset=START - timedelta(hours=1), evictions=(0, 0))
    return PostgresSnapshot(
        START + timedelta(seconds=seconds), started, replace(read, **fields), Connections(10, 50, {})
    )


def told(before: PostgresSnapshot, after: PostgresSnapshot) -> Reading:
    """Return the reading of two polls of a source that is polled every 15 s."""
    return difference(source(None), MEASURES, before, after)


def line(query: int, calls: int, each: float = 1.0, *, top: str = "t") -> str:
    """Return an entry whose calls took equally long, in milliseconds."""
    return f"10 5 {query} {top} {calls} {calls * each} {each} {each} 0 0"


def test_calls_are_shared_out() -> None:
    """Classes, unclassified calls and the collector's own are told apart."""
    before = snapshot(0, line(1, 5), line(2, 1), line(3, 8), line(4, 1, top="f"))
    after = snapshot(15, line(1, 8), line(2, 2), line(3, 12), line(4, 9, top="f"), line(5, 2))
    reading = told(before, after)

    assert calls(reading, "lookup") == 3
    assert part(reading, statements("list")).evidence == Moments(0, 0.0, 0.0)
    unclassified = part(reading, "statements:exec_time:unclassified")
    assert unclassified.evidence == Ratio(3, 6)
    assert reading.notes == (
        "50.0% of the calls and 50.0% of the execution time fall in no query class",
        "1 statements are too new to be classified; texts are read about once a minute",
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
        "pg_stat_statements threw entries away 1 times in this interval, and what they did last is lost; "
        "raise pg_stat_statements.max"
    ) in reading.notes


def test_suspect_entry_makes_its_class_suspect() -> None:
    """Larger counters with new extremes after an eviction may be another life: the class is not judged."""
    reading = told(
        snapshot(0, "10 5 1 t 2 7.0 2.0 5.0 1.5 0", line(4, 1)),
        snapshot(15, "10 5 1 t 3 11.0 1.0 7.0 2.5 0", line(4, 2), evictions=(1, 1)),
    )

    assert part(reading, statements("lookup")).quality is Quality.SUSPECT
    assert part(reading, statements("lookup")).detail == (
        "1 of its statements may have been thrown away and begun again; raise pg_stat_statements.max"
    )
    assert part(reading, statements("list")).quality is Quality.EXACT


def test_evictions_while_a_poll_reads_belong_to_both_intervals() -> None:
    """An eviction between the two readings of the counter may have hit either interval."""
    before = snapshot(0, "10 5 1 t 2 7.0 2.0 5.0 1.5 0", evictions=(3, 4))
    after = snapshot(15, "10 5 1 t 3 11.0 1.0 7.0 2.5 0", evictions=(4, 4))

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
        snapshot(0, line(1, 5), line(4, 1)), snapshot(15, line(1, 6), "10 5 4 t x y z 1 2 3", "lie")
    )

    assert calls(reading, "lookup") == 1
    assert "2 entries of pg_stat_statements could not be understood and are left out" in reading.notes


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
    before = snapshot(0, "10 5 1 t 2 7.0 2.0 5.0 1.5 0", reset=None, evictions=None)
    after = snapshot(
        15,
        "10 5 1 t 3 11.0 1.0 7.0 2.5 0",
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
    after = replace(snapshot(15), connections=Connections(3, limit, {}))
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
