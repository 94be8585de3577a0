"""Classes by method, path, status and any label; and an application's own histogram of queries."""

from __future__ import annotations

from dataclasses import replace

from collectors.prometheus.asked import Asked
from collectors.prometheus.buckets import counters_of
from collectors.prometheus.difference import difference
from collectors.prometheus.snapshot import PrometheusSnapshot, load
from headroom.budgets import Kind, Measure
from headroom.evidence import Histogram, Ratio
from headroom.observation import Reading, Series
from headroom.sources import EndpointClass, EndpointRules, QueryClass, QueryRules
from tests.collectors_prometheus.figures import (
    EVERY,
    LATER,
    METRIC,
    NOON,
    PLACE,
    WINDOW,
    Answer,
    requests,
    seen,
    snapshot,
    told,
    up,
)

ENDPOINTS = EndpointRules(
    (
        EndpointClass("paid", frozenset({"POST"}), ("/orders/{id}/pay",), ("2xx", "404")),
        EndpointClass("acme", labels=(("region", ("eu",)), ("tenant", ("acme*", "ACME")))),
        EndpointClass("failed", statuses=("5*",)),
        EndpointClass("orders", paths=("/orders/*",)),
    ),
    labels={"method": "verb", "path": "route", "status": "code"},
)
QUERIES = QueryRules(
    (
        QueryClass("lookup", labels=(("query_type", ("lookup", "select_*")), ("table", ("users",)))),
        QueryClass("list", patterns=("^select",)),
        QueryClass("write", labels=(("query_type", ("write",)),)),
    )
)


def measure(group: str) -> Measure:
    """Return the measure of a class of the histogram."""
    return Measure("metrics", Kind.HISTOGRAM, METRIC, group)


def asked(*groups: str) -> Asked:
    """Return what is asked of some classes."""
    measures = {measure(group): (0.2,) for group in groups}
    return Asked("metrics", PLACE, EVERY, measures, ENDPOINTS, QUERIES)


def polled(at: float, counters: Answer, wanted: Asked) -> PrometheusSnapshot:
    """Return a snapshot of a target that is well."""
    counted = counters_of(METRIC, counters, wanted, at + 1, WINDOW)
    return replace(snapshot(at + 1, counters=counters, health=up(at)), histograms={METRIC: counted})


def between(wanted: Asked, before: Answer, after: Answer) -> Reading:
    """Return what happened between two polls."""
    return difference(polled(NOON, before, wanted), polled(LATER, after, wanted), wanted)


def sample(at: float, count: int, **labels: str) -> Answer:
    """Return the series of one label set that has these labels and no others, but job and instance."""
    series = requests(at, count)
    for each in series:
        kept = {
            name: each["metric"][name]
            for name in ("__name__", "job", "instance", "le")
            if name in each["metric"]
        }
        each["metric"] = {**kept, **labels}
    return series


def n(reading: Reading, group: str) -> int | None:
    """Return the events of a class; None where nothing was observed of it."""
    parts = seen(reading, measure(group))
    return sum(part.evidence.n for part in parts if isinstance(part.evidence, Histogram)) if parts else None


def test_the_first_class_whose_method_path_status_and_labels_all_match_takes_a_request() -> None:
    """Under the names that the metric has for them; what has none of the labels is of another class."""
    pay = {"verb": "post", "route": "/orders/17/pay?card=4711"}
    groups = [f"endpoints.{each.name}" for each in ENDPOINTS.classes]

    def served(at: float, *counts: int) -> Answer:
        sets = (
            {**pay, "code": "204"},
            {**pay, "code": "404"},
            {**pay, "code": "409"},
            {**pay, "code": "409", "tenant": "acme-1", "region": "eu"},
            {**pay, "code": "409", "tenant": "acme-1", "region": "us"},
            {**pay, "code": "409", "tenant": "acme-1"},
            {"verb": "GET", "route": "/orders/17/pay/x", "code": "200", "tenant": "ACME", "region": "eu"},
            {"verb": "GET", "route": "/else", "code": "200"},
        )
        return [
            one for labels, count in zip(sets, counts, strict=True) for one in sample(at, count, **labels)
        ]

    reading = between(asked(*groups), served(NOON, *[0] * 8), served(LATER, 1, 2, 4, 8, 16, 32, 64, 128))

    assert {group: n(reading, group) for group in groups} == {
        "endpoints.paid": 1 + 2,
        "endpoints.acme": 8 + 64,
        "endpoints.failed": 0,
        "endpoints.orders": 4 + 16 + 32,
    }
    assert reading.notes == (
        f"128 of 255 requests in {METRIC} belong to no class: GET /else; add a class, or ignore them",
    )


