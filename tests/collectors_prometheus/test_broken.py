"""Counters that are unfit make their class blind with a sentence; they are never evidence, never an error."""

from __future__ import annotations

import pytest

from headroom.evidence import Histogram
from tests.collectors_prometheus.figures import (
    LATER,
    LOGIN,
    METRIC,
    NOON,
    READ,
    Answer,
    absent,
    pair,
    read,
    requests,
    seen,
)


def test_an_outage_is_neither_speed_nor_silence() -> None:
    """Where every answer failed there is no duration to judge, and that is said; idle would be false."""
    before, after = pair(requests(NOON, 1, status="500"), requests(LATER, 4, status="500"))

    said = read(before, after)

    assert absent(said, LOGIN) == (
        "partial",
        (
            "all 3 answers of the newest interval were 5xx, which are not among the durations: "
            "how fast the others would be cannot be told"
        ),
    )
    assert absent(said, READ) is None


@pytest.mark.parametrize(
    ("le", "text", "why"),
    [
        ("0.1", "1", "fewer events up to le=0.1 than up to the bucket below it; its buckets contradict"),
        ("0.1", "5.5", "a count of 5.5; counts are whole numbers"),
        ("0.1", "NaN", "a count of NaN; counts are whole numbers"),
        ("0.1", "-3", "a count of -3; counters run from 0 to 2^53"),
        ("0.1", "1e300", "a count of 1e300; counters run from 0 to 2^53"),
        ("0.1", "many", "a count of many; counts are whole numbers"),
    ],
)
def test_broken_counts_make_their_class_blind_and_no_other(le: str, text: str, why: str) -> None:
    """What no counter can say is a defect of the instrumentation, with a sentence to find it by."""
    broken = requests(LATER, 5)
    for series in broken:
        if series["metric"].get("le") == le:
            series["values"] = [[LATER, text]]
    reads = requests(LATER, 6, path="/x", method="GET")
    before, after = pair(requests(NOON, 5) + requests(NOON, 5, path="/x", method="GET"), broken + reads)

    reading = read(before, after)

    assert absent(reading, LOGIN) == (
        "broken instrumentation",
        f"{METRIC} of POST /auth/login of erp (a:80): {why}",
    )
    assert len(seen(reading, READ)) == 1


@pytest.mark.parametrize(
    ("bounds", "why"),
    [
        (("0.1", "0.5"), "its bucket le=+Inf is missing; keep it, for it alone counts everything"),
        (("0.1", "half", "+Inf"), "le is no number in one of 0.1, half, +Inf"),
        (("NaN", "0.5", "+Inf"), "le is NaN or -Inf in one of its buckets"),
        (("-Inf", "0.5", "+Inf"), "le is NaN or -Inf in one of its buckets"),
        (("1", "1.0", "+Inf"), "it has one bucket twice under two spellings of le"),
    ],
)
def test_broken_bounds_make_their_class_blind(bounds: tuple[str, ...], why: str) -> None:
    """Buckets that do not divide the durations are no histogram."""
    before, after = pair(requests(NOON, 5), requests(LATER, 7, bounds=bounds))

    assert absent(read(before, after), LOGIN) == (
        "broken instrumentation",
        f"{METRIC} of POST /auth/login of erp (a:80): {why}",
    )


@pytest.mark.parametrize("text", ["NaN", "-0.5", "+Inf", "much"])
def test_a_sum_that_is_no_duration_makes_the_class_blind(text: str) -> None:
    """One observation of NaN poisons a sum for ever."""
    broken = requests(LATER, 7)
    broken[-2]["values"] = [[LATER, text]]
    before, after = pair(requests(NOON, 5), broken)

    assert absent(read(before, after), LOGIN) == (
        "broken instrumentation",
        (
            f"{METRIC} of POST /auth/login of erp (a:80): a sum of {text}; somebody observed NaN or negative "
            "durations"
        ),
    )


def test_counters_that_were_broken_are_a_baseline_once_mended() -> None:
    """Nothing can be counted from a broken reading."""
    broken = requests(NOON, 5)
    broken[0]["values"] = [[NOON, "NaN"]]
    before, after = pair(broken, requests(LATER, 7))

    assert absent(read(before, after), LOGIN) == ("no data", "one reading so far; a difference needs two")


def test_broken_counters_of_no_class_are_noted() -> None:
    """They concern no budget, and are said all the same."""
    odd = requests(LATER, 5, method="TRACE")
    odd[0]["values"] = [[LATER, "NaN"]]
    before, after = pair(requests(NOON, 5), requests(LATER, 6) + odd)

    assert read(before, after).notes == (
        f"{METRIC} of TRACE /auth/login of erp (a:80): a count of NaN; counts are whole numbers",
    )


def test_a_summary_is_no_histogram() -> None:
    """A metric with a sum and a count but no buckets can prove nothing."""
    summary = [series for series in requests(LATER, 7) if "le" not in series["metric"]]
    _, after = pair([], summary)

    assert absent(read(None, after), LOGIN) == (
        "broken instrumentation",
        (
            f"{METRIC} has no buckets, only a sum or a count: it is a summary, or its buckets are "
            "dropped; declare it as a histogram, and keep its _bucket series"
        ),
    )


def test_a_histogram_without_buckets_and_sum_tells_nothing() -> None:
    """The bucket of everything says how many there were, and not how long any of them took."""

    def answers() -> list[Answer]:
        return [requests(NOON, 5, bounds=("+Inf",)), requests(LATER, 7, bounds=("+Inf",))]

    bare = [[one for one in answer if not one["metric"]["__name__"].endswith("_sum")] for answer in answers()]

    (part,) = seen(read(*pair(*answers())), LOGIN)

    assert part.evidence == Histogram((), (2,), 0.0625)
    assert absent(read(*pair(*bare)), LOGIN) == (
        "broken instrumentation",
        (
            f"{METRIC} of POST /auth/login of erp (a:80): it has no buckets but le=+Inf, and no sum: nothing "
            "tells how long anything took; give it buckets around the limits"
        ),
    )
