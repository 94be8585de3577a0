"""Statements that run once for each row of another: N + 1, as graded suspicion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from headroom.audit.amounts import bare, clean
from headroom.audit.case import Case
from headroom.audit.catalogued import table_of, unique
from headroom.audit.finding import Finding
from headroom.audit.relation import Held, Relation, relation
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
_SQUASHED = 180000  # PostgreSQL 18 takes lists of constants for one, and shows the first value only


@dataclass(frozen=True, slots=True)
class _Pair:
    """A statement and the list that it may follow.

    Attributes:
        relation: what ties the statement to the rows of the list.
        calls_per_list, calls_per_row: of the statement, in all windows or, without traffic in them, in all.
        windows: in how many windows there was one call for each row of the list.
        seen: in how many windows both ran often enough to tell.
    """

    child: Seen
    parent: Seen
    relation: Relation
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

    A ratio of calls alone is met by chance: any frequent look-up runs ten times as often as some rare list,
    and of many lists some return as many rows. So only what is related to a list is compared with it.
    """
    if missing := unread(_RULE, _GUIDE, case):
        yield from missing
        return
    lists = [one for one in sightings(case) if _is_list(one)]
    found = []
    for child in sightings(case):
        held = _held(child, case)
        if not (held and _is_child(child)):
            continue
        pairs = [pair for parent in lists if (pair := _paired(child, held, parent, case)) is not None]
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
        and bool(one.shape.tables)
        and one.total.rows_per_call > 1
    )


def _held(child: Seen, case: Case) -> Held:
    """Return the equalities of a statement, IN with one value among them."""
    shape = child.shape
    if shape is None or not shape.tables:
        return ()
    held = [(table or shape.tables[0], column) for table, column in shape.held]
    if shape.singles and child.ids == 1 and case.facts.version < _SQUASHED:
        held += [(shape.tables[0], column) for column in shape.listed]
    return held


def _is_child(one: Seen) -> bool:
    shape = one.shape
    return (
        shape is not None
        and shape.kind == "select"
        and not (shape.any_of or shape.offset or (shape.listed and not shape.singles))
        and one.total.rows_per_call <= _FEW_ROWS
        and one.total.calls >= _ENOUGH
    )


def _paired(child: Seen, held: Held, parent: Seen, case: Case) -> _Pair | None:
    """Return the two with their ratios; None where they do not belong together."""
    assert parent.shape is not None
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
    tie = relation(held, parent.shape.tables[0], case)
    if tie is None:
        return None
    both = [
        (one, two)
        for one, two in zip(child.windows, parent.windows, strict=True)
        if one.calls >= _ENOUGH_IN_WINDOW and two.calls >= _LISTS_IN_WINDOW and two.rows
    ]
    return _Pair(
        child,
        parent,
        tie,
        mine.calls / theirs.calls,
        mine.calls / theirs.rows,
        sum(_one_each(one, two) for one, two in both),
        len(both),
    )


def _one_each(child: Counts, parent: Counts) -> bool:
    return _ALIKE[0] <= child.calls / parent.rows <= _ALIKE[1]


def _best(pairs: Sequence[_Pair]) -> _Pair:
    """Return the pair whose calls and rows agree best."""
    return min(pairs, key=lambda one: (one.relation.upwards, not one.confirmed, abs(one.calls_per_row - 1)))


def _graded(pair: _Pair, case: Case) -> Finding | None:
    """Return the finding; None for what nothing but a ratio of calls accuses.

    A look-up of one row by its key runs often on any server, and so does much that follows no list.
    """
    child, parent, tie = pair.child, pair.parent, pair.relation
    assert child.shape is not None
    assert parent.shape is not None
    table = table_of(tie.table, case)
    columns = [column for name, column in _held(child, case) if name == tie.table]
    key = tie.upwards or (table is not None and unique(table, columns, case))
    if key and not pair.confirmed:
        return None
    lists = clean(parent.shape.tables[0])
    what = f"{child.total.calls:,} calls on {clean(tie.table)}, {rows_each(child)}"
    ratio = (
        f"{rate(pair.calls_per_list)} for each call of a list of {lists} ({parent.fingerprint}) and "
        f"{rate(pair.calls_per_row)} for each row that it returned"
    )
    state = State.WARN
    if tie.upwards:
        evidence = (
            f"ratio seen: {ratio}, about one in each of {pair.seen:,} windows; {lists} refers to "
            f"{clean(tie.table)}, but look-ups by a key come as often by chance, too"
        )
    elif pair.confirmed:
        state = State.FAIL
        evidence = f"ratio confirmed: {ratio}, about one in each of {pair.seen:,} windows"
    elif _ALIKE[0] <= pair.calls_per_row <= _ALIKE[1]:
        evidence = f"ratio seen once only: {ratio}"
    else:
        evidence = f"pattern only: equality on {clean(tie.column)}, {ratio}"
    if not (tie.upwards or tie.named):
        evidence += f"; {clean(tie.column)} refers to {lists}"
    if table is None:
        evidence += "; whether the column is unique is not known"
    found = with_text(f"{what}; {evidence}", child)
    return Finding(_RULE, about(child, case), state, _GUIDE, found, _batched(tie))


def _batched(tie: Relation) -> str:
    name = bare(tie.table)
    return (
        f"join {name} to the list, or ask once for all of its rows: … FROM {name} WHERE {bare(tie.column)} = "
        "ANY ($1) -- an array; IN ($1, $2, …) makes an entry in pg_stat_statements for each length before "
        "PostgreSQL 18"
    )
