"""What is left out of a class's latency, and what belongs to no class."""

from __future__ import annotations

from headroom.budgets import Kind, Measure
from headroom.evidence import Histogram, Ratio
from headroom.observation import Series
from tests.collectors_prometheus.figures import (
    LATER,
    LOGIN,
    METRIC,
    NOON,
    Answer,
    pair,
    read,
    requests,
    seen,
)


def test_failures_are_left_out_of_latency_and_counted_on_their_own() -> None:
    """Fast failures must not look like speed."""
    before, after = pair(
        requests(NOON, 1) + requests(NOON, 1, status="503"),
        requests(LATER, 4) + requests(LATER, 3, status="503"),
    )

    reading = read(before, after)

    (part,) = seen(reading, LOGIN)
    (errors,) = seen(reading, LOGIN, ":errors")
    assert isinstance(part.evidence, Histogram)
    assert part.evidence.n == 3
    assert part.detail == "2 of 5 answers were 5xx and are not among the durations"
    assert errors.evidence == Ratio(2.0, 5.0)


def test_requests_of_no_class_are_counted_and_named() -> None:
    """The unclassified share is a series of its own; ignored paths are no part of it."""
    odd = "/odd\x1b[2J?token=secret"

    def served(at: float, logins: int, odds: int, probes: int) -> Answer:
        return (
            requests(at, logins)
            + requests(at, odds, path=odd, method="TRACE")
            + requests(at, probes, path="/health", method="GET")
        )

    before, after = pair(served(NOON, 0, 0, 0), served(LATER, 9, 1, 50))

    reading = read(before, after)

    (stray,) = [
        o for o in reading.observations if o.series == Series("metrics", f"histogram:{METRIC}:unclassified")
    ]
    assert stray.parts[0].evidence == Ratio(1.0, 10.0)
    assert reading.notes == (
        f"1 of 10 requests in {METRIC} belong to no class: TRACE /odd [2J; add a class, or ignore them",
    )


def test_a_measure_without_a_class_is_all_that_is_not_ignored() -> None:
    """A histogram may be promised as a whole."""
    everything = Measure("metrics", Kind.HISTOGRAM, METRIC)
    before, after = pair(
        requests(NOON) + requests(NOON, path="/x", method="TRACE"),
        requests(LATER, 2) + requests(LATER, 3, path="/x", method="TRACE"),
    )

    (part,) = seen(read(before, after, everything), everything)

    assert isinstance(part.evidence, Histogram)
    assert part.evidence.n == 5
