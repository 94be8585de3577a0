"""The streams through a real Prometheus and the real collector: what is held at the end, and the truth."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import numpy as np
from numpy.typing import NDArray

from collectors.prometheus import build
from collectors.prometheus.snapshot import PrometheusSnapshot
from headroom.budgets import Kind, Measure
from headroom.observation import Collector, Reading, Series, SourceError
from headroom.sources import EndpointClass, EndpointRules, Secret, Source, SourceKind
from monitor.memory import Kept
from tests.servers import prometheus, scraping
from tests.streams.stream import THRESHOLDS, Stream, drawn, streams
from tests.streams.target import METRICS, STEP, Target

SCRAPES = 1.0
EVERY = 3.0
POLLS = 12
"""Seconds between scrapes and between polls, and the intervals of the window."""
PATIENT = 2 * EVERY
"""The time between polls that the collector is told: on a busy machine it must not give up at once."""
PER_WINDOW = round(POLLS * EVERY / SCRAPES)
STEPS = PER_WINDOW + 40

Steps = Mapping[str, Mapping[str, int]]
"""For each histogram and address, the step of the newest scrape that a poll saw."""


@dataclass
class Watched:
    """A window of polls.

    Attributes:
        place: host:port of the Prometheus, which runs on while the window is looked at.
        held: what each poll told of each stream's histogram, newest first.
        saw: one more than intervals.
        span: from the first to the last poll, in seconds of the server's clock.
        failed: why polls gave nothing.
    """

    place: str
    streams: Sequence[Stream]
    targets: Mapping[str, Target]
    saw: list[Steps] = field(default_factory=list)
    at: list[datetime] = field(default_factory=list)
    held: dict[tuple[str, int], list[Kept]] = field(default_factory=dict)
    span: tuple[float, float] = (0.0, 0.0)
    failed: list[str] = field(default_factory=list)

    def happened(self, buckets: str) -> Iterator[tuple[datetime, NDArray[np.int64], NDArray[np.int64]]]:
        """Yield for each interval its poll, and per stream the requests and those over each threshold."""
        for at, (before, after) in zip(self.at[1:], pairwise(self.saw), strict=True):
            n, over = zip(
                *(
                    self.targets[address].truth(before[buckets][address], step)
                    for address, step in after[buckets].items()
                ),
                strict=True,
            )
            yield at, np.sum(n, axis=0), np.sum(over, axis=0)


def measure(buckets: str, stream: Stream) -> Measure:
    """Return what a budget of a stream would measure."""
    return Measure("metrics", Kind.HISTOGRAM, METRICS[buckets][0], f"endpoints.{stream.number}")


def watched(seed: int, each: int, folder: Path) -> Iterator[Watched]:
    """Let a window of `streams(seed, each)` pass, and yield it once."""
    known = list(streams(seed, each))
    requests = [drawn(stream, seed, STEPS, PER_WINDOW) for stream in known]
    with ExitStack() as stack:
        targets = [
            stack.enter_context(Target(known, requests, instance, [restart]))
            for instance, restart in enumerate(_restarts(seed))
        ]
        addresses = {target.address: target for target in targets}
        place = stack.enter_context(
            prometheus(folder, scraping({"streams": list(addresses)}), period=SCRAPES)
        )
        window = Watched(place, known, addresses)
        # Each round polls at another moment between two scrapes.
        asyncio.run(_watch(window, phase=0.37 * seed % 1 * SCRAPES))
        yield window


def ask(place: str, query: str, at: float) -> list[dict[str, Any]]:
    """Return the result of a query at a moment, in seconds."""
    params = urlencode({"query": query, "time": f"{at:.3f}"})
    with urlopen(f"http://{place}/api/v1/query?{params}", timeout=60) as answer:
        result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return result


def _restarts(seed: int) -> tuple[int, int]:
    """Return the steps at which each instance is scraped just after a restart: a rollout, one by one.

    Some rounds see a process with their poll before it has counted anything, as the first one does.
    """
    return 13 + seed % 3, 24 + seed // 3 % 3


async def _watch(window: Watched, phase: float) -> None:
    collector = _collector(window)
    deadline = monotonic() + 30
    while min(target.scraped for target in window.targets.values()) < 2:
        assert monotonic() < deadline, "prometheus has scraped nothing within 30 s"
        await asyncio.sleep(0.05)
    snapshots: list[PrometheusSnapshot] = []
    begun = monotonic() + phase
    for number in range(POLLS + 1):
        await asyncio.sleep(begun + number * EVERY - monotonic())
        try:
            snapshot = await collector.fetch()
        except SourceError as error:  # as in a cycle: the next poll spans this interval, too
            window.failed.append(error.message)
            continue
        assert isinstance(snapshot, PrometheusSnapshot)
        if snapshots:
            _keep(window, collector.difference(snapshots[-1], snapshot), snapshot.at)
        snapshots.append(snapshot)
    await collector.close()
    window.at = [snapshot.at for snapshot in snapshots]
    window.span = snapshots[0].now, snapshots[-1].now
    steps = _steps(window)
    window.saw = [_saw(snapshot, steps, window.targets) for snapshot in snapshots]


def _keep(window: Watched, reading: Reading, at: datetime) -> None:
    parts = {one.series: one.parts for one in reading.observations}
    for buckets in METRICS:
        for stream in window.streams:
            kept = window.held.setdefault((buckets, stream.number), [])
            told = parts.get(Series.of(measure(buckets, stream)), ())
            kept[:0] = [Kept(at, part) for part in reversed(told)]


def _collector(window: Watched) -> Collector:
    rules = EndpointRules(
        tuple(EndpointClass(str(stream.number), paths=(stream.path,)) for stream in window.streams)
    )
    asked = {measure(buckets, stream): THRESHOLDS for buckets in METRICS for stream in window.streams}
    url = Secret(f"http://{window.place}")
    return build(Source("metrics", SourceKind.PROMETHEUS, url, timedelta(seconds=PATIENT)), asked, rules)


def _steps(window: Watched) -> dict[tuple[str, float], int]:
    """Return which step every scrape saw, by its own time stamp."""
    found = {}
    for series in ask(window.place, f"{STEP}[10m]", datetime.now(UTC).timestamp()):
        address = series["metric"]["instance"]
        for at, step in series["values"]:
            found[address, float(at)] = int(step)
    return found


def _saw(
    snapshot: PrometheusSnapshot, steps: Mapping[tuple[str, float], int], targets: Mapping[str, Target]
) -> Steps:
    """Return the steps behind a snapshot, by its own time stamps.

    A scrape just after a restart gave no label set, and is known by having gone well.
    """
    newest = {}
    for buckets, (metric, *_) in METRICS.items():
        at = {address: snapshot.scrapes["streams", address].ok_at or 0.0 for address in targets}
        for one in snapshot.histograms[metric].sets:
            at[one.target[1]] = max(at[one.target[1]], one.at)
        newest[buckets] = {address: steps[address, moment] for address, moment in at.items()}
    return newest
