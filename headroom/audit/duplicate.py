"""The rule of indexes that another one makes needless."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headroom.audit.case import Case
from headroom.audit.facts import Index, Table
from headroom.audit.finding import Finding
from headroom.audit.labels import of_database, of_index
from headroom.audit.mending import drop, droppable
from headroom.audit.names import shown
from headroom.audit.predicate import meaning
from headroom.audit.required import required_of
from headroom.audit.weight import weight
from headroom.checks import State

RULE = "postgres.index.duplicate"
GUIDE = "Index Strategy: it requires six indexes; a second one for the same reads costs at each write only"
_MOST = 20


def duplicate(case: Case) -> Iterator[Finding]:
    """Yield the indexes that another one covers, the largest first, with the statement that drops each."""
    found = []
    looked_at = 0
    for table in case.facts.tables:
        indexes = [one for one in case.facts.indexes_of(table) if one.valid and one.predicate is not None]
        looked_at += len(indexes)
        needless: set[int] = set()
        for index in sorted(indexes, key=lambda one: _worth(one, table)):
            others = [one for one in indexes if one is not index and one.number not in needless]
            if by := _covered(index, others, table):
                needless.add(index.number)
                found.append((index, by))
    found.sort(key=lambda pair: (-pair[0].pages, pair[0].number))
    for index, by in found[:_MOST]:
        how = "has the same columns as" if len(index.keys) == len(by.keys) else "is the beginning of"
        said = f"{shown(index.schema, index.name)} on {shown(index.table)} ({weight(index)}) {how} "
        said += f"{shown(by.schema, by.name)}, which serves all that it serves"
        statement = drop(index)
        yield Finding(RULE, of_index(case.facts, index), State.WARN, GUIDE, said, statement, (statement,))
    subject = of_database(case.facts)
    if len(found) > _MOST:
        yield Finding(
            RULE, subject, State.WARN, GUIDE, f"{len(found) - _MOST:,} more indexes are covered by another"
        )
    if not found:
        yield Finding(
            RULE, subject, State.PASS, GUIDE, f"none of {looked_at:,} indexes is covered by another"
        )


def _covered(index: Index, others: Sequence[Index], table: Table) -> Index | None:
    """Return the index that makes this one needless: the shortest, so that what remains is what is read."""
    if not droppable(index):
        return None
    wanted = required_of(table, index)
    covering = [
        one for one in others if _covers(one, index) and (wanted is None or len(one.keys) == len(index.keys))
    ]
    return min(covering, key=lambda one: (len(one.keys), one.number), default=None)


def _covers(one: Index, index: Index) -> bool:
    """Tell whether `one` serves every read that `index` serves; a b-tree serves those of its beginning."""
    if one.method != index.method or one.partitioned != index.partitioned:
        return False
    if _rows(one) != _rows(index):
        return False
    if any(key.expression is None for key in (*one.keys, *index.keys)):
        return False
    if not {*index.includes} <= {*one.columns, *one.includes}:
        return False
    if index.method != "btree":
        return one.keys == index.keys
    return bool(index.keys) and one.keys[: len(index.keys)] == index.keys


def _rows(index: Index) -> object:
    """Return which rows an index holds, the same for predicates that mean the same to the planner."""
    return meaning(index.predicate or "") or index.predicate


def _worth(index: Index, table: Table) -> tuple[bool, bool, int, int, int]:
    """Order indexes by what speaks for them: of two that are alike, the one that comes first is to go."""
    return (
        not droppable(index),
        required_of(table, index) is not None,
        len(index.keys),
        index.scans or 0,
        -index.number,
    )
