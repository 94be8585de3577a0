"""What the collecting process of a demo costs: time per cycle, memory, CPU."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from bench.servers import Servers
from headroom.config import load
from headroom.history import Poll, open_history

AIM = 120  # MB of memory for `headroom run`
SECONDS = 30.0


def measure(servers: Servers) -> None:
    """Print poll durations, memory and CPU."""
    collecting = next(
        process
        for process in psutil.Process(servers.process.pid).children(recursive=True)
        if "run" in process.cmdline() and "monitor" in process.cmdline()
    )
    before = collecting.cpu_times()
    time.sleep(SECONDS)
    after = collecting.cpu_times()
    config = load(servers.config)
    with open_history(config.history, collecting=False) as history:
        since = datetime.now(UTC) - timedelta(minutes=5)
        polls = {source.name: history.polls(source.name, since) for source in config.sources}
    for name, made in polls.items():
        took = sorted(poll.duration.total_seconds() * 1000 for poll in made)
        middle = statistics.median(took)
        print(f"{name:<12}{middle:>7.1f} ms median{took[-1]:>8.1f} ms longest of {len(took)} polls")
    cpu = (after.user + after.system - before.user - before.system) / SECONDS
    cycles = len(config.sources) * SECONDS / config.sources[0].every.total_seconds()
    print(f"CPU         {cpu:>7.2%} of a core, {cpu * SECONDS / cycles * 1000:.1f} ms per cycle")
    memory = collecting.memory_info().rss / 2**20
    print(f"memory      {memory:>7.0f} MB, {memory / AIM:.0%} of the aim of {AIM} MB")
    database = Path(config.history.removeprefix("sqlite:///"))
    print(f"history     {database.stat().st_size / 2**10:>7.0f} KiB after {_age(polls):.0f} s")


def _age(polls: dict[str, list[Poll]]) -> float:
    starts = [poll.at for made in polls.values() for poll in made]
    return (max(starts) - min(starts)).total_seconds()
