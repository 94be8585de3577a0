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
from collectors.redis import build, info, latency
from headroom.budgets import Kind, Measure
from headroom.observation import Collector, Snapshot
from headroom.sources import Secret, Source, SourceKind

POLLS = 200
AIM_BARE = 2.0
AIM_EXPORTER = 8.0
_IN_A_ROW = 50  # polls, then as many scrapes
_NAME = "erp-cache"
_MEASURES: dict[Measure, tuple[float, ...]] = {
    Measure(_NAME, Kind.MEMORY_LIMIT, "maxmemory"): (),
    Measure(_NAME, Kind.HIT_RATE, "keyspace"): (),
}
_COMMANDS: dict[Measure, tuple[float, ...]] = {Measure(_NAME, Kind.COMMANDS, "all"): (0.001, 0.005)}


async def measure() -> None:
    """Print the averages and their ratios."""
    with cache() as server:
        whole, bare = await _beside_redis_py(server)
        said = f"redis-py, info() of the same sections, commandstats at every {latency.EVERY}th too"
        print(f"whole poll  {whole:>7.3f} ms{bare:>9.3f} ms{whole / bare:>7.1f} x   {said}")
        print(f"            aim: at most {AIM_BARE:g} x, on average over {POLLS} polls")
        if shutil.which(EXPORTER) is None:
            print(f"{EXPORTER} is missing, so nothing is compared with it; `make setup` fetches it")
            return
        ours, theirs = await _beside_the_exporter(server)
        alone, exported = sum(ours), sum(theirs)
        said = "redis_exporter, per scrape; both with what the server spent on it"
        print(f"INFO alone  {alone:>7.3f} ms{exported:>9.3f} ms{exported / alone:>7.1f} x less   {said}")
        for part, our, their in zip(("asking", "the server"), ours, theirs, strict=True):
            print(f"{part:>12}{our:>7.3f} ms{their:>9.3f} ms{their / our:>7.1f} x less")
        print(f"            aim: at least {AIM_EXPORTER:g} x less, asking and server together")


async def _beside_redis_py(server: Cache) -> tuple[float, float]:
    """Return CPU milliseconds of a poll with all it ever asks, and of the bare read, taken in turns."""
    collector = build(_source(server.url), _MEASURES | _COMMANDS)
    client = redis.Redis.from_url(server.url, protocol=2)
    traffic = redis.Redis.from_url(server.url, protocol=2)
    poll, sections = _poll(collector), info.SECTIONS
    ours = theirs = 0.0
    for number in range(POLLS + 4):  # the first ones find out what the server knows
        server.work(traffic, 3)
        begun = time.process_time()
        await poll()
        between = time.process_time()
        client.info(*(sections if number % latency.EVERY else (*sections, "commandstats")))
        ended = time.process_time()
        if number >= 4:
            ours, theirs = ours + between - begun, theirs + ended - between
    await collector.close()
    return ours / POLLS * 1000, theirs / POLLS * 1000


async def _beside_the_exporter(server: Cache) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return CPU milliseconds of a poll that may ask for INFO alone, and of a scrape of the exporter.

    Each: what the one that asks spent, the exporter without whoever scrapes it, and the server on answering.
    """
    collector = build(_source(server.info_only), _MEASURES)
    poll = _poll(collector)
    with redis.Redis.from_url(server.url, protocol=2) as client:
        answering = int(client.info("server")["process_id"])
    ours, theirs = [0.0, 0.0], [0.0, 0.0]
    with exporter(server) as (url, pid):
        for turn in range(-1, POLLS // _IN_A_ROW):  # the first finds out what the server knows
            begun, spent = time.process_time(), cpu(answering)
            for _ in range(_IN_A_ROW):
                await poll()
            polled = time.process_time() - begun, _settled(answering) - spent
            begun, spent = _settled(pid), cpu(answering)
            for _ in range(_IN_A_ROW):
                _scrape(url)
            scraped = _settled(pid) - begun, _settled(answering) - spent
            if turn >= 0:
                ours = [sum(both) for both in zip(ours, polled, strict=True)]
                theirs = [sum(both) for both in zip(theirs, scraped, strict=True)]
    await collector.close()
    return (_each(ours), _each(theirs))


def _settled(pid: int) -> float:
    """Return the CPU seconds of a process that is done: what runs is not counted before it rests."""
    time.sleep(0.02)
    return cpu(pid)


def _each(seconds: list[float]) -> tuple[float, float]:
    asking, answering = (one / POLLS * 1000 for one in seconds)
    return asking, answering


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
