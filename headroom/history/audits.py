"""Findings of the newest audit of each source, and the facts that earlier ones read."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from headroom.audit.finding import Finding
from headroom.checks import State
from headroom.history.memory import Memory
from headroom.history.records import Audit
from headroom.history.tables import facts, findings, sources


def record(
    connection: Connection, memory: Memory, source: str, at: datetime, found: Sequence[Finding], data: bytes
) -> None:
    """Put the findings in the place of the source's earlier ones, and keep the facts behind them."""
    number = memory.source(connection, source)
    connection.execute(delete(findings).where(findings.c.source_id == number))
    if found:
        connection.execute(
            insert(findings),
            [
                {
                    "source_id": number,
                    "at": at,
                    "rule": one.rule,
                    "subject": one.subject,
                    "state": one.state.value,
                    "guide": one.guide,
                    "found": one.found,
                    "fix": one.fix,
                    "migration": json.dumps(one.migration),
                }
                for one in found
            ],
        )
    connection.execute(insert(facts).values(source_id=number, at=at, data=zlib.compress(data)))


def latest(connection: Connection) -> list[Audit]:
    """Return the newest audit of each source, in the order of their names."""
    columns = findings.c
    rows = connection.execute(
        select(sources.c.name, columns.at, *[columns[name] for name in _WORDS])
        .join_from(findings, sources)
        .order_by(sources.c.name, columns.id)
    )
    found: dict[tuple[str, datetime], list[Finding]] = {}
    for row in rows:
        one = Finding(
            row.rule,
            row.subject,
            State(row.state),
            row.guide,
            row.found,
            row.fix,
            tuple(json.loads(row.migration)),
        )
        found.setdefault((row.name, row.at), []).append(one)
    return [Audit(source, at, tuple(ones)) for (source, at), ones in found.items()]


def facts_before(connection: Connection, source: str, until: datetime) -> tuple[datetime, bytes] | None:
    """Return the newest facts of a source that were read at `until` or before, and when that was."""
    row = connection.execute(
        select(facts.c.at, facts.c.data)
        .join(sources)
        .where(sources.c.name == source, facts.c.at <= until)
        .order_by(facts.c.at.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else (row.at, zlib.decompress(row.data))


_WORDS = ("rule", "subject", "state", "guide", "found", "fix", "migration")
