"""The code that is offered for pasting works: the Python as it stands, with a real client library."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from time import perf_counter
from typing import Any

import pytest
from prometheus_client import REGISTRY, Histogram, generate_latest

from collectors.prometheus.faults import declared, failures, lifetime, milliseconds, percent, raw_paths
from collectors.prometheus.faults.fault import Remedy

NUMBERS = count()
REMEDIES = {
    module.__name__.rpartition(".")[2]: module.REMEDY
    for module in (declared, failures, lifetime, milliseconds, percent, raw_paths)
}


@pytest.fixture
def metric() -> Iterator[str]:
    """Name a metric, and take from the registry whatever the pasted code has put there."""
    known = set(REGISTRY._collector_to_names)
    yield f"pasted_{next(NUMBERS)}_seconds"
    for collector in set(REGISTRY._collector_to_names) - known:
        REGISTRY.unregister(collector)


def pasted(remedy: Remedy, metric: str) -> dict[str, Any]:
    """Execute the Python of a remedy as a person would paste it, and return what it defines."""
    text = remedy.of(metric)
    python = text[text.index("# Python, prometheus_client\n") :]
    names: dict[str, Any] = {}
    exec(compile(python, "pasted", "exec"), names)
    return names


def exposed(name: str, **labels: str) -> float | None:
    """Return a sample as a scrape would see it."""
    return REGISTRY.get_sample_value(name, labels)


def test_seconds_are_counted_as_seconds(metric: str) -> None:
    """A request that began a fifth of a second ago lands there."""
    declared_as_it_was = Histogram(metric, "Seconds.", ["method", "path", "status"], buckets=(8, 40, 200))
    labels = {"method": "GET", "path": "/users/:id", "status": "200"}
    pasted(milliseconds.REMEDY, metric)["record_seconds"](declared_as_it_was, labels, perf_counter() - 0.2)

    assert exposed(f"{metric}_sum", method="GET", path="/users/:id", status="200") == pytest.approx(
        0.2, abs=0.1
    )


def test_declared_labels_count(metric: str) -> None:
    """The series that the guide's queryType never made."""
    histogram = Histogram(metric, "Seconds.", ["query_type", "table"])
    pasted(declared.REMEDY, metric)["record"](histogram, 0.004, query_type="select", table="users")

    assert exposed(f"{metric}_count", query_type="select", table="users") == 1.0


def test_failures_are_timed(metric: str) -> None:
    """An answer of 404 and an exception count as what they are, and the exception goes on."""
    timed = pasted(failures.REMEDY, metric)["timed"]
    histogram, labels = Histogram(metric, "Seconds.", ["method", "path", "status"]), {"method": "GET"}
    labels["path"] = "/a"

    def fails() -> tuple[int, str]:
        raise LookupError

    assert timed(histogram, labels, lambda: (404, "no")) == (404, "no")
    with pytest.raises(LookupError):
        timed(histogram, labels, fails)
    assert exposed(f"{metric}_count", method="GET", path="/a", status="404") == 1.0
    assert exposed(f"{metric}_count", method="GET", path="/a", status="500") == 1.0


def test_hits_and_misses_are_counted_and_the_gauge_forgets(metric: str) -> None:
    """A hundred good look-ups must not hide ten bad ones that come after; none at all change nothing."""
    names = pasted(lifetime.REMEDY, metric)
    for found in (True, True, False):
        names["record_lookup"]("redis", found)
    assert exposed("cache_hits_total", cache_type="redis") == 2.0
    assert exposed("cache_misses_total", cache_type="redis") == 1.0
    for hits, misses, rate in ((100, 0, 100.0), (105, 5, 50.0), (105, 5, 50.0)):
        names["set_hit_rate"]("redis", hits, misses)
        assert exposed(metric, cache_type="redis") == rate


def test_a_route_stands_for_its_urls(metric: str) -> None:
    """What no route takes shares one name."""
    path_of = pasted(raw_paths.REMEDY, metric)["path_of"]
    assert [path_of("/users/<id>"), path_of(None)] == ["/users/<id>", "unmatched"]


@pytest.mark.parametrize("name", REMEDIES)
def test_every_remedy_names_both_libraries(name: str) -> None:
    """Each starts with prom-client's, as the guide is written for it, and leaves no METRIC behind."""
    text = REMEDIES[name].of("cache_hit_rate")
    assert text.startswith("// TypeScript, prom-client\n")
    assert "\n\n# Python, prometheus_client\n" in text
    assert "METRIC" not in text
    assert all(len(line) <= 110 for line in text.splitlines())


def test_pasted_metrics_do_not_stay() -> None:
    """What the tests above registered is gone from the registry that this process exposes."""
    assert b"pasted_" not in generate_latest(REGISTRY)
