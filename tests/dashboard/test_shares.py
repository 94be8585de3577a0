"""Shares in few digits."""

from __future__ import annotations

import pytest

from dashboard.shares import share, shares, whole


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0%"),
        (9.09e-13, "under 0.01%"),
        (0.0001, "0.01%"),
        (0.012345, "1.23%"),
        (0.5, "50%"),
        (0.9994, "99.9%"),
        (0.99999, "over 99.9%"),
        (1.0, "100%"),
        (12.3456, "1235%"),
        (1e300, "1" + "0" * 302 + "%"),
    ],
)
def test_a_share_has_three_digits_at_most(value: float, words: str) -> None:
    """Too little to tell and nearly all have words; neither is written as 0 % or 100 %."""
    assert share(value) == words


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.02, 0.09, "2% to 9%"),
        (0.012341, 0.012342, "1.23% to 1.24%"),
        (0.0, 0.09, "at most 9%"),
        (1e-9, 1e-8, "under 0.01%"),
        (0.0, 0.99999, "0% to over 99.9%"),
        (0.03, 0.0499999, "3% to just under 5%"),
        (0.0500001, 0.07, "just over 5% to 7%"),
        (0.05, 0.05, "5%"),
        (0.4, None, "40% or more"),
    ],
)
def test_ends_are_rounded_outwards_and_keep_their_side(low: float, high: float | None, words: str) -> None:
    """Of the 5 % that they are held against."""
    assert shares(low, high, against=0.05) == words


@pytest.mark.parametrize(
    ("value", "words"), [(0.0, "0%"), (0.001, "under 1%"), (0.876, "88%"), (0.99999, "100%"), (1.0, "100%")]
)
def test_coverage_is_a_whole_percentage(value: float, words: str) -> None:
    """Polls jitter, so that a window is hardly ever covered to the last millisecond."""
    assert whole(value) == words
