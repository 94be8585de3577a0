"""Timeout, log and slow statements against the budgets' limits."""

from __future__ import annotations

import pytest

from headroom.audit.durations import log_threshold, slow_statements, statement_timeout
from headroom.audit.workload_facts import Counts, Shape, Workload
from headroom.checks import State

from .servers import SOURCE, case, one, seen, server, told, workload

_TIMEOUT, _LOG, _SLOW = "postgres.timeout", "postgres.log_threshold", "postgres.slow_statements"


@pytest.mark.parametrize(
    ("value", "state", "said", "fix"),
    [
        (
            "60000", State.PASS,
            "statements are stopped after 60 s, 12 times the slowest limit of the budgets, 5 s", "",
        ),
        (
            "5000", State.FAIL,
            ("statements are stopped after 5 s, not above the slowest limit of the budgets, 5 s: what is "
             "stopped is in no statistics, so that limit cannot be seen broken"),
            "ALTER SYSTEM SET statement_timeout = '60s'; SELECT pg_reload_conf();",
        ),
        (
            "0", State.WARN, "no statement is stopped; the slowest limit of the budgets is 5 s",
            "ALTER SYSTEM SET statement_timeout = '60s'; SELECT pg_reload_conf();",
        ),
    ],
)  # fmt: skip
def test_timeout(value: str, state: State, said: str, fix: str) -> None:
    """A timeout below a limit hides that the limit is broken."""
    found = one(statement_timeout, case(server(statement_timeout=value)), _TIMEOUT)

    assert (*told(found), found.fix) == (state, said, fix)


def test_log_of_the_guide() -> None:
    """One second shows one of the four query targets; what would show all of them is said with its cost."""
    busy = seen("busy", None, Counts(calls=9000), (Counts(calls=2000), Counts(calls=1000)), longest=0.02)
    quick = seen("quick", None, Counts(calls=9000), (Counts(calls=8000), Counts(calls=8000)), longest=0.01)
    found = one(log_threshold, case(server(), workload(busy, quick)), _LOG)

    assert told(found) == (
        State.WARN,
        (
            "statements are logged from 1 s on: of the 4 limits of the budgets (10 ms, 50 ms, 500 ms, 5 s) "
            "the log can never show 3 broken (10 ms, 50 ms, 500 ms)"
        ),
    )
    assert found.fix == (
        "ALTER SYSTEM SET log_min_duration_sample = '10ms'; ALTER SYSTEM SET log_statement_sample_rate = "
        "0.01; SELECT pg_reload_conf(); -- at most 3 lines a second at the load of now (1% of them), and "
        "with their parameters, unless log_parameter_max_length is 0"
    )


@pytest.mark.parametrize(
    ("settings", "state", "said"),
    [
        (
            {"log_min_duration_statement": "-1"}, State.WARN,
            ("no statement is logged: of the 4 limits of the budgets (10 ms, 50 ms, 500 ms, 5 s) the log can "
             "never show 4 broken (10 ms, 50 ms, 500 ms, 5 s)"),
        ),
        (
            {"log_min_duration_sample": "10"}, State.PASS,
            ("statements are logged from 1 s on, a sample of them from 10 ms on: the log can show all 4 "
             "limits of the budgets broken"),
        ),
        (
            {"log_min_duration_sample": "10", "log_statement_sample_rate": "0"}, State.WARN,
            ("statements are logged from 1 s on: of the 4 limits of the budgets (10 ms, 50 ms, 500 ms, 5 s) "
             "the log can never show 3 broken (10 ms, 50 ms, 500 ms)"),
        ),
        (
            {"log_min_duration_statement": "0"}, State.PASS,
            "statements are logged from 0 s on: the log can show all 4 limits of the budgets broken",
        ),
    ],
)  # fmt: skip
def test_log(settings: dict[str, str], state: State, said: str) -> None:
    """A sample counts, unless nothing is ever drawn."""
    assert told(one(log_threshold, case(server(**settings)), _LOG)) == (state, said)


def test_slow_statements() -> None:
    """How many calls took longer than a second is told between two certain ends, the longest first."""
    # 90 calls of 10 ms and 10 of 2 s: the mean is 0.209 s, the squared deviations sum up to 35.6409 s².
    some = seen(
        "some", Shape("select"), Counts(100, 20.9, 35.6409), longest=2.0, text="SELECT \u202e" + "x" * 200
    )
    single = seen("single", None, Counts(1, 3.0, 0.0), longest=3.0)
    fine = seen("fine", None, Counts(10, 1.0, 0.0), longest=1.0)
    vacuum = seen("vacuum", Shape("utility"), Counts(1, 90.0, 0.0), longest=90.0)
    found = list(slow_statements(case(server(), workload(some, single, fine, vacuum))))

    assert [told(one) for one in found] == [
        (State.WARN, "1 of 1 calls took longer than 1 s, the longest 3 s; mean 3 s"),
        (
            State.WARN,
            "1 to 20 of 100 calls took longer than 1 s, the longest 2 s; mean 209 ms; its text: SELECT …",
        ),
    ]
    assert found[0].fix == ""
    assert found[1].fix == (f"EXPLAIN (ANALYZE, BUFFERS) SELECT \\u202e{'x' * 200}; -- with real parameters")
    assert found[1].subject == (("database", "erp"), ("role", "erp"), *SOURCE, ("statement", "some"))


def test_slow_write() -> None:
    """EXPLAIN (ANALYZE) runs what it explains, so that a write is taken back."""
    write = seen("w", Shape("update"), Counts(1, 3.0, 0.0), longest=3.0, text="UPDATE tasks SET title = $1")

    assert one(slow_statements, case(server(), workload(write)), _SLOW).fix == (
        "BEGIN; EXPLAIN (ANALYZE, BUFFERS) UPDATE tasks SET title = $1; -- with real parameters, and then: "
        "ROLLBACK;"
    )


def test_no_slow_statement() -> None:
    """That none was slow says of how many."""
    assert told(one(slow_statements, case(server(), workload(seen("a", None, Counts(9)))), _SLOW)) == (
        State.PASS,
        "none of the 1 statements looked at ever took longer than 1 s",
    )


def test_many_slow_statements() -> None:
    """Ten are named, the others counted."""
    some = [seen(f"s{number}", None, Counts(1, 2.0, 0.0), longest=2.0) for number in range(12)]
    found = list(slow_statements(case(server(), workload(*some))))

    assert len(found) == 11
    assert told(found[-1]) == (State.WARN, "2 more statements took longer than 1 s at least once")


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (None, "the statements were not read"),
        (Workload(), "no statement ran yet"),
        (Workload(why="pg_stat_statements is not loaded"), "pg_stat_statements is not loaded"),
    ],
)
def test_statements_that_were_not_read(work: Workload | None, said: str) -> None:
    """No statement is no proof that all are well."""
    assert told(one(slow_statements, case(server(), work), _SLOW)) == (State.CANNOT_CHECK, said)
