"""Histograms as real client libraries fill them wrongly, scraped by a real Prometheus; and sound ones."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from collectors.prometheus.asked import Asked
from collectors.prometheus.fetch import Reader
from collectors.prometheus.snapshot import PrometheusSnapshot
from collectors.prometheus.wire.address import Address
from headroom.budgets import Kind, Measure, Reason
from headroom.observation import Reading
from headroom.sources import Failures, Secret, Source, SourceKind
from tests.collectors_prometheus.faulty import App, asking, counted, scraped, until
from tests.collectors_prometheus.figures import METRIC, READ, RULES, absent, seen
from tests.collectors_prometheus.real import Target

PROM_CLIENT = Path(__file__).parent / "recorded" / "prom-client-15.1.3-query-type.txt"
"""What prom-client exposed after 30 requests, while the guide's recordDbQuery() threw each time:
'Added label "queryType" is not included in initial labelset'."""
RULED = replace(RULES, failures=Failures("nginx_http_requests_total", {"status": "5*"}))


@dataclass
class World:
    """One Prometheus with an application and its proxy."""

    place: str
    erp: Target
    proxy: Target


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Start everything once."""
    erp, proxy = Target(), Target()
    with scraped(tmp_path_factory.mktemp("faulty"), {"erp": erp, "nginx": proxy}) as place:
        yield World(place, erp, proxy)


async def two_polls(world: World, measure: Measure, app: App, work: Callable[[], None]) -> Reading:
    """Return what is told of an application between two polls, with some work in between."""
    collector = asking(world.place, measure)
    app.expose()
    before = await until(collector, counted(measure.of, _events(app)))
    work()
    app.expose()
    after = await until(collector, counted(measure.of, _events(app)))
    await collector.close()
    return collector.difference(before, after)


def _events(app: App) -> int:
    (family,) = app.requests.collect()
    return sum(int(one.value) for one in family.samples if one.name.endswith("_count"))


async def test_raw_urls_are_found(world: World) -> None:
    """An application that labels requests with their URL gets a new path for every user."""
    app = App(world.erp, "raw_seconds")
    for user in range(200):
        app.serve(f"/users/{user}")
    measure = replace(READ, of="raw_seconds")

    told = await two_polls(world, measure, app, lambda: [app.serve(f"/users/{u}") for u in range(300, 340)])

    assert absent(told, measure) == (
        "broken instrumentation",
        (
            "240 paths of raw_seconds are 1 once ids are taken out (/users/0 ...), and 40 of them were new "
            "in this interval: raw URLs as path make new series without end, which rate() never sees; fix: "
            "label requests with their route, such as /users/:id"
        ),
    )


async def test_too_many_series_are_put_down_to_urls(world: World) -> None:
    """Where they are too many to be read at all, their paths are looked at without their counters."""
    app, measure = App(world.erp, "flood_seconds"), replace(READ, of="flood_seconds")
    for user in range(60):
        app.serve(f"/users/{user}?page=2")
    app.expose()
    address = Address.of(
        Source("metrics", SourceKind.PROMETHEUS, Secret(f"http://{world.place}"), timedelta())
    )
    reader = Reader(address, Asked("metrics", world.place, 2.0, {measure: ()}, RULES), 2.0, most_series=50)
    deadline = monotonic() + 5
    while (refused := reader.read().histograms[measure.of].refused) is None:
        assert monotonic() < deadline, "nothing was too much within 5 s"
        await asyncio.sleep(0.05)
    reader.close()

    assert refused[0] is Reason.NO_DATA
    assert refused[1].startswith("too many series: ")
    assert refused[1].endswith(
        "; at least 60 paths of flood_seconds are 1 once ids are taken out (/users/0 ...): raw URLs as path "
        "make new series without end, which rate() never sees; fix: label requests with their route, such as "
        "/users/:id"
    )


async def test_routes_are_left_alone(world: World) -> None:
    """Three hundred routes, versions and languages among them, are born at the start, and are no URLs."""
    app = App(world.erp, "routes_seconds")
    app.serve("/v1/users/:id")
    measure = replace(READ, of="routes_seconds")
    names = [
        f"/v{v}/{language}/{word}/{{id}}" for v in (1, 2) for language in ("en-us", "de") for word in WORDS
    ]

    told = await two_polls(world, measure, app, lambda: [app.serve(name) for name in names])

    assert len(names) == 300
    assert seen(told, measure)[0].bounds[0].n == 300


WORDS = [f"{kind}-{part}" for kind in ("order", "item", "stock") for part in "abcdefghijklmnopqrstuvwxy"]


async def test_what_prom_client_exposes_while_it_throws_is_broken(world: World) -> None:
    """The guide's recordDbQuery() throws for its label queryType: declared, and never counted."""
    queries = Measure("metrics", Kind.HISTOGRAM, "db_query_duration_seconds", "endpoints.read")
    world.erp.text = re.sub(r"(?<=[} ])30$", "300", PROM_CLIENT.read_text(), flags=re.MULTILINE)
    collector = asking(world.place, READ, queries)
    snapshot = await until(collector, lambda s: counted(METRIC, 300)(s) and bool(s.declared))
    await collector.close()

    assert absent(collector.difference(None, snapshot), queries) == (
        "broken instrumentation",
        (
            f"db_query_duration_seconds is declared by erp ({world.erp.address}) but has never counted "
            f"anything, while {METRIC} of it counted 300: either nothing observes it, or observe() throws, "
            "as it does for a label name that was not declared; fix: use the declared names, letter by letter"
        ),
    )


