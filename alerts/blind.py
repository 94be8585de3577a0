"""Incidents about sight: when somebody must know that nothing can be told of a budget.

They are told apart from broken limits by their kind, not by labels of their own: what is silenced or routed
by budget, source or owner covers both. None is opened while the budget fires, for that incident tells
itself that sight of it was lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.decide import close
from alerts.decision import A_MOMENT, NEVER, Decision, Policy, Silenced, ending, moved
from alerts.flapping import clear_after, fired, rising
from alerts.telling import told
from headroom.alerting import Flapping, Step
from headroom.budgets import Outcome, Reason, Severity, Verdict
from headroom.incidents import About, Incident, NoticeStatus, State, Why
from headroom.units import format_duration

_LONGEST = 500


@dataclass(frozen=True, slots=True)
class SightPolicy:
    """When somebody is told that nothing can be told of a budget.

    Attributes:
        after: blind for this long fires.
        severity: how loud that is.
        recover_for: no row blind for this long resolves; zero: the first time. That of the budget makes one
            incident of a source that answers every other time.
        remind, steps, flapping: as in `alerts.decision.Policy`.
    """

    after: timedelta
    severity: Severity
    recover_for: timedelta = timedelta(0)
    remind: timedelta = NEVER
    steps: tuple[Step, ...] = ()
    flapping: Flapping | None = None


def decide_blind(
    verdicts: Sequence[Verdict],
    incident: Incident | None,
    *,
    policy: SightPolicy,
    at: datetime,
    elapsed: timedelta,
    budget_digest: str,
    new_id: Callable[[], str],
    source: str = "",
    silenced: Silenced = "",
    breach_firing: bool = False,
    fired_lately: int = 0,
) -> Decision:
    """Return what the newest verdicts on a budget do to the incident about sight of it.

    Args:
        verdicts: on all limits of all rows, for subject {}. Where there are none, nobody can see anything:
            what is open goes on, but nothing is opened, since it would be of no budget.
        incident: the open one about sight, or None.
        policy: how long what must hold.
        at: our clock, for the record only.
        elapsed: time since the budget was last judged, by a clock that does not step; the caller bounds it.
        budget_digest: identifies the wording of the whole budget.
        new_id: gives a new incident its identity.
        source: the name of the source that the budget is judged by.
        silenced: as in `alerts.decide.decide`.
        breach_firing: another incident tells of lost sight itself: none about sight is opened beside it, and
            a pending one is dropped. One that fires goes on.
        fired_lately: as in `alerts.decide.decide`.
    """
    unseen = [one for one in verdicts if one.outcome is Outcome.BLIND and one.reason is not Reason.NO_LIMIT]
    spent = max(elapsed, A_MOMENT)
    before = incident if incident is not None and incident.ended is None else None
    if before is None:
        decision = _open(
            unseen, policy, at, budget_digest, new_id, breach_firing=breach_firing, lately=fired_lately
        )
    elif before.budget_digest != budget_digest:
        return close(before, at=at)
    elif unseen or not verdicts:
        decision = _blind(before, unseen, policy, at, spent, breach_firing=breach_firing, lately=fired_lately)
    else:
        decision = _seeing(before, verdicts, policy, at, spent)
    if source and decision.incident is not None and not decision.incident.source:
        decision = replace(decision, incident=replace(decision.incident, source=source))
    return told(
        before,
        decision,
        policy=Policy(policy.after, policy.recover_for, remind=policy.remind, steps=policy.steps),
        at=at,
        elapsed=spent,
        silenced=silenced,
        detail=not_seen(unseen) or _first(verdicts),
    )


def not_seen(unseen: Sequence[Verdict]) -> str:
    """Return which limits are blind and why, for people; limits of one cause are named together."""
    causes: dict[str, list[str]] = {}
    for verdict in unseen:
        causes.setdefault(verdict.detail, []).append(verdict.limit)
    return "; ".join(f"{', '.join(limits)}: {cause}" for cause, limits in causes.items())[:_LONGEST]


def _open(
    unseen: Sequence[Verdict],
    policy: SightPolicy,
    at: datetime,
    budget_digest: str,
    new_id: Callable[[], str],
    *,
    breach_firing: bool,
    lately: int,
) -> Decision:
    if not unseen or breach_firing:
        return Decision(None, None, Why.LOST_SIGHT if unseen else Why.QUIET)
    first = unseen[0]
    incident = Incident(
        id=new_id(),
        budget=first.budget,
        statistic=first.statistic,
        subject=first.subject,
        state=State.PENDING,
        severity=policy.severity,
        limit=first.limit,
        opened=at,
        budget_digest=budget_digest,
        worst=not_seen(unseen),
        about=About.BLIND,
    )
    if not policy.after:
        detail = f"fires at once, as the alerts ask; {incident.worst}"
        return _fire(None, incident, policy, at, detail, lately=lately)
    return moved(None, incident, Why.CANNOT_SEE, at=at, detail=incident.worst)


def _blind(
    incident: Incident,
    unseen: Sequence[Verdict],
    policy: SightPolicy,
    at: datetime,
    elapsed: timedelta,
    *,
    breach_firing: bool,
    lately: int,
) -> Decision:
    waits = incident.state is State.PENDING
    if waits and breach_firing:
        after = replace(incident, state=State.DROPPED, ended=at)
        detail = "another incident of its budget tells of lost sight"
        return moved(incident, after, Why.LOST_SIGHT, at=at, detail=detail)
    went_on = waits or bool(incident.over_for)
    after = replace(
        incident,
        over_for=max(A_MOMENT, incident.over_for + (elapsed if went_on else timedelta(0))),
        met_for=timedelta(0),
        worst=not_seen(unseen) or incident.worst,
    )
    if waits and after.over_for >= policy.after:
        detail = f"for {format_duration(after.over_for)}; {after.worst}"
        return _fire(incident, after, policy, at, detail, lately=lately)
    if incident.flapping:
        return _flapping(incident, after, policy, at, elapsed if went_on else timedelta(0))
    return Decision(after, None, Why.CANNOT_SEE if waits else Why.UNSEEN)


def _fire(
    before: Incident | None,
    incident: Incident,
    policy: SightPolicy,
    at: datetime,
    detail: str,
    *,
    lately: int,
) -> Decision:
    after = replace(incident, state=State.FIRING, fired=at, over_for=max(incident.over_for, A_MOMENT))
    after = fired(after, policy.flapping, lately=lately)
    return rising(before, after, Why.UNSEEN, at, detail, policy.flapping)


def _flapping(
    before: Incident, after: Incident, policy: SightPolicy, at: datetime, elapsed: timedelta
) -> Decision:
    after = replace(after, steady_for=before.steady_for + elapsed if before.over_for else timedelta(0))
    if after.steady_for < clear_after(before, timedelta(0), policy.flapping):
        return Decision(after, None, Why.FLAPPING)
    detail = f"blind for {format_duration(after.steady_for)} without a break; {after.worst}"
    after = replace(after, flapping=False, rises=0, steady_for=timedelta(0))
    return moved(before, after, Why.CALM, at=at, detail=detail, notify=NoticeStatus.FIRING)


def _seeing(
    incident: Incident, verdicts: Sequence[Verdict], policy: SightPolicy, at: datetime, elapsed: timedelta
) -> Decision:
    detail = _first(verdicts)
    if incident.state is State.PENDING:
        after = replace(incident, state=State.DROPPED, ended=at)
        return moved(incident, after, Why.SEEN, at=at, detail=detail)
    went_on = not incident.over_for
    met_for = incident.met_for + (elapsed if went_on else timedelta(0))
    after = replace(incident, over_for=timedelta(0), met_for=met_for)
    if incident.flapping:
        after = replace(after, steady_for=met_for)
    if met_for < clear_after(incident, policy.recover_for, policy.flapping):
        return Decision(after, None, Why.RECOVERING)
    after = replace(after, state=State.RESOLVED, ended=at)
    return moved(incident, after, Why.SEEN, at=at, detail=detail, notify=ending(incident))


def _first(verdicts: Sequence[Verdict]) -> str:
    return next((f"{one.limit}: {one.detail}" for one in verdicts), "not judged")
