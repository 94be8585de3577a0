"""Known requests on instances that restart, fail and change buckets: the bounds always hold the truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.prometheus.snapshot import PrometheusSnapshot
from headroom.evidence import Histogram
from headroom.observation import Quality
from tests.collectors_prometheus.figures import (
    EVERY,
    LOGIN,
    METRIC,
    NOON,
    READ,
    THRESHOLDS,
    Answer,
    one,
    read,
    seen,
    snapshot,
)

LAYOUTS = (("0.01", "0.05", "0.1", "0.5", "1", "5", "+Inf"), ("0.05", "0.2", "1.0", "+Inf"))
PATHS = {"login": ("POST", "/auth/login"), "read": ("GET", "/bookings")}
DURATIONS = (0.0004, 0.01, 0.0101, 0.05, 0.0501, 0.1, 0.15, 0.2, 0.2001, 0.5, 0.6, 1.0, 3.3, 5.0, 9.123)

requests_made = st.lists(st.tuples(st.sampled_from(sorted(PATHS)), st.sampled_from(DURATIONS)), max_size=6)


@dataclass
class Period:
    """What one instance did between two polls: requests, perhaps a restart, more requests."""

    early: list[tuple[str, float]]
    layout: int | None
    late: list[tuple[str, float]]
    well: bool


@dataclass
class Instance:
    """One process after the other behind one address; what a scrape saw last, and what happened since."""

    name: str
    started: float = NOON - 1000
    layout: int = 0
    counted: dict[str, list[float]] = field(default_factory=dict)
    scraped: dict[str, list[float]] = field(default_factory=dict)
    scraped_layout: int = 0
    scraped_started: float = 0.0
    scraped_at: float | None = None
    health: list[list[Any]] = field(default_factory=list)

    def live(self, period: Period, at: float) -> None:
        """Let a period before a scrape at `at` pass."""
        for request, seconds in period.early:
            self.counted.setdefault(request, []).append(seconds)
        if period.layout is not None:
            self.counted, self.layout, self.started = {}, period.layout, at - 5
        for request, seconds in period.late:
            self.counted.setdefault(request, []).append(seconds)

    def truth(self, polled_at: float) -> dict[str, list[float]]:
        """Return the requests since the last good scrape that a scrape now can account for."""
        if self.scraped_at is None:
            return dict(self.counted) if self.started >= polled_at - 2 else {}
        if self.scraped_started != self.started:
            return dict(self.counted)
        return {request: done[len(self.scraped.get(request, [])) :] for request, done in self.counted.items()}

    def overtaken(self) -> set[str]:
        """Return the label sets of a new process of which no counter can show that it is new."""
        if self.scraped_at is None or self.scraped_started == self.started:
            return set()
        both = set(self.scraped) & set(self.counted)
        return both if not any(self._fell(request) for request in both) else set()

    def _fell(self, request: str) -> bool:
        layouts = [{float(bound) for bound in LAYOUTS[n]} for n in (self.layout, self.scraped_layout)]
        for low, high in pairwise((-inf, *sorted(set.intersection(*layouts)))):
            then, now = (
                sum(low < seconds <= high for seconds in done[request])
                for done in (self.scraped, self.counted)
            )
            if now < then:
                return True
        return False

    def scrape(self, at: float, *, well: bool) -> None:
        """Be scraped by Prometheus."""
        self.health.append([at, "1" if well else "0"])
        if well:
            self.scraped = {request: list(done) for request, done in self.counted.items()}
            self.scraped_layout, self.scraped_started, self.scraped_at = self.layout, self.started, at

    def counters(self) -> Answer:
        """Return the newest samples of all series."""
        if self.scraped_at is None:
            return []
        series = []
        for request, done in self.scraped.items():
            method, path = PATHS[request]
            labels = {"job": "erp", "instance": self.name, "method": method, "path": path, "status": "200"}
            for bound in LAYOUTS[self.scraped_layout]:
                upto = sum(seconds <= float(bound) for seconds in done)
                whole = {**labels, "__name__": f"{METRIC}_bucket", "le": bound}
                series.append(one(whole, self.scraped_at, str(upto)))
            series.append(one({**labels, "__name__": f"{METRIC}_sum"}, self.scraped_at, repr(sum(done))))
        return series

    def scrapes(self, *, starts: bool) -> Answer:
        """Return `up`, and the start of the process where it is known."""
        target = {"job": "erp", "instance": self.name}
        if not self.health:
            return []
        up = {"metric": {"__name__": "up", **target}, "values": self.health}
        start = {"__name__": "process_start_time_seconds", **target}
        if not starts or self.scraped_at is None:
            return [up]
        return [up, one(start, self.scraped_at, str(self.scraped_started))]


def polled(instances: list[Instance], now: float, *, starts: bool) -> PrometheusSnapshot:
    """Return the snapshot of a poll just after a scrape of all."""
    counters = [series for instance in instances for series in instance.counters()]
    health = [series for instance in instances for series in instance.scrapes(starts=starts)]
    return snapshot(now + 0.5, counters=counters, health=health)


periods = st.builds(
    Period,
    requests_made,
    st.none() | st.none() | st.sampled_from([0, 1]),
    requests_made,
    st.integers(0, 5).map(bool),
)
lives = st.integers(1, 3).flatmap(
    lambda count: st.lists(st.lists(periods, min_size=count, max_size=count), min_size=2, max_size=6)
)


@settings(max_examples=300, deadline=None)
@given(lives, st.lists(st.integers(0, 3), min_size=3, max_size=3))
def test_the_bounds_hold_what_really_happened(polls: list[list[Period]], firsts: list[int]) -> None:
    """For every class and poll: n is exact, and the number over each threshold lies within the bounds.

    Each instance is known to Prometheus from the poll of its number in `firsts` on.
    """
    instances = [Instance(f"{number}:80") for number in range(len(polls[0]))]
    before = None
    for number, happened in enumerate(polls):
        at = NOON + number * EVERY
        truth: dict[str, list[float]] = {request: [] for request in PATHS}
        for instance, period, first in zip(instances, happened, firsts, strict=False):
            instance.live(period, at)
            if number < first:
                continue
            if period.well and before is not None:
                doubtful = instance.overtaken()
                for request, done in instance.truth(before.now).items():
                    truth[request] += [] if request in doubtful else done
            instance.scrape(at, well=period.well)
        after = polled(instances, at, starts=True)
        reading = read(before, after)
        before = after
        for measure, request in ((LOGIN, "login"), (READ, "read")):
            parts = [part for part in seen(reading, measure) if part.quality is not Quality.SUSPECT]
            histograms = [part.evidence for part in parts if isinstance(part.evidence, Histogram)]
            assert sum(histogram.n for histogram in histograms) == len(truth[request])
            for place, threshold in enumerate(THRESHOLDS):
                over = sum(seconds > threshold for seconds in truth[request])
                assert sum(part.bounds[place].k_low for part in parts) <= over
                assert over <= sum(part.bounds[place].k_high for part in parts)
            totals = [histogram.total for histogram in histograms if histogram.total is not None]
            assert sum(totals) == pytest.approx(sum(truth[request]), abs=1e-6)


@settings(max_examples=150, deadline=None)
@given(lives)
def test_nothing_is_ever_negative_where_starts_are_unknown(polls: list[list[Period]]) -> None:
    """Without the start of a process some restarts cannot be seen; the figures stay possible all the same."""
    instances = [Instance(f"{number}:80") for number in range(len(polls[0]))]
    before = None
    for number, happened in enumerate(polls):
        at = NOON + number * EVERY
        for instance, period in zip(instances, happened, strict=True):
            instance.live(period, at)
            instance.scrape(at, well=period.well)
        after = polled(instances, at, starts=False)
        reading = read(before, after)
        before = after
        made = sum(len(done) for instance in instances for done in instance.counted.values())
        for measure in (LOGIN, READ):
            for part in seen(reading, measure):
                assert isinstance(part.evidence, Histogram)
                assert 0 <= part.evidence.n <= made


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.booleans(), requests_made, requests_made), min_size=2, max_size=6))
def test_two_processes_under_one_name_never_pass_for_one(
    polls: list[tuple[bool, list[tuple[str, float]], list[tuple[str, float]]]],
) -> None:
    """Whoever answers: what another process counted in its whole life is not taken for the interval's."""
    both = [Instance("a:80", started=NOON - 1000), Instance("a:80", started=NOON - 9000)]
    before, last = None, None
    for number, (second, *made) in enumerate(polls):
        at = NOON + number * EVERY
        for instance, done in zip(both, made, strict=True):
            instance.live(Period(done, None, [], well=True), at)
        answering = both[second]
        truth = answering.truth(at) if answering is last else {}
        answering.scrape(at, well=True)
        answering.health = [[at - EVERY, "1"], [at, "1"]]
        after = polled([answering], at, starts=True)
        reading = read(before, after)
        before, last = after, answering
        for measure, request in ((LOGIN, "login"), (READ, "read")):
            parts = [part for part in seen(reading, measure) if part.quality is not Quality.SUSPECT]
            counted = sum(part.evidence.n for part in parts if isinstance(part.evidence, Histogram))
            assert counted == len(truth.get(request, []))


