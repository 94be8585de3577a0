"""Which notices nobody needs any more once another one is queued."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from headroom.history.records import DeliveryState
from headroom.history.tables import outbox
from headroom.incidents import ALARMS, Notice, NoticeStatus

_NEVER_WENT = (DeliveryState.WAITING, DeliveryState.SUPERSEDED, DeliveryState.GAVE_UP)
_PASSING = (NoticeStatus.REMINDER, NoticeStatus.LOST_SIGHT)  # they say nothing that its end does not say


class _Earlier(NamedTuple):
    id: int
    status: str
    state: str
    attempts: int
    lease_until: datetime | None


def superseded(connection: Connection, queued: Notice) -> list[int]:
    """Return the ids of what a notice that was just queued makes needless, perhaps itself.

    An attempt that failed may have arrived all the same, so its receiver is told of the end.
    """
    rows = connection.execute(
        select(*(outbox.c[name] for name in _Earlier._fields))
        .where(
            outbox.c.incident_id == queued.incident,
            outbox.c.channel == queued.channel,
            outbox.c.id < queued.id,
        )
        .order_by(outbox.c.id)
    )
    before = [_Earlier(*row) for row in rows]
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


def _never_went(row: _Earlier) -> bool:
    return row.attempts == 0 and row.state in _NEVER_WENT
