"""How an incident moves when its row is judged again, and why.

Pure: the verdicts on one row, the open incident and the time come in, the incident as it is now goes out. It
knows nothing of channels, and nobody is told here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from alerts.sight import RANK, Judgement, Sight
from alerts.worst import worse
from headroom.budgets import Budget, Statistic, Verdict
from headroom.incidents import Incident, NoticeStatus, State, Transition, Why
from headroom.units import format_duration

_A_MOMENT = timedelta.resolution


@dataclass(frozen=True, slots=True)
class Policy:
    """How long a judgement must hold before an incident moves.

    Attributes:
        pending_for: over for this long, and surely enough, fires.
        recover_for: met for this long resolves.
        doubted_after: a pending incident that cannot be told for this long, and for `pending_for` at least,
            is dropped: what was over so long ago is no reason to wake somebody.
    """

    pending_for: timedelta
    recover_for: timedelta
    doubted_after: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Decision:
    """What one judgement of a row does to its incident.

    Attributes:
        incident: as it is now, to be kept; None where there is none.
        transition: the move, to be appended; None where it stays.
        why: the reason, for a move and for staying alike.
        notify: what receivers must be told; None for nothing.
    """

    incident: Incident | None
    transition: Transition | None
    why: Why
    notify: NoticeStatus | None = None


def decide(
    verdicts: Sequence[Verdict],
    incident: Incident | None,
    *,
    policy: Policy,
    at: datetime,
    elapsed: timedelta,
    budget_digest: str,
    new_id: Callable[[], str],
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
    """
    seen = Judgement(verdicts, at, max(elapsed, _A_MOMENT))
    if incident is None or incident.ended is not None:
        return _open(seen, policy, budget_digest, new_id)
    if incident.budget_digest != budget_digest:
        return close(incident, at=at)
    move = _pending if incident.state is State.PENDING else _firing
    return move(incident, seen, policy)


def close(incident: Incident, *, at: datetime, why: Why = Why.BUDGET_CHANGED) -> Decision:
    """Return the end of an open incident of which nothing can be judged any more, and why that is."""
    fired = incident.state is State.FIRING
    after = replace(incident, state=State.RESOLVED if fired else State.DROPPED, ended=at)
    notify = NoticeStatus.RESOLVED if fired else None
    return _moved(incident, after, why, at=at, detail=why.value, notify=notify)


def wording_digest(budget: Budget, statistic: Statistic) -> str:
    """Return what identifies a row's promise: another one ends the incident that the old one opened.

    Title, owner, runbook and the times that an alert waits may change without ending anything.
    """
    limits = [limit for limit in (*budget.limits, *budget.evicting) if limit.statistic is statistic]
    promise = repr((budget.id, statistic, budget.measure, budget.window, limits))
    return sha256(promise.encode()).hexdigest()[:16]


def _open(seen: Judgement, policy: Policy, budget_digest: str, new_id: Callable[[], str]) -> Decision:
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
        return _fire(incident, seen, before=None)
    return _moved(None, incident, Why.OVER, at=seen.at, detail=seen.detail)


def _pending(incident: Incident, seen: Judgement, policy: Policy) -> Decision:
    if seen.sight is Sight.MET:
        after = replace(incident, state=State.DROPPED, ended=seen.at, unclear_for=timedelta(0))
        return _moved(incident, after, Why.MET_EARLY, at=seen.at, detail=seen.detail)
    if seen.sight is not Sight.OVER:
        after = replace(incident, unclear_for=incident.unclear_for + seen.elapsed)
        if after.unclear_for < max(policy.pending_for, policy.doubted_after):
            return Decision(after, None, Why.FROZEN)
        after = replace(after, state=State.DROPPED, ended=seen.at)
        return _moved(incident, after, Why.DOUBTED, at=seen.at, detail=seen.detail)
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
    return _fire(after, seen, before=incident)


def _fire(incident: Incident, seen: Judgement, *, before: Incident | None) -> Decision:
    loudest = seen.firm[0]
    after = replace(
        incident,
        state=State.FIRING,
        fired=seen.at,
        severity=loudest.severity,
        limit=loudest.limit,
        over_for=max(incident.over_for, _A_MOMENT),
    )
    held = f"over for {format_duration(incident.over_for)}" if before else "fires at once, as the budget asks"
    return _moved(
        before, after, Why.HELD, at=seen.at, detail=f"{held}; {loudest.detail}", notify=NoticeStatus.FIRING
    )


def _firing(incident: Incident, seen: Judgement, policy: Policy) -> Decision:
    """Move a firing incident.

    Its `over_for` is above zero exactly while the last judgement that could be made was over, and its
    `unclear_for` exactly while the newest could not be made: that is how a restart finds what came before.
    """
    match seen.sight:
        case Sight.OVER:
            return _still_over(incident, seen)
        case Sight.MET:
            return _recovering(incident, seen, policy)
        case _:
            blind = incident.blind or seen.sight is Sight.LOST
            after = replace(incident, unclear_for=incident.unclear_for + seen.elapsed, blind=blind)
            if blind and not incident.blind:
                return _moved(incident, after, Why.LOST_SIGHT, at=seen.at, detail=seen.detail)
            return Decision(after, None, Why.LOST_SIGHT)


def _still_over(incident: Incident, seen: Judgement) -> Decision:
    went_on = incident.over_for and not incident.unclear_for
    after = replace(
        incident,
        over_for=max(_A_MOMENT, incident.over_for + (seen.elapsed if went_on else timedelta(0))),
        met_for=timedelta(0),
        unclear_for=timedelta(0),
        blind=False,
        worst=worse(incident.worst, seen.over),
    )
    rank = RANK[incident.severity]
    if seen.firm and RANK[seen.firm[0].severity] > rank:
        after = replace(after, severity=seen.firm[0].severity, limit=seen.firm[0].limit)
        return _moved(
            incident, after, Why.WORSE, at=seen.at, detail=seen.firm[0].detail, notify=NoticeStatus.FIRING
        )
    loudest = seen.over[0]
    if RANK[loudest.severity] < rank and seen.cleared_above(loudest.severity):
        after = replace(after, severity=loudest.severity, limit=loudest.limit)
        return _moved(incident, after, Why.BETTER, at=seen.at, detail=loudest.detail)
    if incident.blind:
        return _moved(incident, after, Why.SAW_AGAIN, at=seen.at, detail=seen.detail)
    return Decision(after, None, Why.STILL_OVER)


def _recovering(incident: Incident, seen: Judgement, policy: Policy) -> Decision:
    went_on = not incident.over_for and not incident.unclear_for
    after = replace(
        incident,
        over_for=timedelta(0),
        met_for=incident.met_for + (seen.elapsed if went_on else timedelta(0)),
        unclear_for=timedelta(0),
        blind=False,
    )
    if after.met_for >= policy.recover_for:
        after = replace(after, state=State.RESOLVED, ended=seen.at)
        detail = f"met for {format_duration(after.met_for)}; {seen.detail}"
        return _moved(incident, after, Why.RECOVERED, at=seen.at, detail=detail, notify=NoticeStatus.RESOLVED)
    if incident.blind:
        return _moved(incident, after, Why.SAW_AGAIN, at=seen.at, detail=seen.detail)
    return Decision(after, None, Why.RECOVERING)


def _moved(
    before: Incident | None,
    after: Incident,
    why: Why,
    *,
    at: datetime,
    detail: str,
    notify: NoticeStatus | None = None,
) -> Decision:
    transition = Transition(after.id, at, before.state if before else None, after.state, why, detail)
    return Decision(after, transition, why, notify)
