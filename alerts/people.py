"""What people do to an incident by hand: take care of it, and no longer do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from alerts.decision import Decision, moved
from headroom.incidents import Incident, NoticeStatus, State, Why

_LONGEST_PERSON, _LONGEST_NOTE = 100, 500


def acknowledge(incident: Incident, *, person: str, at: datetime, note: str = "") -> Decision:
    """Return what becomes of an incident that a person takes care of.

    Nobody is reminded of it, and nobody else called, until its severity rises. Only what fires can be
    acknowledged, and only once: the first who does keeps it, until they let go of it.

    Args:
        incident: in whatever state.
        person: as they name themselves.
        at: our clock, for the record only.
        note: what they say about it.
    """
    idle = _not_firing(incident)
    if idle is not None:
        return idle
    if incident.acknowledged is not None:
        return Decision(incident, None, Why.ACKNOWLEDGED)
    after = replace(incident, acknowledged=at, acknowledged_by=person[:_LONGEST_PERSON])
    # While it is silenced nothing is told of it but its end.
    notify = None if incident.silenced else NoticeStatus.ACKNOWLEDGED
    return moved(
        incident, after, Why.ACKNOWLEDGED, at=at, detail=_signed("acknowledged", person, note), notify=notify
    )


def unacknowledge(incident: Incident, *, person: str, at: datetime, note: str = "") -> Decision:
    """Return what becomes of an incident that nobody takes care of any more: reminders and steps begin anew.

    Whoever leant back when somebody took care of it is told that it fires.

    Args:
        incident: in whatever state.
        person: who says so, as they name themselves.
        at: our clock, for the record only.
        note: what they say about it.
    """
    idle = _not_firing(incident)
    if idle is not None:
        return idle
    if incident.acknowledged is None:
        return Decision(incident, None, Why.UNACKNOWLEDGED)
    detail = _signed("let go", person, note)
    if incident.silenced or incident.untold:
        return moved(incident, unanswered(incident), Why.UNACKNOWLEDGED, at=at, detail=detail)
    after = replace(unanswered(incident), told_ago=timedelta(0))
    return moved(incident, after, Why.UNACKNOWLEDGED, at=at, detail=detail, notify=NoticeStatus.FIRING)


def unanswered(incident: Incident) -> Incident:
    """Return an incident of which nobody takes care, its escalation anew.

    With the steps of before, nobody would ever be called again once the last was taken; nor those who are
    called for a severity that it has only now.
    """
    return replace(incident, acknowledged=None, acknowledged_by="", unanswered_for=timedelta(0), step=0)


def _not_firing(incident: Incident) -> Decision | None:
    if incident.ended is not None:
        return Decision(incident, None, Why.QUIET)
    return Decision(incident, None, Why.WAITING) if incident.state is State.PENDING else None


def _signed(what: str, person: str, note: str) -> str:
    said = f": {note[:_LONGEST_NOTE]}" if note else ""
    return f"{what} by {person[:_LONGEST_PERSON]}{said}"
