"""What a channel was told already, as far as it decides what it is told next."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, and_, func, select

from headroom.delivery import Past
from headroom.history.outbox_read import WAITING
from headroom.history.records import DeliveryState
from headroom.history.tables import incidents, outbox
from headroom.incidents import NoticeStatus

_TELLING = tuple(
    status.value
    for status in NoticeStatus
    if status not in (NoticeStatus.RESOLVED, NoticeStatus.ACKNOWLEDGED, NoticeStatus.SYSTEM)
)
_SENT = outbox.c.state == DeliveryState.SENT.value


def sent(connection: Connection, channel: str, since: datetime) -> tuple[datetime, ...]:
    """Return when each message that arrived since then did, oldest first; one for each that held several."""
    message = func.coalesce(func.nullif(outbox.c.bundle, ""), outbox.c.key)
    rows = connection.execute(
        select(func.max(outbox.c.ended).label("at"))
        .where(_SENT, outbox.c.channel == channel, outbox.c.ended > since, outbox.c.attempts > 0)
        .group_by(message, outbox.c.status)
    )
    return tuple(sorted(row.at for row in rows))


def past(connection: Connection, channel: str, since: datetime, *, grouped: bool) -> Past:
    """Return what a channel was told, its groups only where its receiver knows incidents by them."""
    moments = sent(connection, channel, since)
    if not grouped:
        return Past(moments)
    waiting = select(outbox.c.incident_id).where(WAITING, outbox.c.channel == channel)
    groups = {
        row.incident_id: row.bundle
        for row in connection.execute(
            select(outbox.c.incident_id, outbox.c.bundle)
            .where(
                outbox.c.channel == channel,
                outbox.c.incident_id.in_(waiting),
                outbox.c.status.in_(_TELLING),
                outbox.c.attempts > 0,
                outbox.c.state.in_((DeliveryState.SENT.value, DeliveryState.WAITING.value)),
            )
            .order_by(outbox.c.id)
        )
    }
    unended = _members(connection, channel, {key for key in groups.values() if key})
    known = _sent_of(connection, channel, unended, NoticeStatus.ACKNOWLEDGED)
    return Past(moments, groups, unended, {key: each - known for key, each in unended.items()})


def _members(connection: Connection, channel: str, keys: Collection[str]) -> dict[str, frozenset[str]]:
    """Return of each group the incidents that its receiver still takes for open, and will hear the end of."""
    if not keys:
        return {}
    found: dict[str, set[str]] = {key: set() for key in keys}
    rows = connection.execute(
        select(outbox.c.bundle, outbox.c.incident_id, incidents.c.ended)
        .join(incidents, incidents.c.id == outbox.c.incident_id)
        .where(outbox.c.channel == channel, outbox.c.bundle.in_(keys), outbox.c.status.in_(_TELLING))
    ).all()
    for row in rows:
        found[row.bundle].add(row.incident_id)
    told = _sent_of(connection, channel, found, NoticeStatus.RESOLVED)
    to_be_told = set(
        connection.scalars(
            select(outbox.c.incident_id).where(
                and_(WAITING, outbox.c.channel == channel, outbox.c.status == NoticeStatus.RESOLVED.value)
            )
        )
    )
    # One that ended without a word about it would keep the group open for ever.
    silent = {row.incident_id for row in rows if row.ended is not None} - to_be_told
    return {key: frozenset(each - told - silent) for key, each in found.items()}


def _sent_of(
    connection: Connection,
    channel: str,
    groups: dict[str, set[str]] | dict[str, frozenset[str]],
    status: NoticeStatus,
) -> set[str]:
    members = {each for one in groups.values() for each in one}
    return set(
        connection.scalars(
            select(outbox.c.incident_id).where(
                _SENT,
                outbox.c.channel == channel,
                outbox.c.status == status.value,
                outbox.c.incident_id.in_(members),
            )
        )
    )
