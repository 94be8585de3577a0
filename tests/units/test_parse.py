"""Texts of durations, shares, sizes and rates in; figures or a clear refusal out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from headroom.budgets import Unit
from headroom.units import (
    UnitError,
    parse_duration,
    parse_rate,
    parse_seconds,
    parse_share,
    parse_size,
    parse_value,
)

DURATION = "a number with us, ms, s, m, h or d, e.g. 200ms"
SHARE = "a number with %, from 0% to 100%, e.g. 70%"
SIZE = "a number with b, kb, mb, gb, tb or KiB, MiB, GiB, TiB, all 1024-based, e.g. 512mb"
RATE = 'a number with "per 1000 commands", e.g. 1 per 1000 commands'


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("200ms", 0.2),
        ("1s", 1.0),
        ("5m", 300.0),
        ("1.5h", 5400.0),
        ("10us", 0.00001),
        ("10\u00b5s", 0.00001),
        ("10\u03bcs", 0.00001),
        ("2d", 172_800.0),
        ("0s", 0.0),
        ("240 ms", 0.24),
        ("5 min", 300.0),
        ("3 h 10 min", 11_400.0),
        ("1h30m", 5400.0),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    """A duration is read exactly: 0.2 s is the float 0.2, not a neighbour."""
    assert parse_seconds(text) == seconds


def test_durations_as_timedelta() -> None:
    """Settings get a timedelta of the same length."""
    assert parse_duration("1.5h") == timedelta(hours=1, minutes=30)


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [
        ("1gb", 1_073_741_824),
        ("512MB", 536_870_912),
        ("64MiB", 67_108_864),
        ("1kb", 1024),
        ("1 KiB", 1024),
        ("10b", 10),
        ("1.5 GiB", 1_610_612_736),
        ("2tb", 2_199_023_255_552),
    ],
)
def test_sizes(text: str, bytes_: int) -> None:
    """Sizes are 1024-based in every spelling, as redis.conf reads kb, mb and gb."""
    assert parse_size(text) == bytes_


def test_shares_and_rates() -> None:
    """A percentage is a share from 0 to 1; a rate is its number of events in 1,000 commands."""
    assert [parse_share(text) for text in ("70%", "69.96 %", "0%", "100%")] == [0.7, 0.6996, 0.0, 1.0]
    assert [parse_rate(text) for text in ("1 per 1000 commands", "3.1 per 1,000 commands")] == [1.0, 3.1]


def test_values_are_read_in_their_unit() -> None:
    """A threshold is read as what its unit says."""
    texts = {
        Unit.SECONDS: "200ms",
        Unit.SHARE: "70%",
        Unit.BYTES: "1kb",
        Unit.PER_1000_COMMANDS: "1 per 1000 commands",
    }
    assert [parse_value(text, unit) for unit, text in texts.items()] == [0.2, 0.7, 1024, 1.0]


@pytest.mark.parametrize(
    ("parse", "text", "message"),
    [
        (parse_seconds, "200", f"not a duration; allowed: {DURATION}"),
        (parse_seconds, "200 mss", f"not a duration; allowed: {DURATION}"),
        (parse_seconds, "-5s", f"not a duration; allowed: {DURATION}"),
        (parse_seconds, "1,5s", f"not a duration; allowed: {DURATION}"),
        (parse_seconds, "1e3s", f"not a duration; allowed: {DURATION}"),
        (parse_seconds, "nans", f"not a duration; allowed: {DURATION}"),
        (parse_seconds, "5s\n", f"not a duration; allowed: {DURATION}"),
        (parse_seconds, "\u0665s", f"not a duration; allowed: {DURATION}"),
        (parse_seconds, "30m1h", f"not a duration: its units do not descend; allowed: {DURATION}"),
        (parse_seconds, "1s1s", f"not a duration: its units do not descend; allowed: {DURATION}"),
        (parse_duration, "999999999999d", f"a duration of more than 999999999 days; allowed: {DURATION}"),
        (parse_share, "0.7", f"not a share; allowed: {SHARE}"),
        (parse_share, "-1%", f"not a share; allowed: {SHARE}"),
        (parse_share, "100.1%", f"more than 100%; allowed: {SHARE}"),
        (parse_size, "1k", f"not a size; allowed: {SIZE}"),
        (parse_size, "1gib/s", f"not a size; allowed: {SIZE}"),
        (parse_rate, "1 per 100 commands", f"not a rate; allowed: {RATE}"),
        (parse_rate, "1%", f"not a rate; allowed: {RATE}"),
    ],
)
def test_what_is_refused(parse: Callable[[str], object], text: str, message: str) -> None:
    """A refusal says what is wrong and what is allowed, and leaves the text itself to the caller."""
    with pytest.raises(UnitError) as refused:
        parse(text)
    assert str(refused.value) == message
