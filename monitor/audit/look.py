"""One audit of one source: facts read live, what the history knows, and what the rules make of both."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from headroom.audit.case import Case
from headroom.audit.facts import Facts
from headroom.audit.finding import Finding
from headroom.audit.past import Past, load
from headroom.audit.rules import POSTGRES
from headroom.audit.wanted import TABLES
from headroom.budgets import Budget
from headroom.history import History
from headroom.sources import Source
from headroom.statements import Statement

log = logging.getLogger("headroom.audit")

DEADLINE = 30.0
"""Seconds that reading the facts of one source may take."""
_BACK = (timedelta(days=7), timedelta(days=1), timedelta(hours=1), timedelta(0))


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the history knows of a source.

    Attributes:
        earlier: facts of earlier audits and when they were read, the oldest wanted first.
    """

    statements: tuple[Statement, ...] = ()
    earlier: tuple[tuple[datetime, bytes], ...] = ()


async def read(source: Source, now: datetime) -> Facts:
    """Read all facts; SourceError where not even tables and indexes can be read."""
    return await read_workload(await read_structure(source, now), source)


async def read_structure(source: Source, now: datetime) -> Facts:
    """Read tables and indexes over a connection of its own, which is closed again; SourceError as in read."""
    # Drivers are loaded where a source of their kind is there.
    from collectors.postgres.address import address  # noqa: PLC0415
    from collectors.postgres.catalogue.catalogue import read_catalogue  # noqa: PLC0415
    from collectors.postgres.session import Session  # noqa: PLC0415

    place = address(source)
    session = Session(place, DEADLINE)
    try:
        return await session.run(
            lambda connection: read_catalogue(connection, place, source.name, now, first=TABLES)
        )
    finally:
        await session.close()


async def read_workload(facts: Facts, source: Source) -> Facts:
    """Add settings, sessions and statements, which takes some ten seconds, idle for the most part."""
    from collectors.postgres.audited.reading import completed  # noqa: PLC0415 as in read_structure

    return await completed(facts, source)


def remembered(history: History, source: str, now: datetime) -> Remembered:
    """Return what the history knows of a source; HistoryError where it cannot be read."""
    earlier = dict.fromkeys(
        found for back in _BACK if (found := history.facts_before(source, now - back)) is not None
    )
    return Remembered(tuple(history.statements(source)), tuple(earlier))


def findings(facts: Facts, known: Remembered, budgets: Sequence[Budget]) -> tuple[Finding, ...]:
    """Return what all rules find."""
    case = Case(facts, _past(facts, known), known.statements, budgets=tuple(budgets))
    return tuple(found for rule in POSTGRES for found in rule(case))


def _past(facts: Facts, known: Remembered) -> Past | None:
    """Return the oldest counters that today's can be compared with; otherwise the oldest that there are."""
    loaded = (load(at, data, facts.database) for at, data in known.earlier)
    pasts = [one for one in loaded if one is not None and one.at < facts.at]
    alike = (one for one in pasts if one.counting_since == facts.counting_since)
    return next(alike, pasts[0] if pasts else None)
