"""Connections in use against the limit that a measure names. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from collectors.postgres.activity import Activity
from collectors.postgres.sessions import largest
from collectors.postgres.snapshot import Fault, PostgresSnapshot
from headroom.budgets import Measure, Reason
from headroom.evidence import Gauge
from headroom.observation import Absence, Observation, Part, Reading, Series
from headroom.span import Span
from headroom.whose import Whose

_MAXIMUM = "max_connections"


def whose_of(measure: Measure) -> Whose:
    """Return whose connections a measure counts."""
    return Whose.of(measure.group)


def difference(measures: Iterable[Measure], read: PostgresSnapshot, between: Span) -> Reading:
    """Return the share of each limit that was in use when the interval ended."""
    observations, absences = [], []
    for measure in measures:
        match _of_limit(measure, read):
            case Absence() as absence:
                absences.append(absence)
            case (used, limit):
                part = Part(
                    between.start,
                    between.end,
                    Gauge.sample(used / limit, between.seconds),
                    between.quality,
                    detail=_detail(measure, used, limit, read.activity),
                )
                observations.append(Observation(Series.of(measure), (part,)))
    return Reading(tuple(observations), tuple(absences))


def _detail(measure: Measure, used: int, limit: int, seen: Activity | Fault | None) -> str:
    whose = whose_of(measure)
    of = f"{limit} (max_connections less those reserved)" if measure.of == _MAXIMUM else f"{limit}"
    told = f"{used} of {of}"
    if whose == Whose():
        told += ", Headroom's own connection among them"
    most = largest(seen, whose.database) if whose.role is None and isinstance(seen, Activity) else None
    return told if most is None else f"{told}; role {most[0]} holds {most[1]} of them"


def _of_limit(measure: Measure, read: PostgresSnapshot) -> tuple[int, int] | Absence:
    """Return the connections in use and their limit, or why there is no share."""
    series, found = Series.of(measure), read.connections
    if found is None:
        return Absence(series, Reason.NO_DATA, "the connections were not read; the next poll reads them")
    if isinstance(found, Fault):
        return Absence(series, found.reason, found.detail)
    limit = found.limit
    if measure.of != _MAXIMUM:
        if not measure.of.isascii() or not measure.of.isdigit():
            detail = f"a limit of connections is max_connections or a whole number, not {measure.of!r}"
            return Absence(series, Reason.NO_LIMIT, detail)
        limit = int(measure.of)
    if limit <= 0:
        named = "max_connections less the reserved connections" if measure.of == _MAXIMUM else "the pool"
        return Absence(series, Reason.NO_LIMIT, f"{named} is {limit}: there is nothing to take a share of")
    whose = whose_of(measure)
    if whose == Whose():
        return found.used, limit
    used = _used(whose, read.activity)
    return Absence(series, used.reason, used.detail) if isinstance(used, Fault) else (used, limit)


def _used(whose: Whose, seen: Activity | Fault | None) -> int | Fault:
    """Return how many connections a role has, a database, or a role to a database."""
    if seen is None:
        return Fault(Reason.NO_DATA, "the connections were not looked at; the next poll does")
    if isinstance(seen, Fault):
        return seen
    for kind, name in (("role", whose.role), ("database", whose.database)):
        if (kind, name) in seen.missing:
            detail = f'there is no {kind} "{name}" in this cluster; name an existing one in the budget'
            return Fault(Reason.NO_DATA, detail)
    return sum(one.connections for one in seen.crowds if whose.takes(one.role, one.database))