async def test_a_python_label_that_was_not_declared_is_broken_by_any_counter_of_requests(
    world: World,
) -> None:
    """prometheus_client raises too; what contradicts is a counter that no budget asks for."""
    registry = CollectorRegistry()
    declared = Histogram("queries_seconds", "Queries.", ["query_type", "table"], registry=registry)
    with pytest.raises(ValueError, match="Incorrect label names"):
        declared.labels(queryType="select", table="users").observe(0.01)
    served = Counter("http_requests", "Requests.", ["path"], registry=registry)
    served.labels("/users/:id").inc(231)
    served.labels("/metrics").inc(5_000)
    world.erp.text = generate_latest(registry).decode()
    measure = replace(READ, of="queries_seconds")
    collector = asking(world.place, measure)
    snapshot = await until(collector, lambda s: any(one.events == 231 for one in s.others))
    await collector.close()

    assert absent(collector.difference(None, snapshot), measure) == (
        "broken instrumentation",
        (
            f"queries_seconds is declared by erp ({world.erp.address}) but has never counted anything, while "
            "http_requests_total of it counted 231: either nothing observes it, or observe() throws, as it "
            "does for a label name that was not declared; fix: use the declared names, letter by letter"
        ),
    )


async def test_a_histogram_that_nobody_has_used_yet_has_no_data(world: World) -> None:
    """Nothing else was counted either: no data, with both explanations."""
    registry = CollectorRegistry()
    Histogram("unused_seconds", "Queries.", ["query_type", "table"], registry=registry)
    world.erp.text = generate_latest(registry).decode()
    measure = replace(READ, of="unused_seconds")
    collector = asking(world.place, measure)
    snapshot = await until(collector, lambda s: bool(s.declared) and not s.others)
    await collector.close()

    assert absent(collector.difference(None, snapshot), measure) == (
        "no data",
        (
            f"unused_seconds is declared by erp ({world.erp.address}) of {world.place}, and has no series: "
            "it has counted nothing yet, or observe() throws, as it does for a label name that was not "
            "declared"
        ),
    )


@pytest.mark.parametrize(
    ("named", "lost", "word"),
    [(False, 0, "note"), (True, 0, ""), (True, 40, "broken instrumentation")],
    ids=["nobody else counts failures", "the proxy counts none", "the proxy counts some"],
)
async def test_failures_never_timed(world: World, named: bool, lost: int, word: str) -> None:
    """An interceptor on `complete` alone: nothing served has failed; the proxy may know better."""
    metric = f"tap{named:d}{lost}_seconds"
    app, measure = App(world.erp, metric), replace(READ, of=metric)
    registry = CollectorRegistry()
    proxy = Counter("nginx_http_requests", "Requests.", ["status"], registry=registry)

    def serve(times: int, failed: int) -> None:
        for route in ("/a", "/b", "/c"):
            app.serve(route, times)
        proxy.labels("200").inc(3 * times)
        if failed:
            proxy.labels("502").inc(failed)
        app.expose()
        world.proxy.text = generate_latest(registry).decode()

    collector = asking(world.place, measure, rules=RULED if named else RULES)
    serve(400, 0)
    before = await until(collector, lambda s: counted(metric, 1200)(s) and _answered(s) in (None, 1200))
    serve(100, lost)
    after = await until(
        collector,
        lambda s: counted(metric, 1500)(s) and _answered(s) in (None, 1500 + lost),
    )
    await collector.close()
    told = collector.difference(before, after)

    advice = "tap({complete}) leaves them out, finalize or the response's close does not"
    doubt = (
        f"none of 1,500 requests in {metric} was a failure: either none failed, or failures are never timed; "
        f"{advice}; to be sure, name a counter of your proxy under classes.failures"
    )
    assert (doubt in told.notes) == (word == "note")
    assert absent(told, measure) == (
        (
            word,
            (
                f"failures are missing from {metric}: nginx_http_requests_total counted 40 since the last "
                f"poll, and none of the 300 requests timed meanwhile was one, nor any before; {advice}"
            ),
        )
        if lost
        else None
    )


def _answered(snapshot: PrometheusSnapshot) -> float | None:
    """Return what the proxy counted, whatever the status; None where nobody asks for it."""
    failures = snapshot.failures
    return None if failures is None else sum(total for total, _ in failures.groups.values())


async def test_failures_that_are_timed_are_left_alone(world: World) -> None:
    """One failure among the durations: who times one times all."""
    app, measure = App(world.erp, "timed_seconds"), replace(READ, of="timed_seconds")
    for route in ("/a", "/b", "/c"):
        app.serve(route, 400)
    app.serve("/a", status="404")

    told = await two_polls(world, measure, app, lambda: app.serve("/a", 10))

    assert told.notes == ()
    assert seen(told, measure)[0].bounds[0].n == 10
