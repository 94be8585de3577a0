"""Reading evidence, polls and snapshots back as the records they were."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, select

from headroom.history.encode import decode, decode_bounds
from headroom.history.records import Poll, StoredPart
from headroom.history.tables import configurations, epochs, evidence, poll_log, series, snapshots, sources
from headroom.observation import Part, Quality, Series

_PART: tuple[ColumnElement[Any], ...] = (
    evidence.c.seq,
    evidence.c.at,
    evidence.c.started,
    evidence.c.ended,
    evidence.c.kind,
    evidence.c.quality,
    evidence.c.figures,
    evidence.c.bounds,
    evidence.c.detail,
)
_MOST_PARTS = 200_000  # a day of thirty statements every 15 s; more would fill the reader's memory
_NEWEST_FIRST = (evidence.c.seq.desc(), evidence.c.id.desc())


def parts(
    connection: Connection, of: Series, since: datetime, until: datetime | None, limit: int
) -> list[StoredPart]:
    """Return the newest `limit` parts of a series recorded from `since` to before `until`, newest first."""
    row = (
        select(series.c.id)
        .join(sources)
        .where(sources.c.name == of.source, series.c.measure == of.measure, series.c.subject == of.subject)
        .scalar_subquery()
    )
    query = select(*_PART).where(evidence.c.series_id == row, evidence.c.at >= since)
    if until is not None:
        query = query.where(evidence.c.at < until)
    rows = connection.execute(query.order_by(*_NEWEST_FIRST).limit(limit))
    return [_stored(found) for found in rows]


def recent_parts_query(names: Collection[str] | None, since: datetime) -> Select[Any]:
    """Return the query of `recent_parts`.

    By IN, for SQLite would answer a join by reading the index on (series, at) from end to end.
    """
    return (
        select(evidence.c.series_id, *_PART)
        .where(evidence.c.series_id.in_(_of_sources(select(series.c.id), names)), evidence.c.at >= since)
        .order_by(*_NEWEST_FIRST)
    )


def recent_parts(
    connection: Connection, names: Collection[str] | None, since: datetime
) -> dict[Series, list[StoredPart]]:
    """Return all parts recorded from `since` on, newest first in each series."""
    columns = select(series.c.id, sources.c.name, series.c.measure, series.c.subject)
    known = {
        row.id: Series(row.name, row.measure, row.subject)
        for row in connection.execute(_of_sources(columns, names))
    }
    found: dict[Series, list[StoredPart]] = {}
    for row in connection.execute(recent_parts_query(names, since)):
        found.setdefault(known[row.series_id], []).append(_stored(row))
    return found


def series_of(connection: Connection, source: str, measure: str) -> list[Series]:
    """Return the series of all subjects of a measure, in the order of their subjects."""
    rows = connection.execute(
        select(series.c.subject).join(sources).where(sources.c.name == source, series.c.measure == measure)
    )
    return sorted(Series(source, measure, row.subject) for row in rows)


def parts_of_measure(
    connection: Connection, source: str, measure: str, since: datetime
) -> dict[Series, list[StoredPart]]:
    """Return the parts of all subjects of a measure recorded from `since` on, newest first in each."""
    columns = (
        select(series.c.id, series.c.subject)
        .join(sources)
        .where(sources.c.name == source, series.c.measure == measure)
    )
    known = {row.id: Series(source, measure, row.subject) for row in connection.execute(columns)}
    ids = columns.with_only_columns(series.c.id)
    rows = connection.execute(
        select(evidence.c.series_id, *_PART)
        .where(evidence.c.series_id.in_(ids), evidence.c.at >= since)
        .order_by(*_NEWEST_FIRST)
        .limit(_MOST_PARTS)
    )
    found: dict[Series, list[StoredPart]] = {}
    for row in rows:
        found.setdefault(known[row.series_id], []).append(_stored(row))
    return found


def began_anew(connection: Connection, source: str, since: datetime, until: datetime) -> datetime | None:
    """Return when a source was last first seen in another run, after `since` and up to `until`; None: never.

    Its first run of all is none: what was before is not known.
    """
    rows = connection.execute(
        select(epochs.c.first_at).join(sources).where(sources.c.name == source).order_by(epochs.c.first_at)
    )
    later = [row.first_at for row in rows][1:]
    return max((one for one in later if since < one <= until), default=None)


def last_snapshot(connection: Connection, source: str) -> tuple[str, bytes] | None:
    """Return epoch and bytes of a source's last snapshot."""
    row = connection.execute(
        select(snapshots.c.epoch, snapshots.c.data).join(sources).where(sources.c.name == source)
    ).one_or_none()
    return None if row is None else (row.epoch, zlib.decompress(row.data))


def polls(connection: Connection, source: str, since: datetime, limit: int) -> list[Poll]:
    """Return the newest `limit` polls of a source that began from `since` on, newest first."""
    return [
        _poll(row)
        for row in connection.execute(
            _polls(poll_log.c.source_id == sources.c.id)
            .where(sources.c.name == source, poll_log.c.at >= since)
            .order_by(poll_log.c.seq.desc())
            .limit(limit)
        )
    ]


def last_polls(connection: Connection) -> dict[str, Poll]:
    """Return the newest poll of each source."""
    rows = connection.execute(_polls(poll_log.c.seq == sources.c.last_seq))
    return {row.source: _poll(row) for row in rows}


def last_ok(connection: Connection) -> dict[str, datetime]:
    """Return when the newest good poll of each source began; a source without one is left out."""
    rows = connection.execute(select(sources.c.name, sources.c.ok_at).where(sources.c.ok_at.is_not(None)))
    return {row.name: row.ok_at for row in rows}


def notes(connection: Connection) -> dict[str, tuple[str, ...]]:
    """Return what the newest poll of each source said about it as a whole."""
    rows = connection.execute(select(sources.c.name, sources.c.notes).where(sources.c.notes.is_not(None)))
    return {row.name: tuple(json.loads(row.notes)) for row in rows}


def configuration(connection: Connection, digest: str) -> str | None:
    """Return the text of a version of the configuration."""
    return connection.scalar(select(configurations.c.text).where(configurations.c.digest == digest))


def _of_sources(query: Select[Any], names: Collection[str] | None) -> Select[Any]:
    query = query.join_from(series, sources)
    return query if names is None else query.where(sources.c.name.in_(names))


def _polls(belonging: ColumnElement[bool]) -> Select[Any]:
    return select(
        sources.c.name.label("source"),
        epochs.c.epoch,
        poll_log.c.at,
        poll_log.c.duration,
        poll_log.c.result,
        poll_log.c.detail,
    ).select_from(sources.join(poll_log, belonging).outerjoin(epochs, epochs.c.id == poll_log.c.epoch_id))


def _poll(row: Row[Any]) -> Poll:
    return Poll(row.source, row.epoch, row.at, row.duration, row.result, row.detail)


def _stored(row: Row[Any]) -> StoredPart:
    return StoredPart(
        row.seq,
        row.at,
        Part(
            row.started,
            row.ended,
            decode(row.kind, row.figures),
            Quality(row.quality),
            decode_bounds(row.bounds),
            row.detail,
        ),
    )
