"""What is told of a firing incident beside its moves, and what a silence keeps back.

The end of a silence, sight lost for long, the next step of escalation, a reminder: at most one of them at a
time, and none where the move itself is told.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from alerts.decision import Decision, Policy, Silenced, move
from headroom.incidents import ALARMS, Incident, NoticeStatus, State, Why
from headroom.units import format_duration


class _Told(NamedTuple):
    incident: Incident
    why: Why
    status: NoticeStatus | None
    detail: str


def told(
    before: Incident | None,
    decision: Decision,
    *,
    policy: Policy,
    at: datetime,
    elapsed: timedelta,
    silenced: Silenced,
    detail: str,
) -> Decision:
    """Return a decision with what is to be told of the incident as it is now.

    Args:
        before: the incident that was decided on; None where there was none.
        decision: how it moves.
        policy: when who is told again.
        at: our clock, for the record only.
        elapsed: since it was decided on before, above zero.
        silenced: as in `alerts.decide.decide`.
        detail: what is seen of it now.
    """
    after = decision.incident
    if after is None or after.ended is not None:
        return decision
    silence = silenced if isinstance(silenced, str) else silenced(after.severity)
    if before is not None and before.silenced and not silence and _met(after):
        silence = before.silenced  # held over it: what is met is no news, what is over again will be
    after = replace(after, silenced=silence)
    if after.state is not State.FIRING:
        return replace(decision, incident=after)
    was_silent = False
    if before is not None and before.state is State.FIRING:
        was_silent = bool(before.silenced)
        after = _later(after, elapsed, silenced=was_silent or bool(silence))
    elif silence:
        after = replace(after, untold=True)
    if silence:
        decision = replace(decision, incident=after, notify=None)
        news = f"silence {silence}"
        return decision if was_silent else _and(decision, _Told(after, Why.SILENCED, None, news), at)
    decision = replace(decision, incident=after)
    if was_silent:
        again = None if decision.notify else NoticeStatus.FIRING
        decision = _and(decision, _Told(after, Why.UNSILENCED, again, detail), at)
    if decision.notify is None and (due := _due(after, policy)) is not None:
        decision = _and(decision, due._replace(detail=f"{due.detail}; {detail}"), at)
    if decision.notify in ALARMS and decision.incident is not None:
        fresh = replace(decision.incident, told_ago=timedelta(0), untold=False)
        decision = replace(decision, incident=fresh)
    return decision


def _and(decision: Decision, news: _Told, at: datetime) -> Decision:
    """Return a decision with one more move, and what is told of it."""
    one = move(State.FIRING, news.incident, news.why, at, news.detail)
    if decision.transition is None:
        return Decision(news.incident, one, news.why, news.status)
    return replace(
        decision,
        incident=news.incident,
        why=news.why if news.status else decision.why,
        notify=news.status or decision.notify,
        also=(*decision.also, one),
    )


def _later(incident: Incident, elapsed: timedelta, *, silenced: bool) -> Incident:
    """Return an incident whose clocks of what was told, and of who answered, have gone on."""
    unanswered = incident.acknowledged is None and not silenced
    return replace(
        incident,
        told_ago=incident.told_ago + elapsed,
        unanswered_for=incident.unanswered_for + (elapsed if unanswered else timedelta(0)),
    )


def _due(incident: Incident, policy: Policy) -> _Told | None:
    """Return what people must hear of a firing incident that nothing silences, the most urgent first."""
    if incident.blind and not incident.lost_told and incident.unclear_for >= policy.lost_after:
        detail = f"for {format_duration(incident.unclear_for)}"
        return _Told(replace(incident, lost_told=True), Why.LOST_FOR_LONG, NoticeStatus.LOST_SIGHT, detail)
    # Somebody takes care of it; or it is met, and about to end: to call people for that were a false alarm.
    if incident.acknowledged is not None or _met(incident):
        return None
    return _next_step(incident, policy) or _reminder(incident, policy)


def _met(incident: Incident) -> bool:
    """Tell whether the newest judgement of a firing incident was met."""
    return incident.state is State.FIRING and not incident.over_for and not incident.unclear_for


def _next_step(incident: Incident, policy: Policy) -> _Told | None:
    for number, step in enumerate(policy.steps[incident.step :], start=incident.step + 1):
        if incident.severity not in step.severities:
            continue
        if incident.unanswered_for < step.after:
            return None
        detail = f"step {number}: unanswered for {format_duration(incident.unanswered_for)}"
        return _Told(replace(incident, step=number), Why.ESCALATED, NoticeStatus.ESCALATED, detail)
    return None


def _reminder(incident: Incident, policy: Policy) -> _Told | None:
    if not policy.remind or incident.flapping or incident.told_ago < policy.remind:
        return None
    detail = f"told {format_duration(incident.told_ago)} ago"
    return _Told(incident, Why.REMINDED, NoticeStatus.REMINDER, detail)
