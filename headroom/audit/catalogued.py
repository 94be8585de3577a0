"""Which table of the catalogue a statement names, and whether its conditions pick one row at most."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from headroom.audit.case import Case
from headroom.audit.facts import Table


def table_of(name: str, case: Case) -> Table | None:
    """Return the table that a statement names, with or without schema; None where that is not certain."""
    schema, _, bare = name.rpartition(".")
    found = [one for one in case.facts.tables if one.name == bare and schema in ("", one.schema)]
    if len(found) > 1:
        found = [one for one in found if one.schema == "public"]
    return found[0] if len(found) == 1 else None


def unique(table: Table, columns: Collection[str], case: Case) -> bool:
    """Tell whether these columns, each held equal to something, pick one row of the table at most."""
    return any(
        index.unique
        and index.valid
        and index.predicate == ""
        and index.keys
        and {*index.columns} <= {*columns}
        for index in case.facts.indexes_of(table)
    )


def rows_known(names: Sequence[str], case: Case) -> float | None:
    """Return the rows of the largest of these tables; None where there is none, or one's are not known."""
    found = [_rows(table_of(name, case), case) for name in names]
    known = [rows for rows in found if rows is not None]
    return max(known) if known and len(known) == len(found) else None


def _rows(table: Table | None, case: Case) -> float | None:
    """Return the rows of a table with those of its partitions, by whatever knows most of them."""
    if table is None:
        return None
    rows, stack = 0.0, [table]
    while stack:
        one = stack.pop()
        if one.rows is None and not one.live and not one.partitioned:
            return None
        stack.extend(case.facts.partitions_of(one))
        rows += 0 if one.partitioned else one.size
    return max(rows, table.size)
