"""Pages by OFFSET: how strong the suspicion is that readers go deep into them, and what to write instead."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from headroom.audit.amounts import bare
from headroom.audit.case import Case
from headroom.audit.catalogued import rows_known
from headroom.audit.finding import Finding
from headroom.audit.seen import about, about_all, capped, sightings, unread, with_text
from headroom.audit.workload_facts import Counts, Seen
from headroom.checks import State
from headroom.wording import rate

_RULE = "postgres.offset_pagination"
_GUIDE = "Pagination with Large Datasets: keyset pagination, (created_at, id) < (…), instead of OFFSET"
_MANY_BLOCKS = 20  # for a row: one row through an index takes four or five
_GROWTH = 2.0  # of blocks per row from one window to the next
_DEVIATIONS = 3.0  # by which readers who stay where they are are hardly ever off
_LEAST_VARIED = 0.5  # of the blocks of single pages: they are not counted one by one, and times are smoother
_LARGE = 10_000  # rows: below, a page is found in no time wherever it lies
_WORST = (State.FAIL, State.WARN, State.PASS)
_VARIED = 0.5  # standard deviation of the time over its mean: pages are not alike
_ENOUGH = 5  # calls in a window
_ALIKE = 0.2  # by which the calls of a page and of its count may differ


def offset_pagination(case: Case) -> Iterator[Finding]:
    """Yield each statement that pages by OFFSET, with the evidence that its pages are deep."""
    if missing := unread(_RULE, _GUIDE, case):
        yield from missing
        return
    pages = [one for one in sightings(case) if one.shape is not None and one.shape.offset]
    found = [_graded(one, case) for one in pages]
    if not found:
        told = f"none of the {len(sightings(case)):,} statements looked at pages by OFFSET"
        yield Finding(_RULE, about_all(case), State.PASS, _GUIDE, told)
    yield from capped(sorted(found, key=lambda one: _WORST.index(one.state)), case)


def _graded(one: Seen, case: Case) -> Finding:
    assert one.shape is not None
    calls = f"{one.total.calls:,} calls"
    rows = rows_known(one.shape.tables, case)
    if rows is not None and rows < _LARGE:
        of = "the largest of its tables has" if len(one.shape.tables) > 1 else "its table has"
        told = f"{calls} page by OFFSET; {of} about {rows:,.0f} rows: the guide has small data sets paged so"
        return Finding(_RULE, about(one, case), State.PASS, _GUIDE, with_text(told, one))
    counts = one.recent if one.recent.calls >= _ENOUGH else one.total
    per_row = f"{rate(counts.blocks_per_row)} blocks for each row returned"
    state, evidence = State.WARN, f"pattern only: how deep its pages lie cannot be seen ({per_row})"
    if grown := _growing(one.windows):
        state = State.FAIL
        evidence = (
            f"blocks per row grew from window to window ({', '.join(map(rate, grown))}), as they do when "
            "readers go deeper"
        )
    elif counts.blocks_per_row >= _MANY_BLOCKS and counts.variation >= _VARIED:
        state = State.FAIL
        evidence = (
            f"{per_row}, and its times vary by {counts.variation:.1f} of their mean, as those of shallow and "
            "deep pages do"
        )
    elif counts.blocks_per_row >= _MANY_BLOCKS:
        state = State.FAIL
        evidence = f"{per_row}: most of what it reads is skipped, or sorted anew for each page"
    found = f"{calls} page by OFFSET; {evidence}"
    if (twin := _count_of(one, case)) is not None:
        found += (
            f"; and with each page all rows are counted: {twin.total.calls:,} calls of a count on the same "
            f"table ({twin.fingerprint}), {rate(twin.total.blocks / max(1, twin.total.calls))} blocks each"
        )
    return Finding(_RULE, about(one, case), state, _GUIDE, with_text(found, one), _keyset(one))


def _growing(windows: tuple[Counts, ...]) -> list[float]:
    """Return the blocks per row of the windows where each has clearly more than the one before.

    Some pages of a few readers lie deeper than others; that makes a window differ from the next by chance.
    """
    some = [window for window in windows if window.calls >= _ENOUGH and window.rows]
    figures = [window.blocks_per_row for window in some]
    deep = len(figures) > 1 and figures[-1] >= _MANY_BLOCKS
    return figures if deep and all(_grew(one, other) for one, other in pairwise(some)) else []


def _grew(before: Counts, after: Counts) -> bool:
    varied = max(before.variation, after.variation, _LEAST_VARIED)
    doubt = varied * math.hypot(
        before.blocks_per_row / math.sqrt(before.calls), after.blocks_per_row / math.sqrt(after.calls)
    )
    more = after.blocks_per_row - before.blocks_per_row
    return after.blocks_per_row >= before.blocks_per_row * _GROWTH and more > _DEVIATIONS * doubt


def _count_of(one: Seen, case: Case) -> Seen | None:
    """Return the COUNT(*) that an ORM asks beside each page: same table, nearly the same number of calls."""
    assert one.shape is not None
    return next(
        (
            other
            for other in sightings(case)
            if other.shape is not None
            and other.shape.counts
            and one.shape.tables[:1] == other.shape.tables[:1] != ()
            and (other.database, other.role) == (one.database, one.role)
            and _as_many(one, other)
        ),
        None,
    )


def _as_many(one: Seen, other: Seen) -> bool:
    """Tell whether both ran nearly equally often, now where both ran, otherwise in all."""
    mine, theirs = one.recent.calls, other.recent.calls
    if min(mine, theirs) < _ENOUGH:
        mine, theirs = one.total.calls, other.total.calls
    return min(mine, theirs) >= _ENOUGH and abs(mine - theirs) <= _ALIKE * max(mine, theirs)


def _keyset(one: Seen) -> str:
    """Return how to ask for the next page by the last row of this one, in the statement's own columns."""
    assert one.shape is not None
    order = one.shape.order
    if not order:
        return "sort by columns that are unique together, and ask for what follows the last row of the page"
    columns = [bare(column) if column else "" for column, _ in order]
    down = order[0][1]
    if any(not column for column in columns):
        return (
            "sort by plain columns that an index holds instead of an expression, then ask for what follows "
            "the last row: WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3"
        )
    if any(descending != down for _, descending in order):
        return f"sort {', '.join(columns)} in one direction; then a row comparison finds the next page"
    note = "with the values of the last row"
    if "id" not in columns:
        columns.append("id")
        note += "; id stands for the table's key"
    direction, sign = (" DESC", "<") if down else ("", ">")
    row = ", ".join(columns)
    values = ", ".join(f"${number}" for number, _ in enumerate(columns, 1))
    condition = f"{row} {sign} {values}" if len(columns) == 1 else f"({row}) {sign} ({values})"
    return (
        f"… AND {condition} ORDER BY {', '.join(column + direction for column in columns)} "
        f"LIMIT ${len(columns) + 1} -- {note}"
    )
