"""What a verdict on the latency of commands says where the server's figures cannot decide it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from collectors.redis.ladder import SECONDS
from headroom.budgets import Budget, Limit, Reason, Severity, Statistic, Unit, Verdict
from headroom.evidence import Histogram
from headroom.judge import Case, judge
from headroom.observation import Part
from headroom.units import parse_seconds

from .asking import ALL, collecting, part, until_read
from .conftest import Start

P99 = Statistic.P99


class Held:
    """A part as it was recorded."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.at = part.end


def verdict(part: Part, threshold: float, statistic: Statistic = P99) -> Verdict:
    """Judge one part against a limit."""
    limit = Limit(statistic.value, statistic, threshold, Unit.SECONDS, Severity.WARNING)
    minutes = timedelta(minutes=5)
    budget = Budget("cache.commands", "Commands", "", ALL, minutes, minutes, minutes, (limit,))
    return judge(Case(budget, limit, [Held(part)], part.end, timedelta(minutes=2)))


def test_limit_inside_a_bucket_names_those_beside_it() -> None:
    """Nobody can add a bucket to a server, so the limits that it can decide are named, and decided."""
    counts = [0] * (len(SECONDS) + 1)
    counts[5], counts[SECONDS.index(0.002113)] = 500, 500
    found = Part(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 1, tzinfo=UTC), histogram(counts))

    inside = verdict(found, 0.0015)
    assert inside.reason is Reason.BUCKET
    assert inside.detail == (
        "0 to 500 of 1,000 took longer than 1.5 ms (0% to 50%), 1% allowed; "
        "1.5 ms lies inside a bucket of the server's own histogram, whose bounds are fixed: "
        "a limit of 1056us or 2113us can be decided; evidence covers 20% of the window"
    )
    assert verdict(found, 0.001056).reason is Reason.OVER_LIMIT
    assert verdict(found, 0.002113).reason is Reason.WITHIN_LIMIT


def histogram(counts: list[int]) -> Histogram:
    """Return such a histogram as a server keeps it."""
    return Histogram(SECONDS, tuple(counts))


async def test_limit_above_all_buckets_says_what_can_be_decided(start: Start) -> None:
    """What took longer than half a second is in one bucket, whatever the server calls it."""
    server = start()
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        server.run("GET a", "DEBUG SLEEP 0.6")
        found = part(collector.difference(before, await until_read(collector)), ALL)

    above = verdict(found, 0.8)
    assert above.reason is Reason.BUCKET
    assert (
        "the server's own histogram does not tell apart what took longer than 541065us, so nothing can be "
        "proven over 800 ms: a limit of 541065us can be decided" in above.detail
    )


async def test_mean_alone_proves_what_it_can(start: Start) -> None:
    """Before 7.0 a limit far above the mean is proven kept, and one near it undecided, with the reason."""
    server = start("6.2")
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        server.run(*["GET a"] * 2000)
        found = part(collector.difference(before, await until_read(collector)), ALL)

    assert verdict(found, 0.5).reason is Reason.WITHIN_LIMIT
    near = verdict(found, found.evidence.mean().low * 2)  # type: ignore[union-attr, operator]
    assert near.reason is Reason.MOMENTS
    assert "mean and deviation cannot prove it on either side" in near.detail
    assert near.detail.count("LATENCY HISTOGRAM, which came with 7.0") == 1
    assert verdict(found, 0.5, Statistic.MEAN).reason is Reason.WITHIN_LIMIT


@pytest.mark.parametrize("bound", SECONDS)
def test_every_bound_can_be_written_in_the_file(bound: float) -> None:
    """A bound written as whole microseconds is the very number, so that it can be decided."""
    assert parse_seconds(f"{bound * 1e6:.0f}us") == bound
