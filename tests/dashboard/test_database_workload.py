"""Statements of a period: their order, what is certain of them, and what may be elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from dashboard.trend import trend
from dashboard.workload import Key, Line, chosen, joined, lines, percentile, summed
from headroom.bounds import Bounds, Interval
from headroom.config import load
from headroom.debt import debt, limits
from headroom.evidence import Moments
from headroom.history.folded import Fold, Folded
from headroom.observation import Series
from headroom.statements import MEASURE, REST, Statement
from tests.dashboard.sample import text

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
STEP = timedelta(minutes=5)
LIMITS = {"lookup": 0.01, "list": 0.05}
SLOW, FAST = Moments(10, 0.2, 0.0001), Moments(10, 0.01, 0.00001)
NEVER = Moments(0, 0.0, 0.0)


def series(fingerprint: str, group: str = "lookup") -> Series:
    """Return the series of a statement, or of the rest of its class."""
    place = "*" if fingerprint == REST else "erp"
    return Series("db", MEASURE, (("class", group), ("database", place), ("statement", fingerprint)))


def folds(*found: Moments, left_out: int = 0) -> tuple[Fold, ...]:
    """Return a fold of each, one after the other."""
    return tuple(
        Fold(START + k * STEP, moments, (moments.over(0.01),), left_out) for k, moments in enumerate(found)
    )


def ranked(folded: Folded, *known: Statement) -> list[Line]:
    """Return the lines of what was folded."""
    sums = joined([summed(folded, LIMITS, STEP)])
    columns = range(int(START.timestamp()) // 300, int(START.timestamp()) // 300 + 2)
    return lines(sums, LIMITS, columns, {one.fingerprint: one for one in known})


def names(found: Iterable[Line]) -> list[str]:
    """Return the fingerprints of lines."""
    return [line.key.fingerprint for line in found]


def test_what_is_certainly_owed_comes_first() -> None:
    """Then what is possible, then time, and the rests at the end whatever they owe."""
    found = {
        series("certain"): folds(SLOW),
        series("possible"): folds(Moments(10, 0.09, 0.001)),
        series("long", "write"): folds(Moments(1000, 90.0, 1.0)),
        series("short", "write"): folds(Moments(1, 0.001, 0.0)),
        series(REST): folds(Moments(1000, 100.0, 1.0)),
    }

    assert names(ranked(Folded(found, dict.fromkeys(found, 1)))) == [
        "certain",
        "possible",
        "long",
        "short",
        REST,
    ]


def test_debt_is_added_fold_by_fold() -> None:
    """A slow stretch beside a fast one owes for certain, where their sum would owe nothing for certain."""
    fast = Moments(100, 0.1, 0.00001)
    (line,) = ranked(Folded({series("a"): folds(SLOW, fast)}, {series("a"): 0b11}))

    assert line.sum.owed is not None
    slow, quick = (debt(each, 0.01, each.over(0.01)) for each in (SLOW, fast))
    assert line.sum.owed.low == pytest.approx(slow.low)
    assert line.sum.owed.high == pytest.approx((slow.high or 0) + (quick.high or 0))
    assert debt(SLOW + fast, 0.01).low == 0
    assert line.mean == pytest.approx(0.3 / 110)
    assert line.means == (pytest.approx(0.02), pytest.approx(0.001))


def test_without_a_limit_nothing_is_owed_and_nothing_is_claimed() -> None:
    """Writes and what falls into no class have time and calls all the same."""
    (line,) = ranked(Folded({series("a", "none"): folds(SLOW)}, {series("a", "none"): 1}))

    assert (line.sum.owed, line.sum.over, line.threshold) == (None, None, None)
    assert (line.sum.moments.n, line.share) == (10, 1.0)


def test_absent_while_the_rest_was_busy_makes_it_at_least() -> None:
    """Only then: a poll at which the rest of its class had no calls cannot have hidden any."""
    found = {series("a"): folds(FAST), series("b"): folds(FAST), series(REST): folds(FAST)}
    lined = {
        line.key.fingerprint: line
        for line in ranked(Folded(found, {series("a"): 0b0111, series("b"): 0b1101, series(REST): 0b0110}))
    }

    assert (lined["a"].at_least, lined["b"].at_least, lined[REST].at_least) == (False, True, False)
    assert lined["b"].sum.missed == 1


def test_a_piece_of_time_without_it_counts_as_missed() -> None:
    """All polls at which the rest of its class was busy."""
    first = Folded({series("a"): folds(FAST), series(REST): folds(FAST)}, {series("a"): 1, series(REST): 1})
    second = Folded({series(REST): folds(FAST)}, {series(REST): 0b111})
    sums = joined([summed(each, LIMITS, STEP) for each in (first, second)])

    key = Key("lookup", "erp", "a")
    assert (sums[key].missed, sums[key].moments.n) == (3, 10)
    assert (sums[key.rest].missed, sums[key.rest].moments.n) == (0, 20)


def test_shares_are_of_all_time_rests_too() -> None:
    """They add up to one."""
    found = {series("a"): folds(SLOW), series(REST, "write"): folds(Moments(1, 0.6, 0.0))}
    shares = [line.share for line in ranked(Folded(found, dict.fromkeys(found, 1)))]

    assert shares == [pytest.approx(0.25), pytest.approx(0.75)]


def test_the_bounds_of_its_parts_place_the_p95_on_a_side_of_the_limit() -> None:
    """What mean and deviation of the whole leave open; bounds of other calls than these tell nothing."""
    whole = Moments(1000, 6.0, 0.4)
    open_ = percentile(whole, None)
    assert open_ is not None
    assert (open_.low or 0) < 0.01 < (open_.high or 0)

    assert percentile(whole, Bounds(0.01, 1000, 0, 50)) == Interval(open_.low, 0.01)
    assert percentile(whole, Bounds(0.01, 1000, 51, 90)) == Interval(0.01, open_.high)
    assert percentile(whole, Bounds(0.01, 1000, 0, 51)) == open_
    assert percentile(whole, Bounds(0.01, 999, 0, 50)) == open_
    assert percentile(NEVER, None) is None


def test_the_choice_is_of_class_database_and_words() -> None:
    """All words must be there, in text, reason or fingerprint, whatever their case; a rest has none."""
    known = Statement("db", "aa", "lookup", "one row by its key", "SELECT total FROM Invoices WHERE id = $1")
    found = {
        series("aa"): folds(SLOW),
        series("bb", "list"): folds(SLOW),
        series(REST): folds(FAST),
    }
    lined = ranked(Folded(found, dict.fromkeys(found, 1)), known)

    assert names(chosen(lined, "", "", "")) == ["aa", "bb", REST]
    assert names(chosen(lined, "lookup", "", "")) == ["aa", REST]
    assert names(chosen(lined, "lookup", "erp", "")) == ["aa"]
    assert names(chosen(lined, "", "", "invoices KEY")) == ["aa"]
    assert names(chosen(lined, "", "", "BB")) == ["bb"]
    assert names(chosen(lined, "", "", "invoices orders")) == []
    assert names(chosen(lined, "", "other", "")) == []


def test_a_line_of_which_nothing_holds_is_shown_with_what_was_left_out() -> None:
    """It has no mean, and owes nothing."""
    (line,) = ranked(Folded({series("a"): folds(NEVER, left_out=3)}, {series("a"): 0}))

    assert (line.mean, line.p95, line.sum.left_out) == (None, None, 3)


def test_the_lowest_limit_of_a_class_is_its_limit(tmp_path: Path) -> None:
    """Of the budgets on this source; a class that none is about has none."""
    (tmp_path / "budgets.yaml").write_text(text(), encoding="utf-8")
    config = load(tmp_path / "budgets.yaml")

    assert limits(config.budgets, "erp-db") == {
        "lookup": 0.01,
        "list": 0.05,
        "aggregate": 0.5,
        "analytics": 5.0,
    }
    assert limits(config.budgets, "metrics") == {}


def test_a_trend_needs_a_clear_order_and_a_difference_that_matters() -> None:
    """A line that is steep, or one of chance, or one that is flat though it always rises."""
    climbing = tuple(1.0 + 0.05 * k for k in range(20))
    assert trend(climbing).said == "rising, +64%"
    assert trend(climbing[::-1]).said == "falling, -64%"
    assert trend(tuple(1.0 + 0.001 * k for k in range(20))).said == "no clear trend"
    assert trend(tuple(1.0 + 0.5 * (k * 7 % 5) for k in range(30))).said == "no clear trend"
    assert trend((1.0, None) * 7).said == "too little to tell"
    assert trend((0.0,) * 9).said == "no clear trend"


def test_chance_is_seldom_called_a_trend() -> None:
    """At most 1 of 100 orders of the same means."""
    shuffled = [tuple(float(pow(k * step, 3, 1009)) for k in range(1, 31)) for step in range(1, 301)]
    called = sum(trend(means).change is not None for means in shuffled)

    assert Fraction(called, len(shuffled)) <= Fraction(1, 100)
