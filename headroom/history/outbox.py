"""Notices on their way: queued with the cycle that made them, claimed for an attempt, and what came of it.

Delivery is in order per incident and channel, at least once: a crash between an attempt and its result
repeats the attempt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, case, func, literal, or_, select, update

from headroom.delivery import Choice, Choose, Past, Settled
from headroom.history.insert import inserted
from headroom.history.outbox_read import WAITING, notice_of
from headroom.history.records import DeliveryState
from headroom.history.superseded import superseded
from headroom.history.tables import outbox
from headroom.incidents import Notice, NoticeStatus

_ANSWER_AT_MOST = 1_000  # characters of what a receiver says; it is a stranger's text
_HURRIED = (NoticeStatus.FIRING, NoticeStatus.ESCALATED)


def queue(connection: Connection, seq: int, notices: Sequence[Notice]) -> None:
    """Append notices in order; one may take those before it out of the queue, and itself."""
    for notice in notices:
        row = {
            "incident_id": notice.incident or None,
            "seq": seq,
            "channel": notice.channel,
            "status": notice.status.value,
            "key": notice.key,
            "payload": notice.payload,
            "created": notice.created,
            "next_at": notice.next_at,
            "attempts": notice.attempts,
            "state": DeliveryState.WAITING.value,
            "error": "",
            "response": "",
            "bundle": notice.bundle,
            "source": notice.source,
            "budget": notice.budget,
        }
        queued = replace(notice, id=inserted(connection, outbox, row))
        if not notice.incident:
            continue
        if needless := superseded(connection, queued):
            connection.execute(
                update(outbox)
                .where(outbox.c.id.in_(needless))
                .values(state=DeliveryState.SUPERSEDED.value, ended=notice.created)
            )
        if notice.status in _HURRIED:
            _hurry(connection, queued)


def _hurry(connection: Connection, notice: Notice) -> None:
    """Let what waits before a notice for a later hour go with it: it would hold it up, being first."""
    connection.execute(
        update(outbox)
        .where(
            WAITING,
            outbox.c.incident_id == notice.incident,
            outbox.c.channel == notice.channel,
            outbox.c.id < notice.id,
            outbox.c.attempts == 0,
            outbox.c.next_at > notice.next_at,
        )
        .values(next_at=notice.next_at)
    )


def heads() -> ColumnElement[bool]:
    """Return the condition that a notice is the first in its line: of its incident and channel."""
    first = select(func.min(outbox.c.id)).where(WAITING).group_by(outbox.c.incident_id, outbox.c.channel)
    return outbox.c.id.in_(first)


def free(now: datetime) -> ColumnElement[bool]:
    """Return the condition that nobody is sending a notice.

    Where the clock stands before the moment at which a notice was made or last tried, it was set back, and
    waiting for it would be waiting for an hour for nothing.
    """
    return or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= now, set_back(now))


def set_back(now: datetime) -> ColumnElement[bool]:
    """Return the condition that the clock was set back since a notice was made or tried."""
    return func.coalesce(outbox.c.claimed, outbox.c.created) > now


def claim(
    connection: Connection,
    now: datetime,
    lease: timedelta,
    limit: int,
    channel: str | None = None,
    choose: Choose | None = None,
    past: Past | None = None,
) -> list[Notice]:
    """Return the due notices, or those chosen of them, each leased to the caller until `now + lease`.

    Only the oldest waiting notice of an incident and channel can be due.
    """
    query = select(outbox).where(heads(), or_(outbox.c.next_at <= now, set_back(now)), free(now))
    if channel is not None:
        query = query.where(outbox.c.channel == channel)
    due = [notice_of(row) for row in connection.execute(query.order_by(outbox.c.id).limit(limit))]
    choice = Choice(tuple(due)) if choose is None else choose(due, past or Past())
    for held, why in choice.held:
        assert held.id is not None
        _leave(connection, Settled(held.id, sent=True, response=why), DeliveryState.SENT, now)
    more = int(choice.attempt)
    taken = [replace(notice, attempts=notice.attempts + more) for notice in choice.send]
    for bundle in {notice.bundle for notice in taken}:
        connection.execute(
            update(outbox)
            .where(outbox.c.id.in_([notice.id for notice in taken if notice.bundle == bundle]))
            .values(claimed=now, lease_until=now + lease, attempts=outbox.c.attempts + more, bundle=bundle)
        )
    return taken


def release_all(connection: Connection) -> None:
    """End all leases: whoever held them is gone."""
    connection.execute(
        update(outbox).where(WAITING, outbox.c.lease_until.is_not(None)).values(lease_until=None)
    )


def settle(connection: Connection, results: Sequence[Settled], at: datetime) -> None:
    """Note what became of notices; what has left the queue stays as it left."""
    for one in results:
        if one.again is not None:
            _put_back(connection, one, one.again)
        elif one.to:
            _leave(connection, replace(one, response=one.to), DeliveryState.REROUTED, at)
        else:
            _leave(connection, one, DeliveryState.SENT if one.sent else DeliveryState.GAVE_UP, at)


def _leave(connection: Connection, one: Settled, state: DeliveryState, at: datetime) -> None:
    values = {
        "state": state.value,
        "ended": at,
        "lease_until": None,
        "error": one.error[:_ANSWER_AT_MOST],
        "response": one.response[:_ANSWER_AT_MOST],
    }
    connection.execute(update(outbox).where(outbox.c.id == one.notice, WAITING).values(values))


def _put_back(connection: Connection, one: Settled, again: datetime) -> None:
    values = {"next_at": again, "lease_until": None, "error": one.error[:_ANSWER_AT_MOST]}
    if one.bundle is not None:
        values["bundle"] = one.bundle
    connection.execute(update(outbox).where(outbox.c.id == one.notice, WAITING).values(values))


def awaited(connection: Connection, now: datetime) -> dict[str, datetime]:
    """Return for each channel that something waits for when it is due: `now` or a later moment."""
    moment = case((set_back(now), literal(now, outbox.c.next_at.type)), else_=outbox.c.next_at)
    rows = connection.execute(
        select(outbox.c.channel, func.min(moment).label("at"))
        .where(heads(), free(now))
        .group_by(outbox.c.channel)
    )
    return {row.channel: max(row.at, now) for row in rows}
