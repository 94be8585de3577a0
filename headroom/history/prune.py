"""What is old enough to go, a bounded number of rows at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Select, Table, exists, or_, select

from headroom.budgets import LATENCIES
from headroom.history.records import DeliveryState
from headroom.history.tables import (
    evidence,
    facts,
    incidents,
    outbox,
    poll_log,
    series,
    sources,
    verdict_changes,
    verdict_latest,
)
from headroom.observation import STATES
from headroom.recorded import DETAILS
from headroom.statements import MEASURE

DELIVERED_KEPT = timedelta(days=90)
INSTANCES_KEPT = timedelta(days=2)
"""Of latencies by instance or statement, and of connections: the whole has what reports need."""

CHUNK = 2_000
"""Rows deleted in one transaction: some 10 ms in which no other process can write."""


REMEMBERED = (series, verdict_latest)
"""Tables whose rows the writer remembers."""

_INSTANCES = select(series.c.id).where(
    series.c.subject != (),
    or_(
        series.c.measure.in_((MEASURE, STATES, *sorted(DETAILS))),
        *(series.c.measure.startswith(f"{kind}:", autoescape=True) for kind in sorted(LATENCIES)),
    ),
)
_WITHOUT_EVIDENCE = select(series.c.id).where(
    series.c.subject != (), ~exists().where(evidence.c.series_id == series.c.id)
)
_UNKNOWN = (
    select(verdict_latest.c.subject)
    .where(verdict_latest.c.subject != (), verdict_latest.c.subject.not_in(select(series.c.subject)))
    .distinct()
)


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
            evidence,
            evidence.c.id,
            select(evidence.c.id)
            .where(evidence.c.series_id.in_(_INSTANCES), evidence.c.at < now - min(keep, INSTANCES_KEPT))
            .limit(CHUNK),
        ),
        # Where instances come and go with each release, their names would else add up for ever.
        (series, series.c.id, _WITHOUT_EVIDENCE.limit(CHUNK)),
        (
            verdict_changes,
            verdict_changes.c.id,
            select(verdict_changes.c.id)
            .where(
                verdict_changes.c.budget.in_(select(verdict_latest.c.budget)),
                verdict_changes.c.at < now - keep,
                verdict_changes.c.subject != (),
            )
            .limit(CHUNK),
        ),
        (verdict_latest, verdict_latest.c.subject, _UNKNOWN.limit(CHUNK)),
        (
            facts,
            facts.c.id,
            select(facts.c.id)
            .where(facts.c.source_id.in_(select(sources.c.id)), facts.c.at < now - keep)
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
