"""Targets, windows, series and strays: each check passes on sound scrapes and speaks on unsound ones."""

from __future__ import annotations

from datetime import timedelta

import pytest

from collectors.prometheus.examine.scrapes import (
    examine_series,
    examine_strays,
    examine_targets,
    examine_windows,
)
from collectors.prometheus.fetch import MAX_SERIES
from collectors.prometheus.snapshot import Counters
from headroom.budgets import Kind, Measure, Reason
from headroom.checks import State
from headroom.evidence import Ratio
from tests.doctor.examples import (
    ERP,
    REQUESTS,
    asked,
    budget,
    label_set,
    measure,
    one,
    reading,
    scrape,
    snapshot,
)

EVERY = timedelta(seconds=15)


def test_targets_that_are_well() -> None:
    """Scrapes that go well pass, and say how many they are."""
    found = one(examine_targets("metrics", "prom:9090", snapshot(scrapes=[scrape()])), "targets:metrics")

    assert (found.state, found.detail) == (State.PASS, "1 target, all scraped well")


def test_nothing_is_scraped() -> None:
    """An empty Prometheus can tell nothing, and is told where targets are named."""
    found = one(examine_targets("metrics", "prom:9090", snapshot()), "targets:metrics")

    assert (found.state, found.detail, found.fix) == (
        State.FAIL,
        (
            "no scrape is to be seen at prom:9090: it has only begun to (VictoriaMetrics shows one after "
            "30 s), or has no targets"
        ),
        "name your application under scrape_configs in prometheus.yml",
    )


@pytest.mark.parametrize(
    ("gives", "state"), [((REQUESTS,), State.FAIL), ((), State.WARN), (None, State.FAIL)]
)
def test_a_scrape_that_fails(gives: tuple[str, ...] | None, state: State) -> None:
    """A failing target that feeds a budget, or may, fails; any other is a warning; its error is quoted."""
    down = scrape(up=False, gives=gives, error="connection refused")
    found = one(examine_targets("metrics", "prom:9090", snapshot(scrapes=[down])), "targets:metrics")

    assert (found.state, found.detail) == (state, "the scrape of erp (a:80) fails: connection refused")


def test_one_process_scraped_twice() -> None:
    """The same counts in three label sets under two targets are one process; other counts are two."""
    twin, other = ("pods", "10.0.0.7:80"), ("erp", "b:80")

    def sets(target: tuple[str, str], more: int) -> list[object]:
        return [
            label_set(path=f"/{number}", target=target, counts=(number + more,) * 7) for number in range(1, 4)
        ]

    def twins(*sets: object) -> list[str]:
        seen = snapshot({REQUESTS: Counters(tuple(sets))}, [scrape()])  # type: ignore[arg-type]
        return [
            check.detail
            for check in examine_targets("metrics", "prom:9090", seen)
            if check.id == "twins:metrics"
        ]

    assert twins(*sets(ERP, 0), *sets(other, 1)) == []
    (same,) = twins(*sets(ERP, 0), *sets(twin, 0))
    assert same == (
        "erp (a:80) and pods (10.0.0.7:80) give the same counts everywhere: one process scraped twice counts "
        "every request twice, and makes verdicts look surer than they are"
    )


@pytest.mark.parametrize(
    ("window", "period", "state", "detail", "fix"),
    [
        (300, 15, State.PASS, "5 min holds 20 scrapes: scraped every 15 s, polled every 15 s", ""),
        (
            60,
            30,
            State.WARN,
            "1 min holds 2 scrapes (scraped every 30 s, polled every 15 s); one that fails halves it",
            "window: 2min",
        ),
        (
            60,
            60,
            State.FAIL,
            "1 min holds 1 scrapes (scraped every 1 min, polled every 15 s); one that fails halves it",
            "window: 4min",
        ),
        (
            3600,
            60,
            State.WARN,
            "scraped every 1 min, polled every 15 s: most polls find nothing new",
            "every: 1min  # of metrics",
        ),
    ],
)
def test_windows(window: float, period: float, state: State, detail: str, fix: str) -> None:
    """A window needs four scrapes, and a poll for each scrape is enough."""
    seen = snapshot(scrapes=[scrape(every=period)])
    found = one(examine_windows([budget(window=window)], "metrics", seen, EVERY), "window:api.read")

    assert (found.state, found.detail, found.fix) == (state, detail, fix)


def test_windows_of_what_nobody_gives() -> None:
    """Without a scrape interval, or of another source, there is nothing to hold a window against."""
    other = budget(Measure("erp-cache", Kind.MEMORY_LIMIT, "maxmemory"))
    seen = snapshot(scrapes=[scrape(every=None), scrape(("node", "n:9100"), gives=())])

    assert list(examine_windows([budget(), other], "metrics", seen, EVERY)) == []


def test_series_and_their_cap() -> None:
    """Few series pass, more than half of the cap is a warning, and refused ones fail with the reason."""
    many = Counters(tuple(label_set(path=f"/{number}") for number in range(MAX_SERIES // 2 // 9 + 1)))
    refused = Counters(refused=(Reason.NO_DATA, "too many series: 20001 or more"))

    few = one(examine_series({REQUESTS: Counters((label_set(),))}), f"series:{REQUESTS}")
    assert (few.state, few.detail) == (State.PASS, "9 series in 1 label set; 20,000 are read at once")
    assert one(examine_series({REQUESTS: many}), f"series:{REQUESTS}").state is State.WARN
    failed = one(examine_series({REQUESTS: refused}), f"series:{REQUESTS}")
    assert (failed.state, failed.detail) == (State.FAIL, "too many series: 20001 or more")


def test_requests_in_no_class() -> None:
    """Strays are counted, named, and given classes to paste; a few in a thousand are not worth a word."""
    looked = asked(measure())
    series = Measure("metrics", Kind.HISTOGRAM, REQUESTS, "unclassified")
    seen = snapshot({REQUESTS: Counters((label_set(path='/odd"path', counts=(3,) * 7),))})

    def strays(part: float) -> tuple[State, str, str]:
        found = one(
            examine_strays(reading(series, Ratio(part, 1000)), looked, seen), f"unclassified:{REQUESTS}"
        )
        return found.state, found.detail, found.fix

    assert strays(5) == (State.PASS, "5 of 1000 in the newest interval (0.5%)", "")
    assert strays(50) == (
        State.WARN,
        '50 of 1000 in the newest interval (5.0%): no budget sees them; GET /odd"path',
        '# in budgets.yaml, under classes: endpoints:\n- {name: other-1, method: GET, path: "/odd\\"path"}',
    )
