"""What the outbox holds: what waits, what became of the rest, and who was told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select

from headroom.history.records import Delivery, DeliveryState
from headroom.history.tables import incidents, outbox
from headroom.incidents import ALARMS, Notice, NoticeStatus, State

WAITING: ColumnElement[bool] = outbox.c.state == DeliveryState.WAITING.value
ALARM: ColumnElement[bool] = outbox.c.status.in_(sorted(status.value for status in ALARMS))
_TOLD = (DeliveryState.WAITING.value, DeliveryState.SENT.value, DeliveryState.GAVE_UP.value)


def notice_of(row: Row[Any]) -> Notice:
    """Return a row as a notice."""
    return Notice(
        id=row.id,
        incident=row.incident_id or "",
        channel=row.channel,
        status=NoticeStatus(row.status),
        key=row.key,
        payload=row.payload,
        created=row.created,
        next_at=row.next_at,
        attempts=row.attempts,
        bundle=row.bundle,
        source=row.source,
        budget=row.budget,
    )


def undelivered(connection: Connection, incident: str, channel: str) -> list[Notice]:
    """Return the notices of an incident that wait for a channel, oldest first."""
    rows = connection.execute(
        select(outbox)
        .where(WAITING, outbox.c.incident_id == incident, outbox.c.channel == channel)
        .order_by(outbox.c.id)
    )
    return [notice_of(row) for row in rows]


def unheard(connection: Connection) -> list[str]:
    """Return the incidents that fire, of which alarms were refused and none was taken or waits, oldest first.

    One that is silenced, or that somebody has acknowledged, is in somebody's hands.
    """
    alarms = select(outbox.c.id).where(outbox.c.incident_id == incidents.c.id, ALARM)
    heard = (DeliveryState.WAITING.value, DeliveryState.SENT.value)
    rows = connection.execute(
        select(incidents.c.id)
        .where(
            incidents.c.ended.is_(None),
            incidents.c.state == State.FIRING.value,
            incidents.c.silenced == "",
            incidents.c.acknowledged.is_(None),
            alarms.where(outbox.c.state == DeliveryState.GAVE_UP.value).exists(),
            ~alarms.where(outbox.c.state.in_(heard)).exists(),
        )
        .order_by(incidents.c.opened)
    )
    return [row.id for row in rows]


def told(connection: Connection, incident: str) -> frozenset[str]:
    """Return the channels that were, or are to be, told that an incident fires.

    Where another channel was told instead, it is that one, by its own row.
    """
    rows = connection.execute(
        select(outbox.c.channel)
        .where(outbox.c.incident_id == incident, ALARM, outbox.c.state.in_(_TOLD))
        .distinct()
    )
    return frozenset(row.channel for row in rows)


def deliveries(connection: Connection, limit: int) -> list[Delivery]:
    """Return the newest notices, and what became of them."""
    return [
        _delivery(row) for row in connection.execute(select(outbox).order_by(outbox.c.id.desc()).limit(limit))
    ]


def deliveries_of(connection: Connection, incident: str, limit: int) -> list[Delivery]:
    """Return the notices of an incident, newest first, and what became of them."""
    rows = connection.execute(
        select(outbox).where(outbox.c.incident_id == incident).order_by(outbox.c.id.desc()).limit(limit)
    )
    return [_delivery(row) for row in rows]


def own_messages(connection: Connection, limit: int) -> list[Delivery]:
    """Return the messages of Headroom itself, newest first, and what became of them."""
    rows = connection.execute(
        select(outbox).where(outbox.c.incident_id.is_(None)).order_by(outbox.c.id.desc()).limit(limit)
    )
    return [_delivery(row) for row in rows]


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(notice_of(row), DeliveryState(row.state), row.ended, row.error, row.response)


def depth(connection: Connection) -> int:
    """Return how many notices wait."""
    return connection.scalar(select(func.count()).select_from(outbox).where(WAITING)) or 0


def oldest(connection: Connection, now: datetime) -> datetime | None:
    """Return when the oldest notice was made that should have arrived by now.

    What waits for its hour or for a digest is as it should be, and so is what follows it.
    """
    first = select(func.min(outbox.c.id)).where(WAITING).group_by(outbox.c.incident_id, outbox.c.channel)
    found: datetime | None = connection.scalar(
        select(func.min(outbox.c.created)).where(
            outbox.c.id.in_(first), or_(outbox.c.next_at <= now, outbox.c.attempts > 0)
        )
    )
    return found


def counts(connection: Connection) -> dict[tuple[str, DeliveryState], int]:
    """Return how many notices of each channel are in each state."""
    rows = connection.execute(
        select(outbox.c.channel, outbox.c.state, func.count().label("n")).group_by(
            outbox.c.channel, outbox.c.state
        )
    )
    return {(row.channel, DeliveryState(row.state)): row.n for row in rows}


def asked(connection: Connection, notices: Sequence[Notice]) -> dict[str, frozenset[str]]:
    """Return by the key of each notice the channels that cannot be told it, or not any more.

    They are those for which it was queued already, or the end of its incident was: told of the beginning
    after that, a receiver would show it as open for ever.
    """
    ended = and_(
        outbox.c.incident_id.in_({one.incident for one in notices}),
        outbox.c.status == NoticeStatus.RESOLVED.value,
    )
    rows = connection.execute(
        select(outbox.c.key, outbox.c.incident_id, outbox.c.channel, outbox.c.status).where(
            or_(outbox.c.key.in_({one.key for one in notices}), ended)
        )
    ).all()
    by_key: dict[str, set[str]] = {}
    by_end: dict[str, set[str]] = {}
    for row in rows:
        by_key.setdefault(row.key, set()).add(row.channel)
        if row.status == NoticeStatus.RESOLVED.value:
            by_end.setdefault(row.incident_id, set()).add(row.channel)
    none: set[str] = set()
    return {one.key: frozenset(by_key.get(one.key, none) | by_end.get(one.incident, none)) for one in notices}


def went_to(connection: Connection, channel: str, incidents: Collection[str]) -> dict[str, str]:
    """Return of each incident the channel that was last told of it in another's place."""
    rows = connection.execute(
        select(outbox.c.incident_id, outbox.c.response)
        .where(
            outbox.c.channel == channel,
            outbox.c.incident_id.in_(incidents),
            outbox.c.state == DeliveryState.REROUTED.value,
        )
        .order_by(outbox.c.id)
    )
    return {row.incident_id: row.response for row in rows}
