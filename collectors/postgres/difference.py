"""What two polls of a PostgreSQL cluster tell, for every measure asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile

from collectors.postgres import looks, pools, workload
from collectors.postgres.snapshot import PostgresSnapshot, Statements
from headroom.budgets import Kind, Measure, Reason
from headroom.observation import Absence, Reading, Series
from headroom.sources import Source
from headroom.span import span
from headroom.statements import Statement


def difference(
    source: Source,
    measures: Mapping[Measure, tuple[float, ...]],
    before: PostgresSnapshot | None,
    after: PostgresSnapshot,
) -> Reading:
    """Return the evidence of the interval between two snapshots, or why there is none.

    `measures` are what is asked, each with the thresholds in seconds at which bounds are wanted; `before` is
    None on the first poll.
    """
    if before is None:
        first = "one reading so far; a difference needs two"
        return Reading(
            absences=tuple(Absence(Series.of(each), Reason.NO_DATA, first) for each in measures),
            statements=_learnt(None, after),
        )
    between = span(before.at, after.at, source.every)
    statements = {measure: at for measure, at in measures.items() if measure.kind is Kind.STATEMENTS}
    queries = (
        workload.difference(source.name, statements, before, after, between) if statements else Reading()
    )
    in_use = pools.difference(
        [measure for measure in measures if measure.kind is Kind.CONNECTIONS], after, between
    )
    looked = looks.difference(source.name, queries.observations, statements, before, after, between)
    return Reading(
        observations=looked.observations + in_use.observations,
        absences=queries.absences + in_use.absences,
        notes=queries.notes + looked.notes,
        statements=_learnt(before, after),
    )


def _learnt(before: PostgresSnapshot | None, after: PostgresSnapshot) -> tuple[Statement, ...]:
    """Return what was learnt of statements since a snapshot; all of it where that one knew of nothing."""
    if not isinstance(after.statements, Statements):
        return ()
    known = before.statements.learnt_upto if before and isinstance(before.statements, Statements) else 0
    newest = takewhile(lambda one: one[0] > known, reversed(after.statements.learnt))
    return tuple(statement for _, statement in newest)[::-1]
