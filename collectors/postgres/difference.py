"""What two polls of a PostgreSQL cluster tell, for every measure asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from collectors.postgres import pools, workload
from collectors.postgres.snapshot import PostgresSnapshot
from headroom.budgets import Kind, Measure, Reason
from headroom.observation import Absence, Reading, Series
from headroom.sources import Source
from headroom.span import span


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
        return Reading(absences=tuple(Absence(Series.of(each), Reason.NO_DATA, first) for each in measures))
    between = span(before.at, after.at, source.every)
    statements = {measure: at for measure, at in measures.items() if measure.kind is Kind.STATEMENTS}
    queries = (
        workload.difference(source.name, statements, before, after, between) if statements else Reading()
    )
    in_use = pools.difference(
        [measure for measure in measures if measure.kind is Kind.CONNECTIONS], after.connections, between
    )
    return Reading(
        observations=queries.observations + in_use.observations,
        absences=queries.absences + in_use.absences,
        notes=queries.notes,
    )
