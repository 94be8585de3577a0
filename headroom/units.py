"""Durations, shares, sizes and rates: "200ms", "70%", "1gb", "1 per 1000 commands" in and out.

One formatter serves screen, report and alert. What it prints never contradicts the figures: a value keeps its
side of the threshold, and an interval is only ever rounded outwards.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from itertools import pairwise

from headroom.bounds import Interval
from headroom.budgets import Unit

_MICRO = "\u00b5s"
_SECONDS = {
    "us": Decimal("0.000001"),
    _MICRO: Decimal("0.000001"),
    "\u03bcs": Decimal("0.000001"),  # keyboards give the Greek letter, old code pages the sign
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "min": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}
_BYTES = {
    "b": 1,
    **{f"{letter}{tail}": 1024**power for power, letter in enumerate("kmgt", 1) for tail in ("b", "ib")},
}

# The numbers are bounded so that no text of a file can overflow a float or a timedelta.
_NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,15})?"
_SPAN = rf"{_NUMBER} ?(?:{'|'.join(_SECONDS)})"
DURATION_PATTERN = rf"^{_SPAN}(?: ?{_SPAN}){{0,3}}$"
SHARE_PATTERN = rf"^{_NUMBER} ?%$"
SIZE_PATTERN = rf"^{_NUMBER} ?(?:[kKmMgGtT][iI]?)?[bB]$"
RATE_PATTERN = rf"^{_NUMBER} per 1,?000 commands$"

DURATION_FORM = "a number with us, ms, s, m, h or d, e.g. 200ms"
SHARE_FORM = "a number with %, from 0% to 100%, e.g. 70%"
SIZE_FORM = "a number with b, kb, mb, gb, tb or KiB, MiB, GiB, TiB, all 1024-based, e.g. 512mb"
RATE_FORM = 'a number with "per 1000 commands", e.g. 1 per 1000 commands'


class UnitError(ValueError):
    """A text that is not what it should be.

    Attributes:
        wrong: what is wrong with it, without the text itself: "not a duration".
        allowed: what would be right.
    """

    def __init__(self, wrong: str, allowed: str) -> None:
        super().__init__(f"{wrong}; allowed: {allowed}")
        self.wrong = wrong
        self.allowed = allowed


def parse_seconds(text: str) -> float:
    """Return a duration such as "200ms", "1.5h" or "3 h 10 min" in seconds, or raise UnitError."""
    if not re.fullmatch(DURATION_PATTERN, text):
        raise UnitError("not a duration", DURATION_FORM)
    found = re.findall(rf"({_NUMBER}) ?({'|'.join(sorted(_SECONDS, key=len, reverse=True))})", text)
    sizes = [_SECONDS[unit] for _, unit in found]
    if any(after >= before for before, after in pairwise(sizes)):
        raise UnitError("not a duration: its units do not descend", DURATION_FORM)
    return float(sum(Decimal(number) * size for (number, _), size in zip(found, sizes, strict=True)))


def parse_duration(text: str) -> timedelta:
    """Return a duration as a timedelta, which counts in microseconds, or raise UnitError."""
    try:
        return timedelta(seconds=parse_seconds(text))
    except OverflowError:
        raise UnitError("a duration of more than 999999999 days", DURATION_FORM) from None


def parse_share(text: str) -> float:
    """Return a percentage such as "70%" as a share from 0 to 1, or raise UnitError."""
    if not re.fullmatch(SHARE_PATTERN, text):
        raise UnitError("not a share", SHARE_FORM)
    share = Decimal(text.rstrip("% ")) / 100
    if share > 1:
        raise UnitError("more than 100%", SHARE_FORM)
    return float(share)


def parse_size(text: str) -> int:
    """Return a size such as "1gb" or "64MiB" in bytes, or raise UnitError.

    kb, mb, gb and tb are 1024-based in any case of letters, as redis.conf reads them; KiB, MiB, GiB and TiB
    mean the same. A fraction of a byte is dropped.
    """
    if not re.fullmatch(SIZE_PATTERN, text):
        raise UnitError("not a size", SIZE_FORM)
    number, unit = re.findall(rf"^({_NUMBER}) ?(.+)$", text)[0]
    return int(Decimal(number) * _BYTES[unit.lower()])


def parse_rate(text: str) -> float:
    """Return the number of "1 per 1000 commands", here 1.0, or raise UnitError."""
    if not re.fullmatch(RATE_PATTERN, text):
        raise UnitError("not a rate", RATE_FORM)
    return float(text.split(maxsplit=1)[0])


def parse_value(text: str, unit: Unit) -> float:
    """Return a threshold or value in its unit, or raise UnitError."""
    match unit:
        case Unit.SECONDS:
            return parse_seconds(text)
        case Unit.SHARE:
            return parse_share(text)
        case Unit.BYTES:
            return parse_size(text)
        case Unit.PER_1000_COMMANDS:
            return parse_rate(text)


# Each unit as it is printed: factors and suffixes, ascending, and where the next suffix begins. Minutes are
# left to `format_duration`: a value in minutes could not be written exactly beside a threshold in seconds.
_SCALES: dict[Unit, tuple[int, tuple[tuple[Decimal, str], ...]]] = {
    Unit.SECONDS: (
        1000,
        ((Decimal("0.000001"), " " + _MICRO), (Decimal("0.001"), " ms"), (Decimal(1), " s")),
    ),
    Unit.SHARE: (1, ((Decimal("0.01"), "%"),)),
    Unit.BYTES: (
        1024,
        tuple(
            (Decimal(1024**power), f" {letter}")
            for power, letter in enumerate(("B", "KiB", "MiB", "GiB", "TiB"))
        ),
    ),
    Unit.PER_1000_COMMANDS: (1, ((Decimal(1), " per 1,000 commands"),)),
}
_NOTHING = {unit: float(scales[0][0]) / 1000 for unit, (_, scales) in _SCALES.items()}
_DIGITS = 3
_ALL_DIGITS = 70  # more than a double has, also when it is divided by 1024 to the fourth
_PRECISION = 400  # places of decimal arithmetic: the largest double has 309 digits before the point


def format_value(value: float, unit: Unit, *, against: float | None = None) -> str:
    """Return a value for people: "240 ms", "1.2 s", "69.96%", "3.1 per 1,000 commands".

    Three significant digits, and as many more as it takes to keep the value on its side of `against` (a
    threshold in the same unit) and to keep a share that is neither 0 nor 1 from reading as 0% or 100%.
    Digits before the point are never rounded away.
    """
    number, suffix = _written(value, unit, against, ROUND_HALF_EVEN)
    return number + suffix


def format_interval(interval: Interval, unit: Unit, against: float | None = None) -> str:
    """Return where a value lies for people: "100 to 500 ms", "at most 10 ms", "over 5 s", exactly "240 ms".

    The ends are rounded outwards, so the text never claims more than the interval. An open high end reads
    "over": it stems from events above a histogram's last bound, which is itself excluded.
    """
    low, high = interval.low, interval.high
    if low is not None and low != high and low < _NOTHING[unit] and (against is None or against > low):
        low = None  # "0.0000001 to 3%" tells nobody more than "at most 3%"
    if high is None:
        if low is None:
            return "unknown"
        return f"over {''.join(_written(low, unit, against, ROUND_FLOOR))}"
    if low == high:
        return format_value(high, unit, against=against)
    most, suffix = _written(high, unit, against, ROUND_CEILING)
    whole = unit is Unit.SHARE and high == 1
    if low is None:
        return f"0 to {most}{suffix}" if whole else f"at most {most}{suffix}"
    least, low_suffix = _written(low, unit, against, ROUND_FLOOR)
    if whole:
        return f"at least {least}{low_suffix}"
    return f"{least}{'' if low_suffix == suffix else low_suffix} to {most}{suffix}"


def format_duration(span: timedelta) -> str:
    """Return a length of time in at most two units: "200 ms", "1.5 s", "5 min", "3 h 10 min", "2 d 4 h"."""
    sign = "-" if span < timedelta(0) else ""
    micros = abs(span) // timedelta(microseconds=1)
    second = 1_000_000
    # Rounded to what the second unit can show, so that 59 min 59.7 s reads "1 h" and not "60 min".
    for least, step in ((86_400, 3_600), (3_600, 60), (60, 1)):
        rounded = round(micros / (step * second)) * step
        if rounded >= least:
            return sign + " ".join(_units(rounded)[:2])
    text = format_value(micros / second, Unit.SECONDS) if micros else "0 s"
    return sign + ("1 min" if text == "60 s" else text)


def _units(seconds: int) -> list[str]:
    parts = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return parts


def _written(value: float, unit: Unit, against: float | None, rounding: str) -> tuple[str, str]:
    """Return the number and the suffix that `value` is printed with."""
    if not math.isfinite(value):
        raise ValueError(f"{value} cannot be printed as a value")
    with localcontext() as context:
        context.prec = _PRECISION
        # The shortest text of a double orders as the double does, and 0.2 is 0.2, not 0.2000000000000000111.
        exact = Decimal(repr(float(value)))
        borders = [Decimal(repr(float(border))) for border in (against,) if border is not None]
        borders += [Decimal(0), Decimal(1)] if unit is Unit.SHARE else [Decimal(0)]
        for digits in range(_DIGITS, _ALL_DIGITS):
            number, factor, suffix = _rounded(exact, unit, digits, rounding)
            if _sides(number * factor, borders) == _sides(exact, borders):
                break
        return format(number.normalize() if number else Decimal(0), "f"), suffix


def _rounded(exact: Decimal, unit: Unit, digits: int, rounding: str) -> tuple[Decimal, Decimal, str]:
    step, scales = _SCALES[unit]
    place = max((i for i, (factor, _) in enumerate(scales) if abs(exact) >= factor), default=0)
    if not exact:
        place = len(scales) - 1 if unit is Unit.SECONDS else 0
    factor, suffix = scales[place]
    number = _significant(exact / factor, digits, rounding)
    if abs(number) >= step and place + 1 < len(scales):
        factor, suffix = scales[place + 1]
        number /= step
    return number, factor, suffix


def _significant(number: Decimal, digits: int, rounding: str) -> Decimal:
    last = min(0, number.adjusted() - digits + 1)
    return number.quantize(Decimal(1).scaleb(last), rounding=rounding)


def _sides(number: Decimal, borders: Iterable[Decimal]) -> list[int]:
    return [(number > border) - (number < border) for border in borders]
