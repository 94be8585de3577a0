"""The statements that make a required index; one that is read now goes only when the new one is there."""

from __future__ import annotations

from headroom.audit.facts import Facts, Index, Table
from headroom.audit.fit import fit
from headroom.audit.names import free_name, qualified, quoted
from headroom.audit.wanted import Wanted

_MOST_PARTITIONS = 100


def made(wanted: Wanted, table: Table, facts: Facts, instead: Index | None = None) -> tuple[str, ...]:
    """Return the statements that make the index on a table.

    `instead` is the index that has the guide's name now and stands in the way: `CREATE INDEX IF NOT EXISTS`
    would keep it without a word. One that is read is dropped when its successor is there; one that guards
    something is left, and the new one is called otherwise. Nothing is returned for partitions of partitions,
    very many, or such as were not read: those need a person's plan.
    """
    taken = _taken(table.schema, facts)
    if table.partitioned:
        return _on_partitions(wanted, table, facts, instead)
    if instead is None or not droppable(instead):
        return (create(free_name(wanted.name, taken), table, wanted),)
    old = drop(instead)
    if not (instead.valid and instead.ready and instead.live):
        return (old, create(wanted.name, table, wanted))
    new = free_name(wanted.name, taken, "_new")
    renamed = f"ALTER INDEX {qualified(table.schema, new)} RENAME TO {quoted(wanted.name)};"
    return (create(new, table, wanted), old, renamed)


def create(name: str, table: Table, wanted: Wanted) -> str:
    """Return the statement that makes the index while the table is written."""
    on = qualified(table.schema, table.name)
    return f"CREATE INDEX CONCURRENTLY {quoted(name)} ON {on} {wanted.tail};"


def drop(index: Index) -> str:
    """Return the statement that removes an index while the table is read and written."""
    return f"DROP INDEX CONCURRENTLY {qualified(index.schema, index.name)};"


def droppable(index: Index) -> bool:
    """Tell whether an index guards nothing: no constraint, no uniqueness, no replica identity, no whole."""
    return not (
        index.constraint
        or index.unique
        or index.replica_identity
        or index.parent is not None
        or index.partitioned
    )


def _on_partitions(wanted: Wanted, table: Table, facts: Facts, whole: Index | None) -> tuple[str, ...]:
    """Return what makes the index of a partitioned table, which knows no CONCURRENTLY, part by part.

    `whole` is one that is right and lacks parts.
    """
    partitions = facts.partitions_of(table)
    if len(partitions) > _MOST_PARTITIONS or any(one.partitioned for one in partitions):
        return ()
    if len(partitions) < table.partitions:
        return ()  # the whole would never become valid: it waits for a part of every partition
    name = free_name(wanted.name, _taken(table.schema, facts)) if whole is None else whole.name
    there = {(one.schema, one.table) for one in (() if whole is None else facts.parts_of(whole))}
    statements = []
    if whole is None:
        on = qualified(table.schema, table.name)
        statements.append(f"CREATE INDEX {quoted(name)} ON ONLY {on} {wanted.tail};")
    for number, part in enumerate(partitions, start=1):
        if (part.schema, part.name) in there:
            continue
        own = _attachable(wanted, part, facts)
        if not own:
            own = free_name(wanted.name, _taken(part.schema, facts) | {name}, f"_part{number}")
            statements.append(create(own, part, wanted))
        index, of_part = qualified(table.schema, name), qualified(part.schema, own)
        statements.append(f"ALTER INDEX {index} ATTACH PARTITION {of_part};")
    return tuple(statements)


def _attachable(wanted: Wanted, part: Table, facts: Facts) -> str:
    """Return the name of an index of a partition that is what the whole needs of it; empty where none is."""
    for index in facts.indexes_of(part):
        found = fit(index, wanted)
        if found.faults or found.doubts or found.remarks or found.unread or not found.usable:
            continue  # PostgreSQL attaches no index that has more columns, or is unique
        turned = any(key.descending != (key.column in wanted.downwards) for key in index.keys)
        if index.parent is None and not turned:
            return index.name
    return ""


def _taken(schema: str, facts: Facts) -> frozenset[str]:
    read = {one.name for group in (facts.tables, facts.indexes) for one in group if one.schema == schema}
    return frozenset(read | {name for place, name in facts.taken if place == schema})
