"""The rule of indexes that nothing reads: each is paid for by every write."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from headroom.audit.case import Case
from headroom.audit.facts import Index, Table
from headroom.audit.finding import Finding
from headroom.audit.labels import of_database, of_index
from headroom.audit.mending import drop, droppable
from headroom.audit.names import shown
from headroom.audit.past import used
from headroom.audit.required import required_of
from headroom.audit.weight import weight
from headroom.checks import State
from headroom.wording import span

RULE = "postgres.index.unused"
GUIDE = "Index Strategy: it requires six indexes; every further one costs at each write and must earn that"
ENOUGH = timedelta(days=7)
_MOST = 20


def unused(case: Case) -> Iterator[Finding]:
    """Yield the indexes that were not read in the window, nor since the counters began, the largest first."""
    subject = of_database(case.facts)
    if case.past is None or (window := case.facts.at - case.past.at) < ENOUGH:
        since = "no earlier audit" if case.past is None else f"an audit {span(window)} ago"
        found = f"there is {since} to compare with; whether an index is used takes {span(ENOUGH)}"
        yield Finding(RULE, subject, State.CANNOT_CHECK, GUIDE, found, "let `headroom run` collect meanwhile")
        return
    if case.past.counting_since != case.facts.counting_since or case.facts.counting_since is None:
        found = f"the counters were reset, or lost in a crash, within the last {span(window)}"
        yield Finding(RULE, subject, State.CANNOT_CHECK, GUIDE, found)
        return
    own = " (on this standby alone)" if case.facts.standby else ""
    looked_at, found_unused = 0, []
    for table in case.facts.tables:
        for index in case.facts.indexes_of(table):
            seen = used(index, case.facts, case.past)
            if seen is None or not _free(index, table):
                continue
            looked_at += 1
            if not seen.scans and not index.scans:
                found_unused.append(index)
    found_unused.sort(key=lambda index: (-index.pages, index.number))
    for index in found_unused[:_MOST]:
        said = (
            f"{shown(index.schema, index.name)} on {shown(index.table)} ({weight(index)}) was not read once "
        )
        said += f"in the last {span(window)}{own}, nor since the counters began"
        fix = f"{drop(index)} -- if no standby reads it and no yearly job needs it: those cannot be seen here"
        yield Finding(RULE, of_index(case.facts, index), State.WARN, GUIDE, said, fix)
    if len(found_unused) > _MOST:
        said = (
            f"{len(found_unused) - _MOST:,} more indexes were not read once in the last {span(window)}{own}"
        )
        yield Finding(RULE, subject, State.WARN, GUIDE, said)
    if not found_unused:
        said = f"all of {looked_at:,} indexes that guard nothing were read since the counters began{own}"
        yield Finding(RULE, subject, State.PASS, GUIDE, said)


def _free(index: Index, table: Table) -> bool:
    """Tell whether nothing but reading speaks for an index."""
    return (
        droppable(index)
        and index.valid
        and required_of(table, index) is None
        and not any(_serves(index, key.columns) for key in table.foreign_keys)
    )


def _serves(index: Index, columns: tuple[str, ...]) -> bool:
    """Tell whether deleting a referenced row finds those that refer to it by this index."""
    return set(index.columns[: len(columns)]) == set(columns)