def test_failures_of_a_class_by_status_are_no_durations() -> None:
    """A class of 5xx only has none: how fast something fails is no promise."""
    wanted = asked("endpoints.failed")
    labels = {"verb": "GET", "route": "/x", "code": "503"}

    reading = between(wanted, sample(NOON, 1, **labels), sample(LATER, 4, **labels))

    (absence,) = reading.absences
    assert absence.reason.value == "partial"
    (errors,) = seen(reading, measure("endpoints.failed"), ":errors")
    assert errors.evidence == Ratio(3.0, 3.0)


def test_queries_fall_into_classes_by_their_labels() -> None:
    """A class without labels takes nothing of a histogram; neither 5xx nor ignored paths are any matter."""
    groups = ("queries.lookup", "queries.list", "queries.write")

    def sent(at: float, *counts: int) -> Answer:
        sets: tuple[dict[str, str], ...] = (
            {"query_type": "lookup", "table": "users", "status": "500", "path": "/metrics"},
            {"query_type": "select_one", "table": "users"},
            {"query_type": "lookup", "table": "orders"},
            {"query_type": "write", "table": "users"},
            {"table": 'odd"\n'},
            {},
        )
        return [
            one for labels, count in zip(sets, counts, strict=True) for one in sample(at, count, **labels)
        ]

    reading = between(asked(*groups), sent(NOON, *[0] * 6), sent(LATER, 1, 2, 4, 8, 16, 32))

    assert {group: n(reading, group) for group in groups} == {
        "queries.lookup": 3,
        "queries.list": 0,
        "queries.write": 8,
    }
    (stray,) = [o for o in reading.observations if o.series.measure.endswith(":unclassified")]
    assert stray.series == Series("metrics", f"histogram:{METRIC}:unclassified")
    assert [part.evidence for part in stray.parts] == [Ratio(52.0, 63.0)]
    assert reading.notes == (
        (
            f'52 of 63 queries in {METRIC} belong to no class: without query_type and table, table="odd"" '
            'and query_type="lookup" table="orders"; add their labels to a class of classes.queries'
        ),
    )
    assert not [o for o in reading.observations if o.series.measure.endswith(":errors")]


def test_only_labels_that_tell_classes_are_kept() -> None:
    """Of a bounded length, and the same after a restart."""
    wanted = asked("endpoints.acme")
    labels = {"tenant": "a" * 500, "region": "eu", "user": "ann@example.org", "verb": "GET", "code": "200"}

    whole = polled(NOON, sample(NOON, 1, **labels), wanted)
    (one,) = whole.histograms[METRIC].sets

    assert one.labels == (("region", "eu"), ("tenant", "a" * 200))
    assert (one.method, one.path, one.status) == ("GET", "", "200")
    assert b"ann@example.org" not in whole.dump()
    assert load(whole.dump()) == whole


def test_both_families_may_ask_of_one_histogram() -> None:
    """Each class by its own rules."""
    wanted = asked("endpoints.orders", "queries.write")
    labels = {"route": "/orders/1", "query_type": "write"}

    reading = between(wanted, sample(NOON, 1, **labels), sample(LATER, 4, **labels))

    assert [len(told(reading, each)) for each in wanted.measures] == [1, 1]
    assert (n(reading, "endpoints.orders"), n(reading, "queries.write")) == (3, 3)
