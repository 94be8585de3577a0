"""The guide's buckets against its limits, row by row, and every layout that decides otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from collectors.prometheus.examine.buckets import bounds_to_add, examine_buckets
from collectors.prometheus.native.grid import canonical
from collectors.prometheus.snapshot import Counters
from headroom.budgets import Measure, Statistic
from headroom.checks import Check, State
from tests.doctor.examples import (
    GUIDE,
    GUIDE_QUERIES,
    QUERIES,
    REQUESTS,
    asked,
    budget,
    label_set,
    limit,
    measure,
    one,
    shipped,
)

PASS, WARN, FAIL = State.PASS, State.WARN, State.FAIL


def _group(wanted: Measure, _: object) -> str:
    return wanted.group


def _guides() -> list[Check]:
    config = shipped()
    histograms = {
        REQUESTS: Counters((label_set(GUIDE),)),
        QUERIES: Counters((label_set(GUIDE_QUERIES),)),
    }
    return list(examine_buckets(config.budgets, asked(), histograms, _group))


def _part(kept: str, allowed: str, below: str, above: str) -> str:
    return (
        f"decided in part: met is proven where at least {kept} take {below} or less, over where more than "
        f"{allowed} take longer than {above}; between {below} and {above} it stays undecided"
    )


def _never_over(kept: str, last: str) -> str:
    return (
        f"can never be proven over: the last bucket ends at {last}; met is proven where at least {kept} take "
        f"{last} or less"
    )


def _never_met(allowed: str, first: str) -> str:
    return (
        f"can never be proven met: the first bucket ends at {first}; over where more than {allowed} take "
        f"longer than {first}"
    )


def _exactly(at: str) -> str:
    return f"decided exactly: a bucket ends at {at}"


@pytest.mark.parametrize(
    ("ident", "state", "detail"),
    [
        ("api.login:p95", WARN, _part("95%", "5%", "100 ms", "500 ms")),
        ("api.login:p99", PASS, _exactly("500 ms")),
        ("api.read:p95", PASS, _exactly("100 ms")),
        ("api.read:p99", WARN, _part("99%", "1%", "100 ms", "500 ms")),
        ("api.write:p95", PASS, _exactly("500 ms")),
        ("api.write:p99", PASS, _exactly("1 s")),
        ("api.reports:p95", PASS, _exactly("5 s")),
        ("api.reports:p99", FAIL, _never_over("99%", "5 s")),
        ("api.uploads:p95", WARN, _part("95%", "5%", "1 s", "5 s")),
        ("api.uploads:p99", PASS, _exactly("5 s")),
        ("db.lookup:p95:second", PASS, _exactly("10 ms")),
        ("db.list:p95:second", PASS, _exactly("50 ms")),
        ("db.aggregate:p95:second", PASS, _exactly("500 ms")),
        # A warning only: the first measure still judges what this one cannot.
        ("db.analytics:p95:second", WARN, _never_over("95%", "500 ms")),
    ],
)
def test_the_guides_matrix(ident: str, state: State, detail: str) -> None:
    """Each limit of the guide against its own buckets: exact, in part, or never."""
    check = one(_guides(), f"decidable:{ident}")

    assert (check.state, check.detail) == (state, detail)


def test_the_guides_request_buckets_to_add() -> None:
    """0.2, 2 and 10 are what the guide's requests lack, with what they cost and the list to paste."""
    check = one(_guides(), f"buckets:{REQUESTS}")

    assert check.state is FAIL
    assert check.detail == "0.2, 2 and 10 are missing; cost of adding: +3 buckets x 1 label set = +3 series"
    assert check.fix == (
        "buckets: [0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],  // prom-client\n"
        "buckets=(0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),  # prometheus_client in Python"
    )


def test_the_guides_query_buckets_to_add() -> None:
    """5 is what the guide's queries lack."""
    check = one(_guides(), f"buckets:{QUERIES}")

    assert check.state is WARN
    assert check.detail == "5 is missing; cost of adding: +1 bucket x 1 label set = +1 series"
    assert "buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 5],  // prom-client" in check.fix


def test_the_cost_counts_label_sets() -> None:
    """Three buckets in 212 label sets are 636 series."""
    sets = tuple(label_set(GUIDE, path=f"/{number}") for number in range(212))
    checks = examine_buckets(shipped().budgets, asked(), {REQUESTS: Counters(sets)}, _group)

    assert "+3 buckets x 212 label sets = +636 series" in one(checks, f"buckets:{REQUESTS}").detail


