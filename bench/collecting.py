"""One collecting process for a benchmark: polls a configuration for a while and tells what it took, as JSON.

usage: python -m bench.collecting CONFIG WARM_UP SECONDS
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, EVENT_JOB_SUBMITTED, JobEvent

from headroom.config import Config, load
from headroom.history import History, open_history
from monitor.cycle import Cycles
from monitor.schedule import Schedule
from monitor.writer import Writer


async def _measure(config: Config, warm_up: float, seconds: float) -> dict[str, object]:
    writer = Writer()
    planned: dict[str, list[datetime]] = defaultdict(list)
    dropped: list[str] = []
    with open_history(config.history, collecting=True) as history:
        cycles = Cycles(config, history, writer, committed=lambda _: None)
        await cycles.resume()
        schedule = Schedule(cycles)
        scheduler = schedule._scheduler  # noqa: SLF001 its events tell what was planned; nothing else does
        scheduler.add_listener(
            lambda event: planned[event.job_id].extend(event.scheduled_run_times), EVENT_JOB_SUBMITTED
        )
        scheduler.add_listener(_note(dropped), EVENT_JOB_MAX_INSTANCES | EVENT_JOB_MISSED)
        schedule.start()
        await asyncio.sleep(warm_up)
        since, cpu = datetime.now(UTC), _cpu()
        dropped.clear()
        await asyncio.sleep(seconds)
        cpu, until = _cpu() - cpu, datetime.now(UTC)
        memory = psutil.Process().memory_info().rss
        await asyncio.sleep(1)  # what was under way is recorded
        told = _told(config, history, planned, since, until)
        await schedule.stop()
        await cycles.close()
        writer.close()
    return {**told, "dropped": len(dropped), "cpu": cpu / seconds, "memory": memory}


def _note(dropped: list[str]) -> Callable[[JobEvent], None]:
    def note(event: JobEvent) -> None:
        dropped.append(event.job_id)

    return note


def _cpu() -> float:
    """Return the CPU seconds of this process and of its children, ended ones too."""
    own = psutil.Process()
    total = time.process_time() + own.cpu_times().children_user + own.cpu_times().children_system
    for child in own.children(recursive=True):
        total += child.cpu_times().user + child.cpu_times().system
    return float(total)


def _told(
    config: Config,
    history: History,
    planned: dict[str, list[datetime]],
    since: datetime,
    until: datetime,
) -> dict[str, object]:
    """Return how many polls were due and done, and by how many seconds each began late."""
    lags: list[float] = []
    results: dict[str, int] = defaultdict(int)
    due = done = 0
    span = timedelta(seconds=5)
    for source in config.sources:
        starts = [poll.at for poll in history.polls(source.name, since - span)]
        times = sorted(planned[source.name])
        for poll in history.polls(source.name, since - span):
            place = bisect_right(times, poll.at + timedelta(milliseconds=1)) - 1
            if place >= 0 and since <= times[place] < until:
                lags.append((poll.at - times[place]).total_seconds())
                done += poll.result == "ok"
                results[poll.result] += 1
        every = source.every
        first = times[0]
        due += sum(since <= first + every * number < until for number in range(1000))
        assert starts
    return {"lags": lags, "due": due, "done": done, "results": dict(results)}


if __name__ == "__main__":
    path, warm, measured = sys.argv[1:]
    print(json.dumps(asyncio.run(_measure(load(Path(path)), float(warm), float(measured)))))
