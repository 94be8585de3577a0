"""What must hold for every value: it reads back, keeps its order, and never contradicts its threshold."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.bounds import Interval
from headroom.budgets import Unit
from headroom.units import (
    format_duration,
    format_interval,
    format_value,
    parse_duration,
    parse_seconds,
    parse_value,
)

FACTORS = {
    "\u00b5s": Decimal("0.000001"),
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "%": Decimal("0.01"),
    "per 1,000 commands": Decimal(1),
    **{letter: Decimal(1024**power) for power, letter in enumerate(("B", "KiB", "MiB", "GiB", "TiB"))},
}
LARGEST = {Unit.SECONDS: 1e5, Unit.SHARE: 1.0, Unit.BYTES: 1e13, Unit.PER_1000_COMMANDS: 1e5}


def exactly(text: str) -> Decimal:
    """Return what a printed value says, without rounding it to a float."""
    found = re.fullmatch(r"(-?[0-9.]+) ?(.+)", text)
    assert found
    return Decimal(found[1]) * FACTORS[found[2]]


def shortest(value: float) -> Decimal:
    """Return a float as its shortest text reads, which orders as the floats do."""
    return Decimal(repr(float(value)))


@st.composite
def near(draw: st.DrawFn) -> tuple[Unit, float, float, float]:
    """Draw a unit, a threshold, and two values that often lie very near to it."""
    unit = draw(st.sampled_from(Unit))
    most = LARGEST[unit]
    threshold = draw(st.floats(min_value=1e-6, max_value=most))

    def value() -> float:
        if draw(st.booleans()):
            return draw(st.floats(min_value=0, max_value=most))
        return min(
            most, threshold * (1 + draw(st.sampled_from((-1, 0, 1))) * 10.0 ** -draw(st.integers(1, 16)))
        )

    return unit, threshold, value(), value()


@given(near())
def test_a_value_keeps_its_side(drawn: tuple[Unit, float, float, float]) -> None:
    """The text lies below, on or above the threshold exactly as the value does."""
    unit, threshold, value, _ = drawn
    said, limit = exactly(format_value(value, unit, against=threshold)), shortest(threshold)
    assert (said > limit, said == limit) == (value > threshold, value == threshold)


@given(near(), st.booleans())
def test_values_keep_their_order(drawn: tuple[Unit, float, float, float], compared: bool) -> None:
    """The larger value never reads as the smaller one."""
    unit, threshold, one, other = drawn
    against = threshold if compared else None
    low, high = (exactly(format_value(value, unit, against=against)) for value in sorted((one, other)))
    assert low <= high


@given(near())
def test_an_interval_only_widens(drawn: tuple[Unit, float, float, float]) -> None:
    """What is printed holds all of the interval, and each end keeps its side of the threshold."""
    unit, threshold, one, other = drawn
    low, high = sorted((one, other))
    text = format_interval(Interval(low, high), unit, against=threshold)
    if low == high or " to " not in text:
        return
    least, most = text.split(" to ")
    suffix = re.sub(r"^[0-9.]+ ?", "", most)
    said_low = exactly(least if re.search(r"[^0-9.]", least) else f"{least} {suffix}")
    said_high, limit = exactly(most), shortest(threshold)
    assert said_low <= shortest(low) < shortest(high) <= said_high
    assert (said_high > limit) == (high > threshold)
    assert (said_low < limit) == (low < threshold) or low < 1e-9


@given(near())
def test_a_value_reads_back(drawn: tuple[Unit, float, float, float]) -> None:
    """What is printed can be parsed, is near the value, and prints the same again."""
    unit, _, value, _ = drawn
    value = max(value, 1e-9)
    text = format_value(value, unit)
    back = parse_value(text, unit)
    assert back == pytest.approx(value, rel=0.006, abs=1 if unit is Unit.BYTES else 0)
    if unit is not Unit.BYTES:  # whole bytes: a fraction of one is dropped when it is read
        assert format_value(back, unit) == text


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=900)))
def test_a_duration_reads_back(span: timedelta) -> None:
    """A printed length of time can be parsed, is near the span, and prints the same again."""
    text = format_duration(span)
    back = parse_duration(text)
    assert abs(back - span) <= max(span * 0.03, timedelta(microseconds=1))
    assert format_duration(back) == text


@given(st.text(max_size=20))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    """No text makes the parser fail in any other way, and none gives a negative or endless duration."""
    try:
        seconds = parse_seconds(text)
    except ValueError:
        return
    assert 0 <= seconds < float("inf")
