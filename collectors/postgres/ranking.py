"""The statements that cost most of their budget in one interval, one by one, and the exact rest. Pure."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from collectors.postgres.entry import Change
from collectors.postgres.moved import Moved
from collectors.postgres.standing import standing
from collectors.postgres.sums import certain, summed
from headroom.bounds import Bounds
from headroom.debt import debt
from headroom.evidence import Moments
from headroom.observation import Observation, Part, Series
from headroom.span import Span
from headroom.statements import MEASURE, NO_CLASS, REST

MOST = 30
"""Statements of a poll that are recorded one by one."""
ALL_DATABASES = "*"

_Shape = tuple[str, str, int]  # class, fingerprint, database: of all roles and query ids
_Debt = tuple[float, float, float]  # the least and the greatest, and the time


class Piece(NamedTuple):
    """What statements of one class did: those of one shape in one database, or the rest of the class."""

    group: str
    fingerprint: str
    database: str
    changes: Sequence[Change]
    moments: Moments
    bounds: tuple[Bounds, ...]


def pieces(
    found: Moved, limits: Mapping[str, tuple[float, ...]], databases: Mapping[int, str]
) -> list[Piece]:
    """Return the worst statements one by one, and the rest of each class: together all that was done.

    The worst are those with the largest debt for certain, then with the largest possible one, then with the
    longest time. `limits` are the thresholds of each class that has a budget; a debt is over the lowest.
    """
    shapes: defaultdict[_Shape, list[Change]] = defaultdict(list)
    rest: defaultdict[str, list[Change]] = defaultdict(list)
    for label, database, change in found.moves:
        if label.fingerprint:
            shapes[label.group, label.fingerprint, database].append(change)
        else:  # nobody knows yet what it is
            rest[label.group].append(change)
    lowest = {group: min(thresholds) for group, thresholds in limits.items() if thresholds}
    debts = {shape: _debt(changes, lowest.get(shape[0])) for shape, changes in shapes.items()}
    worst = heapq.nlargest(MOST, debts, key=debts.__getitem__)
    singled = [
        _piece(
            group,
            fingerprint,
            databases.get(number, str(number)),
            shapes.pop((group, fingerprint, number)),
            limits,
        )
        for group, fingerprint, number in worst
    ]
    for (group, _, _), changes in shapes.items():
        rest[group] += changes
    return singled + [_piece(group, REST, ALL_DATABASES, changes, limits) for group, changes in rest.items()]


def observations(source: str, made: Sequence[Piece], found: Moved, span: Span) -> list[Observation]:
    """Return a series for each piece; none is judged."""
    told = []
    for piece in made:
        lost = found.lost[piece.group] if piece.fingerprint == REST else 0
        start, quality = standing(piece.changes, span, found.reset, lost=lost)
        subject = (
            ("class", piece.group or NO_CLASS),
            ("database", piece.database),
            ("statement", piece.fingerprint),
        )
        part = Part(start, span.end, piece.moments, quality, piece.bounds)
        told.append(Observation(Series(source, MEASURE, subject), (part,)))
    return told


def _piece(
    group: str,
    fingerprint: str,
    database: str,
    changes: Sequence[Change],
    limits: Mapping[str, tuple[float, ...]],
) -> Piece:
    bounds = certain(changes, limits.get(group, ()))
    return Piece(group, fingerprint, database, changes, summed(changes), bounds)


def _debt(changes: Sequence[Change], limit: float | None) -> _Debt:
    """Return the debt of a shape; none where there is no limit, or nothing reached it."""
    time = changes[0].total if len(changes) == 1 else sum(change.total for change in changes)
    if limit is None or all(change.cap is not None and change.cap <= limit for change in changes):
        return 0.0, 0.0, time
    (proven,) = certain(changes, (limit,))
    owed = debt(summed(changes), limit, proven)
    return owed.low or 0.0, owed.high or 0.0, time
