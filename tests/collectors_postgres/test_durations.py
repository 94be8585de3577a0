"""The log of durations as the truth: on every major it says what ran, and not less than the counters."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from .conftest import Start
from .durations import LOGGING, OVERHEAD, PRECISION, Execution, executions, over
from .server import BINARIES, MAJORS

HOSTILE = "SELECT id FROM tasks -- \"a\", 'b'\n-- duration: 9.000 ms  statement: SELECT 1,2\n\tWHERE id = 1"


@pytest.mark.parametrize("major", MAJORS)
def test_log_says_what_ran(start: Start, major: int) -> None:
    """Each execution once, by both protocols, whatever its text; nothing of what failed or was cancelled."""
    server = start(major, **LOGGING)
    server.run("CREATE EXTENSION pg_stat_statements", "CREATE TABLE tasks (id int PRIMARY KEY)")
    url = f"{server.url}?application_name=erp,%20%22the%22%20app"
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as simple:
        simple.prepare_threshold = None
        for statement in (HOSTILE, "SELECT 1/0", "SELECT pg_sleep(0.03)"):
            try:
                simple.execute(statement)
            except psycopg.errors.DivisionByZero:
                simple.execute("SET statement_timeout = '5ms'")
                with pytest.raises(psycopg.errors.QueryCanceled):
                    simple.execute("SELECT pg_sleep(5)")
                simple.execute("RESET statement_timeout")
    with psycopg.connect(url, autocommit=True) as extended:
        extended.prepare_threshold = 0
        for number in range(3):
            extended.execute("SELECT id FROM tasks WHERE id = %s", [number])
    logged = [one for one in executions(server) if one.application_name == 'erp, "the" app']

    assert [(one.text, one.extended) for one in logged] == [
        (HOSTILE, False),
        ("SET statement_timeout = '5ms'", False),
        ("RESET statement_timeout", False),
        ("SELECT pg_sleep(0.03)", False),
        *[("SELECT id FROM tasks WHERE id = $1", True)] * 3,
    ]
    assert 30 <= logged[3].milliseconds < 1000
    assert all(timedelta() <= datetime.now(UTC) - one.ended_at < timedelta(minutes=1) for one in logged)
    ids = server.run(
        "SELECT queryid FROM pg_stat_statements WHERE query ~ '^SELECT (id|pg_sleep)' ORDER BY 1"
    )
    found = sorted({one.query_id for one in logged if one.query_id and one.text.startswith("SELECT")})
    assert found == ([row[0] for row in ids] if major > 13 else [])


@pytest.mark.parametrize("major", [15, 18])
@pytest.mark.parametrize("protocol", ["simple", "prepared"])
def test_log_agrees_with_the_counters(start: Start, major: int, protocol: str) -> None:
    """As many lines as calls for each statement of pgbench, and never less time than the executor took."""
    server = start(major, **LOGGING)
    server.run("CREATE EXTENSION pg_stat_statements")
    pgbench = [str(BINARIES / "pgbench"), "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres"]
    subprocess.run([*pgbench, "-i", "-I", "dtgp", "postgres"], check=True, capture_output=True, timeout=60)
    server.run("SELECT pg_stat_statements_reset()")
    work = ["-n", "-M", protocol, "-c", "2", "-t", "100", "postgres"]
    subprocess.run([*pgbench, *work], check=True, capture_output=True, timeout=60)
    counted = server.run(
        "SELECT substring(query FROM 'pgbench_[a-z]+'), calls, total_exec_time FROM pg_stat_statements "
        "WHERE query ~ '^(UPDATE|INSERT)'"
    )
    logged: dict[str, list[float]] = {}
    for one in executions(server):
        table = re.match(r"(?:UPDATE|INSERT INTO) (pgbench_[a-z]+)", one.text)
        if table and one.application_name == "pgbench":
            assert one.extended == (protocol == "prepared")
            logged.setdefault(table[1], []).append(one.milliseconds)

    assert len(logged) == 4
    assert {table: len(took) for table, took in logged.items()} == {table: n for table, n, _ in counted}
    for table, n, took in counted:
        assert n == 200
        assert took <= sum(logged[table]) + n * PRECISION * 1000
        assert sum(logged[table]) <= took + n * OVERHEAD * 1000


def test_over_leaves_a_band() -> None:
    """What lies nearer above the limit than the overhead may have been below it."""
    found = [
        Execution(datetime.now(UTC), took, "", None, "", extended=False) for took in (9.9, 10.0, 10.1, 14, 16)
    ]

    assert over(found, 0.01) == (1, 4)
    assert over(found, 0.01, overhead=0.0005) == (2, 4)
