"""How faults of the instrumentation become checks, also those of metrics that no budget asks for."""

from __future__ import annotations

from dataclasses import replace

from collectors.prometheus.examine.instrumentation import examine_instrumentation, silenced
from collectors.prometheus.levels import Level, Levels
from collectors.prometheus.snapshot import Buckets, Counters, PrometheusSnapshot
from headroom.checks import Check, State
from monitor.doctor.guide import guides_own
from tests.doctor.examples import (
    ERP,
    NOW,
    QUERIES,
    REQUESTS,
    asked,
    label_set,
    measure,
    one,
    scrape,
    snapshot,
)

OWN = guides_own("metrics")
LOOKED = asked(measure(), *OWN)


def _sets(n: int, at: float = NOW) -> Counters:
    some = (label_set(path=f"/{number}", counts=(n,) * 7) for number in range(3))
    return Counters(tuple(replace(each, at=at) for each in some))


def _at(n: int, at: float, queries: Counters | None = None) -> PrometheusSnapshot:
    """Return a snapshot at a moment, with n requests in each of three label sets."""
    seen = replace(scrape(gives=(REQUESTS, QUERIES)), at=at, ok_at=at)
    whole = snapshot({REQUESTS: _sets(n, at), QUERIES: queries or Counters()}, [seen])
    return replace(whole, now=at)


def _checks(before: PrometheusSnapshot, after: PrometheusSnapshot) -> list[Check]:
    declared = dict.fromkeys(silenced(before, after, LOOKED), (ERP,))
    return list(examine_instrumentation(before, after, LOOKED, OWN, declared))


def test_nothing_speaks_against_it() -> None:
    """A sound histogram passes; metrics of the guide that are nowhere are not spoken of."""
    found = _checks(_at(100, NOW), _at(120, NOW + 15))

    assert [(check.id, check.state) for check in found] == [(f"instrumentation:{REQUESTS}", State.PASS)]


def test_a_histogram_that_stopped_counting() -> None:
    """Its series vanish while its process is well and counts elsewhere: declared, and observed no more."""
    queries = Counters((replace(label_set(), at=NOW),))
    before, after = _at(100, NOW, queries), _at(120, NOW + 15, queries)

    assert silenced(before, after, LOOKED) == (QUERIES,)
    found = one(_checks(before, after), f"instrumentation:{QUERIES}:never-counted")
    assert found.state is State.FAIL
    assert found.detail.startswith(
        f"{QUERIES} is declared by erp (a:80) but has never counted anything, while"
    )
    assert "{ query_type: queryType, table }" in found.fix


def test_a_histogram_that_is_simply_quiet() -> None:
    """Series that are still given are not silenced, however little they count."""
    quiet: Buckets = replace(label_set(), at=NOW + 15)
    after = _at(120, NOW + 15, Counters((quiet,)))

    assert silenced(_at(100, NOW, Counters((replace(quiet, at=NOW),))), after, LOOKED) == ()


def test_milliseconds_are_a_failure() -> None:
    """A fault that makes the figures unfit fails, with the code that mends it."""

    def slow(n: int, at: float) -> PrometheusSnapshot:
        some = tuple(
            replace(
                label_set(path=f"/{number}", counts=(0,) * 6 + (n,), total=(24.0 + number) * 9 * n), at=at
            )
            for number in range(3)
        )
        whole = _at(0, at)
        return replace(whole, histograms={**whole.histograms, REQUESTS: Counters(some)})

    found = one(_checks(slow(100, NOW), slow(200, NOW + 15)), f"instrumentation:{REQUESTS}:milliseconds")

    assert found.state is State.FAIL
    assert "looks like milliseconds in a histogram of seconds" in found.detail
    assert "duration / 1000" in found.fix


def test_the_guides_hit_rate() -> None:
    """Without a budget on it, the guide's gauge is still found: a percentage, and of who knows which time."""

    def with_gauge(value: float) -> PrometheusSnapshot:
        level = Level(ERP, (("cache_type", "redis"),), ((NOW, value), (NOW + 15, value + 0.01)))
        return replace(_at(120, NOW + 15), gauges={"cache_hit_rate": Levels((level,))})

    # What the history keeps holds only what budgets ask for.
    percent = _checks(_at(100, NOW), with_gauge(84.0))
    ratio = _checks(_at(100, NOW), with_gauge(0.84))

    assert one(percent, "instrumentation:cache_hit_rate:percent-as-ratio").state is State.FAIL
    assert one(percent, "instrumentation:cache_hit_rate:ratio-in-a-gauge").state is State.WARN
    assert one(ratio, "instrumentation:cache_hit_rate").state is State.PASS
    assert one(ratio, "instrumentation:cache_hit_rate:ratio-in-a-gauge").state is State.WARN
