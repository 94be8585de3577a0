"""Native histograms: what servers told, what is refused, and bounds that always hold the truth."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.prometheus.asked import Asked
from collectors.prometheus.buckets import counters_of
from collectors.prometheus.native.grid import canonical, schema_of
from collectors.prometheus.native.native import CUSTOM
from collectors.prometheus.samples import StrangeAnswerError
from collectors.prometheus.snapshot import Buckets
from headroom.budgets import Kind, Measure
from headroom.evidence import Histogram
from headroom.observation import Quality
from headroom.sources import EndpointRules
from tests.collectors_prometheus.figures import (
    LATER,
    LOGIN,
    NOON,
    STARTED,
    absent,
    pair,
    read,
    requests,
    seen,
    snapshot,
)
from tests.collectors_prometheus.natives import ZERO, custom, exponential, series

RECORDED = Path(__file__).parent / "recorded"
HANDLED = Measure("metrics", Kind.HISTOGRAM, "prometheus_http_request_duration_seconds")
BESIDE = (0.000046, 0.000092, 0.000184, 0.000368)
"""Thresholds whose upper bounds the server spells otherwise than Python would, in the last digit."""
SERVED = Measure("metrics", Kind.HISTOGRAM, "http_request_duration_seconds")


def recorded(name: str, measure: Measure) -> list[Buckets]:
    """Return the label sets in a server's whole answer, written down as it came but for the instance."""
    result = json.loads((RECORDED / name).read_text())["data"]["result"]
    at = max(one["histograms"][-1][0] for one in result)
    asked = Asked("metrics", "prom:9090", 15.0, {measure: BESIDE}, EndpointRules(()))
    return list(counters_of(measure.of, result, asked, at, 60.0).sets)


@pytest.mark.parametrize("version", ["2.53.3", "3.5.3"])
def test_exponential_buckets_of_a_real_server(version: str) -> None:
    """Prometheus' own requests, schema 3 over protobuf: counts at powers of two and beside the thresholds."""
    (one,) = recorded(f"prometheus-{version}-exponential.json", HANDLED)
    told = json.loads((RECORDED / f"prometheus-{version}-exponential.json").read_text())
    newest = told["data"]["result"][0]["histograms"][-1][1]

    assert (one.schema, one.broken, one.counts[-1]) == (3, "", int(newest["count"]))
    assert one.total == float(newest["sum"])
    assert one.bounds == canonical(3, BESIDE)
    for bound in (2**-13, 2**-10, 1.0):
        upto = sum(int(count) for _, _, upper, count in newest["buckets"] if float(upper) <= bound)
        assert one.upto(bound) == upto


def test_custom_buckets_of_a_real_server() -> None:
    """A classic histogram that Prometheus 3.5 made native: the bounds seen, for all label sets alike."""
    idle, login = recorded("prometheus-3.5.3-custom.json", SERVED)

    assert login.bounds == (0.01, 0.05, 0.1, 0.5, 1, 5)
    assert (login.schema, login.counts, login.total) == (CUSTOM, (1, 3, 3, 5, 7, 8, 9), 14.074)
    assert (idle.bounds, idle.counts, idle.total) == (login.bounds, (0,) * 7, 0.0)


@pytest.mark.parametrize("schema", range(-4, 9))
def test_the_schema_is_told_by_any_bucket(schema: int) -> None:
    """From the coarsest, 65536 wide, to the finest; what is no such bucket has none."""
    base = 2.0 ** (2.0**-schema)
    edges = [(base ** (k - 1), base**k) for k in (-40, -3, 0, 1, 2, 7) if abs(k) * 2.0**-schema < 1000]

    assert [schema_of([edge]) for edge in edges] == [schema] * len(edges)
    assert schema_of(edges) == schema
    assert schema_of([(lower * 1.001, upper * 1.001) for lower, upper in edges]) is None


