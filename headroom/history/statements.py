"""What is known of statements: written as it is learnt, read back for the pages and the audit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from headroom.history.memory import Memory
from headroom.history.tables import sources, statements
from headroom.statements import Statement

MOST = 20_000
"""Statements of one source that are kept: the newest."""


def learn(connection: Connection, memory: Memory, at: datetime, learnt: Sequence[Statement]) -> None:
    """Keep what was learnt; what was known of the same statements goes."""
    by_source: dict[str, dict[str, Statement]] = {}
    for one in learnt:
        by_source.setdefault(one.source, {})[one.fingerprint] = one
    for name, found in by_source.items():
        source = memory.source(connection, name)
        prints = list(found)
        for start in range(0, len(prints), 500):
            connection.execute(
                delete(statements).where(
                    statements.c.source_id == source,
                    statements.c.fingerprint.in_(prints[start : start + 500]),
                )
            )
        connection.execute(
            insert(statements),
            [
                {
                    "source_id": source,
                    "fingerprint": one.fingerprint,
                    "at": at,
                    "class": one.group,
                    "why": one.why,
                    "text": one.text,
                    "traits": one.traits,
                }
                for one in found.values()
            ],
        )
        oldest = (
            select(statements.c.id)
            .where(statements.c.source_id == source)
            .order_by(statements.c.id.desc())
            .offset(MOST)
        )
        # SQLite wants a limit beside the offset.
        connection.execute(delete(statements).where(statements.c.id.in_(oldest.limit(len(found)))))


def known(
    connection: Connection, source: str, fingerprints: Collection[str] | None = None
) -> list[Statement]:
    """Return what is known of the statements of a source, or of these of them, the newest first."""
    columns = statements.c
    query = (
        select(columns.fingerprint, columns["class"], columns.why, columns.text, columns.traits)
        .join(sources)
        .where(sources.c.name == source)
        .order_by(columns.id.desc())
    )
    if fingerprints is not None:
        query = query.where(columns.fingerprint.in_(fingerprints))
    return [Statement(source, *row) for row in connection.execute(query)]


def one_of(connection: Connection, fingerprint: str) -> list[Statement]:
    """Return what is known of a statement, at each source that has it."""
    columns = statements.c
    rows = connection.execute(
        select(
            sources.c.name, columns.fingerprint, columns["class"], columns.why, columns.text, columns.traits
        )
        .join_from(statements, sources)
        .where(columns.fingerprint == fingerprint)
        .order_by(sources.c.name)
    )
    return [Statement(*row) for row in rows]
