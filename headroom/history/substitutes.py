"""Who is told in the place of a channel, or beside it, so that all of them hear of an incident's end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, exists, select

from headroom.history.outbox_read import ALARM, WAITING, notice_of
from headroom.history.records import DeliveryState
from headroom.history.superseded import heard_none
from headroom.history.tables import outbox
from headroom.incidents import ALARMS, Notice, NoticeStatus

_COPIED: ColumnElement[bool] = outbox.c.seq == 0  # what no cycle made
_END: ColumnElement[bool] = outbox.c.status == NoticeStatus.RESOLVED.value
_KNOWN = (DeliveryState.WAITING.value, DeliveryState.SENT.value)


def elsewhere(notice: Notice, channel: str) -> Notice:
    """Return a notice as it is told to another channel, at once."""
    return replace(notice, id=None, channel=channel, next_at=notice.created, attempts=0, bundle="")


def all_told_of_the_end(connection: Connection, notices: Sequence[Notice]) -> list[Notice]:
    """Return the ends that are missing among notices that are about to be queued.

    Whom another channel's alarm went to while they were made is not among those whom they are for: it would
    show the incident as open for ever.
    """
    ends: dict[str, list[Notice]] = {}
    for one in notices:
        if one.status is NoticeStatus.RESOLVED and one.incident:
            ends.setdefault(one.incident, []).append(one)
    if not ends:
        return []
    rows = connection.execute(
        select(outbox.c.incident_id, outbox.c.channel)
        .where(_COPIED, ALARM, outbox.c.state.in_(_KNOWN), outbox.c.incident_id.in_(ends))
        .distinct()
    ).all()
    told = {(one.incident, one.channel) for same in ends.values() for one in same}
    return [
        elsewhere(ends[row.incident_id][0], row.channel)
        for row in rows
        if (row.incident_id, row.channel) not in told
        and not _any(connection, _END, row.incident_id, row.channel)
    ]


def may_be_told(connection: Connection, copy: Notice, *, once: bool = False) -> bool:
    """Tell whether a channel may be told in another's place: not of what it knows to be over.

    Args:
        connection: to the history.
        copy: what it is to be told.
        once: and not of an incident of which it was told in another's place before.
    """
    if not copy.incident:
        return True
    if copy.status is not NoticeStatus.RESOLVED and _any(connection, _END, copy.incident, copy.channel):
        return False
    return not (once and _any(connection, _COPIED & ALARM, copy.incident, copy.channel))


def waits_with(connection: Connection, notice: int) -> list[Notice]:
    """Return what else waits in the line of a notice, oldest first."""
    line = select(outbox.c.incident_id, outbox.c.channel).where(outbox.c.id == notice).subquery()
    rows = connection.execute(
        select(outbox)
        .where(
            WAITING,
            outbox.c.incident_id == line.c.incident_id,
            outbox.c.channel == line.c.channel,
            outbox.c.id != notice,
        )
        .order_by(outbox.c.id)
    )
    return [notice_of(row) for row in rows]


def followers(connection: Connection, notice: int) -> list[Notice]:
    """Return what waits behind an alarm that its channel refused, and that says nothing without one."""
    behind = waits_with(connection, notice)
    if not behind or any(one.status in ALARMS for one in behind):
        return []
    return behind if heard_none(connection, behind[0].incident, behind[0].channel) else []


def _any(connection: Connection, what: ColumnElement[bool], incident: str, channel: str) -> bool:
    rows = exists().where(what, outbox.c.incident_id == incident, outbox.c.channel == channel)
    return bool(connection.scalar(select(rows)))
