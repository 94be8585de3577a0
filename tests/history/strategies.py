"""Generated records: everything that the types allow, the tiny, the huge and the hostile too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from headroom.bounds import Bounds, Interval
from headroom.budgets import Reason, Severity, Statistic, Subject, Unit, Verdict, Window
from headroom.evidence import Evidence, Gauge, Histogram, Moments, Ratio
from headroom.observation import Observation, Part, Quality, Series

moments = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(fold=0))
counts = st.one_of(st.integers(0, 1_000), st.integers(0, 10**30))
amounts = st.one_of(st.floats(0, allow_nan=False), st.decimals(0, 100, places=4).map(float), counts)
numbers = st.one_of(st.floats(), st.integers())
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
labels = st.text(st.characters())  # lone surrogates and NUL too: label values come as JSON from strangers


@st.composite
def histograms(draw: st.DrawFn) -> Histogram:
    """Any layout with any counts."""
    layout = draw(
        st.lists(st.floats(allow_nan=False, allow_infinity=False), unique=True, max_size=15).map(sorted)
    )
    held = draw(st.lists(counts, min_size=len(layout) + 1, max_size=len(layout) + 1))
    return Histogram(tuple(layout), tuple(held), draw(st.none() | numbers))


@st.composite
def bounds(draw: st.DrawFn) -> Bounds:
    """Any possible bounds at any threshold."""
    low, high, n = sorted(draw(st.lists(counts, min_size=3, max_size=3)))
    return Bounds(draw(amounts), n, low, high)


evidence: st.SearchStrategy[Evidence] = st.one_of(
    histograms(),
    st.builds(Moments, n=counts, total=amounts, squares=amounts, cap=st.none() | numbers),
    st.builds(Ratio, part=amounts, whole=amounts),
    st.builds(
        Gauge, n=st.integers(), total=numbers, low=numbers, high=numbers, last=numbers, seconds=numbers
    ),
)

parts = st.builds(
    Part,
    start=moments,
    end=moments,
    evidence=evidence,
    quality=st.sampled_from(Quality),
    bounds=st.lists(bounds(), max_size=4).map(tuple),
    detail=words,
)

subjects: st.SearchStrategy[Subject] = st.dictionaries(labels, labels, max_size=3).map(
    lambda found: tuple(sorted(found.items()))
)

observations = st.builds(
    Observation,
    series=st.builds(Series, source=words, measure=words, subject=subjects),
    parts=st.lists(parts, max_size=3).map(tuple),
)

intervals = st.builds(Interval, low=st.none() | numbers, high=st.none() | numbers)


@st.composite
def verdicts(draw: st.DrawFn, budget: str) -> Verdict:
    """Any verdict on one of a few limits and subjects of a budget."""
    reason = draw(st.sampled_from(Reason))
    return Verdict(
        budget=budget,
        limit=draw(st.sampled_from(["p95", "p99"])),
        statistic=draw(st.sampled_from(Statistic)),
        severity=draw(st.sampled_from(Severity)),
        subject=draw(st.sampled_from([(), (("path", "/a\ud800\0"),)])),
        source=draw(labels),
        outcome=reason.outcome,
        reason=reason,
        detail=draw(labels),
        unit=draw(st.sampled_from(Unit)),
        threshold=draw(amounts),
        window=Window(draw(moments), draw(moments), draw(amounts)),
        at=datetime(2026, 1, 1, tzinfo=UTC) + draw(st.timedeltas(timedelta(0), timedelta(days=30))),
        value=draw(st.none() | intervals),
        slow=draw(st.none() | st.tuples(counts, counts)),
        slow_share=draw(st.none() | intervals),
        allowed=draw(st.none() | amounts),
        n=draw(counts),
        headroom=draw(st.none() | numbers),
        firm=draw(st.booleans()),
    )
