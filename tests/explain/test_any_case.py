"""Whatever the case: an explanation is made, its figures can be redone, and they are the judge's."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.binomial import design_effect
from headroom.explain import explain
from headroom.explain.changes import shifted
from headroom.judge import Case, judge
from headroom.rate import rate_of
from monitor.explain.blocks import Sums, Text, as_markdown, as_terminal
from monitor.explain.counts import left_out, tables
from tests.explain.calculator import lines, redo, redo_sums
from tests.explain.strategies import cases
from tests.explain.test_changes import exact
from tests.judge.cases import case, held


@settings(max_examples=150, deadline=None)
@given(cases())
def test_it_explains_any_case_with_the_judge_s_own_verdict(case: Case) -> None:
    """No evidence, however strange, leaves a verdict unexplained, and the verdict is that of `judge`."""
    found = explain(case)
    assert found.verdict == judge(case)
    assert found.rule
    assert found.promise.words
    blocks = [*tables(found.rows, case.limit, narrow=True), *left_out(found.left_out)]
    assert all(line.isprintable() for line in as_terminal(blocks).split("\n"))
    assert all(line.isprintable() for line in as_markdown(blocks).split("\n"))


@settings(max_examples=150, deadline=None)
@given(cases())
def test_every_line_can_be_computed_from_the_lines_above_it(case: Case) -> None:
    """A calculator that reads nothing but the text comes to every digit that is printed."""
    found = explain(case)
    text = as_terminal([Sums("", [(step.text, step.words) for step in found.steps])])
    assert redo(text) == sum(bool(step.expression) for step in found.steps)
    redo_sums(as_terminal([*tables(found.rows, case.limit, narrow=True), Text(""), Sums("", [])]) + text)


@settings(max_examples=150, deadline=None)
@given(cases())
def test_the_figures_are_the_judge_s(case: Case) -> None:
    """What the lines come to is what the verdict says: counts exactly, limits of the rate to five digits."""
    found = explain(case)
    verdict = found.verdict
    values = {step.symbol: step.value for step in found.steps}
    if not values:
        assert verdict.slow_share is None
        return
    if verdict.slow_share is None:
        assert verdict.value is not None
        for symbol, end in (("value_low", verdict.value.low), ("value_high", verdict.value.high)):
            shown = values.get(symbol, values.get("value"))
            assert end is None or (shown is not None and math.isclose(float(shown), end, rel_tol=1e-5))
        return
    assert verdict.slow is not None
    assert int(values["n"]) == verdict.n
    assert (
        int(values.get("k", values.get("k_low", -1))),
        int(values.get("k", values.get("k_high", -1))),
    ) == (verdict.slow)
    assert verdict.slow_share.low is not None
    assert verdict.slow_share.high is not None
    assert math.isclose(float(values["L"]), verdict.slow_share.low, rel_tol=1e-4, abs_tol=1e-7)
    assert math.isclose(float(values["U"]), verdict.slow_share.high, rel_tol=1e-4, abs_tol=1e-7)


@settings(max_examples=100, deadline=None)
@given(cases(), st.integers(-1000, 1000))
def test_shifted_counts_keep_their_sum(case: Case, x: int) -> None:
    """However many events change sides, every interval keeps its n, and no count leaves 0 to n."""
    found = explain(case)
    if found.verdict.slow_share is None or not x:
        return
    held = [one for one in case.held if one.part.quality.value in ("exact", "first seen", "reset")]
    held = [one for one in held if case.at - one.at < case.budget.window]
    rate = rate_of(case.limit.threshold, held)
    moved = shifted(rate, x, provable=True)
    assert [one.n for one in moved.intervals] == [one.n for one in rate.intervals]
    room = sum(one.n - one.k_high if x > 0 else one.k_low for one in rate.intervals)
    changed = sum(one.k_high for one in moved.intervals) - sum(one.k_high for one in rate.intervals)
    assert changed == min(room, abs(x)) * (1 if x > 0 else -1)


def test_bursts_are_redone_from_the_sums_of_the_polls() -> None:
    """Uneven polls give a design effect whose lines a calculator redoes, and which is the judge's."""
    found = explain(case(held(*[exact(60 - k, k) for k in (0, 12, 1, 0, 9, 3, 0, 0, 2, 3)])))
    text = as_terminal([Sums("", [(step.text, step.words) for step in found.steps])])
    assert redo(text) == 11
    values = {step.symbol: float(step.value) for step in found.steps}
    assert values["bursts"] > 5
    assert values["effect"] == pytest.approx(
        design_effect([(k, 60) for k in (0, 12, 1, 0, 9, 3, 0, 0, 2, 3)], 0.01), rel=1e-5
    )


def test_a_wrong_digit_is_found() -> None:
    """The calculator of these tests does fail where a line is wrong."""
    good = "      n = 7   all\n      k = 3   slow\n      share = 3/7 = 0.428571   of them\n"
    assert redo(good) == 1
    assert [symbol for symbol, _, _ in lines(good)] == ["n", "k", "share"]
    for bad in (good.replace("0.428571", "0.428572"), good.replace("3/7", "3/8")):
        try:
            redo(bad)
        except AssertionError:
            continue
        raise AssertionError(bad)
