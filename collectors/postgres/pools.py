"""Connections in use against the limit that a measure names. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from collectors.postgres.snapshot import Connections, Fault
from headroom.budgets import Measure, Reason
from headroom.evidence import Gauge
from headroom.observation import Absence, Observation, Part, Reading, Series
from headroom.span import Span

ROLE = "role."


def role_of(measure: Measure) -> str | None:
    """Return the role whose connections a measure counts; None for all of the cluster's."""
    return measure.group.removeprefix(ROLE) if measure.group.startswith(ROLE) else None


def difference(measures: Iterable[Measure], read: Connections | Fault | None, between: Span) -> Reading:
    """Return the share of each limit that was in use when the interval ended."""
    observations, absences = [], []
    for measure in measures:
        match _of_limit(measure, read):
            case Absence() as absence:
                absences.append(absence)
            case (used, limit):
                detail = f"{used} of {limit}"
                if role_of(measure) is None:
                    detail += ", Headroom's own connection among them"
                part = Part(
                    between.start,
                    between.end,
                    Gauge.sample(used / limit, between.seconds),
                    between.quality,
                    detail=detail,
                )
                observations.append(Observation(Series.of(measure), (part,)))
    return Reading(tuple(observations), tuple(absences))


def _of_limit(measure: Measure, read: Connections | Fault | None) -> tuple[int, int] | Absence:
    """Return the connections in use and their limit, or why there is no share."""
    series = Series.of(measure)
    if read is None:
        return Absence(series, Reason.NO_DATA, "the connections were not read; the next poll reads them")
    if isinstance(read, Fault):
        return Absence(series, read.reason, read.detail)
    limit, role = read.limit, role_of(measure)
    if measure.of != "max_connections":
        if not measure.of.isascii() or not measure.of.isdigit():
            detail = f"a limit of connections is max_connections or a whole number, not {measure.of!r}"
            return Absence(series, Reason.NO_LIMIT, detail)
        limit = int(measure.of)
    used = read.used if role is None else read.roles.get(role)
    if used is None:
        return Absence(
            series,
            Reason.NO_DATA,
            f'there is no role "{role}" in this cluster; name an existing one in the budget',
        )
    if limit <= 0:
        named = (
            "max_connections less the reserved connections" if measure.of == "max_connections" else "the pool"
        )
        return Absence(series, Reason.NO_LIMIT, f"{named} is {limit}: there is nothing to take a share of")
    return used, limit
