"""Failures that are never timed: a doubt without a witness, a fault with one."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from collectors.prometheus.asked import Asked
from collectors.prometheus.difference import difference
from collectors.prometheus.samples import StrangeAnswerError
from collectors.prometheus.snapshot import PrometheusSnapshot, load
from collectors.prometheus.tally import Tally, tally_of, targets_of
from headroom.budgets import Reason
from headroom.observation import Reading
from headroom.sources import Failures
from tests.collectors_prometheus.figures import (
    EVERY,
    LATER,
    METRIC,
    NOON,
    PLACE,
    READ,
    RULES,
    absent,
    asked,
    joined,
    one,
    requests,
    seen,
    snapshot,
    up,
)

PROXY = ("nginx", "p:80")
COUNTER = "nginx_http_requests_total"
NAMED = Asked(
    "metrics",
    PLACE,
    EVERY,
    {READ: (0.2,)},
    replace(RULES, failures=Failures(COUNTER, {"status": "5*"})),
)
ADVICE = "tap({complete}) leaves them out, finalize or the response's close does not"
DOUBT = (
    f"none of 1,000 requests in {METRIC} was a failure: either none failed, or failures are never timed; "
    f"{ADVICE}; to be sure, name a counter of your proxy under classes.failures"
)


def poll(
    at: float, *counts: int, statuses: tuple[str, ...] = ("200",) * 3, tally: Tally | None = None
) -> PrometheusSnapshot:
    """Return a snapshot of reads by route, one count and status each."""
    counters = joined(
        requests(at, count, path=f"/{place}", method="GET", status=status)
        for place, (count, status) in enumerate(zip(counts, statuses, strict=True))
    )
    health = up(at) + up(at, instance=PROXY[1], job=PROXY[0])
    return replace(snapshot(at + 1, counters=counters, health=health), failures=tally)


def tally(at: float, value: float | None) -> Tally:
    """Return the proxy's failures; None where it had none yet."""
    # All that it answered: in each interval about what the application timed.
    return Tally(
        {} if value is None else {(PROXY, "k"): (at, value)},
        (PROXY,),
        groups={"g": (6 * (at - NOON), value or 0.0)},
    )


def told(before: float | None, after: float | None, *, statuses: tuple[str, ...] = ("200",) * 3) -> Reading:
    """Return what is told of 90 reads, while the proxy counts failures."""
    return difference(
        poll(NOON, 400, 400, 400, statuses=statuses, tally=tally(NOON, before)),
        poll(LATER, 430, 430, 430, statuses=statuses, tally=tally(LATER, after)),
        NAMED,
    )


def alone(*counts: int, statuses: tuple[str, ...] = ("200",) * 3) -> tuple[str, ...]:
    """Return the notes on reads without a witness."""
    before = poll(NOON, *(0 for _ in counts), statuses=statuses)
    return difference(before, poll(LATER, *counts, statuses=statuses), asked(READ)).notes


def test_a_thousand_requests_without_failure_are_a_doubt() -> None:
    """A note beside the figures, which are judged all the same."""
    assert alone(400, 300, 300) == (DOUBT,)
    assert alone(400, 300, 299) == ()
    said = told(0, 0)
    assert seen(said, READ)[0].bounds[0].n == 90


def test_one_route_may_well_never_fail() -> None:
    """Two label sets are no application."""
    assert alone(40_000, 40_000, statuses=("200", "200")) == ()


@pytest.mark.parametrize("status", ["404", "500", "4xx", "5xx"])
def test_who_times_one_failure_times_all(status: str) -> None:
    """A client's error ends a request as a server's does."""
    assert alone(4_000, 4_000, 1, statuses=("200", "302", status)) == ()


def test_durations_without_status_raise_no_doubt() -> None:
    """Where nothing tells success from failure, nothing can be missing."""
    assert alone(4_000, 4_000, 4_000, statuses=("", "", "")) == ()


