"""Reading verdicts and incidents back as the records they were."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select

from headroom.budgets import Outcome, Reason, Severity, Statistic
from headroom.history.encode_verdict import decode_verdict
from headroom.history.records import Standing, VerdictChange
from headroom.history.tables import incidents, transitions, verdict_changes, verdict_latest
from headroom.incidents import About, Incident, State, Transition, Why


def standings(connection: Connection) -> list[Standing]:
    """Return the latest verdict of every budget, limit and subject that was ever judged, in that order."""
    rows = connection.execute(
        select(verdict_latest).order_by(
            verdict_latest.c.budget, verdict_latest.c.limit, verdict_latest.c.subject
        )
    )
    return [
        Standing(
            decode_verdict(row.budget, row.limit, row.subject, row.outcome, row.reason, row.body),
            row.since,
            row.seq,
        )
        for row in rows
    ]


def changes(
    connection: Connection, budget: str, since: datetime, until: datetime, *, in_force: bool
) -> list[VerdictChange]:
    """Return the changes from `since` to before `until`, oldest first."""
    of_budget = verdict_changes.c.budget == budget
    wanted: ColumnElement[bool] = and_(verdict_changes.c.at >= since, verdict_changes.c.at < until)
    if in_force:
        before = (
            select(func.max(verdict_changes.c.id))
            .where(of_budget, verdict_changes.c.at < since)
            .group_by(verdict_changes.c.limit, verdict_changes.c.subject)
        )
        wanted = or_(wanted, verdict_changes.c.id.in_(before))
    rows = connection.execute(select(verdict_changes).where(of_budget, wanted).order_by(verdict_changes.c.id))
    return [
        VerdictChange(
            row.at, row.budget, row.limit, row.subject, Outcome(row.outcome), Reason(row.reason), row.detail
        )
        for row in rows
    ]


def open_incidents(connection: Connection) -> list[Incident]:
    """Return the incidents that have not ended, oldest first."""
    rows = connection.execute(
        select(incidents).where(incidents.c.ended.is_(None)).order_by(incidents.c.opened, incidents.c.id)
    )
    return [_incident(row) for row in rows]


def latest_incidents(connection: Connection, since: datetime | None, limit: int) -> list[Incident]:
    """Return the `limit` incidents opened last of those that had not ended before `since`."""
    query = select(incidents).order_by(incidents.c.opened.desc(), incidents.c.id.desc()).limit(limit)
    if since is not None:
        query = query.where(or_(incidents.c.ended.is_(None), incidents.c.ended >= since))
    return [_incident(row) for row in connection.execute(query)]


def moves(connection: Connection, incident: str) -> list[Transition]:
    """Return the moves of an incident, oldest first."""
    rows = connection.execute(
        select(transitions).where(transitions.c.incident_id == incident).order_by(transitions.c.id)
    )
    return [
        Transition(
            row.incident_id,
            row.at,
            None if row.before is None else State(row.before),
            State(row.after),
            Why(row.why),
            row.detail,
            Severity(row.severity),
        )
        for row in rows
    ]


def _incident(row: Row[Any]) -> Incident:
    return Incident(
        id=row.id,
        budget=row.budget,
        statistic=Statistic(row.statistic),
        subject=row.subject,
        state=State(row.state),
        severity=Severity(row.severity),
        limit=row.limit,
        opened=row.opened,
        fired=row.fired,
        ended=row.ended,
        over_for=row.over_for,
        met_for=row.met_for,
        unclear_for=row.unclear_for,
        blind=row.blind,
        budget_digest=row.budget_digest,
        worst=row.worst,
        about=About(row.about),
        source=row.source,
        acknowledged=row.acknowledged,
        acknowledged_by=row.acknowledged_by,
        silenced=row.silenced,
        flapping=row.flapping,
        rises=row.rises,
        steady_for=row.steady_for,
        told_ago=row.told_ago,
        unanswered_for=row.unanswered_for,
        step=row.step,
        lost_told=row.lost_told,
        untold=row.untold,
    )
