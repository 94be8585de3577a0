"""What is known of the receivers: whether each channel works, and what those that can be asked say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from headroom.delivery import Heard
from headroom.history.records import ChannelState, Receipt
from headroom.history.tables import channels, receipts

_SAID_AT_MOST = 1_000  # characters of what a receiver says; it is a stranger's text


def channel_states(connection: Connection) -> dict[str, ChannelState]:
    """Return what is known of each channel, by its name."""
    return {row.name: _channel(row) for row in connection.execute(select(channels).order_by(channels.c.name))}


def keep_channel(connection: Connection, state: ChannelState) -> None:
    """Put what is known of a channel in the place of what was."""
    values = {
        "digest": state.digest,
        "disabled": state.disabled,
        "error": state.error[:_SAID_AT_MOST],
        "ok_at": state.ok_at,
        "failed_at": state.failed_at,
        "tested_at": state.tested_at,
        "tested": state.tested[:_SAID_AT_MOST],
    }
    changed = connection.execute(update(channels).where(channels.c.name == state.name).values(values))
    if not changed.rowcount:
        connection.execute(insert(channels).values(name=state.name, **values))


def note(connection: Connection, heard: Heard) -> ChannelState:
    """Add what an attempt told of a channel to what is known of it, and return all of that."""
    known = channel_states(connection).get(heard.name, ChannelState(heard.name, heard.digest))
    disabled = known.disabled if heard.error else None
    if heard.disables and (disabled is None or known.digest != heard.digest):
        disabled = heard.at
    state = replace(
        known,
        digest=heard.digest,
        disabled=disabled,
        error=heard.error[:_SAID_AT_MOST],
        ok_at=known.ok_at if heard.error else heard.at,
        failed_at=heard.at if heard.error else known.failed_at,
        tested_at=heard.at if heard.tested else known.tested_at,
        tested=(heard.tested or known.tested)[:_SAID_AT_MOST],
    )
    keep_channel(connection, state)
    return state


def receipts_of(connection: Connection, incident: str) -> list[Receipt]:
    """Return what receivers say of an incident."""
    rows = connection.execute(
        select(receipts)
        .where(receipts.c.incident_id == incident)
        .order_by(receipts.c.channel, receipts.c.member)
    )
    return [Receipt(row.incident_id, row.channel, row.member, row.at, row.state, row.detail) for row in rows]


def keep_receipts(connection: Connection, said: Sequence[Receipt]) -> None:
    """Put what receivers say now in the place of what they said."""
    for one in said:
        connection.execute(
            delete(receipts).where(
                receipts.c.incident_id == one.incident,
                receipts.c.channel == one.channel,
                receipts.c.member == one.member,
            )
        )
        connection.execute(
            insert(receipts).values(
                incident_id=one.incident,
                channel=one.channel,
                member=one.member,
                at=one.at,
                state=one.state[:_SAID_AT_MOST],
                detail=one.detail[:_SAID_AT_MOST],
            )
        )


def _channel(row: Row[Any]) -> ChannelState:
    return ChannelState(
        name=row.name,
        digest=row.digest,
        disabled=row.disabled,
        error=row.error,
        ok_at=row.ok_at,
        failed_at=row.failed_at,
        tested_at=row.tested_at,
        tested=row.tested,
    )
