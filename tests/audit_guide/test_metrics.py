"""The guide's own metrics, out of what the doctor finds."""

from __future__ import annotations

import pytest

from headroom.audit.finding import Finding
from headroom.checks import Check, State
from monitor.audit.metrics import of_checks

HIT_RATE = "instrumentation:cache_hit_rate"


def of(rule: str, *checks: Check, unreachable: bool = False) -> list[Finding]:
    """Return what is found of one metric."""
    found = of_checks(checks, ["metrics"], unreachable=unreachable)
    return [one for one in found if one.rule == f"metrics.{rule}"]


def test_a_metric_that_is_not_there() -> None:
    """It fails, unless nobody could look."""
    (one,) = of("db_query_duration_seconds")
    (unread,) = of("db_query_duration_seconds", unreachable=True)

    assert (one.state, one.found) == (State.FAIL, "metrics has no metric db_query_duration_seconds")
    assert (unread.state, unread.found) == (State.CANNOT_CHECK, "metrics could not be read")


def test_faults_are_told_with_what_mends_them() -> None:
    """A long listing is named instead; another metric of a like name is none of ours."""
    short = Check("instrumentation:http_request_duration_seconds:raw-paths", State.FAIL, "", "paths", "a\nb")
    long = Check(f"{HIT_RATE}:ratio-in-a-gauge", State.WARN, "", "a ratio", "\n".join("abcdefgh"))
    other = Check("instrumentation:http_request_duration_seconds_v2", State.PASS, "", "x")

    (one,) = of("http_request_duration_seconds", short, long, other)
    assert (one.state, one.found, one.fix, one.subject) == (
        State.FAIL, "paths", "a\nb", (("fault", "raw-paths"),),
    )  # fmt: skip
    (rate,) = of("cache_hit_rate", short, long, other)
    assert rate.fix == (
        "`headroom doctor` prints what to paste (instrumentation:cache_hit_rate:ratio-in-a-gauge)"
    )


def test_buckets() -> None:
    """What the doctor says of them, for both histograms and with a selector behind the name."""
    wanting = Check(
        'buckets:http_request_duration_seconds{job="erp"}', State.WARN, "", "0.2 is missing", "buckets: [0.2]"
    )
    enough = Check(
        "buckets:db_query_duration_seconds", State.PASS, "", "they end at each of its 4 thresholds"
    )
    other = Check("buckets:http_request_duration_seconds_v2", State.FAIL, "", "x")
    checks = (wanting, enough, other)

    (one,) = of("http_request_duration_seconds.buckets", *checks)
    assert (one.state, one.found, one.fix, one.guide) == (
        State.WARN,
        "by the limits held against them: 0.2 is missing",
        "buckets: [0.2]",
        "Performance Metrics: the buckets of http_request_duration_seconds",
    )
    (two,) = of("db_query_duration_seconds.buckets", *checks)
    assert (two.state, two.found) == (
        State.PASS, "by the limits held against them: they end at each of its 4 thresholds",
    )  # fmt: skip
    assert of("cache_hit_rate.buckets", *checks) == []


def test_buckets_that_nobody_saw() -> None:
    """Neither kept nor broken: what is not there is told by the metric's own line."""
    (none,) = of("db_query_duration_seconds.buckets")
    (unread,) = of("db_query_duration_seconds.buckets", unreachable=True)

    assert (none.state, none.found) == (
        State.CANNOT_CHECK,
        "cannot be checked: metrics has no buckets of db_query_duration_seconds that a limit is held against",
    )
    assert (unread.state, unread.found) == (
        State.CANNOT_CHECK, "cannot be checked: metrics could not be read",
    )  # fmt: skip


@pytest.mark.parametrize("state", [State.FAIL, State.WARN])
def test_a_percentage_is_what_the_guide_asks_for(state: State) -> None:
    """The doctor reads it as a ratio and finds fault; the guide's rule is kept."""
    (one,) = of("cache_hit_rate", Check(f"{HIT_RATE}:percent-as-ratio", state, "", "looks like one", "x"))

    assert (one.state, one.found, one.fix) == (State.PASS, "it is a percentage, as in the guide", "")
