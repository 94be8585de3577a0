"""What a poll costs, beside a raw client that does the same read and throws it away."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Awaitable, Callable
from itertools import product

import psycopg
import redis
import requests

from bench.servers import Servers
from collectors.postgres.statements import load
from headroom.config import load as load_config
from headroom.observation import Collector
from monitor.feeds import Feed, feeds

ROUNDS = 40


def fill_statements(servers: Servers, wanted: int) -> None:
    """Run distinct statements until pg_stat_statements has about as many entries as a real ERP's."""
    with psycopg.connect(servers.addresses["postgres"], autocommit=True) as connection:
        for number, signs in enumerate(product("+-*", repeat=8)):
            if number >= wanted:
                break
            connection.execute("SELECT 1" + "".join(f" {sign} 1" for sign in signs))


async def measure(servers: Servers) -> None:
    """Print CPU milliseconds per poll and the ratio to the raw client, for each source."""
    print(f"{'source':<12}{'Headroom':>10}{'raw':>10}{'ratio':>8}   the raw client's read")
    raw = {"postgres": _postgres, "redis": _redis, "prometheus": _prometheus}
    for feed in feeds(load_config(servers.config)):
        assert feed.collector is not None
        bare, what = raw[feed.source.kind.value](servers.addresses[feed.source.kind.value])
        ours, theirs = await _side_by_side(_poll(feed, feed.collector), bare)
        print(f"{feed.source.kind.value:<12}{ours:>7.2f} ms{theirs:>7.2f} ms{ours / theirs:>8.1f}   {what}")
        await feed.collector.close()


async def _side_by_side(
    ours: Callable[[], Awaitable[None]], theirs: Callable[[], object]
) -> tuple[float, float]:
    """Take turns, so that a noisy neighbour hits both; return the median CPU milliseconds of each."""
    mine, bare = [], []
    await ours()
    theirs()
    for _ in range(ROUNDS):
        begun = time.process_time()
        await ours()
        mine.append(time.process_time() - begun)
        begun = time.process_time()
        theirs()
        bare.append(time.process_time() - begun)
    return statistics.median(mine) * 1000, statistics.median(bare) * 1000


def _poll(feed: Feed, collector: Collector) -> Callable[[], Awaitable[None]]:
    async def poll() -> None:
        snapshot = await collector.fetch()
        collector.difference(feed.snapshot, snapshot)
        snapshot.dump()
        feed.snapshot = snapshot

    return poll


def _postgres(url: str) -> tuple[Callable[[], object], str]:
    connection = psycopg.connect(url, autocommit=True)
    names = "userid, dbid, queryid, toplevel, calls, total_exec_time, stddev_exec_time, max_exec_time"
    query = f"SELECT {names} FROM pg_stat_statements(false)"
    rows = len(connection.execute(query).fetchall())
    connection.execute(load("pulse"))
    return lambda: connection.execute(query).fetchall(), f"psycopg, 8 columns of {rows:,} statements"


def _redis(url: str) -> tuple[Callable[[], object], str]:
    client = redis.Redis.from_url(url, protocol=2)
    return lambda: client.info("server", "memory", "stats"), "redis-py, INFO server memory stats"


def _prometheus(url: str) -> tuple[Callable[[], object], str]:
    session = requests.Session()
    names = "http_request_duration_seconds_(bucket|sum|count)|up|process_start_time_seconds"
    names += "|node_cpu_seconds_total|node_memory_Mem.*_bytes|node_disk_io_time_seconds_total"
    query = {"query": f'{{__name__=~"{names}"}}[10s]'}

    def read() -> object:
        return json.loads(session.get(f"{url}/api/v1/query", params=query, timeout=10).content)

    answer = read()
    assert isinstance(answer, dict)
    return read, f"requests and json, {len(answer['data']['result'])} series"
