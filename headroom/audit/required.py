"""The rule of the required indexes: each is looked for by its structure, whatever it is called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headroom.audit.case import Case
from headroom.audit.facts import Facts, Index, Table
from headroom.audit.finding import Finding
from headroom.audit.fit import Fit, fit
from headroom.audit.mending import droppable, made
from headroom.audit.names import shown
from headroom.audit.predicate import NOT_NULL
from headroom.audit.usable import judged
from headroom.audit.wanted import REQUIRED, Wanted
from headroom.budgets import Subject
from headroom.checks import State

RULE = "postgres.index.required"
_BY_HAND = (
    "its partitions are partitioned themselves, or very many: create it on them one by one, CONCURRENTLY, "
    'then ON ONLY the whole, and attach each (documentation of CREATE INDEX, "partitioned tables"): '
)
_FOREIGN = (
    "a partition is a foreign table, for which an index ON ONLY the whole waits for ever: drop such a one, "
    "create it on the other partitions one by one, CONCURRENTLY, and then, without ONLY, on the whole, which "
    "takes those over: "
)


def required(case: Case) -> Iterator[Finding]:
    """Yield a finding for each index that the guide requires, in each schema that has the table."""
    for wanted in REQUIRED:
        tables = [one for one in case.facts.tables if one.name == wanted.table and one.parent is None]
        for table in tables:
            yield _on(table, wanted, case)
        if not tables:
            found = f"no table {wanted.table} in database {shown(case.facts.database)}"
            if not case.facts.complete:
                found += ", as far as it was read"
            yield Finding(RULE, _subject(case.facts, wanted), State.NOT_APPLICABLE, guide_of(wanted), found)


def guide_of(wanted: Wanted) -> str:
    """Return what the guide says, as SQL."""
    return f"Index Strategy: {wanted.name} ON {wanted.table} {wanted.tail}"


def by_hand(table: Table, tail: str, facts: Facts) -> str:
    """Return how a person makes an index of a partitioned table for which there is no script."""
    if table.foreign:
        return f"{_FOREIGN}{tail}"
    if len(facts.partitions_of(table)) < table.partitions:
        return f"not all of its partitions were read; {_BY_HAND.partition(': ')[2]}{tail}"
    return f"{_BY_HAND}{tail}"


def required_of(table: Table, index: Index) -> Wanted | None:
    """Return what an index is required for, by its structure or its name; None where for nothing."""
    for wanted in REQUIRED:
        if wanted.table == table.name:
            compared = fit(index, wanted)
            if index.name == wanted.name or not (compared.faults or compared.doubts):
                return wanted
    return None


def _on(table: Table, wanted: Wanted, case: Case) -> Finding:
    subject, guide = _subject(case.facts, wanted, table.schema), guide_of(wanted)
    if lacking := _lacking(table, wanted):
        found = f"{_place(table)} {lacking}: the guide's index does not fit it"
        fix = f"if the table has it under another name, index that: {wanted.tail}"
        return Finding(RULE, subject, State.CANNOT_CHECK, guide, found, fix)
    fits = [fit(index, wanted) for index in case.facts.indexes_of(table)]
    close = [one for one in fits if not one.faults]
    right = [one for one in close if not one.doubts and not one.unread]
    if whole := [one for one in right if one.usable]:
        state, found, fix = judged(wanted, table, whole, case)
        return Finding(RULE, subject, state, guide, found, fix)
    if building := [one for one in right if one.index.building]:
        found = f"{_name(building[0].index)} is being built just now"
        return Finding(RULE, subject, State.WARN, guide, found, "wait until it is there, and audit again")
    if unread := [one for one in close if one.unread and one.usable]:
        found = f"the predicate of {_name(unread[0].index)} could not be read: {_place(table)} is locked"
        return Finding(RULE, subject, State.CANNOT_CHECK, guide, found, "audit again when the lock is gone")
    if hidden := [one for one in right if one.index.building is None]:
        found = (
            f"{_name(hidden[0].index)} is not valid; this role may not see whether it is being built just now"
        )
        return Finding(RULE, subject, State.CANNOT_CHECK, guide, found, "GRANT pg_monitor to the role")
    state, found, instead = _wrong(table, wanted, fits, case.facts)
    statements = made(wanted, table, case.facts, instead)
    fix = "\n".join(statements) or by_hand(table, wanted.tail, case.facts)
    if case.facts.standby:
        fix = f"-- on the primary:\n{fix}"
    return Finding(RULE, subject, state, guide, found, fix, statements)


def _wrong(
    table: Table, wanted: Wanted, fits: Sequence[Fit], facts: Facts
) -> tuple[State, str, Index | None]:
    """Return what is wrong, and the index of the guide's name that stands in the way."""
    named = next((one for one in fits if one.index.name == wanted.name), None)
    instead = None if named is None or named.index.partitioned else named.index
    for one in sorted(fits, key=lambda each: each is not named):
        if one.usable and not one.faults and not one.unread:
            return State.WARN, f"{_name(one.index)}: {_said((*one.doubts, *one.remarks))}", instead
    for one in sorted(fits, key=lambda each: each is not named):
        if not (one.faults or one.doubts or one.usable):
            if one.index.partitioned:
                why = "is not valid: not every partition has its part of it"
                return State.FAIL, f"{_name(one.index)} {why}", one.index
            why = "is not valid: building it failed, so that it is written and never read"
            return State.FAIL, f"{_name(one.index)} {why}", instead
    if named is not None:
        found = f"{_name(named.index)} is not the index that the guide names so: {_said(named.faults)}"
        if not named.usable:
            found += "; it is not valid either"
        if not droppable(named.index) and not named.index.partitioned:
            found += "; it guards a constraint or uniqueness, so it stays"
        return State.FAIL, found, instead
    return State.FAIL, f"{_place(table)} has no such index{_holder(table, wanted, facts)}", None


def _holder(table: Table, wanted: Wanted, facts: Facts) -> str:
    """Return what has the name of an index that is not there."""
    nothing = "CREATE INDEX IF NOT EXISTS would leave it at that"
    holder = next(
        (one for one in facts.indexes if one.name == wanted.name and one.schema == table.schema), None
    )
    if holder is not None:
        return f"; an index of that name is on {shown(holder.schema, holder.table)}, and {nothing}"
    if (table.schema, wanted.name) in facts.taken:
        return f"; a view, a sequence or the like has that name, and {nothing}"
    return ""


def _lacking(table: Table, wanted: Wanted) -> str:
    for column in wanted.columns:
        if column not in table.columns:
            return f"has no column {column}"
    if wanted.only is None or wanted.only[1] == NOT_NULL:
        return ""
    column = wanted.only[0]
    if column not in table.columns:
        return f"has no column {column}"
    return "" if column in table.booleans else f"has a column {column} that is not boolean"


def _said(words: Sequence[str]) -> str:
    return "; ".join(words)


def _name(index: Index) -> str:
    return shown(index.schema, index.name)


def _place(table: Table) -> str:
    return shown(table.schema, table.name)


def _subject(facts: Facts, wanted: Wanted, schema: str = "") -> Subject:
    labels = [("database", facts.database), ("index", wanted.name), ("source", facts.source)]
    if schema:
        labels.append(("schema", schema))
    return tuple(sorted([*labels, ("table", wanted.table)]))
