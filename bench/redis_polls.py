"""What a poll of a Redis costs, beside redis-py's bare `info()` of the same sections and redis_exporter."""

from __future__ import annotations

import shutil
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from urllib.request import urlopen

import redis

from bench.caches import EXPORTER, Cache, cache, exporter
from bench.processes import cpu
from collectors.redis import build, info
from headroom.budgets import Kind, Measure
from headroom.observation import Collector, Snapshot
from headroom.sources import Secret, Source, SourceKind

POLLS = 200
AIM_BARE = 2.0
AIM_EXPORTER = 8.0
_NAME = "erp-cache"
_MEASURES = {
    Measure(_NAME, Kind.MEMORY_LIMIT, "maxmemory"): (),
    Measure(_NAME, Kind.HIT_RATE, "keyspace"): (),
}
_COMMANDS = {Measure(_NAME, Kind.COMMANDS, "all"): (0.001, 0.005)}


async def measure() -> None:
    """Print the averages and their ratios."""
    with cache() as server:
        whole, bare = await _beside_redis_py(server)
        said = "redis-py, info() of the same sections"
        print(f"whole poll  {whole:>7.3f} ms{bare:>9.3f} ms{whole / bare:>7.1f} x   {said}")
        print(f"            aim: at most {AIM_BARE:g} x, on average over {POLLS} polls")
        if shutil.which(EXPORTER) is None:
            print(f"{EXPORTER} is missing, so nothing is compared with it; `make setup` fetches it")
            return
        alone, theirs = await _beside_the_exporter(server)
        said = "redis_exporter, its process alone, per scrape"
        print(f"INFO alone  {alone:>7.3f} ms{theirs:>9.3f} ms{theirs / alone:>7.1f} x less   {said}")
        print(f"            aim: at least {AIM_EXPORTER:g} x less")


async def _beside_redis_py(server: Cache) -> tuple[float, float]:
    """Return CPU milliseconds of a poll with all it ever asks, and of the bare read, taken in turns."""
    collector = build(_source(server.url), _MEASURES | _COMMANDS)
    client = redis.Redis.from_url(server.url, protocol=2)
    traffic = redis.Redis.from_url(server.url, protocol=2)
    poll = _poll(collector)
    ours = theirs = 0.0
    for number in range(POLLS + 4):  # the first ones find out what the server knows
        server.work(traffic, 3)
        begun = time.process_time()
        await poll()
        between = time.process_time()
        client.info(*info.SECTIONS)
        ended = time.process_time()
        if number >= 4:
            ours, theirs = ours + between - begun, theirs + ended - between
    await collector.close()
    return ours / POLLS * 1000, theirs / POLLS * 1000


async def _beside_the_exporter(server: Cache) -> tuple[float, float]:
    """Return CPU milliseconds of a poll that may ask for INFO alone, and of a scrape of the exporter."""
    collector = build(_source(server.info_only), _MEASURES)
    poll, ours = _poll(collector), 0.0
    with exporter(server) as (url, pid):
        for _ in range(5):
            await poll()
            _scrape(url)
        theirs = -cpu(pid)
        for _ in range(POLLS):
            begun = time.process_time()
            await poll()
            ours += time.process_time() - begun
            _scrape(url)
        theirs += cpu(pid)
    await collector.close()
    return ours / POLLS * 1000, theirs / POLLS * 1000


def _scrape(url: str) -> None:
    with urlopen(url, timeout=10) as answer:
        if b"redis_keyspace_hits_total " not in answer.read():
            raise SystemExit("redis_exporter tells nothing of the server; nothing to compare with")


def _source(url: str) -> Source:
    return Source(_NAME, SourceKind.REDIS, Secret(url), timedelta(seconds=15))


def _poll(collector: Collector) -> Callable[[], Awaitable[None]]:
    before: Snapshot | None = None

    async def poll() -> None:
        nonlocal before
        snapshot = await collector.fetch()
        collector.difference(before, snapshot)
        snapshot.dump()
        before = snapshot

    return poll