@pytest.mark.parametrize(
    "edge", [(0.1, 0.2), (1, 10), (1, 1), (3, math.nextafter(3, 4)), (1e-320, 1e300), (-1, 1), (1, math.inf)]
)
def test_other_bounds_have_no_schema(edge: tuple[float, float]) -> None:
    """Bounds of one's own, and hostile ones, are none of a schema."""
    assert schema_of([edge]) is None


@pytest.mark.parametrize("schema", range(-4, 9))
def test_the_layout_of_a_coarser_schema_is_part_of_each_finer_one(schema: int) -> None:
    """So that a histogram that becomes coarser between two polls loses nothing but its finer bounds."""
    thresholds = (0.2, 0.25, 2.0**-0.5, 3.7)
    bounds = canonical(schema, thresholds)

    assert set(canonical(max(-4, schema - 1), thresholds)) <= set(bounds)
    assert list(bounds) == sorted(set(bounds))
    assert all(any(low <= at for low in bounds) and any(at <= high for high in bounds) for at in thresholds)


def good(**changed: Any) -> dict[str, Any]:
    """Return a native histogram of three events, with something changed."""
    return {"count": "3", "sum": "1.5", "buckets": [[0, "0.25", "0.5", "1"], [0, "0.5", "1", "2"]], **changed}


FORM = "a native histogram of another form than Prometheus gives"
BROKEN: list[tuple[Any, str]] = [
    ([], FORM),
    ("histogram", FORM),
    (None, FORM),
    ({"count": "3"}, FORM),
    (good(count=3), FORM),
    (good(buckets={}), FORM),
    (good(buckets=["0123"]), FORM),
    (good(buckets=[[0, "0.5", "1"]]), FORM),
    (good(buckets=[[4, "0.5", "1", "3"]]), FORM),
    (good(buckets=[[0, 0.5, 1, 3]]), FORM),
    (good(buckets=[[[], "0.5", "1", "3"]]), FORM),
    (good(buckets=[[0, "1", "0.5", "3"]]), "a bucket from 1 to 0.5"),
    (good(buckets=[[0, "NaN", "0.5", "3"]]), "a bucket from NaN to 0.5"),
    (good(buckets=[[0, "<b>", "0.5", "3"]]), "a bucket from <b> to 0.5"),
    (good(buckets=[[0, "0.5", "1", "3"], [0, "0.25", "0.75", "0"]]), ""),
    (good(buckets=[[0, "0.5", "1", "2"], [0, "0.25", "0.75", "1"]]), "buckets that overlap, or in no order"),
    (good(count="3.5"), "a count of 3.5; counts are whole numbers"),
    (good(count="-3"), "a count of -3; counters run from 0 to 2^53"),
    (good(count="1e300"), "a count of 1e300; counters run from 0 to 2^53"),
    (good(count="NaN"), "a count of NaN; counts are whole numbers"),
    (good(count="4"), "3 events in its buckets and 4 in all; somebody observed NaN"),
    (good(sum="NaN"), "a sum of NaN; somebody observed NaN or negative durations"),
    (good(sum="-1"), "a sum of -1; somebody observed NaN or negative durations"),
    (
        good(buckets=[[1, "-1", "-0.5", "1"], [0, "0.5", "1", "2"]]),
        "1 events below -0.5 s; somebody observed negative durations, or it is of no time",
    ),
    (
        good(buckets=[[0, "0.5", "1", "0"]] * 4097),
        (
            "4,097 buckets, and 4,096 are read at most; "
            "set NativeHistogramMaxBucketNumber, or what your library calls it"
        ),
    ),
]


@pytest.mark.parametrize(("told", "why"), BROKEN)
def test_what_is_unfit_breaks_its_class_and_nothing_else(told: Any, why: str) -> None:
    """Whatever stands in an answer, the label set is broken with a sentence, and its dump can be read."""
    before, after = pair(series(NOON, good()), series(LATER, told))
    reading = read(before, after)

    sentence = f"http_request_duration_seconds of POST /auth/login of erp (a:80): {why}"
    assert absent(reading, LOGIN) == (("broken instrumentation", sentence) if why else None)
    assert len(after.dump()) < 10_000


