"""A server's own log of durations: the truth that a verdict about its statements is held against.

A line of the log times more than pg_stat_statements, and never less: it counts from the arrival of the
message to its answer, pg_stat_statements only the executor's run (the sending of rows is in both).

- Simple protocol: the line holds parsing, planning and, outside a transaction, the commit as well. Several
  statements in one message share one line, while each has an entry of its own.
- Extended protocol: parse and bind (with planning) have lines of their own, which are no executions, and
  the commit comes after the execute line. A portal that is fetched in parts has one execute line per part,
  and one call.
- Neither knows statements that failed or were cancelled. Statements inside functions have no lines.

Measured on 15 and 18 with fsync off, on two busy cores: of 1.0 million executions by pgbench (simple,
extended, prepared; two clients) as many lines as calls for each statement. Line less execution time, of
9,600 executions one by one, with and without pgbench beside them:

- simple: median 0.01 to 0.17 ms, P99 0.03 to 0.55 ms, at most 1.3 ms; more where planning takes longer;
- extended: median 0.000 to 0.004 ms, P99 0.001 to 0.03 ms, at most 0.07 ms, and once 4 ms, when the
  server's process had to wait for a processor between the two clocks;
- never below -0.7 µs: the log cuts microseconds off.

So `line - OVERHEAD <= execution < line + PRECISION`, see `over`: within that band no claim can be checked.
A test that wants an empty band lets its statements sleep for times that are further than OVERHEAD from
every limit.
"""

from __future__ import annotations

import csv
import io
import re
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from .server import Server

LOGGING = {
    "logging_collector": "on",
    "log_destination": "csvlog",  # jsonlog came with 15, and in plain text a statement can look like a line
    "log_directory": "log",
    "log_filename": "durations",
    "log_rotation_age": "0",
    "log_rotation_size": "0",
    "log_timezone": "UTC",
    "log_min_messages": "log",
    "log_min_duration_statement": "0",
}
"""The settings to start a server with."""

OVERHEAD = 0.005
"""Seconds that a line may hold besides the execution, with room for a busy machine."""
PRECISION = 1e-6

_DURATION = re.compile(r"duration: (\d+\.\d+) ms  (statement|execute)(?: [^:]*)?: (.*)", re.DOTALL)
_READ = "durations read "
_LONGEST = 16 << 20
_PATIENCE = 20.0
# Columns of the log that are the same from 13 to 18; the last came with 14.
_AT, _MESSAGE, _APPLICATION, _QUERY_ID = 0, 13, 22, 25


@dataclass(frozen=True, slots=True)
class Execution:
    """One successful execution of a statement, or of a message of several.

    Attributes:
        ended_at: by the server's clock, to the millisecond.
        query_id: that of pg_stat_statements; None where the log has none: on 13, and for BEGIN, COMMIT and
            the like when they are prepared.
        extended: whether it came by the extended protocol.
    """

    ended_at: datetime
    milliseconds: float
    text: str
    query_id: int | None
    application_name: str
    extended: bool


def executions(server: Server) -> list[Execution]:
    """Return what a server with the settings `LOGGING` logged so far, in the order of the log.

    Whatever was answered before the call is there. The statements of this function are left out.
    """
    marker = f"{_READ}{uuid.uuid4()}"
    server.run(f"SELECT '{marker}'")
    text = _until(server.folder / "data" / "log" / "durations.csv", marker.encode())
    csv.field_size_limit(_LONGEST)
    return list(_executions(csv.reader(io.StringIO(text, newline="")), marker))


def _until(path: Path, marker: bytes) -> str:
    """Return the log once the marker is in it: the collector of the log writes a little later."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        if path.exists() and marker in (log := path.read_bytes()):
            return log.decode(errors="replace")
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"{path} does not get the last statement: was the server started with LOGGING?"
            )
        time.sleep(0.05)


def _executions(rows: Iterable[list[str]], marker: str) -> Iterator[Execution]:
    for row in rows:
        if marker in row[_MESSAGE]:
            return  # what follows may be cut short
        found = _DURATION.fullmatch(row[_MESSAGE])
        if found is None or _READ in found[3]:
            continue
        query_id = int(row[_QUERY_ID]) if len(row) > _QUERY_ID else 0
        yield Execution(
            datetime.strptime(row[_AT], "%Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=UTC),
            float(found[1]),
            found[3],
            query_id or None,
            row[_APPLICATION],
            extended=found[2] == "execute",
        )


def over(found: Iterable[Execution], limit: float, overhead: float = OVERHEAD) -> tuple[int, int]:
    """Return how many executions ran for longer than `limit` seconds: for certain, and possibly.

    A reading's bounds are proven wrong where `k_low` lies above the second or `k_high` below the first.
    """
    took = [one.milliseconds / 1000 for one in found]
    return sum(one > limit + overhead for one in took), sum(one + PRECISION > limit for one in took)
