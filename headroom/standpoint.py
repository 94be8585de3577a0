"""What a stored verdict says now: the present standing of each limit, blind where nobody has judged lately.

Screen, command line, alert and report all pass what the history keeps through here before they show it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from headroom.bounds import Interval
from headroom.budgets import Budget, Limit, Outcome, Reason, Verdict, Window
from headroom.history.records import Standing
from headroom.instances import natural
from headroom.sources import Source
from headroom.units import format_duration, format_interval

LATE_AFTER = timedelta(minutes=1)
UNKNOWN_PACE = timedelta(seconds=15)  # of a source that the file no longer names


def late_after(every: timedelta) -> timedelta:
    """Return the age from which a verdict no longer speaks of the present."""
    return max(3 * every, LATE_AFTER)


def as_of(verdict: Verdict, now: datetime, every: timedelta) -> Verdict:
    """Return the verdict as it can be said now: blind (stale) once nobody has judged for too long.

    A collecting process that is gone leaves its last verdicts behind; shown as they are, they would stay
    green for ever. Its figures are taken away too, so that no caller can take them for current ones.

    Args:
        verdict: as the history keeps it.
        now: our clock, UTC.
        every: how often its budget is judged.
    """
    age = now - verdict.at
    if abs(age) <= late_after(every):
        return verdict
    last = verdict.outcome.value
    if verdict.value is not None:
        last += f" at {format_interval(verdict.value, verdict.unit, against=verdict.threshold)}"
    if age < timedelta(0):
        detail = f"the last verdict is {_whole(-age)} in the future ({last}); a clock was set back"
    else:
        detail = f"nothing was judged for {_whole(age)} (last: {last}); is `headroom run` still running?"
    return replace(
        verdict,
        outcome=Outcome.BLIND,
        reason=Reason.STALE,
        detail=detail,
        value=None,
        slow=None,
        slow_share=None,
        headroom=None,
        n=0,
        firm=False,
    )


def _whole(age: timedelta) -> str:
    return format_duration(timedelta(seconds=int(age.total_seconds())))


def unread(budget: Budget, limit: Limit, now: datetime, detail: str) -> Verdict:
    """Return the verdict on a limit that nobody has judged."""
    allowed = limit.statistic.allowed
    return Verdict(
        budget=budget.id,
        limit=limit.name,
        statistic=limit.statistic,
        severity=limit.severity,
        subject=(),
        source=budget.measure.source,
        outcome=Outcome.BLIND,
        reason=Reason.NO_DATA,
        detail=detail,
        unit=limit.unit,
        threshold=limit.threshold,
        window=Window(now - budget.window, now, 0.0),
        at=now,
        allowed=None if allowed is None else float(allowed),
        at_least=limit.at_least,
    )


@dataclass(frozen=True, slots=True)
class Standpoint:
    """One limit as it stands now.

    Attributes:
        since: since when this outcome holds; None where nothing was ever judged.
    """

    limit: Limit
    verdict: Verdict
    since: datetime | None


def standpoints(
    budget: Budget, sources: Mapping[str, Source], standings: Iterable[Standing], now: datetime
) -> tuple[Standpoint, ...]:
    """Return where each limit of a budget stands for all of its subject, in the file's order.

    A verdict on a threshold that the file no longer names says nothing of the promise in force: blind.
    """
    source = sources.get(budget.measure.source)
    every = source.every if source else UNKNOWN_PACE
    latest = {
        standing.verdict.limit: standing
        for standing in standings
        if standing.verdict.budget == budget.id and not standing.verdict.subject
    }
    return tuple(_standpoint(budget, limit, latest.get(limit.name), now, every) for limit in budget.limits)


def by_subject(
    budget: Budget, sources: Mapping[str, Source], standings: Iterable[Standing], now: datetime
) -> tuple[Standpoint, ...]:
    """Return where each limit of a budget stands for its instances and devices, by subject.

    Those that were not judged with the whole last time are gone, and left out: what was said of them last
    would else stand there for ever.
    """
    source = sources.get(budget.measure.source)
    every = source.every if source else UNKNOWN_PACE
    own = [standing for standing in standings if standing.verdict.budget == budget.id]
    newest = max((standing.seq for standing in own if not standing.verdict.subject), default=None)
    found = []
    for standing in own:
        verdict = standing.verdict
        limit = next((one for one in budget.limits if one.name == verdict.limit), None)
        if verdict.subject and standing.seq == newest and limit is not None and _same_promise(limit, verdict):
            found.append((verdict.subject, budget.limits.index(limit), limit, standing))
    found.sort(key=lambda each: (natural(each[0]), each[0], each[1]))
    return tuple(_standpoint(budget, limit, standing, now, every) for _, _, limit, standing in found)


def _standpoint(
    budget: Budget, limit: Limit, standing: Standing | None, now: datetime, every: timedelta
) -> Standpoint:
    if standing is None:
        return Standpoint(
            limit, unread(budget, limit, now, "no reading yet; is `headroom run` running?"), None
        )
    verdict = standing.verdict
    stand_ins = (other for other in budget.evicting if other.name == limit.name)
    judged = next((known for known in (limit, *stand_ins) if _same_promise(known, verdict)), None)
    if judged is None:
        detail = "the limit was changed and not judged since; restart `headroom run`"
        return Standpoint(limit, unread(budget, limit, now, detail), None)
    current = as_of(verdict, now, every)
    return Standpoint(judged, current, standing.since if current is verdict else verdict.at)


def _same_promise(limit: Limit, verdict: Verdict) -> bool:
    if verdict.at_least is not limit.at_least:
        return False
    return limit.unit is verdict.unit and math.isclose(limit.threshold, verdict.threshold)


def used(standpoint: Standpoint) -> Interval | None:
    """Return how much of a promise is used: below 1 it is kept, above 1 it is broken.

    For a percentile that is the slow share against the allowed one, so the interval lies on the same side of
    1 as the outcome says; for a mean it is value against threshold.
    """
    verdict = standpoint.verdict
    if verdict.allowed and verdict.slow_share is not None:
        return _scaled(verdict.slow_share, verdict.allowed)
    if verdict.value is None or verdict.threshold <= 0 or verdict.statistic.share is not None:
        return None
    if standpoint.limit.at_least:
        low, high = verdict.value.low, verdict.value.high
        return Interval(
            None if high is None else verdict.threshold / high if high > 0 else None,
            None if not low else verdict.threshold / low,
        )
    return _scaled(verdict.value, verdict.threshold)


def _scaled(interval: Interval, whole: float) -> Interval:
    return Interval(
        None if interval.low is None else interval.low / whole,
        None if interval.high is None else interval.high / whole,
    )
