"""The parts of a window as rows: those that were judged, and those that were left out, oldest first."""

from __future__ import annotations

from headroom.evidence import Histogram, Moments
from headroom.explain.records import Row
from headroom.judge import Case
from headroom.observation import DOUBTED, JUDGED
from headroom.window import Held, bounds_per_interval, in_window


def rows(case: Case) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """Return the rows that were judged and those that were left out."""
    window = _window(case)[::-1]
    numbers = {at: number for number, at in enumerate(dict.fromkeys(one.at for one in window), 1)}
    made = [_row(case, one, numbers[one.at]) for one in window]
    return (
        tuple(row for row in made if row.quality in JUDGED),
        tuple(row for row in made if row.quality not in JUDGED),
    )


def _row(case: Case, one: Held, number: int) -> Row:
    part, bounds = one.part, None
    if case.limit.statistic.share is not None and isinstance(part.evidence, Histogram | Moments):
        (bounds,) = bounds_per_interval(case.limit.threshold, (one,))
    return Row(number, one.at, part.start, part.end, part.quality, part.evidence, bounds, part.detail)


def judged(case: Case) -> list[Held]:
    """Return the parts that were judged, newest first."""
    return [one for one in _window(case) if one.part.quality in JUDGED]


def suspect(case: Case) -> list[Held]:
    """Return the parts in doubt, newest first: they were not judged, but may turn a verdict."""
    return [one for one in _window(case) if one.part.quality in DOUBTED]


def _window(case: Case) -> list[Held]:
    return in_window(case.held, at=case.at, length=case.budget.window)
