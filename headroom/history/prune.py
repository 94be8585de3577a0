"""What is old enough to go, a bounded number of rows at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Select, Table, select

from headroom.history.records import DeliveryState
from headroom.history.tables import evidence, incidents, outbox, poll_log, series, sources

DELIVERED_KEPT = timedelta(days=90)

CHUNK = 2_000
"""Rows deleted in one transaction: some 10 ms in which no other process can write."""


def old_rows(now: datetime, keep: timedelta) -> list[tuple[Table, Column[Any], Select[Any]]]:
    """Return for each table its key and the query of the rows that may go, a chunk at most.

    Notices stay as long as their incident is open: whether its end is to be told depends on them.
    """
    return [
        (
            evidence,
            evidence.c.id,
            # By IN, for SQLite would answer a join by reading the index on (series, at) from end to end.
            select(evidence.c.id)
            .where(evidence.c.series_id.in_(select(series.c.id)), evidence.c.at < now - keep)
            .limit(CHUNK),
        ),
        (
            poll_log,
            poll_log.c.seq,
            select(poll_log.c.seq)
            .where(poll_log.c.source_id.in_(select(sources.c.id)), poll_log.c.at < now - keep)
            .limit(CHUNK),
        ),
        (
            poll_log,
            poll_log.c.seq,
            select(poll_log.c.seq)
            .where(poll_log.c.source_id.is_(None), poll_log.c.at < now - keep)
            .limit(CHUNK),
        ),
        (
            outbox,
            outbox.c.id,
            select(outbox.c.id)
            .select_from(outbox.join(incidents))
            .where(
                outbox.c.state.in_(
                    [state.value for state in DeliveryState if state != DeliveryState.WAITING]
                ),
                outbox.c.ended < now - DELIVERED_KEPT,
                incidents.c.ended.is_not(None),
            )
            .limit(CHUNK),
        ),
    ]
