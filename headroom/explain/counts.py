"""The parts of a window as rows: those that were judged, and those that were left out, oldest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from headroom.evidence import Histogram, Moments
from headroom.explain.records import Row
from headroom.judge import Case
from headroom.observation import DOUBTED, JUDGED, Quality
from headroom.rate import rate_of
from headroom.window import Held, in_window, proven_by


def rows(case: Case) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """Return the rows that were judged and those that were left out."""
    window = _window(case)[::-1]
    numbers = {at: number for number, at in enumerate(dict.fromkeys(one.at for one in window), 1)}
    made = [_row(case, one, numbers[one.at]) for one in window]
    told = [row for row in made if row.quality in JUDGED]
    return (
        (*told, *_seen_running(case, numbers)),
        tuple(row for row in made if row.quality not in JUDGED),
    )


def _seen_running(case: Case, numbers: Mapping[datetime, int]) -> Iterator[Row]:
    """Yield what was seen running over the limit and counts, since more were seen than ended slow."""
    held = judged(case)
    latencies = all(isinstance(one.part.evidence, Histogram | Moments) for one in held)
    if not held or not latencies or case.limit.statistic.share is None:
        return
    threshold = case.limit.threshold
    for at, more in rate_of(threshold, held, suspect(case)).seen[::-1]:
        start = max(one.part.start for one in suspect(case) if one.at == at)
        yield Row(
            numbers[at], at, start, at, Quality.UNFINISHED, Moments(more.n, more.n * threshold, 0.0), more, ""
        )


def _row(case: Case, one: Held, number: int) -> Row:
    part, bounds = one.part, None
    if case.limit.statistic.share is not None and isinstance(part.evidence, Histogram | Moments):
        bounds = proven_by(part, case.limit.threshold)
    return Row(number, one.at, part.start, part.end, part.quality, part.evidence, bounds, part.detail)


def judged(case: Case) -> list[Held]:
    """Return the parts that were judged, newest first."""
    return [one for one in _window(case) if one.part.quality in JUDGED]


def suspect(case: Case) -> list[Held]:
    """Return the parts in doubt, newest first: they were not judged, but may turn a verdict."""
    return [one for one in _window(case) if one.part.quality in DOUBTED]


def _window(case: Case) -> list[Held]:
    return in_window(case.held, at=case.at, length=case.budget.window)