def test_a_witness_contradicts() -> None:
    """Five failures at the proxy, none among the durations."""
    assert absent(told(3, 8), READ) == (
        "broken instrumentation",
        (
            f"failures are missing from {METRIC}: {COUNTER} counted 5 since the last poll, and none of the "
            f"90 requests timed meanwhile was one, nor any before; {ADVICE}"
        ),
    )


@pytest.mark.parametrize(
    ("groups", "whole"),
    [
        ({}, "an unknown number of"),
        ({"g": (63.0, 8.0)}, "63"),
        ({"g": (143.0, 8.0)}, "143"),
        ({"g": (90.0, 3.0), "other service": (5.0, 5.0)}, "5"),
        ({"g": (math.nan, 8.0)}, "an unknown number of"),
    ],
)
def test_a_counter_of_others_is_no_witness(groups: dict[str, tuple[float, float]], whole: str) -> None:
    """A shared proxy answered less or more than the application timed: its failures may be another's."""
    before, after = (tally(at, value) for at, value in ((NOON, 3), (LATER, 8)))
    said = difference(
        poll(NOON, 400, 400, 400, tally=before),
        poll(LATER, 430, 430, 430, tally=replace(after, groups=groups)),
        NAMED,
    )

    assert absent(said, READ) is None
    (note,) = said.notes
    assert note == (
        f"{COUNTER} counted 5 failures since the last poll, of {whole} answers, and {METRIC} timed 90 "
        f"requests and no failure: either they are of other services, or failures are never timed; {ADVICE}"
    )


def test_a_witness_that_saw_hardly_anything_settles_the_doubt() -> None:
    """Up to four are the proxy's own; then nothing is said."""
    for before, after in ((3, 7), (3, 3), (None, None), (None, 4)):
        said = told(before, after)
        assert (said.notes, absent(said, READ)) == ((), None)


def test_a_counter_of_failures_is_born_with_the_first() -> None:
    """The proxy was scraped well without it, so all it counts is new; after a restart it counts from zero."""
    assert absent(told(None, 5), READ) is not None
    assert absent(told(900, 5), READ) is not None
    assert absent(told(900, 4), READ) is None


def test_a_witness_does_not_matter_where_failures_are_timed() -> None:
    """The application times its failures; those of the proxy are the proxy's own."""
    assert absent(told(0, 50, statuses=("200", "200", "500")), READ) is None


def test_a_witness_that_is_nowhere_is_named() -> None:
    """A counter that no target gives settles nothing, and may be misspelled."""
    nobody = [poll(at, *counts, tally=Tally()) for at, *counts in ((NOON, 1, 1, 1), (LATER, 400, 400, 400))]
    (note,) = difference(*nobody, NAMED).notes
    assert note.endswith(f"{ADVICE}; {COUNTER}, which would tell, is given by no target")


def test_what_was_counted_outlives_a_restart_of_the_monitor() -> None:
    """The counter goes into the dump and comes back the same."""
    for kept in (tally(NOON, 3.0), Tally(refused=(Reason.NO_DATA, "too many")), None):
        before = poll(NOON, 1, 1, 1, tally=kept)
        assert load(before.dump()) == before


def test_strange_answers_are_refused() -> None:
    """What is no number, no list or no label set is said to be that."""
    answer = one({"__name__": COUNTER, "job": "nginx"}, NOON, "many")
    with pytest.raises(StrangeAnswerError, match="a counter of failures of another form"):
        tally_of([answer], (), NOON, 60.0)
    with pytest.raises(StrangeAnswerError, match="a dict instead of a list of series"):
        targets_of({})
    with pytest.raises(StrangeAnswerError, match="a series of another form"):
        targets_of([{"value": 3}])


def test_not_a_number_counts_for_nothing() -> None:
    """A counter that reads NaN tells nothing, and is no failure either."""
    said = told(3.0, float("nan"))
    assert absent(said, READ) is None
