"""What two looks at the sessions tell beside the counters. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from collectors.postgres import failed, in_flight, sessions
from collectors.postgres.activity import Activity
from collectors.postgres.snapshot import Fault, PostgresSnapshot
from headroom.budgets import Measure
from headroom.observation import Observation, Reading
from headroom.span import Span


def difference(
    source: str,
    observations: tuple[Observation, ...],
    measures: Mapping[Measure, tuple[float, ...]],
    before: PostgresSnapshot,
    after: PostgresSnapshot,
    span: Span,
) -> Reading:
    """Return the observations with what was seen running over a limit, the connections, and what to know.

    `measures` are those of statements, with their thresholds in seconds.
    """
    seen, earlier = after.activity, before.activity
    if isinstance(seen, Fault):
        return Reading(observations, notes=(f"what runs now could not be looked at: {seen.detail}",))
    if seen is None:
        return Reading(observations)
    since = earlier.at if isinstance(earlier, Activity) else before.at
    told = [*in_flight.notes(measures, seen), *sessions.notes(seen)]
    if not measures:
        told += failed.notes(earlier, seen, ())
    return Reading(
        in_flight.beside(observations, measures, since, seen, span)
        + sessions.observations(source, seen, span),
        notes=tuple(told),
    )