labels = st.dictionaries(
    st.sampled_from(["__name__", "le", "job", "instance", "method", "path", "status", "x"]),
    st.sampled_from(
        ["", "up", f"{METRIC}_bucket", f"{METRIC}_sum", "+Inf", "0.1", "NaN", "1e999", "\ud800", "503"]
    ),
)
texts = st.sampled_from(["0", "1", "7", "NaN", "+Inf", "-1", "1e999", "0x1p3", "٣", "1_0", "", "9" * 400])
answers = st.lists(
    st.fixed_dictionaries(
        {"metric": labels, "values": st.lists(st.tuples(st.just(NOON), texts), min_size=1, max_size=2)}
    ),
    max_size=12,
)


@settings(max_examples=200, deadline=None)
@given(answers, answers)
def test_no_label_and_no_value_makes_an_exception(first: Answer, second: Answer) -> None:
    """Whatever the counters say, there is a reading, and it can be kept."""
    for answer in (first, second):
        for series in answer:
            series["metric"].setdefault("__name__", f"{METRIC}_bucket")
    before = snapshot(NOON, counters=first)
    for series in second:
        series["values"] = [(NOON + EVERY, text) for _, text in series["values"]]
    after = snapshot(NOON + EVERY, counters=second)

    reading = read(before, after)

    assert len({said.series for said in reading.observations}) == len(reading.observations)
    assert len(after.dump()) > 0
