"""The rows of an explanation as tables: one for each bucket layout, folded where they are many."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

from headroom.budgets import Limit
from headroom.evidence import Evidence, Gauge, Histogram, Moments, Ratio, merged
from headroom.explain import Row
from headroom.explain.ledger import shown
from monitor.explain.blocks import WIDTH, Block, Items, Table, Text, width_of
from monitor.explain.folded import sums

FIRST, LAST = 8, 28
"""Lines of the oldest and of the newest intervals; those between are folded into one."""
_DIGITS = 6
_LEFT_OUT = 10
_NOTES = 5
_MS = 1000
_STORED = (
    "k_low and k_high of a row were proven statement by statement when it was read, added up and stored. "
    "Only the sums over all statements are kept, so these two columns cannot be redone from this table. What "
    "can be redone are the lines “from the figures of all of them together” (Cantelli's inequality), where "
    "the arithmetic has them; of both, the tighter holds."
)

Groups = list[list[int]]
"""Buckets by number, each group being one column."""


def tables(rows: Sequence[Row], limit: Limit, *, narrow: bool) -> Iterator[Block]:
    """Yield the counts; where `narrow`, buckets far from the limit share a column until the lines fit."""
    by_layout = sorted(rows, key=lambda row: _layout(row.evidence))
    groups = [list(group) for _, group in groupby(by_layout, key=lambda row: _layout(row.evidence))]
    for group in groups:
        if len(groups) > 1:
            yield Text(f"{len(group)} of {len(rows)} rows are of this form:")
        yield _table(group, limit, narrow=narrow)
    yield from sums(rows, [row for group in groups for row in middle(group)])
    if any(isinstance(row.evidence, Moments) for row in rows) and limit.statistic.share is not None:
        yield Text(_STORED)
    said = list(dict.fromkeys(f"{clock(row.end)}: {row.detail}" for row in reversed(rows) if row.detail))
    if said:
        more = len(said) - _NOTES
        yield Text("What the source said of single intervals, the newest first:")
        yield Items([*said[:_NOTES], *([f"and of {more} more"] if more > 0 else [])])


def left_out(rows: Sequence[Row]) -> Iterator[Block]:
    """Yield what was in the window and not judged, and why."""
    if not rows:
        return
    told = [
        f"{clock(row.start)} to {clock(row.end)}, {row.quality}, {_size(row.evidence)}"
        + (f": {row.detail}" if row.detail else "")
        for row in rows[-_LEFT_OUT:]
    ]
    more = len(rows) - len(told)
    yield Text("Not judged: a gap is too long for one interval, and what is suspect may hide a reset.")
    yield Items([*([f"{more} earlier ones"] if more else []), *told])


def middle(rows: Sequence[Row]) -> Sequence[Row]:
    """Return the rows of one table that are folded into one line."""
    return rows[FIRST:-LAST] if len(rows) > FIRST + LAST + 1 else ()


def clock(moment: datetime) -> str:
    """Return a time of day, UTC."""
    return f"{moment:%H:%M:%S}"


def _layout(evidence: Evidence) -> tuple[str, tuple[float, ...]]:
    return type(evidence).__name__, evidence.bounds if isinstance(evidence, Histogram) else ()


def _size(evidence: Evidence) -> str:
    match evidence:
        case Histogram() | Moments():
            return f"n = {evidence.n}"
        case Ratio():
            return f"{shown(evidence.part, _DIGITS)} of {shown(evidence.whole, _DIGITS)}"
        case Gauge():
            return f"{evidence.n} samples"


def _table(rows: Sequence[Row], limit: Limit, *, narrow: bool) -> Table:
    first = rows[0].evidence
    groups = [[i] for i in range(len(first.counts))] if isinstance(first, Histogram) else []
    table = _folded(rows, limit, groups)
    while narrow and width_of(table) > WIDTH and isinstance(first, Histogram) and _join(groups, first, limit):
        table = _folded(rows, limit, groups)
    return Table(table, summed=True)


def _folded(rows: Sequence[Row], limit: Limit, groups: Groups) -> list[list[str]]:
    heads = [head for head, _ in _cells(rows[:1], limit, groups)]
    lines = [["poll", "from", "to", "quality", *heads]]

    def line(some: Sequence[Row], *left: str) -> None:
        lines.append([*left, *(figure for _, figure in _cells(some, limit, groups))])

    inner = middle(rows)
    for i, row in enumerate(rows):
        if inner and i == FIRST:
            line(inner, "...", clock(inner[0].start), clock(inner[-1].end), f"{len(inner)} rows")
        if not FIRST <= i < FIRST + len(inner):
            line([row], str(row.poll), clock(row.start), clock(row.end), row.quality.value)
    line(rows, "", "", "", "sum")
    return lines


def _cells(rows: Sequence[Row], limit: Limit, groups: Groups) -> list[tuple[str, str]]:
    """Return head and figure of each column, for one row or several together."""
    cells = _figures(merged([row.evidence for row in rows]), limit, groups)
    bounds = [row.bounds for row in rows if row.bounds is not None]
    if bounds:
        low, high = sum(one.k_low for one in bounds), sum(one.k_high for one in bounds)
        cells += [("k_low", str(low)), ("k_high", str(high))]
    return cells


def _figures(whole: Evidence | None, limit: Limit, groups: Groups) -> list[tuple[str, str]]:
    match whole:
        case Histogram():
            heads = [(_head(whole, group), str(sum(whole.counts[i] for i in group))) for group in groups]
            total = "-" if whole.total is None else shown(whole.total, _DIGITS)
            of_mean = [] if limit.statistic.share is not None else [("total s", total)]
            return [("n", str(whole.n)), *heads, *of_mean]
        case Moments():
            n = whole.n or math.nan
            return [
                ("n", str(whole.n)),
                ("mean ms", shown(_MS * whole.total / n, _DIGITS)),
                ("deviation ms", shown(_MS * math.sqrt(whole.squares / n), _DIGITS)),
                ("at most ms", "-" if whole.cap is None else shown(_MS * whole.cap, _DIGITS)),
            ]
        case Ratio():
            return [("part", shown(whole.part, _DIGITS)), ("whole", shown(whole.whole, _DIGITS))]
        case Gauge():
            mean = whole.mean()
            assert mean is not None
            assert mean.low is not None
            return [
                ("samples", str(whole.n)),
                ("low", shown(whole.low, _DIGITS)),
                ("mean", shown(mean.low, _DIGITS)),
                ("high", shown(whole.high, _DIGITS)),
                ("value x s", shown(whole.total, _DIGITS)),
                ("seconds", shown(whole.seconds, _DIGITS)),
            ]
        case None:
            return []


def _head(whole: Histogram, group: Sequence[int]) -> str:
    """Return the bounds of a column: up to the last of its buckets, and from where unless from 0."""
    if group[-1] == len(whole.bounds):
        return f">{whole.bounds[group[0] - 1]:g}" if group[0] else "all"
    return f"<={whole.bounds[group[-1]]:g}"


def _join(groups: Groups, whole: Histogram, limit: Limit) -> bool:
    """Put two neighbouring columns together that lie on one side of the limit; False where none are left."""
    fast = [
        group
        for group in groups
        if group[-1] < len(whole.bounds) and whole.bounds[group[-1]] <= limit.threshold
    ]
    slow = [group for group in groups if group[0] and whole.bounds[group[0] - 1] >= limit.threshold]
    if len(fast) > 1 and len(fast) >= len(slow):
        groups[0:2] = [[*groups[0], *groups[1]]]
    elif len(slow) > 1:
        groups[-2:] = [[*groups[-2], *groups[-1]]]
    else:
        return False
    return True
