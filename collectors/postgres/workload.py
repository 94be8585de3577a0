"""What the statements did between two polls, summed over the classes that are asked. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import add

from collectors.postgres import evicted, failed, notes, own, ranking
from collectors.postgres.entry import Change
from collectors.postgres.moved import Moved, moved
from collectors.postgres.ranking import Piece, pieces
from collectors.postgres.snapshot import Fault, PostgresSnapshot, Statements
from collectors.postgres.standing import standing
from collectors.postgres.sums import certain, summed
from headroom.bounds import Bounds
from headroom.budgets import Measure, Reason, Unit
from headroom.evidence import Moments, Ratio
from headroom.observation import Absence, Observation, Part, Quality, Reading, Series
from headroom.span import Span
from headroom.units import format_value

UNCLASSIFIED = "statements:exec_time:unclassified"
GROUP = "queries."

_OTHER = "another server answers here since the last reading; a difference needs two readings of one server"
_UPDATED = (
    "pg_stat_statements was updated since the last reading; a difference needs two readings of one kind"
)
_SILENT = (
    "pg_stat_statements recorded nothing between two readings, not even these readings: check that "
    "pg_stat_statements.track is not none and compute_query_id is not off"
)
_UNSORTED = "their texts were not read yet; texts are read about once a minute"
_LOST = "pg_stat_statements was full and threw entries away; raise pg_stat_statements.max"
_FIRST = "one reading of pg_stat_statements so far; a difference needs two"


def difference(
    source: str,
    measures: Mapping[Measure, tuple[float, ...]],
    before: PostgresSnapshot,
    after: PostgresSnapshot,
    span: Span,
) -> Reading:
    """Return a part per class asked, the worst statements, the unclassified share, and what stays unseen."""
    old, new = before.statements, after.statements
    refusal = _refusal(before, after)
    if refusal is not None or not isinstance(old, Statements) or not isinstance(new, Statements):
        fault = refusal or Fault(Reason.NO_DATA, _FIRST)
        return Reading(
            absences=tuple(Absence(Series.of(each), fault.reason, fault.detail) for each in measures)
        )
    found = moved(before, after, old, new)
    limits = {measure.group.removeprefix(GROUP): thresholds for measure, thresholds in measures.items()}
    made = pieces(found, limits, new.databases)
    lost = evicted.at_most(old, new)
    unseen = failed.unseen(before.activity, after.activity, found.moves)
    observations = []
    for measure, thresholds in measures.items():
        part = _part(found, measure.group.removeprefix(GROUP), thresholds, made, span)
        part = replace(part, detail="; ".join(each for each in (part.detail, unseen) if each))
        parts = (part, *_beside(found, thresholds, lost, part))
        observations.append(Observation(Series.of(measure), parts))
    observations.append(Observation(Series(source, UNCLASSIFIED), (_unclassified(found, span),)))
    observations += ranking.observations(source, made, found, span)
    observations += own.observations(source, found.own, span, old, new)
    told = (
        *notes.notes(found, before, after, old, new),
        *failed.notes(before.activity, after.activity, found.moves),
    )
    return Reading(tuple(observations), notes=told)


def _refusal(before: PostgresSnapshot, after: PostgresSnapshot) -> Fault | None:
    """Return why two snapshots must not be compared, or None."""
    old, new = before.statements, after.statements
    if isinstance(new, Fault):
        return new
    if not isinstance(old, Statements) or not isinstance(new, Statements):
        return Fault(Reason.NO_DATA, _FIRST)
    # What began after the last reading began on the server that was read; what began before it did not.
    restarted, reset = after.started != before.started, new.reset != old.reset
    if (restarted and after.started <= before.at) or (reset and new.reset and new.reset < before.at):
        return Fault(Reason.RESET, _OTHER)
    if (new.nesting, new.births, new.reset is None) != (old.nesting, old.births, old.reset is None):
        return Fault(Reason.RESET, _UPDATED)
    silent = not restarted and not reset and new.records == old.records
    silent = silent and new.complete  # otherwise these readings may be among what is not read
    return Fault(Reason.BROKEN_INSTRUMENTATION, _SILENT) if silent else None


def _part(found: Moved, group: str, thresholds: tuple[float, ...], made: Sequence[Piece], span: Span) -> Part:
    """Return what a class did: the sum of its pieces."""
    mine = [piece for piece in made if piece.group == group]
    changes, lost = [change for piece in mine for change in piece.changes], found.lost[group]
    start, quality = standing(changes, span, found.reset, lost=lost)
    moments = reduce(add, (piece.moments for piece in mine), Moments(0, 0.0, 0.0))
    nothing = tuple(Bounds(threshold, 0, 0, 0) for threshold in thresholds)
    bounds = (reduce(add, each) for each in zip(nothing, *(piece.bounds for piece in mine), strict=True))
    details = "; ".join(_details(changes, span, found, lost))
    return Part(start, span.end, moments, quality, tuple(bounds), details)


def _beside(found: Moved, thresholds: tuple[float, ...], lost: int, of: Part) -> Iterator[Part]:
    """Yield what a class may have done besides: what is not yet sorted, and what was thrown away."""
    strays = [move.change for move in found.moves if not move.label.fingerprint]
    if strays:
        bounds = certain(strays, thresholds)
        yield Part(of.start, of.end, summed(strays), Quality.UNSORTED, bounds, _UNSORTED)
    if lost:
        yield Part(of.start, of.end, Moments(lost, 0.0, 0.0), Quality.LOST, (), _LOST)


def _unclassified(found: Moved, span: Span) -> Part:
    """Return the share of the calls that no class takes, of the calls of all but this collector's own."""
    changes = [move.change for move in found.moves]
    start, quality = standing(changes, span, found.reset, lost=sum(found.lost.values()))
    part = sum(move.change.n for move in found.moves if not move.label.group)
    return Part(start, span.end, Ratio(part, sum([change.n for change in changes])), quality)


def _details(changes: Sequence[Change], span: Span, found: Moved, lost: int) -> Iterator[str]:
    if span.detail:
        yield span.detail
    if planned := sum(change.planning for change in changes):
        each = planned / sum(change.n for change in changes)
        yield f"planning took another {format_value(each, Unit.SECONDS)} a call on average"
    if found.reset is not None:
        at = f"{found.reset:%H:%M:%S} UTC"
        yield f"all counters began again at {at}; what this interval held before is lost"
        return
    qualities = Counter(change.quality for change in changes)
    if again := qualities[Quality.RESET]:
        yield f"{again} of its statements began again; what they did before that in this interval is lost"
    if lost:
        yield f"{lost} of its statements were thrown away with what they did last"
    if suspect := qualities[Quality.SUSPECT]:
        yield (
            f"{suspect} of its statements may have been thrown away and begun again; "
            "raise pg_stat_statements.max"
        )
