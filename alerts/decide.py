"""How an incident moves when its row is judged again, and why.

Pure: the verdicts on one row, the open incident and the time come in, the incident as it is now goes out. It
knows nothing of channels, and nobody is told here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from alerts.decision import A_MOMENT, Decision, Policy, Silenced, ending, moved
from alerts.flapping import aged, clear_after, fired, kept_open, risen, rising
from alerts.people import acknowledge, unacknowledge, unanswered
from alerts.sight import RANK, Judgement, Sight
from alerts.telling import told
from alerts.worst import worse
from headroom.budgets import Budget, Statistic, Verdict
from headroom.incidents import Incident, State, Why
from headroom.units import format_duration

__all__ = ["Decision", "Policy", "acknowledge", "close", "decide", "unacknowledge", "wording_digest"]


def decide(
    verdicts: Sequence[Verdict],
    incident: Incident | None,
    *,
    policy: Policy,
    at: datetime,
    elapsed: timedelta,
    budget_digest: str,
    new_id: Callable[[], str],
    source: str = "",
    silenced: Silenced = "",
    fired_lately: int = 0,
) -> Decision:
    """Return what the newest verdicts on one row and subject do to its incident.

    Time counts only between two judgements in a row that say the same, so that a gap, a restart or a
    doubtful stretch can neither fire nor resolve anything.

    Args:
        verdicts: on all limits of the row; empty where it could not be judged.
        incident: the open one, or None.
        policy: how long a judgement must hold.
        at: our clock, for the record only.
        elapsed: time since the row was last judged, by a clock that does not step; the caller bounds it.
        budget_digest: `wording_digest` of the row now.
        new_id: gives a new incident its identity.
        source: the name of the source that the budget is judged by.
        silenced: the id of the silence in force, while which only the end is told; empty for none. It is
            asked for the severity after the move: a silence of warnings must not swallow a rise.
        fired_lately: how often incidents of this row, before this one, fired within `flapping.within`.
    """
    seen = Judgement(verdicts, at, max(elapsed, A_MOMENT))
    before = incident if incident is not None and incident.ended is None else None
    if before is None:
        decision = _open(seen, policy, budget_digest, new_id, fired_lately)
    elif before.budget_digest != budget_digest:
        return close(before, at=at)
    elif before.state is State.PENDING:
        decision = _pending(before, seen, policy, fired_lately)
    else:
        decision = _firing(before, seen, policy)
    if source and decision.incident is not None and not decision.incident.source:
        decision = replace(decision, incident=replace(decision.incident, source=source))
    return told(
        before,
        decision,
        policy=policy,
        at=at,
        elapsed=seen.elapsed,
        silenced=silenced,
        detail=seen.detail,
    )


def close(incident: Incident, *, at: datetime, why: Why = Why.BUDGET_CHANGED) -> Decision:
    """Return the end of an open incident of which nothing can be judged any more, and why that is."""
    if incident.ended is not None:
        return Decision(incident, None, Why.QUIET)
    fired_before = incident.state is State.FIRING
    after = replace(incident, state=State.RESOLVED if fired_before else State.DROPPED, ended=at)
    return moved(incident, after, why, at=at, detail=why.value, notify=ending(incident))


def wording_digest(budget: Budget, statistic: Statistic) -> str:
    """Return what identifies a row's promise: another one ends the incident that the old one opened.

    Title, owner, runbook and the times that an alert waits may change without ending anything.
    """
    limits = [limit for limit in (*budget.limits, *budget.evicting) if limit.statistic is statistic]
    promise = repr((budget.id, statistic, budget.measure, budget.window, limits))
    return sha256(promise.encode()).hexdigest()[:16]


def _open(
    seen: Judgement, policy: Policy, budget_digest: str, new_id: Callable[[], str], fired_lately: int
) -> Decision:
    if seen.sight is not Sight.OVER:
        return Decision(None, None, Why.QUIET)
    loudest = seen.over[0]
    incident = Incident(
        id=new_id(),
        budget=loudest.budget,
        statistic=loudest.statistic,
        subject=loudest.subject,
        state=State.PENDING,
        severity=loudest.severity,
        limit=loudest.limit,
        opened=seen.at,
        budget_digest=budget_digest,
        worst=worse("", seen.over),
    )
    if not policy.pending_for and seen.firm:
        return _fire(incident, seen, policy, fired_lately, before=None)
    return moved(None, incident, Why.OVER, at=seen.at, detail=seen.detail)


def _pending(incident: Incident, seen: Judgement, policy: Policy, fired_lately: int) -> Decision:
    if seen.sight is Sight.MET:
        after = replace(incident, state=State.DROPPED, ended=seen.at, unclear_for=timedelta(0))
        return moved(incident, after, Why.MET_EARLY, at=seen.at, detail=seen.detail)
    if seen.sight is not Sight.OVER:
        after = replace(incident, unclear_for=incident.unclear_for + seen.elapsed)
        if after.unclear_for < max(policy.pending_for, policy.doubted_after):
            return Decision(after, None, Why.FROZEN)
        after = replace(after, state=State.DROPPED, ended=seen.at)
        return moved(incident, after, Why.DOUBTED, at=seen.at, detail=seen.detail)
    loudest = seen.over[0]
    after = replace(
        incident,
        over_for=incident.over_for + (timedelta(0) if incident.unclear_for else seen.elapsed),
        unclear_for=timedelta(0),
        severity=loudest.severity,
        limit=loudest.limit,
        worst=worse(incident.worst, seen.over),
    )
    if after.over_for < policy.pending_for:
        return Decision(after, None, Why.WAITING)
    if not seen.firm:
        return Decision(after, None, Why.NOT_FIRM)
    return _fire(after, seen, policy, fired_lately, before=incident)


def _fire(
    incident: Incident, seen: Judgement, policy: Policy, fired_lately: int, *, before: Incident | None
) -> Decision:
    loudest = seen.firm[0]
    after = replace(
        incident,
        state=State.FIRING,
        fired=seen.at,
        severity=loudest.severity,
        limit=loudest.limit,
        over_for=max(incident.over_for, A_MOMENT),
    )
    held = f"over for {format_duration(incident.over_for)}" if before else "fires at once, as the budget asks"
    after = fired(after, policy.flapping, lately=fired_lately)
    return rising(before, after, Why.HELD, seen.at, f"{held}; {loudest.detail}", policy.flapping)


def _firing(incident: Incident, seen: Judgement, policy: Policy) -> Decision:
    """Move a firing incident.

    Its `over_for` is above zero exactly while the last judgement that could be made was over, and its
    `unclear_for` exactly while the newest could not be made: that is how a restart finds what came before.
    While it is blind, `unclear_for` began when sight was lost.
    """
    match seen.sight:
        case Sight.OVER:
            return _still_over(incident, seen, policy)
        case Sight.MET:
            return _recovering(incident, seen, policy)
        case sight:
            loses = sight is Sight.LOST and not incident.blind
            before = timedelta(0) if loses else incident.unclear_for
            after = replace(
                aged(incident, seen.elapsed),
                unclear_for=before + seen.elapsed,
                blind=incident.blind or loses,
            )
            if loses:
                return moved(incident, after, Why.LOST_SIGHT, at=seen.at, detail=seen.detail)
            return Decision(after, None, Why.LOST_SIGHT)


def _still_over(incident: Incident, seen: Judgement, policy: Policy) -> Decision:
    went_on = incident.over_for and not incident.unclear_for
    after = replace(
        _seen_again(aged(incident, seen.elapsed)),
        over_for=max(A_MOMENT, incident.over_for + (seen.elapsed if went_on else timedelta(0))),
        met_for=timedelta(0),
        worst=worse(incident.worst, seen.over),
    )
    if incident.flapping:
        return kept_open(incident, after, seen, policy.flapping)
    swing = seen.swing(incident.severity)
    if swing is not None:
        after = replace(after, severity=swing.severity, limit=swing.limit)
        if RANK[swing.severity] < RANK[incident.severity]:
            return moved(incident, after, Why.BETTER, at=seen.at, detail=swing.detail)
        after = risen(unanswered(after), policy.flapping)
        return rising(incident, after, Why.WORSE, seen.at, swing.detail, policy.flapping)
    if incident.blind:
        return moved(incident, after, Why.SAW_AGAIN, at=seen.at, detail=seen.detail)
    return Decision(after, None, Why.STILL_OVER)


def _recovering(incident: Incident, seen: Judgement, policy: Policy) -> Decision:
    went_on = not incident.over_for and not incident.unclear_for
    met_for = incident.met_for + (seen.elapsed if went_on else timedelta(0))
    after = replace(
        _seen_again(aged(incident, seen.elapsed)),
        over_for=timedelta(0),
        met_for=met_for,
    )
    if incident.flapping:
        after = replace(after, steady_for=met_for)
    if met_for >= clear_after(incident, policy.recover_for, policy.flapping):
        after = replace(after, state=State.RESOLVED, ended=seen.at)
        detail = f"met for {format_duration(met_for)}; {seen.detail}"
        return moved(incident, after, Why.RECOVERED, at=seen.at, detail=detail, notify=ending(incident))
    if incident.blind:
        return moved(incident, after, Why.SAW_AGAIN, at=seen.at, detail=seen.detail)
    return Decision(after, None, Why.RECOVERING)


def _seen_again(incident: Incident) -> Incident:
    return replace(incident, unclear_for=timedelta(0), blind=False, lost_told=False)
