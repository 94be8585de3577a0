"""docs/accuracy.md: its tables are whole, and what it states follows from them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from headroom.judge import ALPHA
from tests.streams import figures
from tests.streams.figures import percent
from tests.streams.stream import STEADY

PASS, BREACH = "histogram_quantile: wrong pass", "histogram_quantile: wrong breach"
HAPPENED, RATE, BURSTS = (figures.read(name) for name in figures.TABLES)
WORDS = " ".join(figures.PAGE.read_text().split())


@pytest.mark.parametrize("name", figures.TABLES)
def test_no_row_is_missing(name: str) -> None:
    """Every size, bucket layout and traffic has its row, and enough windows behind it."""
    table = figures.read(name)

    assert list(table) == figures.cells(name)
    assert all(row["windows"] >= 100 for row in table.values())
    shares = [share for row in table.values() for column, share in row.items() if column != "windows"]
    assert all(0 <= share <= 1 for share in shares)


def test_both_questions_were_asked_of_the_same_windows() -> None:
    """As many as the page says, in three histograms each."""
    windows = sum(row["windows"] for row in HAPPENED.values())

    assert [row["windows"] for row in HAPPENED.values()] == [row["windows"] for row in RATE.values()]
    assert f"in none of the {windows:,.0f} windows" in WORDS
    assert f"{windows / 3:,.0f} streams of requests" in WORDS


def test_bounds_alone_are_never_wrong() -> None:
    """The page's first sentence about them."""
    assert "By certain bounds alone nothing was wrong" in WORDS
    assert {row["certain bounds: wrong"] for row in HAPPENED.values()} == {0.0}


def test_what_stays_undecided_is_due_to_the_buckets() -> None:
    """A range with the guide's, none with good ones."""
    guides = [row["undecided"] for key, row in HAPPENED.items() if key[1:] == ("the guide's", STEADY)]

    assert f"{_range(guides)} of the steady windows stay undecided at every size" in WORDS
    assert {row["undecided"] for (_, buckets, _), row in HAPPENED.items() if buckets == "good"} == {0.0}


def test_how_often_the_interpolated_quantile_was_wrong_about_the_window() -> None:
    """The ranges over sizes and traffic."""
    guides, good = (
        _range(row[PASS] + row[BREACH] for (_, buckets, _), row in HAPPENED.items() if buckets == kind)
        for kind in ("the guide's", "good")
    )

    assert f"With the guide's buckets it was wrong in {guides} of the windows" in WORDS
    assert f"With good buckets {good} are left" in WORDS


def test_how_often_a_verdict_was_wrong_about_the_rate() -> None:
    """None on steady streams; on bursty ones over stays below the risk it takes, and met is said not to."""
    steady = [row for key, row in RATE.items() if key[2] == STEADY]
    bursty = [row for key, row in RATE.items() if key[2] != STEADY]
    over, met = (max(row[column] for row in bursty) for column in ("wrong over", "Headroom: wrong met"))

    assert {row["wrong over"] + row["Headroom: wrong met"] for row in steady} == {0.0}
    assert "On steady streams not one verdict was wrong" in WORDS
    assert over <= ALPHA
    assert (
        f'"over" was wrong in at most {percent(over)} of the windows, and "met" in up to {percent(met)}'
        in WORDS
    )


def test_how_often_the_interpolated_quantile_was_wrong_about_the_rate() -> None:
    """The worst row, and the worst with good buckets."""
    worst = max(row[PASS] + row[BREACH] for row in RATE.values())
    good = max(row[PASS] + row[BREACH] for (_, buckets, _), row in RATE.items() if buckets == "good")

    said = f"wrong in up to {percent(worst)} of the windows, with good buckets in up to {percent(good)}"
    assert said in WORDS


def test_the_known_weakness_is_said() -> None:
    """The largest share of broken promises that were called met."""
    worst = max(row["called met"] for row in BURSTS.values())

    assert f"few or none of the bursts fell into the window, up to {percent(worst)}." in WORDS


def _range(shares: Iterable[float]) -> str:
    low, *_, high = sorted(shares)
    return f"{percent(low)} to {percent(high)}"
