"""A histogram that is declared and never counts is broken only where its own process contradicts it."""

from __future__ import annotations

from dataclasses import replace

from collectors.prometheus.difference import difference
from collectors.prometheus.faults.declared import NOWHERE, Elsewhere, never_counted
from collectors.prometheus.snapshot import Buckets, Counters, PrometheusSnapshot
from headroom.budgets import Measure
from headroom.observation import Reading
from tests.collectors_prometheus.figures import (
    LATER,
    LOGIN,
    METRIC,
    NOON,
    PLACE,
    absent,
    asked,
    requests,
    snapshot,
    up,
)

QUERIES = "db_query_duration_seconds"
MEASURE = replace(LOGIN, of=QUERIES)
ERP, TWIN, OTHER = ("erp", "a:80"), ("erp", "b:80"), ("shop", "c:80")
BROKEN = (
    "broken instrumentation",
    (
        f"{QUERIES} is declared by erp (a:80) but has never counted anything, while "
        "http_request_duration_seconds of it counted 200: either nothing observes it, or observe() throws, "
        "as it does for a label name that was not declared; fix: use the declared names, letter by letter"
    ),
)
UNUSED = (
    "no data",
    (
        f"{QUERIES} is declared by erp (a:80) of {PLACE}, and has no series: it has counted nothing yet, or "
        "observe() throws, as it does for a label name that was not declared"
    ),
)


def poll(
    *counts: int, declared: tuple[tuple[str, str], ...] = (ERP,), path: str = "/auth/login"
) -> PrometheusSnapshot:
    """Return a snapshot with requests, and with declared queries that were never counted."""
    requested = snapshot(
        LATER + 1, counters=requests(LATER, *counts, path=path), health=up(LATER, started=NOON)
    )
    return replace(
        requested,
        histograms={**requested.histograms, QUERIES: Counters()},
        declared={QUERIES: declared} if declared else {},
    )


def told(after: PrometheusSnapshot, *measures: Measure) -> Reading:
    """Return what the first poll tells of the queries."""
    return difference(None, after, asked(LOGIN, *(measures or (MEASURE,))))


def test_requests_of_the_same_process_contradict() -> None:
    """Two hundred requests without a single query: observe() throws, or nothing calls it."""
    assert absent(told(poll(200)), MEASURE) == BROKEN
    assert absent(told(poll(199)), MEASURE) == UNUSED


def test_probes_do_not_contradict() -> None:
    """A process that only answered probes has had nothing to count."""
    assert absent(told(poll(5_000, path="/health")), MEASURE) == UNUSED


def test_another_process_does_not_contradict() -> None:
    """What one service serves says nothing of another's queries."""
    busy = [Elsewhere(OTHER, "http_requests_total", 9_000)]
    fault = never_counted(QUERIES, [ERP], busy, PLACE)
    assert fault is not None
    assert not fault.blinding
    assert fault.detail == UNUSED[1]


def test_the_busiest_of_several_is_named() -> None:
    """Of two that declare it, the one with more requests shows best that something is wrong."""
    busy = [Elsewhere(ERP, "a_total", 30), Elsewhere(TWIN, "b_total", 1_204)]
    fault = never_counted(QUERIES, [TWIN, ERP], busy, PLACE)
    assert fault is not None
    assert fault.blinding
    assert fault.detail.startswith(
        f"{QUERIES} is declared by erp (b:80) but has never counted anything, while "
    )
    assert "b_total of it counted 1,204: " in fault.detail


def test_a_server_that_does_not_tell_whose_it_is() -> None:
    """Only the metric's type is known: a busy process may be another one, and is not named."""
    fault = never_counted(QUERIES, [NOWHERE], [Elsewhere(OTHER, "x_total", 9_000)], PLACE)
    assert fault is not None
    assert not fault.blinding
    assert "shop" not in fault.detail
    quiet = never_counted(QUERIES, [NOWHERE], [], PLACE)
    assert quiet is not None
    assert quiet.detail.startswith(f"{QUERIES} is declared by some target of {PLACE}, and has no series")


def test_what_nobody_declares_is_nowhere() -> None:
    """Without a declaration there is nothing but no series, as before."""
    assert absent(told(poll(500, declared=())), MEASURE) == (
        "no data",
        (
            f"no series {QUERIES}_bucket at {PLACE}: no target that it scrapes gives it; is the name right, "
            "and has it counted anything yet?"
        ),
    )


def test_a_scrape_that_fails_comes_before_a_guess() -> None:
    """The target is down: what it would have counted is not known."""
    down = replace(snapshot(LATER + 1, health=up(LATER, well=False)), declared={QUERIES: (ERP,)})
    down = replace(down, histograms={**down.histograms, QUERIES: Counters()})
    said = absent(told(down), MEASURE)
    assert said is not None
    assert "the scrape of erp (a:80) fails" in said[1]


def test_the_histogram_that_counts_is_not_touched() -> None:
    """The other histogram of the same process is judged as ever."""
    assert absent(told(poll(200)), LOGIN) == ("no data", "one reading so far; a difference needs two")


def redeployed(counts: int, *, twin: bool = False, declares: bool = True) -> Reading:
    """Return what is told after a deploy whose new process counts requests and no query any more."""
    queries = replace(requests_of(LATER - 15, 400), at=LATER - 15)
    before = replace(poll(900, declared=()), now=LATER - 14)
    before = replace(before, histograms={**before.histograms, QUERIES: Counters((queries,))})
    sets = (queries, replace(queries, key="twin", target=TWIN, at=LATER)) if twin else (queries,)
    after = poll(counts, declared=(ERP,) if declares else ())
    return difference(
        before,
        replace(after, histograms={**after.histograms, QUERIES: Counters(sets)}),
        asked(LOGIN, MEASURE),
    )


def requests_of(at: float, count: int) -> Buckets:
    """Return one label set."""
    (one,) = snapshot(at + 1, counters=requests(at, count), health=up(at)).histograms[METRIC].sets
    return one


def test_a_histogram_that_is_observed_no_more_after_a_deploy() -> None:
    """It gave queries before; the new process served twenty requests without one."""
    said = absent(redeployed(20), MEASURE)
    assert said is not None
    assert said[0] == "broken instrumentation"
    assert f"{METRIC} of it counted 20: either nothing observes it" in said[1]


def test_one_of_two_instances_is_enough() -> None:
    """What the other instance counts goes on, and is only half of the queries."""
    said = absent(redeployed(20, twin=True), MEASURE)
    assert said is not None
    assert said[0] == "broken instrumentation"


def test_a_start_without_traffic_is_no_silence() -> None:
    """Nineteen requests since the deploy, or no declaration: nothing contradicts."""
    for said in (redeployed(19), redeployed(900, declares=False)):
        found = absent(said, MEASURE)
        assert found is None or found[0] != "broken instrumentation"
