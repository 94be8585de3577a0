"""pgbench, poll by poll: nothing that is said of an interval or the window is denied by the server's log."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from headroom.budgets import Outcome, Statistic
from headroom.evidence import Moments
from headroom.sources import QueryClass, QueryRules
from headroom.statements import MEASURE
from tests.collectors_postgres.asking import collecting, part, statements
from tests.collectors_postgres.server import BINARIES, Server, as_postgres
from tests.truth.told import LOGGED, Ran, contradictions, denied, ran
from tests.truth.watching import Watch, of

Start = Callable[..., Server]
LIMITS = (0.000_01, 0.000_03, 0.000_1, 0.001, 0.01)
RULES = QueryRules(
    (
        QueryClass("lookup", ("from pgbench_accounts where aid",)),
        QueryClass("write", ("^(update|insert into) pgbench_",)),
        QueryClass("nap", ("pg_sleep",)),
    )
)
NAP = "SELECT pg_sleep(0.002)"
BELONGS = {
    "lookup": re.compile("SELECT abalance FROM pgbench_accounts WHERE aid"),
    "write": re.compile("UPDATE pgbench_|INSERT INTO pgbench_"),
    "nap": re.compile("SELECT pg_sleep"),
}
ROUNDS = (
    ("simple", "tpcb-like"),
    ("extended", "tpcb-like"),
    ("prepared", "select-only"),
    ("prepared", "tpcb-like"),
)


def pgbench(server: Server, *options: str) -> None:
    """Run pgbench to its end."""
    command = [
        str(BINARIES / "pgbench"),
        "-h",
        "127.0.0.1",
        "-p",
        str(server.port),
        "-U",
        "postgres",
        *options,
    ]
    done = subprocess.run(
        as_postgres(*command, "postgres"),
        cwd=Path("/"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def times(found: list[Ran], group: str) -> list[float]:
    """Return the seconds that the executions of a class took."""
    return [one.seconds for one in found if BELONGS[group].match(one.text)]


@pytest.mark.parametrize("major", [13, 15, 18])
async def test_pgbench(start: Start, major: int) -> None:
    """Calls, sums, bounds, single statements and verdicts, with three protocols and two clients."""
    server = start(major=major, **LOGGED)
    server.run("CREATE EXTENSION pg_stat_statements")
    pgbench(server, "-i", "-q", "-s", "1")
    server.run(NAP)
    for protocol, script in ROUNDS:  # with and without parameters they are other statements
        pgbench(server, "-n", "-b", script, "-M", protocol, "-t", "5")
    measures = {statements(group): LIMITS for group in BELONGS}
    async with collecting(server.url, measures, RULES) as collector:
        watch = Watch(collector)
        await watch.poll()
        await watch.poll()
        known = len(ran(server))
        since = known
        for protocol, script in ROUNDS:
            pgbench(server, "-n", "-b", script, "-M", protocol, "-c", "2", "-t", "300")
            server.run(*[NAP] * 25)
            reading = await watch.poll()
            everything = ran(server)
            for group in BELONGS:
                truth = times(everything[known:], group)
                found = part(reading, statements(group))
                assert contradictions(found, truth, whole=True) == []
                assert isinstance(found.evidence, Moments)
                assert found.evidence.total == pytest.approx(sum(truth), abs=1e-6 * (len(truth) + 1))
                singly = [
                    one.parts[0].evidence
                    for one in of(reading, MEASURE)
                    if dict(one.series.subject)["class"] == group
                ]
                assert sum(one.n for one in singly if isinstance(one, Moments)) == len(truth)
            known = len(everything)
        everything = ran(server)[since:]
        outcomes = set()
        for group in BELONGS:
            for limit in LIMITS:
                for statistic in (Statistic.P50, Statistic.P95, Statistic.P99):
                    verdict = watch.verdict(statements(group), limit, statistic)
                    assert denied(verdict, times(everything, group)) == "", verdict.detail
                    outcomes.add(verdict.outcome)
        assert {Outcome.MET, Outcome.OVER} <= outcomes, outcomes  # otherwise nothing was put to the test
