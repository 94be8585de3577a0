"""The executor's own times, as auto_explain logs them: the very figures that pg_stat_statements adds up.

Both extensions read the same counter of the executor, pg_stat_statements to the nanosecond, the log to the
microsecond. `log_min_duration_statement` (see `tests.collectors_postgres.durations`) times the whole message:
parsing and planning are in it, so that a limit within a few milliseconds of the times could not be checked.
"""

from __future__ import annotations

import csv
import io
import re
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from headroom.budgets import Outcome, Verdict
from headroom.observation import JUDGED, Part
from tests.collectors_postgres.durations import LOGGING
from tests.collectors_postgres.server import Server

LOGGED = LOGGING | {
    "shared_preload_libraries": "pg_stat_statements,auto_explain",
    "auto_explain__log_min_duration": "0",
    "auto_explain__log_nested_statements": "off",
    "log_min_duration_statement": "-1",
}
ROUNDING = 0.000_000_6
"""Seconds by which a logged time may be off: the log has three digits of a millisecond."""

_PLAN = re.compile(r"duration: (\d+\.\d+) ms  plan:\nQuery Text: (.*?)\n", re.DOTALL)
_PATIENCE = 30.0
_MESSAGE, _APPLICATION = 13, 22


@dataclass(frozen=True, slots=True)
class Ran:
    """One execution that ended well."""

    seconds: float
    text: str


def ran(server: Server) -> list[Ran]:
    """Return every top-level execution that the log holds so far, but for the collector's own."""
    marker = str(uuid.uuid4())
    server.run(f"SELECT '{marker}'")
    path = server.folder / "data" / "log" / "durations.csv"
    deadline = time.monotonic() + _PATIENCE
    while marker.encode() not in (log := path.read_bytes() if Path(path).exists() else b""):
        assert time.monotonic() < deadline, "the log does not get the last statement"
        time.sleep(0.05)
    csv.field_size_limit(1 << 24)
    found = []
    for row in csv.reader(io.StringIO(log.decode(), newline="")):
        if marker in row[_MESSAGE]:
            break
        line = _PLAN.match(row[_MESSAGE])
        if line is not None and row[_APPLICATION] != "headroom":
            found.append(Ran(float(line[1]) / 1000, line[2]))
    return found


def slow(times: list[float], limit: float) -> tuple[int, int]:
    """Return how many took longer than `limit` seconds: at least and at most, as far as the log is exact."""
    return sum(one > limit + ROUNDING for one in times), sum(one > limit - ROUNDING for one in times)


def contradictions(part: Part, times: list[float], *, whole: bool) -> list[str]:
    """Return what a part says of its interval that the log denies.

    Args:
        part: of a class, or of one statement.
        times: of all executions that belong to it, in seconds.
        whole: all of them must be in the part; otherwise some may be lost, and that must be said.
    """
    wrong = []
    n = sum(bounds.n for bounds in part.bounds[:1]) if part.bounds else part.evidence.n  # type: ignore[union-attr]
    if (n != len(times)) if whole else (n > len(times)):
        wrong.append(f"{n} calls, and {len(times)} were logged")
    if part.quality not in JUDGED:
        return wrong
    for bounds in part.bounds:
        least, most = slow(times, bounds.threshold)
        if bounds.k_low > most:
            wrong.append(f"at least {bounds.k_low} over {bounds.threshold} s, and at most {most} were")
        if whole and bounds.k_high < least:
            wrong.append(f"at most {bounds.k_high} over {bounds.threshold} s, and at least {least} were")
    return wrong


def denied(verdict: Verdict, times: list[float]) -> str:
    """Return why a verdict on a percentile is wrong about what happened in its window; "" where it is not."""
    assert verdict.allowed is not None
    least, most = slow(times, verdict.threshold)
    allowed = verdict.allowed * len(times)
    if verdict.outcome is Outcome.MET and least > allowed:
        return f"met, and {least} of {len(times)} took longer than {verdict.threshold} s"
    if verdict.outcome is Outcome.OVER and most <= allowed:
        return f"over, and only {most} of {len(times)} took longer than {verdict.threshold} s"
    if verdict.outcome is Outcome.IDLE and times:
        return f"idle, and {len(times)} ran"
    return ""
