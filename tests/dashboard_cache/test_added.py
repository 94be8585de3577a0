"""Quantiles of parts that do not add up, and how an interval and a trend read."""

from __future__ import annotations

from fractions import Fraction

import pytest

from dashboard.added import added, lies, mean, quantile
from dashboard.growth import NONE, told
from headroom.bounds import Interval
from headroom.budgets import Unit
from headroom.evidence import Histogram, Moments, Ratio
from headroom.trend import Trend

P95 = Fraction(95, 100)
HOUR, GIB = 3_600.0, 2.0**30


def test_layouts_that_differ_are_not_mixed() -> None:
    """Each is added up by itself, and the quantile holds for all of them together."""
    coarse, fine = Histogram((1.0, 2.0), (90, 10, 0)), Histogram((0.5, 1.0, 1.5), (96, 2, 2, 0))
    parts = added([coarse, Ratio(1, 2), fine, coarse, Ratio(1, 2)])

    assert parts == (Histogram((1.0, 2.0), (180, 20, 0)), Ratio(2, 4), fine)
    assert quantile((parts[0], fine), P95) == Interval(1.0, 2.0)  # type: ignore[arg-type] a histogram
    assert quantile((fine,), P95) == Interval(0.0, 0.5)
    assert quantile((fine, Moments(100, 50.0, 0.0, 0.5)), P95) == Interval(0.0, 0.5)
    assert quantile((fine, Histogram((1.0,), (0, 100))), P95) == Interval(1.0, None)
    assert quantile((), P95) is None
    assert mean((Histogram((1.0,), (1, 0), 0.5), Moments(1, 1.5, 0.0))) == Interval(1.0, 1.0)


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        (Interval(264e-6, 528e-6), "between 264 and 528 µs"),
        (Interval(0.0, 16e-6), "at most 16 µs"),
        (Interval(1.0, None), "over 1 s"),
        (None, ""),
    ],
)
def test_a_percentile_is_never_one_number(interval: Interval | None, words: str) -> None:
    """Between two bounds, below the first, above the last."""
    assert lies(interval) == words


@pytest.mark.parametrize(
    ("slope", "span", "unit", "limit", "words"),
    [
        ((1.2 * GIB, 1.5 * GIB), 48, Unit.BYTES, None, "grows 1.2 to 1.5 GiB a day"),
        (
            (0.02, 0.03),
            48,
            Unit.SHARE,
            (0.8, ""),
            "grows 2 to 3 points a day; reaches 80% in 3 d 6 h to 5 d 6 h",
        ),
        ((-0.03, -0.02), 48, Unit.SHARE, (0.8, ""), "falls 2 to 3 points a day"),
        ((24 * 2.0**20, 48 * 2.0**20), 3, Unit.BYTES, None, "grows 1 to 2 MiB an hour"),
    ],
)
def test_a_trend_in_words(
    slope: tuple[float, float], span: float, unit: Unit, limit: tuple[float, str] | None, words: str
) -> None:
    """By the day where it was seen for a quarter of one, with the time to a limit that is near."""
    low, high = (end / 86_400 for end in slope)
    found = Trend(Interval(low, high), span * HOUR, 0.0, Interval(0.7, 0.7))

    assert told(found, unit, limit) == words
    assert told(None, unit, limit) == NONE == "no clear trend"
