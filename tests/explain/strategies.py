"""Generated cases: windows of any evidence, in any quality, with or without a reason why none came."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from headroom.bounds import Bounds
from headroom.budgets import Reason, Statistic, Unit
from headroom.evidence import Evidence, Gauge, Histogram, Moments, Ratio
from headroom.judge import Case
from headroom.observation import Absence, Part, Quality, Series
from tests.judge.cases import EVERY, GUIDE, NOW, Held, case, limit

counts = st.one_of(st.integers(0, 50), st.integers(0, 100_000))
amounts = st.just(0.0) | st.floats(1e-6, 1e6)  # a share of less than a millionth is no reading
layouts = st.sampled_from([GUIDE, (0.1, 0.2, 0.5), (0.05,), (), (0.2, 5.0)])
details = st.text(st.characters(), max_size=30)


@st.composite
def histograms(draw: st.DrawFn) -> Histogram:
    """Any counts in one of a few layouts."""
    bounds = draw(layouts)
    held = draw(st.lists(counts, min_size=len(bounds) + 1, max_size=len(bounds) + 1))
    return Histogram(bounds, tuple(held), draw(st.none() | amounts))


def _gauge(low: float, more: float, seconds: float) -> Gauge:
    return Gauge(2, (low + more / 2) * seconds, low, low + more, low, seconds)


evidence: st.SearchStrategy[Evidence] = st.one_of(
    histograms(),
    histograms(),
    st.builds(Moments, n=counts, total=amounts, squares=amounts, cap=st.none() | amounts),
    st.builds(Ratio, part=amounts, whole=amounts),
    st.builds(_gauge, amounts, amounts, st.just(0.0) | st.floats(1e-3, 100)),
)


@st.composite
def parts(draw: st.DrawFn, kinds: st.SearchStrategy[Evidence], threshold: float) -> Part:
    """A part whose stored bounds may be tighter than its figures, or contradict them."""
    one = draw(kinds)
    stored: tuple[Bounds, ...] = ()
    if isinstance(one, Histogram | Moments) and draw(st.booleans()):
        low, high = sorted(draw(st.tuples(st.integers(0, one.n), st.integers(0, one.n))))
        stored = (Bounds(threshold, one.n, low, high),)
    quality = draw(st.sampled_from([Quality.EXACT] * 6 + list(Quality)))
    return Part(NOW - EVERY, NOW, one, quality, stored, draw(details))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any case: mostly of one kind of evidence, for otherwise there is nothing to judge."""
    threshold = draw(st.sampled_from([0.05, 0.2, 0.5, 6.0, 0.123]))
    kinds = draw(st.sampled_from([evidence, histograms(), histograms()]))
    found = draw(st.lists(parts(kinds, threshold), max_size=12))
    ages = sorted(draw(st.lists(st.integers(0, 25), min_size=len(found), max_size=len(found))))
    held = [
        Held(NOW - EVERY * age, Part(NOW - EVERY * (age + 1), NOW - EVERY * age, *_rest(one)))
        for age, one in zip(ages, found, strict=True)
    ]
    statistic = draw(st.sampled_from(Statistic))
    unit = draw(st.sampled_from(Unit)) if statistic.share is None else Unit.SECONDS
    absence = draw(
        st.none() | st.builds(Absence, st.just(Series("metrics", "x")), st.sampled_from(Reason), details)
    )
    at_least = statistic.share is None and draw(st.booleans())
    return case(
        held,
        limit(statistic, threshold, unit, at_least=at_least),
        absence=absence,
        window=timedelta(minutes=draw(st.sampled_from([1, 5]))),
    )


def _rest(one: Part) -> tuple[Evidence, Quality, tuple[Bounds, ...], str]:
    return one.evidence, one.quality, one.bounds, one.detail
