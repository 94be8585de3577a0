"""Statements that run once for each row of another: N + 1, as graded suspicion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from headroom.audit.amounts import bare, clean
from headroom.audit.case import Case
from headroom.audit.catalogued import table_of, unique
from headroom.audit.facts import Table
from headroom.audit.finding import Finding
from headroom.audit.seen import about, about_all, capped, rows_each, sightings, unread, with_text
from headroom.audit.workload_facts import Counts, Seen
from headroom.checks import State
from headroom.wording import rate

_RULE = "postgres.n_plus_one"
_GUIDE = "Query Optimization Patterns: avoid N+1 queries, join or ask once for all parents"
_RATIO = 10  # calls for each call of the list
_FEW_ROWS = 20.0  # for each call
_ALIKE = (0.75, 1.33)  # calls for each row of the list: one, but others may call it, too
_ENOUGH = 100  # calls
_ENOUGH_IN_WINDOW = 20
_LISTS_IN_WINDOW = 5  # with fewer, one whose rows fall into the next window turns the ratio
_WINDOWS = 2
_STEM = 3  # letters of a column's name that say something


@dataclass(frozen=True, slots=True)
class _Pair:
    """A statement and the list that it may follow.

    Attributes:
        calls_per_list, calls_per_row: of the statement, in all windows or, without traffic in them, in all.
        windows: in how many windows there was one call for each row of the list.
        seen: in how many windows both ran often enough to tell.
    """

    child: Seen
    parent: Seen
    calls_per_list: float
    calls_per_row: float
    windows: int
    seen: int

    @property
    def confirmed(self) -> bool:
        """One call for each row of the list, in every window of several."""
        return self.seen >= _WINDOWS and self.windows == self.seen


def n_plus_one(case: Case) -> Iterator[Finding]:
    """Yield each statement that seems to run for each row of a list, and what speaks for it.

    A ratio of calls alone is met by chance: any frequent look-up runs ten times as often as some rare list.
    One call for each row that the list returned, in window after window, is not.
    """
    if missing := unread(_RULE, _GUIDE, case):
        yield from missing
        return
    lists = [one for one in sightings(case) if _is_list(one)]
    found = []
    for child in sightings(case):
        if not _is_child(child):
            continue
        pairs = [pair for parent in lists if (pair := _paired(child, parent)) is not None]
        if pairs and (finding := _graded(_best(pairs), case)) is not None:
            found.append(finding)
    if not found:
        told = f"none of the {len(sightings(case)):,} statements looked at runs for each row of a list"
        yield Finding(_RULE, about_all(case), State.PASS, _GUIDE, told)
    yield from capped(sorted(found, key=lambda one: one.state is not State.FAIL), case)


def _is_list(one: Seen) -> bool:
    return (
        one.shape is not None
        and one.shape.kind == "select"
        and not (one.shape.counts or one.shape.grouped)
        and one.total.rows_per_call > 1
    )


def _is_child(one: Seen) -> bool:
    shape = one.shape
    return (
        shape is not None
        and shape.kind == "select"
        and bool(shape.equal and shape.table)
        and not (shape.any_of or shape.listed or shape.offset)
        and one.total.rows_per_call <= _FEW_ROWS
        and one.total.calls >= _ENOUGH
    )


def _paired(child: Seen, parent: Seen) -> _Pair | None:
    """Return the two with their ratios; None where they cannot belong together."""
    if parent.fingerprint == child.fingerprint or (parent.database, parent.role) != (
        child.database,
        child.role,
    ):
        return None
    mine, theirs = child.recent, parent.recent
    if mine.calls < _ENOUGH_IN_WINDOW or not theirs.calls:
        mine, theirs = child.total, parent.total
    if not theirs.calls or not theirs.rows or mine.calls < _RATIO * theirs.calls:
        return None
    both = [
        (one, two)
        for one, two in zip(child.windows, parent.windows, strict=True)
        if one.calls >= _ENOUGH_IN_WINDOW and two.calls >= _LISTS_IN_WINDOW and two.rows
    ]
    return _Pair(
        child,
        parent,
        mine.calls / theirs.calls,
        mine.calls / theirs.rows,
        sum(_one_each(one, two) for one, two in both),
        len(both),
    )


def _one_each(child: Counts, parent: Counts) -> bool:
    return _ALIKE[0] <= child.calls / parent.rows <= _ALIKE[1]


def _best(pairs: Sequence[_Pair]) -> _Pair:
    """Return the pair whose calls and rows agree best."""
    return min(pairs, key=lambda one: (not one.confirmed, not _related(one), abs(one.calls_per_row - 1)))


def _related(pair: _Pair) -> str:
    """Return the column of the statement that is called like the list's table: booking_id for bookings."""
    assert pair.child.shape is not None
    assert pair.parent.shape is not None
    listed = pair.parent.shape.tables[0].rpartition(".")[2].lower() if pair.parent.shape.tables else ""
    stems = ((one, one.lower().removesuffix("id").rstrip("_")) for one in pair.child.shape.equal)
    return next((one for one, stem in stems if len(stem) >= _STEM and stem in listed), "")


def _graded(pair: _Pair, case: Case) -> Finding | None:
    """Return the finding; None for what nothing but a ratio of calls accuses.

    A look-up of one row by its key runs often on any server, and so does much that follows no list.
    """
    child, parent = pair.child, pair.parent
    assert child.shape is not None
    table = table_of(child.shape.table, case)
    key = table is not None and unique(table, child.shape.equal, case)
    once = _ALIKE[0] <= pair.calls_per_row <= _ALIKE[1]
    if not pair.confirmed and (key or not (once or _related(pair))):
        return None
    what = f"{child.total.calls:,} calls on {clean(child.shape.table)}, {rows_each(child)}"
    ratio = (
        f"{rate(pair.calls_per_list)} for each call of a list{_of(parent)} ({parent.fingerprint}) and "
        f"{rate(pair.calls_per_row)} for each row that it returned"
    )
    if pair.confirmed:
        state = State.FAIL
        evidence = f"ratio confirmed: {ratio}, about one in each of {pair.seen:,} windows"
    elif once:
        state, evidence = State.WARN, f"ratio seen once only: {ratio}"
    else:
        state = State.WARN
        evidence = f"pattern only: equality on {', '.join(map(clean, child.shape.equal))}, {ratio}"
    if table is None:
        evidence += "; whether the column is unique is not known"
    found = with_text(f"{what}; {evidence}", child)
    return Finding(_RULE, about(child, case), state, _GUIDE, found, _batched(pair, table))


def _of(parent: Seen) -> str:
    return f" of {clean(parent.shape.tables[0])}" if parent.shape is not None and parent.shape.tables else ""


def _batched(pair: _Pair, table: Table | None) -> str:
    child = pair.child.shape
    assert child is not None
    references = {column for one in (table.foreign_keys if table else ()) for column in one.columns}
    switches = table.booleans if table else frozenset()
    plain = [one for one in child.equal if one not in switches] or list(child.equal)
    column = bare(_related(pair) or next((one for one in plain if one in references), plain[0]))
    name = bare(child.table)
    return (
        f"join {name} to the list, or ask once for all of its rows: … FROM {name} WHERE {column} = ANY ($1) "
        "-- an array; IN ($1, $2, …) makes an entry in pg_stat_statements for each length before PostgreSQL "
        "18"
    )
