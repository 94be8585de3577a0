"""A poll of 5,000 statements, beside a raw client that reads 11 columns of them, and postgres_exporter."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psycopg

from bench.postgres import exporter, run, server, statements
from bench.processes import cpu
from collectors.postgres import build
from headroom.budgets import Kind, Measure
from headroom.observation import Collector, Snapshot
from headroom.sources import QueryClass, QueryRules, Secret, Source, SourceKind

STATEMENTS = 5_000
TURNS = 15
ACTIVE = (250, 1_000, STATEMENTS)  # statements that run between two polls
RAW_AIM, EXPORTER_AIM, SERVER_AIM = 1.5, 25.0, 2.0
CLASSES = {"lookup": 0.01, "list": 0.05, "aggregate": 0.5, "analytics": 5.0, "write": 0.1}
_COLUMNS = (
    "userid, dbid, queryid, toplevel, calls, total_exec_time, min_exec_time, max_exec_time, "
    "stddev_exec_time, rows, total_plan_time"
)
_RAW = f"SELECT {_COLUMNS} FROM pg_stat_statements(false)"
_COUNT = "SELECT count(*) FROM pg_stat_statements(false)"
# By what stands in their text: our own statement, the exporter's, the raw client's, and the bare count.
_TOLD = {
    "Headroom": "%headroom%string_agg%",
    "postgres_exporter": "%t2.rolname%",
    "raw": "SELECT userid, dbid%",
    "count(*)": "SELECT count(*) FROM pg_stat_statements($1)",
}


@dataclass
class Ours:
    """Polls of the collector as `headroom run` makes them."""

    collector: Collector
    loop: asyncio.AbstractEventLoop
    before: Snapshot | None = None
    dumped: bytes = b""

    def poll(self) -> None:
        """Fetch, difference and dump."""
        now = self.loop.run_until_complete(self.collector.fetch())
        self.collector.difference(self.before, now)
        self.dumped = now.dump()
        self.before = now


@dataclass
class Raw:
    """The least that a program in Python can do: read 11 columns and subtract."""

    connection: psycopg.Connection[Any]
    before: dict[Any, Any]

    def poll(self) -> None:
        """Read, and subtract the counters of each statement."""
        now = {row[:4]: row[4:] for row in self.connection.execute(_RAW).fetchall()}
        for key, values in now.items():
            earlier = self.before.get(key)
            if earlier is not None:
                [value - old for value, old in zip(values, earlier, strict=True)]
        self.before = now


def measure() -> None:
    """Print CPU per poll and ratios, for few and for many statements that run, and what the server spends."""
    with (
        server() as address,
        tempfile.TemporaryDirectory() as folder,
        exporter(address, Path(folder)) as (url, pid),
        psycopg.connect(address, autocommit=True) as worker,
        closing(asyncio.new_event_loop()) as loop,
    ):
        worker.prepare_threshold = None
        work = statements(STATEMENTS)
        run(worker, work)
        ours = Ours(_collector(address), loop)
        raw = Raw(psycopg.connect(address, autocommit=True, prepare_threshold=None), {})
        for _ in range(4):  # until the texts have been read
            ours.poll()
            raw.poll()
        worker.execute(_COUNT)
        _of_exporter(url, pid)
        ids = _ids(worker)
        told = _server_times(worker, ids)
        server_side: dict[str, list[float]] = {name: [] for name in ids}
        print(f"{'':<34}{'Headroom':>12}{'raw':>10}{'exporter':>11}{'to raw':>9}{'exporter to us':>16}")
        for active in ACTIVE:
            mine, bare, peer = [], [], []
            for _ in range(TURNS):
                run(worker, work[:active])
                worker.execute(_COUNT)
                mine.append(_own(ours.poll))
                bare.append(_own(raw.poll))
                peer.append(_of_exporter(url, pid))
                now = _server_times(worker, ids)
                for name, (calls, took) in now.items():
                    server_side[name].append((took - told[name][1]) / (calls - told[name][0]))
                told = now
            here, there, other = (statistics.median(each) * 1000 for each in (mine, bare, peer))
            title = f"CPU of a poll, {active:,} of them ran"
            figures = f"{here:>9.2f} ms{there:>7.2f} ms{other:>8.1f} ms"
            met = here / there <= RAW_AIM and other / here >= EXPORTER_AIM
            said = "" if met else "   misses an aim"
            print(f"{title:<34}{figures}{here / there:>9.2f}{other / here:>16.1f}{said}")
        print(f"{'aim':<34}{'':>33}{f'<= {RAW_AIM:g}':>9}{f'>= {EXPORTER_AIM:g}':>16}")
        spent = {name: statistics.median(each) for name, each in server_side.items()}
        for name, each in spent.items():
            print(f"server time, {name:<21}{each:>9.2f} ms{each / spent['count(*)']:>9.2f} x count(*)")
        packed = len(zlib.compress(ours.dumped, 1))
        print(f"aim of ours: <= {SERVER_AIM:g}; a dump is {len(ours.dumped):,} bytes, {packed:,} as stored")
        loop.run_until_complete(ours.collector.close())
        raw.connection.close()


def _collector(address: str) -> Collector:
    source = Source("erp-db", SourceKind.POSTGRES, Secret(address), timedelta(seconds=15))
    measures = {
        Measure("erp-db", Kind.STATEMENTS, group=f"queries.{name}"): (limit, 2 * limit)
        for name, limit in CLASSES.items()
    }
    return build(source, measures, QueryRules(tuple(QueryClass(name) for name in CLASSES)))


def _own(work: Callable[[], None]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _of_exporter(url: str, pid: int) -> float:
    """Return the CPU seconds of the exporter's process for one scrape."""
    begun = cpu(pid)
    with urlopen(url, timeout=30) as answer:
        found = answer.read().count(b"\npg_stat_statements_calls{")
    if found < STATEMENTS:
        raise SystemExit(f"postgres_exporter gave {found} of {STATEMENTS} statements")
    return cpu(pid) - begun


def _ids(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Return the query ids of the statements that are compared."""
    told = "SELECT queryid FROM pg_stat_statements WHERE query LIKE %s ORDER BY total_exec_time DESC LIMIT 1"
    found = {}
    for name, pattern in _TOLD.items():
        row = connection.execute(told, [pattern]).fetchone()
        assert row is not None, name
        found[name] = row[0]
    return found


def _server_times(connection: psycopg.Connection[Any], ids: dict[str, int]) -> dict[str, tuple[int, float]]:
    """Return calls and milliseconds of execution so far, by pg_stat_statements itself."""
    told = "SELECT queryid, calls, total_exec_time FROM pg_stat_statements(false) WHERE queryid = ANY(%s)"
    found = {row[0]: row[1:] for row in connection.execute(told, [list(ids.values())])}
    return {name: found[number] for name, number in ids.items()}
