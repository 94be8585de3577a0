"""Notices on their way: queued with the cycle that made them, claimed for an attempt, and what came of it.

Delivery is in order per incident and channel, at least once: a crash between an attempt and its result
repeats the attempt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, or_, select, update

from headroom.delivery import Choice, Choose, Past, Settled
from headroom.history.insert import inserted
from headroom.history.outbox_read import WAITING, notice_of
from headroom.history.records import DeliveryState
from headroom.history.substitutes import all_told_of_the_end, elsewhere, followers, may_be_told, waits_with
from headroom.history.superseded import promptly, superseded
from headroom.history.tables import outbox
from headroom.incidents import ALARMS, Notice, NoticeStatus

_ANSWER_AT_MOST = 1_000  # characters of what a receiver says; it is a stranger's text
_HURRIED = ALARMS | {NoticeStatus.RESOLVED}


def queue(connection: Connection, seq: int, notices: Sequence[Notice]) -> None:
    """Append notices in order; one may take those before it out of the queue, and itself.

    Who was told of an incident in another's place hears of its end as well, also where whoever made these
    could not know that yet.
    """
    for notice in [*notices, *all_told_of_the_end(connection, notices)]:
        _append(connection, seq, notice)


def _append(connection: Connection, seq: int, notice: Notice) -> None:
    if promptly(connection, notice):
        notice = replace(notice, next_at=notice.created)
    queued = _inserted(connection, seq, notice)
    if not notice.incident:
        return
    if needless := superseded(connection, queued):
        connection.execute(
            update(outbox)
            .where(outbox.c.id.in_(needless))
            .values(state=DeliveryState.SUPERSEDED.value, ended=notice.created)
        )
    if notice.status in _HURRIED:
        _hurry(connection, queued)


def _inserted(connection: Connection, seq: int, notice: Notice) -> Notice:
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
    return replace(notice, id=inserted(connection, outbox, row))


def _hurry(connection: Connection, notice: Notice) -> None:
    """Let what waits before a notice for a later hour go with it: it would hold it up, being first.

    What goes at once has no hour of its own any more, lest a clock that is set back hold it up again.
    """
    at_once = notice.next_at <= notice.created
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
        .values(next_at=outbox.c.created if at_once else notice.next_at)
    )


def rename(connection: Connection, before: str, after: str) -> None:
    """Let all notices of a channel be those of another one, those that were sent as well.

    So its receiver hears of the end of what it was told under its old name, in the groups that it knows.
    """
    connection.execute(update(outbox).where(outbox.c.channel == before).values(channel=after))


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
    """Return the condition that the clock was set back since a notice was tried, or made to go at once.

    What was made for a later hour, or a digest, keeps to that: were it due, a clock that steps back by a
    second would wake people at night. It is late by as much as the clock was set back, and no more.
    """
    at_once = outbox.c.next_at <= outbox.c.created
    return or_(outbox.c.claimed > now, and_(outbox.c.claimed.is_(None), outbox.c.created > now, at_once))


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
    """Note what became of notices; what has left the queue stays as it left, and is told nowhere else."""
    for one in results:
        if one.again is not None:
            if _put_back(connection, one, one.again) and one.copy is not None:
                _queue_beside(connection, one.notice, one.copy)
        elif one.sent:
            _leave(connection, one, DeliveryState.SENT, at)
        elif one.copy is not None and may_be_told(connection, one.copy):
            _reroute(connection, one, one.copy, at)
        elif _leave(connection, one, DeliveryState.GAVE_UP, at):
            for needless in followers(connection, one.notice):
                _leave(connection, Settled(_id(needless)), DeliveryState.SUPERSEDED, at)


def _reroute(connection: Connection, one: Settled, copy: Notice, at: datetime) -> None:
    """Let another channel be told in a notice's place, and of all that its own need not be told then."""
    gone = replace(one, response=copy.channel)
    if not _leave(connection, gone, DeliveryState.REROUTED, at):
        return
    behind = followers(connection, one.notice)
    for each in behind:
        _leave(connection, replace(gone, notice=_id(each)), DeliveryState.REROUTED, at)
    ends = behind or [
        each for each in waits_with(connection, one.notice) if each.status is NoticeStatus.RESOLVED
    ]
    queue(connection, 0, [copy])
    # Of what was tried already both ends are told, also where that makes the alarm old news.
    for each in ends:
        _inserted(connection, 0, elsewhere(each, copy.channel))


def _queue_beside(connection: Connection, source: int, copy: Notice) -> None:
    """Let another channel be told as well, once of an incident, unless it has ended meanwhile."""
    ended = any(each.status is NoticeStatus.RESOLVED for each in waits_with(connection, source))
    if not ended and may_be_told(connection, copy, once=True):
        queue(connection, 0, [copy])


def _id(notice: Notice) -> int:
    assert notice.id is not None
    return notice.id


def _leave(connection: Connection, one: Settled, state: DeliveryState, at: datetime) -> bool:
    values = {
        "state": state.value,
        "ended": at,
        "lease_until": None,
        "error": one.error[:_ANSWER_AT_MOST],
        "response": one.response[:_ANSWER_AT_MOST],
    }
    return _changed(connection, one, values)


def _put_back(connection: Connection, one: Settled, again: datetime) -> bool:
    values = {"next_at": again, "lease_until": None, "error": one.error[:_ANSWER_AT_MOST]}
    if one.bundle is not None:
        values["bundle"] = one.bundle
    return _changed(connection, one, values)


def _changed(connection: Connection, one: Settled, values: dict[str, Any]) -> bool:
    done = connection.execute(update(outbox).where(outbox.c.id == one.notice, WAITING).values(values))
    return bool(done.rowcount)


def awaited(connection: Connection, now: datetime) -> dict[str, datetime]:
    """Return for each channel that something waits for when it is due: `now` or a later moment."""
    moment = case((set_back(now), literal(now, outbox.c.next_at.type)), else_=outbox.c.next_at)
    rows = connection.execute(
        select(outbox.c.channel, func.min(moment).label("at"))
        .where(heads(), free(now))
        .group_by(outbox.c.channel)
    )
    return {row.channel: max(row.at, now) for row in rows}
