"""Values, intervals and durations as people read them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from headroom.bounds import Interval
from headroom.budgets import Unit
from headroom.units import format_duration, format_interval, format_value

S, SHARE, BYTES, RATE = Unit.SECONDS, Unit.SHARE, Unit.BYTES, Unit.PER_1000_COMMANDS


@pytest.mark.parametrize(
    ("value", "unit", "against", "text"),
    [
        (0.24, S, None, "240 ms"),
        (1.2, S, None, "1.2 s"),
        (0.31114, S, None, "311 ms"),
        (0.0000123, S, None, "12.3 \u00b5s"),
        (0.9996, S, None, "1 s"),
        (1234.5, S, None, "1234 s"),
        (0.0, S, None, "0 s"),
        (0.2000004, S, 0.2, "200.0004 ms"),
        (0.2, S, 0.2, "200 ms"),
        (0.99999, S, 1.0, "999.99 ms"),
        (0.6996, SHARE, None, "70%"),
        (0.6996, SHARE, 0.7, "69.96%"),
        (0.7, SHARE, 0.7, "70%"),
        (0.99996, SHARE, None, "99.996%"),
        (1.0, SHARE, None, "100%"),
        (0.0, SHARE, None, "0%"),
        (-0.5, SHARE, None, "-50%"),
        (1_610_612_736, BYTES, None, "1.5 GiB"),
        (1_073_741_825, BYTES, 1_073_741_824, "1.000000001 GiB"),
        (1023.9999 * 1024**2, BYTES, None, "1 GiB"),
        (3.1, RATE, None, "3.1 per 1,000 commands"),
        (12_345.6, RATE, None, "12346 per 1,000 commands"),
    ],
)
def test_values(value: float, unit: Unit, against: float | None, text: str) -> None:
    """Three digits, and more where fewer would put the value on the wrong side, or on the threshold."""
    assert format_value(value, unit, against=against) == text


@pytest.mark.parametrize(
    ("low", "high", "unit", "against", "text"),
    [
        (0.1, 0.5, S, None, "100 to 500 ms"),
        (0.9, 1.2, S, None, "900 ms to 1.2 s"),
        (5.0, None, S, None, "over 5 s"),
        (4.9964, None, S, None, "over 4.99 s"),
        (0.0, 0.01, S, None, "at most 10 ms"),
        (None, 0.01, S, None, "at most 10 ms"),
        (0.24, 0.24, S, None, "240 ms"),
        (0.0, 0.0, SHARE, None, "0%"),
        (0.0, 1.0, SHARE, None, "0 to 100%"),
        (0.9, 1.0, SHARE, None, "at least 90%"),
        (0.005, 0.1, SHARE, None, "0.5 to 10%"),
        (0.9, 1.2, SHARE, None, "90 to 120%"),
        (1e-12, 0.0301, SHARE, None, "at most 3.01%"),
        (0.21111, 0.31111, S, None, "211 to 312 ms"),
        (0.1, 0.19996, S, 0.2, "100 to 199.96 ms"),
        (0.20004, 0.3, S, 0.2, "200.04 to 300 ms"),
        (1.0, 3.0, RATE, None, "1 to 3 per 1,000 commands"),
        (None, None, S, None, "unknown"),
        (0.0, None, S, None, "unknown"),
    ],
)
def test_intervals(
    low: float | None, high: float | None, unit: Unit, against: float | None, text: str
) -> None:
    """An interval is rounded outwards, and its open ends are said in words."""
    assert format_interval(Interval(low, high), unit, against=against) == text


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(0), "0 s"),
        (timedelta(milliseconds=200), "200 ms"),
        (timedelta(seconds=1.5), "1.5 s"),
        (timedelta(seconds=59.99), "1 min"),
        (timedelta(seconds=90), "1 min 30 s"),
        (timedelta(minutes=59, seconds=59.7), "1 h"),
        (timedelta(hours=3, minutes=10), "3 h 10 min"),
        (timedelta(hours=23, minutes=59, seconds=50), "1 d"),
        (timedelta(days=2, hours=4), "2 d 4 h"),
        (timedelta(days=400), "400 d"),
        (timedelta(hours=-1), "-1 h"),
    ],
)
def test_durations(span: timedelta, text: str) -> None:
    """A length of time has at most two units, and never sixty of one."""
    assert format_duration(span) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_value(value: float) -> None:
    """What no evidence can give is an error of the caller, not a text on a screen."""
    with pytest.raises(ValueError, match="cannot be printed as a value"):
        format_value(value, S)
