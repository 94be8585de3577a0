"""A poll of 10,000 bucket series, beside Prometheus evaluating `histogram_quantile` for the same classes."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import fields
from datetime import timedelta
from itertools import product
from pathlib import Path

import requests

from bench.application import BOUNDS, METRIC, REQUESTS
from bench.scraper import INSTANCES, SCRAPES, Cost, Scraper, scraper
from collectors.prometheus import build
from headroom.config import load
from headroom.observation import Collector, Observation, Snapshot
from headroom.sources import Secret, Source, SourceKind

AIM = 150.0  # milliseconds of our CPU for 10,000 series
EVERY = 2 * SCRAPES
SAMPLES = 20  # in the range of the quantiles: as many as [5m] has of a scrape every 15 s
TURNS = 12

CLASSES = {
    "login": 'method="POST",path="/auth/login"',
    "uploads": 'method=~"POST|PUT",path=~"/(files|uploads)(/.*)?"',
    "reports": 'path=~"/reports(/.*)?"',
    "write": 'method=~"POST|PUT|PATCH|DELETE",path!~"/auth/login|/(files|uploads|reports)(/.*)?"',
    "read": 'method=~"GET|HEAD",path!~"/reports(/.*)?"',
}
"""The classes of budgets.yaml, as the panels of a dashboard would select them."""
QUANTILES = (0.95, 0.99)


def measure() -> None:
    """Print what both ends of both ways cost."""
    series = INSTANCES * len(REQUESTS) * len(BOUNDS)
    with scraper() as server, closing(asyncio.new_event_loop()) as loop:
        print(f"Prometheus scrapes {SAMPLES} times ...")
        time.sleep(5 + SAMPLES * SCRAPES)
        poll, ask = _poll(server, loop), _ask(server)
        ours, theirs = _side_by_side(server, poll, ask)
    print(f"{'':<44}{'CPU here':>12}{'CPU there':>12}{'sent':>12}{'wall':>12}")
    _print(f"Headroom: a poll of {series:,} bucket series", ours)
    _print(f"Prometheus: {len(CLASSES)} classes x {len(QUANTILES)} quantiles", theirs)
    pairs = zip(_values(ours), _values(theirs), strict=True)
    print(f"{'ratio':<44}" + "".join(f"{mine / other:>12.2f}" for mine, other in pairs))
    scaled = ours.ours * 1000 * 10_000 / series
    print(f"our CPU for 10,000 bucket series: {scaled:.0f} ms, {scaled / AIM:.0%} of the aim of {AIM:.0f} ms")


def _side_by_side(
    server: Scraper, poll: Callable[[], object], ask: Callable[[], object]
) -> tuple[Cost, Cost]:
    """Take turns, each after a scrape, so that a noisy neighbour hits both; return the medians."""
    poll()
    ask()
    ours, theirs = [], []
    for _ in range(TURNS):
        time.sleep(EVERY)
        ours.append(server.cost(poll))
        theirs.append(server.cost(ask))
    return _median(ours), _median(theirs)


def _poll(server: Scraper, loop: asyncio.AbstractEventLoop) -> Callable[[], object]:
    config = load(Path(__file__).parents[1] / "budgets.yaml", {})
    measures = {
        budget.measure: tuple(limit.threshold for limit in budget.limits)
        for budget in config.budgets
        if budget.measure.of == METRIC
    }
    source = Source("metrics", SourceKind.PROMETHEUS, Secret(server.url), timedelta(seconds=EVERY))
    collector: Collector = build(source, measures, config.endpoints)
    last: list[Snapshot | None] = [None]

    def poll() -> None:
        # Not by a Runner: that spells out the whole result when it sets the signal handler back.
        snapshot = loop.run_until_complete(collector.fetch())
        reading = collector.difference(last[0], snapshot)
        snapshot.dump()
        if last[0] is not None:
            told = {one.series.measure for one in reading.observations if isinstance(one, Observation)}
            assert told >= {measure.key for measure in measures}, reading.absences
        last[0] = snapshot

    return poll


def _ask(server: Scraper) -> Callable[[], object]:
    session = requests.Session()
    reach = f"[{SAMPLES * SCRAPES:g}s]"
    queries = [
        f'histogram_quantile({quantile}, sum by (le) (rate({METRIC}_bucket{{{one},status!~"5.."}}{reach})))'
        for one, quantile in product(CLASSES.values(), QUANTILES)
    ]

    def ask() -> None:
        for query in queries:
            answer = session.get(f"{server.url}/api/v1/query", params={"query": query}, timeout=30).json()
            assert len(answer["data"]["result"]) == 1, answer

    return ask


def _values(cost: Cost) -> list[float]:
    return [getattr(cost, each.name) for each in fields(cost)]


def _median(costs: list[Cost]) -> Cost:
    return Cost(*(statistics.median(column) for column in zip(*map(_values, costs), strict=True)))


def _print(what: str, cost: Cost) -> None:
    print(
        f"{what:<44}{cost.ours * 1000:>9.1f} ms{cost.theirs * 1000:>9.1f} ms"
        f"{cost.received / 1000:>9.1f} kB{cost.wall * 1000:>9.1f} ms"
    )
