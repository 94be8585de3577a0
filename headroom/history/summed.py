"""The parts of several measures added up over stretches of time: what a page shows of hours and days.

Figures are added up, not averaged; histograms of different layouts stay beside each other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Connection, select, type_coerce

from headroom.evidence import Evidence, Gauge, Histogram, Ratio, merged
from headroom.history.columns import from_microseconds
from headroom.history.encode import Damaged, decode, encode_layout
from headroom.history.folded import COUNTED, counts, joined, numbers
from headroom.history.tables import evidence, series, sources
from headroom.observation import Series

_Real = NDArray[np.float64]
_Rows = list[tuple[int, int, bytes]]
_Sums = dict[tuple[int, int], tuple[Evidence, ...]]


@dataclass(frozen=True, slots=True)
class Sum:
    """What the polls of one stretch of time say of a series.

    Attributes:
        start: where the stretch begins, by our clock, UTC.
        parts: what was recorded in it, added up as far as it adds up.
    """

    start: datetime
    parts: tuple[Evidence, ...]


def summed(
    connection: Connection,
    source: str,
    measures: Collection[str],
    since: datetime,
    until: datetime,
    step: timedelta,
    within: timedelta | None = None,
) -> dict[Series, tuple[Sum, ...]]:
    """Add up what was recorded from `since` to before `until` in stretches of `step`, or raise Damaged.

    With `within`, only what was recorded in the beginning of each stretch is read: enough to see how a figure
    went, and the rest of the rows is not touched. Figures that may count events twice are left out.
    """
    columns = (
        select(series.c.id, series.c.measure, series.c.subject)
        .join(sources)
        .where(sources.c.name == source, series.c.measure.in_(sorted(measures)))
    )
    known = {row.id: Series(source, row.measure, row.subject) for row in connection.execute(columns)}
    size = step // timedelta(microseconds=1)
    at = type_coerce(evidence.c.at, BigInteger)
    query = select(evidence.c.series_id, at, evidence.c.kind, evidence.c.figures).where(
        evidence.c.series_id.in_(sorted(known)),
        evidence.c.at >= since,
        evidence.c.at < until,
        evidence.c.quality.in_(sorted(COUNTED)),
    )
    if within is not None:
        query = query.where(at % size < within // timedelta(microseconds=1))
    found = connection.execute(query.order_by(evidence.c.series_id, evidence.c.at))
    rows: Sequence[Any] = found.cursor.fetchall() if found.cursor else ()  # plain tuples: half the time
    kinds: dict[str, _Rows] = {}
    for one, when, kind, figures in rows:
        kinds.setdefault(kind, []).append((one, when // size, figures))
    sums: _Sums = {}
    try:
        for kind, ones in kinds.items():
            for key, parts in _HOW.get(kind, _moments)(kind, ones).items():
                sums[key] = (*sums.get(key, ()), *parts)
    except (IndexError, OverflowError, ValueError) as error:
        raise Damaged(f"evidence of {source}: {error}") from error
    told: dict[Series, list[Sum]] = {}
    for (one, place), parts in sorted(sums.items()):
        told.setdefault(known[one], []).append(Sum(from_microseconds(place * size), parts))
    return {one: tuple(made) for one, made in told.items()}


def _grouped(rows: _Rows, count: int) -> tuple[list[tuple[int, int]], NDArray[np.intp], list[_Real]]:
    """Return the series and stretches, which of them each row belongs to, and so many numbers of each row."""
    keys, group = _places(rows)
    data, at, ends = joined([figures for _, _, figures in rows])
    columns = [numbers(data, at) for _ in range(count)]
    if (at != ends).any() or any(np.isnan(column).any() for column in columns):
        raise Damaged("figures that are none of their kind")
    return keys, group, columns


def _places(rows: _Rows) -> tuple[list[tuple[int, int]], NDArray[np.intp]]:
    places: dict[tuple[int, int], int] = {}
    group = np.array([places.setdefault((one, place), len(places)) for one, place, _ in rows], np.intp)
    return list(places), group


def _ratios(_: str, rows: _Rows) -> _Sums:
    keys, group, (part, whole) = _grouped(rows, 2)
    parts, wholes = np.bincount(group, part), np.bincount(group, whole)
    return {key: (Ratio(float(parts[k]), float(wholes[k])),) for k, key in enumerate(keys)}


def _gauges(_: str, rows: _Rows) -> _Sums:
    keys, group, (n, total, low, high, last, seconds) = _grouped(rows, 6)
    size = len(keys)
    held, totals, lengths = (np.bincount(group, column) for column in (n, total, seconds))
    least, most, newest = np.full(size, np.inf), np.full(size, -np.inf), np.zeros(size)
    np.minimum.at(least, group, low)
    np.maximum.at(most, group, high)
    newest[group] = last  # of several, the last one stays: rows are in the order of time
    return {
        key: (
            Gauge(
                int(held[k]),
                float(totals[k]),
                float(least[k]),
                float(most[k]),
                float(newest[k]),
                float(lengths[k]),
            ),
        )
        for k, key in enumerate(keys)
    }


def _histograms(kind: str, rows: _Rows) -> _Sums:
    layouts: dict[bytes, tuple[float, ...]] = {}
    alike: dict[bytes, _Rows] = {}
    for row in rows:
        figures = row[2]
        layout = next((known for known in layouts if figures.startswith(known)), None)
        if layout is None:
            made = decode(kind, figures)
            assert isinstance(made, Histogram)
            layout = encode_layout(made.bounds)
            layouts[layout] = made.bounds
        alike.setdefault(layout, []).append(row)
    sums: _Sums = {}
    for layout, ones in alike.items():
        for key, whole in _one_layout(layouts[layout], len(layout), ones).items():
            sums[key] = (*sums.get(key, ()), whole)
    return sums


def _one_layout(bounds: tuple[float, ...], behind: int, rows: _Rows) -> dict[tuple[int, int], Histogram]:
    keys, group = _places(rows)
    data, at, ends = joined([figures for _, _, figures in rows])
    at = at + behind
    columns = [np.bincount(group, counts(data, at)) for _ in range(len(bounds) + 1)]
    totals = np.bincount(group, numbers(data, at))  # none of one is none of the sum
    if (at != ends).any():
        raise Damaged("histograms that are none")
    return {
        key: Histogram(
            bounds,
            tuple(int(column[k]) for column in columns),
            None if np.isnan(totals[k]) else float(totals[k]),
        )
        for k, key in enumerate(keys)
    }


def _moments(kind: str, rows: _Rows) -> _Sums:
    found: dict[tuple[int, int], list[Evidence]] = {}
    for one, place, figures in rows:
        found.setdefault((one, place), []).append(decode(kind, figures))
    sums: _Sums = {}
    for key, parts in found.items():
        whole = merged(parts)
        sums[key] = tuple(parts) if whole is None else (whole,)
    return sums


_HOW: Mapping[str, Callable[[str, _Rows], _Sums]] = {"R": _ratios, "G": _gauges, "H": _histograms}