def test_good_buckets_pass() -> None:
    """With the buckets added every limit is decided exactly, and nothing is to be added."""
    bounds = (0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
    checks = list(
        examine_buckets(shipped().budgets, asked(), {REQUESTS: Counters((label_set(bounds),))}, _group)
    )

    assert {check.state for check in checks if check.id.startswith("decidable:api.")} == {PASS}
    found = one(checks, f"buckets:{REQUESTS}")
    assert (found.state, found.detail, found.fix) == (PASS, "they end at each of its 7 thresholds", "")


def test_a_limit_below_the_first_bucket_can_never_be_met() -> None:
    """What is not above the first bound may all be over the limit."""
    checks = examine_buckets(
        [budget(None, limit(0.005))], asked(), {REQUESTS: Counters((label_set(),))}, _group
    )

    found = one(checks, "decidable:api.read:p95")
    assert (found.state, found.detail) == (
        FAIL,
        _never_met("5%", "10 ms"),
    )


def test_no_finite_bucket_decides_nothing() -> None:
    """With +Inf alone neither side can be proven."""
    checks = examine_buckets([budget()], asked(), {REQUESTS: Counters((label_set(()),))}, _group)

    found = one(checks, "decidable:api.read:p95")
    assert (found.state, found.detail) == (FAIL, "can never be proven met or over: it has no bucket but +Inf")


def test_a_mean_is_exact_where_there_is_a_sum() -> None:
    """A mean needs the sum, not the buckets; without it only the buckets' bounds are known."""
    held = [budget(None, limit(0.07, Statistic.MEAN))]
    with_sum = examine_buckets(held, asked(), {REQUESTS: Counters((label_set(),))}, _group)
    without = examine_buckets(held, asked(), {REQUESTS: Counters((label_set(total=None),))}, _group)

    assert one(with_sum, "decidable:api.read:mean").detail == "decided exactly, from the sum and the count"
    found = one(without, "decidable:api.read:mean")
    assert (found.state, found.detail) == (
        WARN,
        "only between the buckets' bounds: some label sets give no sum",
    )


def test_instances_with_other_buckets_are_told_apart() -> None:
    """During a roll-out each layout says what it decides, and the limit is decided in part."""
    new = label_set((*GUIDE[:3], 0.2, *GUIDE[3:]), target=("erp", "b:80"))
    checks = list(
        examine_buckets(
            [budget()], asked(), {REQUESTS: Counters((label_set(), new, label_set(path="/")))}, _group
        )
    )

    found = one(checks, "decidable:api.read:p95")
    assert found.state is WARN
    old, new_one = _part("95%", "5%", "100 ms", "500 ms"), _exactly("200 ms")
    assert found.detail == f"erp (a:80): {old}; erp (b:80): {new_one}"
    assert one(checks, f"buckets:{REQUESTS}").detail == (
        "0.2 is missing from some of 2 layouts; cost of adding: +1 bucket x 2 label sets = +2 series"
    )


def test_one_instance_that_can_prove_it_is_enough_not_to_fail() -> None:
    """Where only the new instances have a bucket at the limit, "over" can be proven of them."""
    new = label_set((*GUIDE, 10.0), target=("erp", "b:80"))
    checks = examine_buckets(
        [budget(None, limit(10.0))], asked(), {REQUESTS: Counters((label_set(), new))}, _group
    )

    assert one(checks, "decidable:api.read:p95").state is WARN


def test_a_class_without_requests_is_told_by_the_others() -> None:
    """Buckets are a metric's: before its first request a class is judged by the label sets that there are."""
    checks = examine_buckets([budget()], asked(), {REQUESTS: Counters((label_set(),))}, lambda *_: "other")

    assert one(checks, "decidable:api.read:p95").detail.endswith(
        "; by its other label sets, for this class has had no request yet"
    )


@pytest.mark.parametrize("counters", [Counters(), Counters((label_set((), broken="le is no number"),))])
def test_no_buckets_at_all_cannot_be_checked(counters: Counters) -> None:
    """Without a sound label set there is nothing to look at, and no list to give."""
    checks = list(examine_buckets([budget()], asked(), {REQUESTS: counters}, _group))

    assert [(check.id, check.state) for check in checks] == [("decidable:api.read:p95", State.CANNOT_CHECK)]
    assert checks[0].detail == f"there are no buckets of {REQUESTS} to look at; see evidence:api.read"


def test_a_metric_of_the_guide_without_a_budget_gets_its_list() -> None:
    """What is read without a budget is told the buckets for the thresholds it was read with."""
    looked = asked(measure("", QUERIES), thresholds=(0.05, 5.0))
    checks = list(examine_buckets([], looked, {QUERIES: Counters((label_set(GUIDE_QUERIES),))}, _group))

    assert [(check.id, check.state) for check in checks] == [(f"buckets:{QUERIES}", WARN)]


@pytest.mark.parametrize(
    ("bounds", "thresholds", "added"),
    [
        ((0.1, 0.5), (0.1,), ()),
        ((0.1, 0.5), (0.2,), (0.2,)),
        ((0.1, 0.5), (5.0,), (5.0,)),
        ((0.1,), (200.0, 8.0, 40.0), (8.0, 40.0, 200.0)),
        ((), (1.0,), (1.0,)),
        ((5.0,), (0.001,), (0.001,)),
    ],
)
def test_bounds_to_add(
    bounds: tuple[float, ...], thresholds: tuple[float, ...], added: tuple[float, ...]
) -> None:
    """Each threshold, and nothing between."""
    assert bounds_to_add(bounds, thresholds) == added


def test_a_native_histogram_decides_all_but_a_cell() -> None:
    """A grid has bounds near every limit; how near, its schema decides, and no bucket can be added to it."""

    def told(schema: int) -> tuple[State, str, str]:
        native = replace(label_set(canonical(schema, (0.2,))), schema=schema)
        checks = list(examine_buckets([budget()], asked(), {REQUESTS: Counters((native,))}, _group))
        assert one(checks, f"buckets:{REQUESTS}").state is PASS
        found = one(checks, "decidable:api.read:p95")
        return found.state, found.detail, found.fix

    assert told(5) == (PASS, "decided but for what lies between 197 ms and 201 ms, a native histogram", "")
    state, detail, fix = told(0)
    assert (state, detail) == (WARN, _part("95%", "5%", "125 ms", "250 ms"))
    assert fix.startswith("NativeHistogramBucketFactor: 1.1,")
