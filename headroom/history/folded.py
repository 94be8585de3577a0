"""The parts of all subjects of a measure, folded into longer intervals: two days of statements in a second.

It reads the bytes of `encode` a column at a time. Figures are added up, and the spread between the parts with
them; nothing is averaged away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Connection, select, type_coerce

from headroom.bounds import Bounds
from headroom.evidence import Moments
from headroom.history.columns import from_microseconds, to_microseconds
from headroom.history.encode import Damaged
from headroom.history.tables import evidence, series, sources
from headroom.observation import JUDGED, Quality, Series

_Bytes = NDArray[np.uint8]
_Whole = NDArray[np.int64]
_Real = NDArray[np.float64]

COUNTED = frozenset({*JUDGED, Quality.GAP})
"""Figures that hold; those of any other quality may count executions twice, or lack some."""
_MOST_SHIFT = 63  # a count is an integer of 64 bits


@dataclass(frozen=True, slots=True)
class Fold:
    """What the polls of one stretch of time say of a series.

    Attributes:
        start: where the stretch begins, by our clock, UTC; `step` later it ends.
        bounds: the sums of the parts' bounds; those that some of the parts lack have a smaller n.
        left_out: parts whose figures do not hold, and which are in none of the others.
    """

    start: datetime
    moments: Moments
    bounds: tuple[Bounds, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Folded:
    """A measure, folded.

    Attributes:
        folds: of each series, oldest first.
        polls: in which cycles a series had events: bit k is the k-th cycle of all that were read.
    """

    folds: dict[Series, tuple[Fold, ...]] = field(default_factory=dict)
    polls: dict[Series, int] = field(default_factory=dict)


def folded(
    connection: Connection, source: str, measure: str, since: datetime, until: datetime, step: timedelta
) -> Folded:
    """Fold the moments recorded from `since` to before `until` into stretches of `step`, or raise Damaged."""
    columns = (
        select(series.c.id, series.c.subject)
        .join(sources)
        .where(sources.c.name == source, series.c.measure == measure)
    )
    known = {row.id: Series(source, measure, row.subject) for row in connection.execute(columns)}
    found = connection.execute(
        select(
            evidence.c.series_id,
            type_coerce(evidence.c.at, BigInteger),  # half a million datetimes would take a second
            evidence.c.quality.in_(sorted(COUNTED)),
            evidence.c.figures,
            evidence.c.bounds,
        ).where(
            evidence.c.series_id.in_(columns.with_only_columns(series.c.id)),
            evidence.c.at >= since,
            evidence.c.at < until,
            evidence.c.kind == "M",
        )
    )
    rows: Sequence[Any] = found.cursor.fetchall() if found.cursor else ()  # plain tuples: half the time
    if not rows:
        return Folded()
    ids, moments, counted, figures, bounds = zip(*rows, strict=True)
    try:
        return _fold(
            known,
            np.array(ids, np.int64),
            np.array(moments, np.int64),
            np.array(counted, bool),
            figures,
            bounds,
            step,
        )
    except (IndexError, OverflowError, ValueError) as error:
        raise Damaged(f"moments of {measure} at {source}: {error}") from error


def _fold(
    known: dict[int, Series],
    ids: _Whole,
    moments: _Whole,
    counted: NDArray[np.bool_],
    figures: Sequence[bytes],
    bounds: Sequence[bytes],
    step: timedelta,
) -> Folded:
    size_of_step = step // timedelta(microseconds=1)
    places = moments // size_of_step
    n, total, squares, cap = _moments(figures)
    n, total, squares = (np.where(counted, column, 0.0) for column in (n, total, squares))
    first = int(places.min())
    width = int(places.max()) - first + 1
    keys, group = np.unique(ids * width + (places - first), return_inverse=True)
    size = len(keys)
    count, sums = np.bincount(group, n, size), np.bincount(group, total, size)
    # Chan, Golub and LeVeque 1979 for many parts at once: spread within them, and of their means.
    middle = (sums / np.maximum(count, 1))[group]
    apart = np.divide(total, n, out=np.zeros_like(total), where=n > 0) - middle
    spread = np.bincount(group, squares + n * apart * apart, size)
    highest = np.zeros(size)
    np.maximum.at(highest, group, np.where(n > 0, cap, 0.0))
    out = np.bincount(group, ~counted, size)
    limits = _summed(bounds, group, counted)
    folds: dict[Series, list[Fold]] = {}
    for place, key in enumerate(keys.tolist()):
        one, at = divmod(key, width)
        events = int(count[place])
        top = float(highest[place])
        made = Moments(events, float(sums[place]), float(spread[place]), None if np.isinf(top) else top)
        start = from_microseconds((first + at) * size_of_step)
        folds.setdefault(known[one], []).append(
            Fold(start, made if events else Moments(0, 0.0, 0.0), limits.get(place, ()), int(out[place]))
        )
    busy = n > 0
    # What one cycle recorded has one moment.
    _, cycles = np.unique(moments, return_inverse=True)
    polls = {known[one]: _bits(cycles[(ids == one) & busy]) for one in np.unique(ids).tolist()}
    return Folded({one: tuple(made) for one, made in folds.items()}, polls)


def _bits(places: _Whole) -> int:
    if not places.size:
        return 0
    marks = np.zeros(int(places.max()) + 1, np.uint8)
    marks[places] = 1
    return int.from_bytes(np.packbits(marks, bitorder="little").tobytes(), "little")


def joined(texts: Sequence[bytes]) -> tuple[_Bytes, _Whole, _Whole]:
    """Return all bytes in one array, and where each text begins and ends in it."""
    ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
    # Damaged figures may point behind the last of them.
    data = np.frombuffer(b"".join(texts) + bytes(16), np.uint8)
    return data, np.concatenate(([0], ends[:-1])).astype(np.int64), ends


def _moments(figures: Sequence[bytes]) -> tuple[_Real, _Real, _Real, _Real]:
    """Return number, sum, squares and cap of moments as `encode` writes them; no cap is an infinite one."""
    data, at, ends = joined(figures)
    n, total, squares, cap = (numbers(data, at) for _ in range(4))
    if (at != ends).any() or np.isnan(n + total + squares).any():
        raise Damaged("figures of moments that are no moments")
    return n, total, squares, np.where(np.isnan(cap), np.inf, cap)  # infinite: so no sum with it has one


def _summed(
    bounds: Sequence[bytes], group: _Whole, counted: NDArray[np.bool_]
) -> dict[int, tuple[Bounds, ...]]:
    """Return the sums of the bounds of each group, by threshold."""
    data, start, end = joined(bounds)
    read: list[tuple[_Whole, _Real, _Whole, _Whole, _Whole]] = []
    left = np.flatnonzero((start < end) & counted)
    while left.size:
        at = start[left]
        threshold = numbers(data, at)
        read.append((group[left], threshold, counts(data, at), counts(data, at), counts(data, at)))
        start[left] = at
        left = left[at < end[left]]
    if not read:
        return {}
    where, threshold, n, low, high = (np.concatenate(column) for column in zip(*read, strict=True))
    heights, which = np.unique(threshold, return_inverse=True)
    keys, into = np.unique(where * len(heights) + which, return_inverse=True)
    sums = [np.bincount(into, column).astype(np.int64).tolist() for column in (n, low, high)]
    found: dict[int, tuple[Bounds, ...]] = {}
    for key, *said in zip(keys.tolist(), *sums, strict=True):
        place, height = divmod(key, len(heights))
        found[place] = (*found.get(place, ()), Bounds(float(heights[height]), *said))
    return found


def counts(data: _Bytes, at: _Whole) -> _Whole:
    """Read a variable-length integer at each place, and move the places behind it."""
    value = np.zeros(len(at), np.int64)
    going, shift = np.ones(len(at), bool), 0
    while going.any():
        if shift >= _MOST_SHIFT or int(at.max(initial=0)) >= len(data):
            raise Damaged("a count that does not end")
        byte = data[at].astype(np.int64)
        value |= np.where(going, (byte & 0x7F) << shift, 0)
        at += going
        going &= byte >= 0x80  # noqa: PLR2004 seven bits a byte
        shift += 7
    return value


def numbers(data: _Bytes, at: _Whole) -> _Real:
    """Read a number at each place, and move the places behind it; NaN for none."""
    if at.size and int(at.max()) > len(data) - 9:
        raise Damaged("a number that does not end")
    how = data[at]
    at += 1
    value = np.full(len(at), np.nan)
    doubles = np.flatnonzero(how == 1)
    pieces = data[at[doubles][:, None] + np.arange(8)]
    value[doubles] = np.ascontiguousarray(pieces).view("<f8").ravel()
    at[doubles] += 8
    whole = np.flatnonzero((how == 2) | (how == 4) | (how == 5))  # noqa: PLR2004 integer, whole, millionths
    places = at[whole]
    value[whole] = counts(data, places) / np.where(how[whole] == 5, 1e6, 1.0)  # noqa: PLR2004 millionths
    at[whole] = places
    if ((how == 3) | (how > 5)).any():  # noqa: PLR2004 negative, or no way that a number is written
        raise Damaged("a number that is written in no known way")
    return value


def floor(moment: datetime, step: timedelta) -> datetime:
    """Return where the stretch begins that holds a moment."""
    size = step // timedelta(microseconds=1)
    return from_microseconds(to_microseconds(moment) // size * size)
