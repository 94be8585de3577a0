"""Parts of several measures are added up as their own `+` does, over any stretches of time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headroom.evidence import Evidence, Gauge, Histogram, Moments, Ratio, merged
from headroom.history import Cycle, History, HistoryError, Poll, open_history
from headroom.observation import Observation, Part, Quality, Series

AT = datetime(2026, 11, 20, tzinfo=UTC)
EVERY = timedelta(seconds=15)
COUNTS = st.integers(0, 2**40)
REALS = st.floats(0, 1e15)
RATIOS = st.builds(Ratio, REALS, REALS)
GAUGES = st.builds(Gauge.sample, st.floats(-1e12, 1e15), REALS)
HISTOGRAMS = st.builds(
    lambda layout, counts, total: Histogram(layout, tuple(counts[: len(layout) + 1]), total),
    st.sampled_from([(), (0.1,), (0.1, 0.5, 2.0), (0.1, 0.5, 3.0)]),
    st.lists(COUNTS, min_size=4, max_size=4),
    st.one_of(st.none(), REALS),
)
MOMENTS = st.builds(Moments, COUNTS, REALS, REALS, st.one_of(st.none(), REALS))


def recorded(folder: Path, parts: list[tuple[Series, Part]]) -> History:
    """Return a history with one part a cycle, every 15 s from AT on."""
    history = open_history(f"sqlite:///{folder / 'history.db'}", collecting=True)
    for k, (series, part) in enumerate(parts):
        at = AT + k * EVERY
        poll = Poll(series.source, "1", at, timedelta(milliseconds=1))
        history.record(Cycle(at, poll, observations=(Observation(series, (part,)),)))
    return history


def part(evidence: Evidence, k: int = 0, quality: Quality = Quality.EXACT) -> Part:
    """Return the part of the k-th interval."""
    return Part(AT + (k - 1) * EVERY, AT + k * EVERY, evidence, quality)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """Yield a history for many examples, each with a series of its own."""
    with recorded(tmp_path_factory.mktemp("summed"), []) as opened:
        yield opened


_examples = count()


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=st.lists(st.one_of(RATIOS, GAUGES, HISTOGRAMS, MOMENTS), min_size=1, max_size=12))
def test_sums_are_those_of_the_evidence(history: History, found: list[Evidence]) -> None:
    """Of each kind, and of each layout of histograms."""
    series = Series("erp", f"example {next(_examples)}")
    parts = tuple(part(one, k) for k, one in enumerate(found))
    poll = Poll("erp", "1", AT, timedelta(milliseconds=1))
    history.record(Cycle(AT, poll, observations=(Observation(series, parts),)))
    told = history.summed("erp", [series.measure], AT, AT + EVERY, step=timedelta(hours=1))

    (whole,) = told[series]
    assert whole.start == AT
    alike: dict[object, list[Evidence]] = {}
    for one in found:
        alike.setdefault((type(one), getattr(one, "bounds", ())), []).append(one)
    assert len(whole.parts) == len(alike)
    for made in whole.parts:
        expected = merged(alike[type(made), getattr(made, "bounds", ())])
        assert expected is not None
        if isinstance(made, Histogram) and isinstance(expected, Histogram):
            assert made.counts == expected.counts
            assert made.total == (None if expected.total is None else pytest.approx(expected.total))
        else:
            assert _near(made, expected)


def _near(one: Evidence, other: Evidence) -> bool:
    names = type(one).__slots__
    pairs = [(getattr(one, name), getattr(other, name)) for name in names]
    return all(mine == theirs if theirs is None else mine == pytest.approx(theirs) for mine, theirs in pairs)


def test_stretches_subjects_and_qualities(tmp_path: Path) -> None:
    """Each stretch and series by itself; what may be counted twice is left out."""
    get, put = Series("erp", "calls", (("name", "get"),)), Series("erp", "calls", (("name", "put"),))
    other, elsewhere = Series("erp", "others"), Series("crm", "calls")
    parts = [
        (get, part(Ratio(1, 10))),
        (get, part(Ratio(2, 10))),
        (put, part(Ratio(5, 10))),
        (other, part(Ratio(7, 10))),
        (get, part(Ratio(100, 100), quality=Quality.SUSPECT)),
        (get, part(Ratio(3, 10), quality=Quality.GAP)),
        (elsewhere, part(Ratio(9, 9))),
    ]
    with recorded(tmp_path, parts) as history:
        found = history.summed("erp", ["calls"], AT, AT + timedelta(hours=1), step=timedelta(seconds=30))
        none = history.summed("erp", ["nothing"], AT, AT + timedelta(hours=1), step=EVERY)
        early = history.summed("erp", ["calls"], AT, AT + EVERY, step=EVERY)

    assert {series: [(one.start - AT, one.parts) for one in ones] for series, ones in found.items()} == {
        get: [(timedelta(0), (Ratio(3.0, 20.0),)), (timedelta(minutes=1), (Ratio(3.0, 10.0),))],
        put: [(timedelta(seconds=30), (Ratio(5.0, 10.0),))],
    }
    assert none == {}
    assert [one.parts for one in early[get]] == [(Ratio(1.0, 10.0),)]


def test_of_each_stretch_only_the_beginning_is_read(tmp_path: Path) -> None:
    """Enough to see how a figure went."""
    series = Series("erp", "used")
    parts = [(series, part(Gauge.sample(float(k), 15.0), k)) for k in range(40)]
    with recorded(tmp_path, parts) as history:
        found = history.summed(
            "erp",
            ["used"],
            AT,
            AT + timedelta(hours=1),
            step=timedelta(minutes=5),
            within=timedelta(seconds=16),
        )

    assert [one.parts for one in found[series]] == [
        (Gauge(2, 15.0, 0.0, 1.0, 1.0, 30.0),),
        (Gauge(2, 15.0 * 41, 20.0, 21.0, 21.0, 30.0),),
    ]


def test_damage_is_said(tmp_path: Path) -> None:
    """Bytes that are no evidence: a sentence, and no figure."""
    series = Series("erp", "used")
    with recorded(tmp_path, [(series, part(Gauge.sample(1.0, 15.0)))] * 3) as history:
        with sqlite3.connect(tmp_path / "history.db") as database:
            database.execute("UPDATE evidence SET figures = x'0102'")
        with pytest.raises(HistoryError, match=r"is damaged: evidence of erp: .*; restore a copy"):
            history.summed("erp", ["used"], AT, AT + timedelta(hours=1), step=EVERY)
