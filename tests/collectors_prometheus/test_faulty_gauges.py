"""Gauges as applications set them wrongly, scraped by a real Prometheus; and sound ones."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from collectors.prometheus.faults.lifetime import STEPS
from collectors.prometheus.snapshot import PrometheusSnapshot
from headroom.budgets import Kind, Measure
from headroom.evidence import Gauge as Census
from tests.collectors_prometheus.faulty import Living, asking, scraped, until
from tests.collectors_prometheus.figures import absent, seen
from tests.collectors_prometheus.real import Target

QUICK = 0.04
"""Seconds between two scrapes: a whole life must fit into a test."""
HIT_RATE = Measure("metrics", Kind.GAUGE, "cache_hit_rate", "percent.min")


class Cache:
    """Look-ups of a cache, some with every scrape, and both hit rates that are made of them."""

    def __init__(self) -> None:
        self.scrapes = self.found = self.lookups = 0
        self.target = Living(self._work)
        self.lifetime = Gauge("cache_hit_rate", "Percent.", ["cache_type"], registry=self.target.registry)
        self.window = Gauge("window_hit_rate", "Percent.", ["cache_type"], registry=self.target.registry)

    def _work(self) -> None:
        # As uneven as chance would have it, without leaving the test to chance: the turn of a circle after
        # which one position says nothing of the next.
        self.scrapes += 1
        found = round(60 + 40 * (self.scrapes * (1 - 3**-0.5) / 2 % 1))
        self.found, self.lookups = self.found + found, self.lookups + 100
        self.lifetime.labels("redis").set(100 * self.found / self.lookups)
        self.window.labels("redis").set(found)


@dataclass
class World:
    """One Prometheus with an application, and a cache that lives quickly."""

    place: str
    erp: Target


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Start everything once; the cache has begun to live by then."""
    erp, quick = Target(), {"scrape_interval": "40ms", "scrape_timeout": "40ms"}
    with scraped(tmp_path_factory.mktemp("gauges"), {"erp": erp, "cache": Cache().target}, **quick) as place:
        yield World(place, erp)


async def test_a_gauge_is_read_as_it_is_meant(world: World) -> None:
    """The guide's hit rate is a percentage: read as a ratio it is found out, read as one it is judged."""
    selector = 'cache_hit_rate{cache_type="redis",job="erp"}'
    percent = replace(HIT_RATE, of=selector)
    ratio = replace(percent, group="ratio.min")
    registry = CollectorRegistry()
    gauge = Gauge("cache_hit_rate", "Cache hit rate as a percentage.", ["cache_type"], registry=registry)
    gauge.labels("redis").set(87.2)
    world.erp.text = generate_latest(registry).decode()
    collector = asking(world.place, percent, ratio)
    before = await until(collector, lambda s: bool(s.gauges[selector].sets))
    at = before.gauges[selector].sets[0].at
    after = await until(collector, lambda s: s.gauges[selector].sets[0].at > at + 0.5)
    await collector.close()
    told = collector.difference(before, after)

    assert absent(told, ratio) == (
        "broken instrumentation",
        (
            f"cache_hit_rate of erp ({world.erp.address}) reads 87.2 where a ratio is at most 1: it looks "
            "like a percentage; if it is one, write reads: percent"
        ),
    )
    (part,) = seen(told, percent)
    assert isinstance(part.evidence, Census)
    assert (part.evidence.low, part.evidence.high, part.detail) == (0.872, 0.872, "")
    assert part.evidence.n >= 2


async def test_a_ratio_since_the_start_is_no_ratio_of_a_window(world: World) -> None:
    """The guide's hit rate is of all look-ups ever; one of the look-ups since the last scrape stays quiet."""
    window = replace(HIT_RATE, of="window_hit_rate")
    collector = asking(world.place, HIT_RATE, window)
    first = await collector.fetch()
    assert isinstance(first, PrometheusSnapshot)
    (scrape,) = (one for target, one in first.scrapes.items() if target[0] == "cache")
    assert scrape.started is not None
    await asyncio.sleep(max(0.0, 1.05 * STEPS * QUICK - (first.now - scrape.started)))
    await collector.close()

    collector = asking(world.place, HIT_RATE, window)
    before = await collector.fetch()
    await asyncio.sleep(0.2)
    told = collector.difference(before, await collector.fetch())
    await collector.close()

    reason, detail = absent(told, HIT_RATE) or ("", "")
    assert reason == "broken instrumentation"
    assert re.fullmatch(
        r"cache_hit_rate of cache \(127\.0\.0\.1:\d+\) is a ratio since the process began: from one reading "
        r"to the next it moved by [0-9.]+ after 640 ms, [0-9.]+ after 3 s and [0-9.]+ after 10 s, "
        r"half as much whenever its age doubled, so it hides what happens now; "
        r"fix: count hits and misses, and take the ratio over a window",
        detail,
    )
    (part,) = seen(told, window)
    assert isinstance(part.evidence, Census)
    assert 0.6 <= part.evidence.low <= part.evidence.high <= 1