def test_what_is_no_series_ends_the_poll() -> None:
    """A sample without a time, or of another one, is no answer to what was asked."""
    for histograms in ([[NOON]], [NOON], "x", [["noon", good()]], [[NOON + 1e6, good()]]):
        answer = series(NOON, good())
        answer[0]["histograms"] = histograms
        with pytest.raises(StrangeAnswerError):
            snapshot(NOON, counters=answer)


# No durations that would be taken for milliseconds: most beyond the last bucket, or nothing but whole ones.
durations = st.lists(
    st.floats(1e-5, 9.0) | st.sampled_from([0.0, 2**-13, 0.125, 0.2, 0.21, 0.25, 0.5, 1.0]), max_size=40
).map(lambda some: [*some, 0.0123])
listed = st.lists(st.floats(1e-4, 5.0) | st.sampled_from([0.0, 0.05, 0.1, 0.2, 7.3]), max_size=40)


@settings(max_examples=300, deadline=None)
@given(
    first=durations, then=durations, schema=st.integers(-4, 8), coarser=st.integers(0, 3),
    zero=st.sampled_from([ZERO, ZERO, 0.001, 0.21]), restart=st.booleans(),
)  # fmt: skip
def test_bounds_hold_the_truth(
    first: list[float], then: list[float], schema: int, coarser: int, zero: float, *, restart: bool
) -> None:
    """Random requests and schemas, later coarser or with a wider zero bucket, or after a restart."""
    now = then if restart else [*first, *then]
    before, after = pair(
        series(NOON, exponential(first, schema)),
        series(LATER, exponential(now, max(-4, schema - coarser), zero)),
        started=(STARTED, NOON + 5 if restart else STARTED),
    )
    (part,) = seen(read(before, after), LOGIN)
    if part.quality is Quality.SUSPECT:
        assert restart
        return

    assert isinstance(part.evidence, Histogram)
    assert part.quality is (Quality.RESET if restart and first else Quality.EXACT)
    assert part.evidence.n == len(then)
    assert part.evidence.total == pytest.approx(math.fsum(then))
    for bounds in part.bounds:
        assert bounds.k_low <= sum(value > bounds.threshold for value in then) <= bounds.k_high
    for bound in part.evidence.bounds:
        proven = part.evidence.over(bound)
        assert proven.k_low == proven.k_high == sum(value > bound for value in then)


@settings(max_examples=200, deadline=None)
@given(
    first=listed, then=listed,
    bounds=st.lists(st.sampled_from([0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 2.5]), unique=True),
)  # fmt: skip
def test_custom_buckets_prove_what_the_classic_ones_prove(
    first: list[float], then: list[float], bounds: list[float]
) -> None:
    """Whichever of its buckets were seen before: not a bit more at the thresholds, and not a bit less."""
    bounds = [*sorted(bounds), 5]
    spelled = [*map(str, bounds), "+Inf"]

    def classic(at: float, some: list[float]) -> list[dict[str, Any]]:
        ends = (-math.inf, *bounds, math.inf)
        counts = [sum(low < value <= high for value in some) for low, high in pairwise(ends)]
        return requests(at, *counts, bounds=spelled, seconds=math.fsum(some))

    told = [read(*pair(classic(NOON, first), classic(LATER, [*first, *then])))]
    told.append(
        read(*pair(series(NOON, custom(first, bounds)), series(LATER, custom([*first, *then], bounds))))
    )

    parts = [seen(reading, LOGIN)[0] for reading in told]
    assert parts[0].bounds == parts[1].bounds
    assert [part.quality for part in parts] == [Quality.EXACT] * 2
