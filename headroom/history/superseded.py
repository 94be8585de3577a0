"""Which notices nobody needs any more once another one is queued."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from headroom.history.records import DeliveryState
from headroom.history.tables import outbox
from headroom.incidents import ALARMS, Notice, NoticeStatus

_REFUSED = (DeliveryState.GAVE_UP, DeliveryState.REROUTED)
_PASSING = (NoticeStatus.REMINDER, NoticeStatus.LOST_SIGHT)  # they say nothing that its end does not say


class _Earlier(NamedTuple):
    id: int
    status: str
    state: str
    attempts: int
    lease_until: datetime | None
    created: datetime
    next_at: datetime


def superseded(connection: Connection, queued: Notice) -> list[int]:
    """Return the ids of what a notice that was just queued makes needless, perhaps itself.

    An attempt that failed may have arrived all the same, so its receiver is told of the end.
    """
    before = [row for row in _line(connection, queued.incident, queued.channel) if row.id < (queued.id or 0)]
    alarms = [row for row in before if row.status in ALARMS]
    assert queued.id is not None
    if queued.status is NoticeStatus.RESOLVED:
        return _by_the_end(before, alarms, queued.id)
    if queued.status is NoticeStatus.REMINDER and any(row.state == DeliveryState.WAITING for row in alarms):
        return [queued.id]  # what is still to be told needs no reminder
    lost = bool(alarms) and all(_never_went(row) and row.state != DeliveryState.WAITING for row in alarms)
    if queued.status is NoticeStatus.ACKNOWLEDGED and (lost or not alarms):
        return [queued.id]
    return []


def _by_the_end(before: Sequence[_Earlier], alarms: Sequence[_Earlier], end: int) -> list[int]:
    waiting = [row for row in before if row.state == DeliveryState.WAITING]
    if alarms and all(_never_went(row) for row in alarms):
        return [*(row.id for row in waiting), end]
    needless = {row.id for row in waiting if row.attempts == 0 and row.status in ALARMS}
    needless |= {row.id for row in waiting if row.status in _PASSING and row.lease_until is None}
    return sorted(needless)


def heard_none(connection: Connection, incident: str, channel: str) -> bool:
    """Tell whether a channel was offered alarms of an incident, and has none of them."""
    alarms = [row for row in _line(connection, incident, channel) if row.status in ALARMS]
    return bool(alarms) and all(_never_went(row) for row in alarms)


def promptly(connection: Connection, end: Notice) -> bool:
    """Tell whether an end that was to wait for a digest goes at once, as an alarm before it did.

    The next alarm of the same row would otherwise be read before it.
    """
    if end.status is not NoticeStatus.RESOLVED or end.next_at <= end.created or not end.incident:
        return False
    return any(
        row.status in ALARMS and row.attempts and (row.next_at <= row.created or row.attempts > 1)
        for row in _line(connection, end.incident, end.channel)
    )


def _line(connection: Connection, incident: str, channel: str) -> list[_Earlier]:
    rows = connection.execute(
        select(*(outbox.c[name] for name in _Earlier._fields))
        .where(outbox.c.incident_id == incident, outbox.c.channel == channel)
        .order_by(outbox.c.id)
    )
    return [_Earlier(*row) for row in rows]


def _never_went(row: _Earlier) -> bool:
    """Tell whether a receiver cannot have an alarm: it was not tried, or refused at the first attempt."""
    if row.state in _REFUSED:
        return row.attempts <= 1  # the attempts before the one that was refused may have arrived
    return row.attempts == 0 and row.state in (DeliveryState.WAITING, DeliveryState.SUPERSEDED)
