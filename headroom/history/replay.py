"""Messages that did not arrive, put back into the queue because a person asked for it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, update

from headroom.history.outbox_read import WAITING
from headroom.history.records import DeliveryState
from headroom.history.tables import incidents, outbox
from headroom.incidents import NoticeStatus

_MISSED = (DeliveryState.GAVE_UP.value, DeliveryState.REROUTED.value)


def replay(connection: Connection, incident: str, channel: str, at: datetime) -> int:
    """Let notices that did not arrive wait again, in their order; return how many.

    Not those of an incident that has ended and whose end is not among them: a receiver that is told of the
    beginning only would show it as open for ever.
    An empty incident or channel stands for any.
    """
    missed = (
        select(outbox.c.id, outbox.c.incident_id, outbox.c.channel, outbox.c.status, incidents.c.ended)
        .join(incidents, incidents.c.id == outbox.c.incident_id)
        .where(outbox.c.state.in_(_MISSED))
        .order_by(outbox.c.id)
    )
    if incident:
        missed = missed.where(outbox.c.incident_id == incident)
    if channel:
        missed = missed.where(outbox.c.channel == channel)
    rows = connection.execute(missed).all()
    ends = {
        (row.incident_id, row.channel)
        for row in connection.execute(
            select(outbox.c.incident_id, outbox.c.channel).where(
                WAITING, outbox.c.status == NoticeStatus.RESOLVED.value
            )
        )
    }
    ends |= {(row.incident_id, row.channel) for row in rows if row.status == NoticeStatus.RESOLVED.value}
    back = [row.id for row in rows if row.ended is None or (row.incident_id, row.channel) in ends]
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
    return len(back)
