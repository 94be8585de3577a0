"""Notices on their way: queued with the cycle that made them, claimed for an attempt, and what came of it.

Delivery is in order per incident and channel, at least once: a crash between an attempt and its result
repeats the attempt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, update

from headroom.history.insert import inserted
from headroom.history.records import Delivery, DeliveryState
from headroom.history.tables import outbox
from headroom.incidents import Notice, NoticeStatus

_ANSWER_AT_MOST = 1_000  # characters of what a receiver says; it is a stranger's text
_WAITING = outbox.c.state == DeliveryState.WAITING.value


def queue(connection: Connection, seq: int, notices: Sequence[Notice]) -> None:
    """Append notices in order; a resolved one may take those before it out of the queue, and itself."""
    for notice in notices:
        row = {
            "incident_id": notice.incident,
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
        }
        number = inserted(connection, outbox, row)
        if notice.status is NoticeStatus.RESOLVED:
            _supersede(connection, replace(notice, id=number))


def _supersede(connection: Connection, resolved: Notice) -> None:
    """Take out firing notices that nobody has tried to send; and the resolved one, if none was ever tried.

    An attempt that failed may have arrived all the same, so its receiver is told of the end.
    """
    firing = connection.execute(
        select(outbox.c.id, outbox.c.attempts, outbox.c.state).where(
            outbox.c.incident_id == resolved.incident,
            outbox.c.channel == resolved.channel,
            outbox.c.status == NoticeStatus.FIRING.value,
        )
    ).all()
    untold = [row.id for row in firing if row.attempts == 0 and row.state == DeliveryState.WAITING]
    if firing and len(untold) == len(firing):
        untold.append(resolved.id)
    if untold:
        connection.execute(
            update(outbox)
            .where(outbox.c.id.in_(untold))
            .values(state=DeliveryState.SUPERSEDED.value, ended=resolved.created)
        )


def claim(connection: Connection, now: datetime, lease: timedelta, limit: int) -> list[Notice]:
    """Return the notices that are due, oldest first, each leased to the caller until `now + lease`.

    Only the oldest waiting notice of an incident and channel can be due. Where the clock stands before the
    moment at which a notice was made or last tried, it was set back, and waiting for it would be waiting for
    an hour for nothing: such a notice is due.
    """
    oldest = select(func.min(outbox.c.id)).where(_WAITING).group_by(outbox.c.incident_id, outbox.c.channel)
    set_back = func.coalesce(outbox.c.claimed, outbox.c.created) > now
    rows = connection.execute(
        select(outbox)
        .where(
            outbox.c.id.in_(oldest),
            or_(outbox.c.next_at <= now, set_back),
            or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= now, set_back),
        )
        .order_by(outbox.c.id)
        .limit(limit)
    ).all()
    if rows:
        connection.execute(
            update(outbox)
            .where(outbox.c.id.in_([row.id for row in rows]))
            .values(claimed=now, lease_until=now + lease, attempts=outbox.c.attempts + 1)
        )
    return [replace(_notice(row), attempts=row.attempts + 1) for row in rows]


def release_all(connection: Connection) -> None:
    """End all leases: whoever held them is gone."""
    connection.execute(
        update(outbox).where(_WAITING, outbox.c.lease_until.is_not(None)).values(lease_until=None)
    )


def leave(
    connection: Connection,
    number: int,
    state: DeliveryState,
    *,
    at: datetime,
    error: str = "",
    response: str = "",
) -> bool:
    """Take a notice out of the queue; False where it had left already, which then stands."""
    values = {
        "state": state.value,
        "ended": at,
        "lease_until": None,
        "error": error[:_ANSWER_AT_MOST],
        "response": response[:_ANSWER_AT_MOST],
    }
    return bool(
        connection.execute(update(outbox).where(outbox.c.id == number, _WAITING).values(values)).rowcount
    )


def put_back(connection: Connection, number: int, *, next_at: datetime, error: str) -> bool:
    """Let a notice wait for its next attempt; False where it had left the queue already."""
    values = {"next_at": next_at, "lease_until": None, "error": error[:_ANSWER_AT_MOST]}
    return bool(
        connection.execute(update(outbox).where(outbox.c.id == number, _WAITING).values(values)).rowcount
    )


def undelivered(connection: Connection, incident: str, channel: str) -> list[Notice]:
    """Return the notices of an incident that wait for a channel, oldest first."""
    rows = connection.execute(
        select(outbox)
        .where(_WAITING, outbox.c.incident_id == incident, outbox.c.channel == channel)
        .order_by(outbox.c.id)
    )
    return [_notice(row) for row in rows]


def told(connection: Connection, incident: str) -> frozenset[str]:
    """Return the channels that were, or are to be, told that an incident fires."""
    rows = connection.execute(
        select(outbox.c.channel)
        .where(outbox.c.incident_id == incident, outbox.c.status == NoticeStatus.FIRING.value)
        .distinct()
    )
    return frozenset(row.channel for row in rows)


def deliveries(connection: Connection, limit: int) -> list[Delivery]:
    """Return the newest notices, and what became of them."""
    rows = connection.execute(select(outbox).order_by(outbox.c.id.desc()).limit(limit))
    return [
        Delivery(_notice(row), DeliveryState(row.state), row.ended, row.error, row.response) for row in rows
    ]


def depth(connection: Connection) -> int:
    """Return how many notices wait."""
    return connection.scalar(select(func.count()).select_from(outbox).where(_WAITING)) or 0


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        id=row.id,
        incident=row.incident_id,
        channel=row.channel,
        status=NoticeStatus(row.status),
        key=row.key,
        payload=row.payload,
        created=row.created,
        next_at=row.next_at,
        attempts=row.attempts,
    )
