"""The arithmetic of an average: the sums, one division, one comparison."""

from __future__ import annotations

from collections.abc import Sequence

from headroom.budgets import Reason, Unit, Verdict
from headroom.evidence import Gauge, Histogram, Moments, Ratio, merged
from headroom.explain.ledger import Figure, Ledger
from headroom.explain.records import Row, Step
from headroom.judge import Case

_DIGITS = (6, 9, 12, 15, 17)


def steps(case: Case, rows: Sequence[Row], verdict: Verdict) -> tuple[tuple[Step, ...], str]:
    """Return the lines and the rule that gave the outcome; with as few digits as keep the outcome."""
    whole = merged([row.evidence for row in rows])
    if whole is None or verdict.value is None:
        return (), ""
    for digits in _DIGITS:
        ledger = Ledger(digits)
        ledger.begin("The average over the window")
        low, high = _value(case, whole, verdict, ledger)
        ledger.read("limit", case.limit.threshold, f"{case.limit.name}, {_in(case.limit.unit)}")
        if _sides(case, low, high) == _sides(case, verdict.value.low, verdict.value.high):
            break
    return tuple(ledger.steps), _rule(case, low, high, verdict.reason, ledger)


def _value(
    case: Case, whole: Histogram | Moments | Ratio | Gauge, verdict: Verdict, ledger: Ledger
) -> tuple[Figure | None, Figure | None]:
    """Add the lines up to the value; return its two ends as printed."""
    match whole:
        case Ratio():
            part = ledger.read("part", whole.part, "sum of the column part")
            return _share(part, ledger.read("whole", whole.whole, "sum of the column whole"), case, ledger)
        case Gauge() if whole.seconds > 0:
            total = ledger.read("total", whole.total, "sum of the column value x s")
            return _share(
                total, ledger.read("seconds", whole.seconds, "sum of the column seconds"), case, ledger
            )
        case Gauge():
            last = ledger.read("last", whole.last, "the last sample: they stand for no time")
            return _share(last, ledger.read("one", 1, "of it"), case, ledger)
        case Moments() | Histogram() if whole.total is not None:
            total = ledger.read("total", whole.total, "seconds: what all of them took together")
            return _divided(total, ledger.read("n", whole.n, "all of them"), "the mean", ledger)
    assert verdict.value is not None
    ends = []
    for name, end in (("value_low", verdict.value.low), ("value_high", verdict.value.high)):
        least = name == "value_low"
        words = f"seconds: the mean if all took as {'little' if least else 'long'} as their bucket allows"
        ends.append(None if end is None else ledger.read(name, end, words))
    return ends[0], ends[1]


def _share(part: Figure, whole: Figure, case: Case, ledger: Ledger) -> tuple[Figure, Figure]:
    """Add the share, in the limit's unit."""
    if case.limit.unit is not Unit.PER_1000_COMMANDS:
        return _divided(part, whole, "the average", ledger)
    value = ledger.compute(
        "value",
        "1000*{part}/{whole}",
        lambda part, whole: 1000 * part / whole,
        "per 1,000 commands",
        part=part,
        whole=whole,
    )
    return value, value


def _divided(part: Figure, whole: Figure, words: str, ledger: Ledger) -> tuple[Figure, Figure]:
    value = ledger.compute(
        "value", "{part}/{whole}", lambda part, whole: part / whole, words, part=part, whole=whole
    )
    return value, value


def _in(unit: Unit) -> str:
    return {Unit.SHARE: "as a share", Unit.SECONDS: "in seconds"}.get(unit, unit.value)


def _sides(case: Case, *ends: Figure | None) -> list[int | None]:
    threshold = case.limit.threshold
    return [None if end is None else (end > threshold) - (end < threshold) for end in ends]


def _rule(case: Case, low: Figure | None, high: Figure | None, reason: Reason, ledger: Ledger) -> str:
    threshold = ledger.shown(case.limit.threshold)
    side = ">=" if case.limit.at_least else "<="
    if low is not None and low == high:
        shown = ledger.shown(low)
        sign = (
            ("<" if low < case.limit.threshold else ">=")
            if case.limit.at_least
            else ("<=" if low <= case.limit.threshold else ">")
        )
        kept = "kept: met" if reason is Reason.WITHIN_LIMIT else "broken: over"
        return f"value = {shown} {sign} {threshold}; promised is {side} {threshold}, so it is {kept}"
    least = "0" if low is None else ledger.shown(low)
    most = "any length" if high is None else ledger.shown(high)
    told = {
        Reason.WITHIN_LIMIT: "all of it keeps the promise: met",
        Reason.OVER_LIMIT: "all of it breaks the promise: over",
    }.get(reason, "the limit lies within, so it is undecided")
    return f"the mean lies in {least} to {most}; promised is {side} {threshold}; {told}"
