"""Messages that did not arrive, put back into the queue because a person asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, or_, select, update

from headroom.history.outbox_read import WAITING
from headroom.history.records import DeliveryState
from headroom.history.tables import channels, incidents, outbox
from headroom.incidents import NoticeStatus

_MISSED = (DeliveryState.GAVE_UP.value, DeliveryState.REROUTED.value)
_UNNEEDED_END = and_(
    outbox.c.state == DeliveryState.SUPERSEDED.value, outbox.c.status == NoticeStatus.RESOLVED.value
)


def replay(connection: Connection, incident: str, channel: str, at: datetime) -> int:
    """Let notices that did not arrive wait again, in their order; return how many.

    What waits for another attempt goes now.

    Not those of an incident that has ended and whose end is not among them: a receiver that is told of the
    beginning only would show it as open for ever.
    An empty incident or channel stands for any. A channel of theirs that was disabled is tried again: whoever
    asks has mended it, and otherwise they would be given up unseen.
    """
    missed = (
        select(
            *(outbox.c[name] for name in ("id", "incident_id", "channel", "status", "state")),
            incidents.c.ended,
        )
        .join(incidents, incidents.c.id == outbox.c.incident_id)
        .where(or_(outbox.c.state.in_(_MISSED), _UNNEEDED_END))
        .order_by(outbox.c.id)
    )
    if incident:
        missed = missed.where(outbox.c.incident_id == incident)
    if channel:
        missed = missed.where(outbox.c.channel == channel)
    found: Sequence[Any] = connection.execute(missed).all()
    # An end that nobody needed goes with the beginning that its channel would not take, and not without it.
    lines = {(row.incident_id, row.channel) for row in found if row.state in _MISSED}
    rows = [row for row in found if (row.incident_id, row.channel) in lines]
    ends = {
        (row.incident_id, row.channel)
        for row in connection.execute(
            select(outbox.c.incident_id, outbox.c.channel).where(
                WAITING, outbox.c.status == NoticeStatus.RESOLVED.value
            )
        )
    }
    ends |= {(row.incident_id, row.channel) for row in rows if row.status == NoticeStatus.RESOLVED.value}
    again = [row for row in rows if row.ended is None or (row.incident_id, row.channel) in ends]
    back = [row.id for row in again]
    stuck = _stuck(connection, incident, channel)
    if stuck:
        connection.execute(
            update(outbox).where(outbox.c.id.in_([row.id for row in stuck])).values(next_at=at)
        )
    if back:
        connection.execute(
            update(outbox)
            .where(outbox.c.id.in_(back))
            .values(
                state=DeliveryState.WAITING.value,
                ended=None,
                next_at=at,
                attempts=0,
                claimed=None,
                lease_until=None,
                bundle="",
                response="",
            )
        )
    if named := {row.channel for row in (*again, *stuck)}:
        connection.execute(update(channels).where(channels.c.name.in_(named)).values(disabled=None))
    return len(back) + len(stuck)


def _stuck(connection: Connection, incident: str, channel: str) -> Sequence[Any]:
    """Return what waits for another attempt after a failure, of one incident or channel or of all."""
    failed = select(outbox.c.id, outbox.c.channel).where(
        WAITING, outbox.c.incident_id.is_not(None), outbox.c.error != ""
    )
    if incident:
        failed = failed.where(outbox.c.incident_id == incident)
    if channel:
        failed = failed.where(outbox.c.channel == channel)
    return connection.execute(failed).all()
