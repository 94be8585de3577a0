"""When an incident that comes and goes is kept open as one, and when it is let go again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from alerts.decision import Decision, moved
from alerts.people import unanswered
from alerts.sight import RANK, Judgement
from headroom.alerting import Flapping
from headroom.budgets import Severity
from headroom.incidents import Incident, NoticeStatus, Why
from headroom.units import format_duration

_NONE = timedelta(0)


def fired(incident: Incident, flapping: Flapping | None, *, lately: int) -> Incident:
    """Return an incident that fires now, flapping if it does so too often.

    Args:
        incident: as it fires.
        flapping: None where flapping is not watched for.
        lately: how often incidents of the same row before it fired within `flapping.within`.
    """
    rises = max(0, lately) + 1
    return replace(
        incident,
        rises=rises,
        flapping=flapping is not None and rises >= flapping.times,
        steady_for=_NONE,
    )


def risen(incident: Incident, flapping: Flapping | None) -> Incident:
    """Return an incident whose severity has just risen, flapping if that happens too often.

    Before it flaps, `steady_for` is the age of the first of its `rises`: those longer ago than
    `flapping.within` are forgotten together, so that two swings an hour apart never add up to three.
    """
    forgotten = flapping is None or not incident.rises or incident.steady_for >= flapping.within
    rises = 1 if forgotten else incident.rises + 1
    begins = flapping is not None and rises >= flapping.times
    age = _NONE if forgotten or begins else incident.steady_for
    return replace(incident, rises=rises, flapping=begins, steady_for=age)


def aged(incident: Incident, elapsed: timedelta) -> Incident:
    """Return an incident whose counted rises are so much longer ago; that of a flapping one is seen to."""
    return incident if incident.flapping else replace(incident, steady_for=incident.steady_for + elapsed)


def clear_after(incident: Incident, recover_for: timedelta, flapping: Flapping | None) -> timedelta:
    """Return for how long an incident must be met to end."""
    return max(recover_for, _calm(flapping)) if incident.flapping else recover_for


def rising(
    before: Incident | None, after: Incident, why: Why, at: datetime, detail: str, flapping: Flapping | None
) -> Decision:
    """Return the decision that an incident fires, or fires more severely: told as what it now is."""
    if after.flapping:
        detail = f"{_how_often(after, flapping)}; {detail}"
        return moved(before, after, Why.FLAPPING, at=at, detail=detail, notify=NoticeStatus.FLAPPING)
    return moved(before, after, why, at=at, detail=detail, notify=NoticeStatus.FIRING)


def _how_often(incident: Incident, flapping: Flapping | None) -> str:
    within = f" within {format_duration(flapping.within)}" if flapping else ""
    return f"fired or grew more severe {incident.rises} times{within}"


def kept_open(before: Incident, after: Incident, seen: Judgement, flapping: Flapping | None) -> Decision:
    """Return what becomes of a flapping incident that is over.

    Its `severity` stays the loudest that it had, so that the first rise to it is told and no swing after;
    its `limit` follows what is seen, and tells whether that is the same as before.

    Args:
        before: as it was.
        after: with its clocks gone on.
        seen: what is over.
        flapping: None where flapping is watched for no more: then it is let go at once.
    """
    standing = _severity_of(before, seen)
    swing = seen.swing(standing)
    if swing is not None and RANK[swing.severity] > RANK[before.severity]:
        after = replace(unanswered(after), severity=swing.severity, limit=swing.limit, steady_for=_NONE)
        after = replace(after, rises=after.rises + 1)
        return moved(before, after, Why.WORSE, at=seen.at, detail=swing.detail, notify=NoticeStatus.FIRING)
    if swing is not None:
        louder = RANK[swing.severity] > RANK[standing]
        after = replace(after, limit=swing.limit, steady_for=_NONE, rises=after.rises + louder)
        standing = swing.severity
    elif not before.over_for:
        after = replace(after, steady_for=_NONE)
    elif not before.unclear_for:
        after = replace(after, steady_for=after.steady_for + seen.elapsed)
    if after.steady_for >= _calm(flapping):
        detail = f"over for {format_duration(after.steady_for)} without a break; {seen.detail}"
        after = replace(after, flapping=False, rises=0, steady_for=_NONE, severity=standing)
        return moved(before, after, Why.CALM, at=seen.at, detail=detail, notify=NoticeStatus.FIRING)
    if before.blind:
        return moved(before, after, Why.SAW_AGAIN, at=seen.at, detail=seen.detail)
    return Decision(after, None, Why.FLAPPING)


def _severity_of(incident: Incident, seen: Judgement) -> Severity:
    """Return how loud the limit is that an incident stands at."""
    own = (verdict.severity for verdict in seen.verdicts if verdict.limit == incident.limit)
    return next(own, incident.severity)


def _calm(flapping: Flapping | None) -> timedelta:
    return flapping.calm if flapping else _NONE
