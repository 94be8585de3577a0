"""Whatever the durations were, and however they were cut: what is proven of an interval holds."""

from __future__ import annotations

from functools import reduce
from itertools import chain, count, pairwise
from operator import add

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.postgres.difference import difference
from headroom.evidence import Moments
from headroom.observation import JUDGED, Part, Quality

from .asking import part, source, statements
from .simulation import Life, View, executed_between

LOOKUP = {statements("lookup"): (0.000_05, 0.01, 0.5)}
QUERIES = st.integers(1, 4)
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("execute"), QUERIES),
        st.tuples(st.just("execute"), QUERIES),
        st.tuples(st.just("execute"), QUERIES),
        st.tuples(st.just("evict"), QUERIES),
        st.tuples(st.just("reset"), QUERIES),
    ),
    max_size=25,
)


def truthful(found: Part, truth: list[float]) -> None:
    """Assert that a part says nothing about its interval that is not so."""
    evidence = found.evidence
    assert isinstance(evidence, Moments)
    assert evidence.n == len(truth)
    exact = Moments.of(truth)
    assert evidence.total == pytest.approx(exact.total, rel=1e-6, abs=1e-9)
    assert evidence.squares >= exact.squares * (1 - 1e-9) - 1e-24
    assert evidence.cap is None or not truth or evidence.cap >= max(truth)
    for bounds in (*found.bounds, *(evidence.over(one.threshold) for one in found.bounds)):
        assert bounds.n == len(truth)
        assert bounds.k_low <= sum(took > bounds.threshold for took in truth) <= bounds.k_high


def nanoseconds(size: int) -> st.SearchStrategy[list[int]]:
    """Durations to the nanosecond, near the thresholds too, and each once: real ones differ as well."""
    near = st.sampled_from([50_000, 10_000_000, 500_000_000]).flatmap(lambda at: st.integers(at - 3, at + 3))
    return st.lists(
        st.one_of(st.integers(1_000, 3_000_000_000), near), min_size=1, max_size=size, unique=True
    )


@settings(max_examples=300, deadline=None)
@given(intervals=st.lists(EVENTS, min_size=1, max_size=4), births=st.booleans(), drawn=nanoseconds(120))
def test_bounds_hold_the_truth(
    intervals: list[list[tuple[str, int]]], births: bool, drawn: list[int]
) -> None:
    """Executions, evictions and resets in any order: the parts that are judged are true."""
    fresh = chain(drawn, count(4_000_000_000, 1_000_003))
    view = View(births=births)
    for query in range(1, 5):
        view.execute(query, next(fresh))
    before, known = view.poll()
    for events in intervals:
        for kind, query in events:
            if kind == "execute":
                view.execute(query, next(fresh))
            elif kind == "evict":
                view.evict([query])
            else:
                view.forget_all()
        after, lives = view.poll()
        reading = difference(source(None), LOOKUP, before, after)
        if reading.observations:
            found = part(reading, statements("lookup"))
            assert not births or found.quality is not Quality.SUSPECT
            if found.quality in JUDGED:
                truthful(found, executed_between(known, lives))
        before, known = after, lives


@settings(max_examples=300, deadline=None)
@given(births=st.booleans(), earlier=st.integers(1, 3), drawn=nanoseconds(30))
def test_bounds_hold_over_an_eviction(births: bool, earlier: int, drawn: list[int]) -> None:
    """An entry that was thrown away and grew larger than before is not taken for the old one."""
    view = View(births=births)
    for took in drawn[:earlier]:
        view.execute(1, took)
    before, known = view.poll()
    view.evict([1])
    for took in (*drawn[earlier:], 5_000_000_000):
        view.execute(1, took)
    after, lives = view.poll()
    found = part(difference(source(None), LOOKUP, before, after), statements("lookup"))

    assert found.quality is not Quality.EXACT
    if found.quality in JUDGED:
        truthful(found, executed_between(known, lives))


@settings(max_examples=300, deadline=None)
@given(
    calls=st.integers(1, 10**9),
    mean=st.floats(0.01, 1e4),
    spread=st.floats(0, 10),
    durations=nanoseconds(40),
)
def test_bounds_hold_after_a_long_life(calls: int, mean: float, spread: float, durations: list[int]) -> None:
    """Sums over years leave few digits for an interval; what is proven leans on none that are lost."""
    view = View()
    view.lives[1] = Life(
        1, calls, calls * mean, mean, calls * (spread * mean) ** 2 if calls > 1 else 0.0, mean / 2, 1e6, [0.0]
    )
    before, known = view.poll()
    for took in durations:
        view.execute(1, took)
    after, lives = view.poll()
    found = part(difference(source(None), LOOKUP, before, after), statements("lookup"))
    truth = executed_between(known, lives)

    assert isinstance(found.evidence, Moments)
    assert found.quality is Quality.EXACT
    assert found.evidence.n == len(truth)
    exact = Moments.of(truth)
    lost = calls * mean * 1e-3 * 1e-15 * len(truth)
    assert found.evidence.total == pytest.approx(exact.total, rel=1e-12, abs=4 * lost)
    assert found.evidence.squares >= exact.squares * (1 - 1e-9)
    for bounds in found.bounds:
        assert bounds.k_low <= sum(took > bounds.threshold for took in truth) <= bounds.k_high


@settings(max_examples=200, deadline=None)
@given(durations=nanoseconds(60), cuts=st.lists(st.integers(0, 60), max_size=4), births=st.booleans())
def test_intervals_merge_to_the_whole(durations: list[int], cuts: list[int], births: bool) -> None:
    """Cut anywhere, the parts add up to the moments of all durations."""
    view = View(births=births)
    snapshots = [view.poll()[0]]
    for number, took in enumerate(durations):
        view.execute(1 + number % 2, took)
        if number in cuts:
            snapshots.append(view.poll()[0])
    snapshots.append(view.poll()[0])
    readings = [difference(source(None), LOOKUP, one, two) for one, two in pairwise(snapshots)]
    parts = [part(reading, statements("lookup")) for reading in readings if reading.observations]
    whole = reduce(add, (one.evidence for one in parts))

    assert isinstance(whole, Moments)
    exact = Moments.of([took / 1e9 for took in durations])
    assert whole.n == exact.n
    assert whole.total == pytest.approx(exact.total, rel=1e-9)
    assert whole.squares == pytest.approx(exact.squares, rel=1e-6, abs=1e-12)
    assert whole.squares >= exact.squares * (1 - 1e-9) - 1e-24
    assert whole.cap == pytest.approx(exact.cap)
