"""The subjects of findings about a database."""

from __future__ import annotations

from headroom.audit.facts import Facts, Index, Table
from headroom.budgets import Subject


def of_database(facts: Facts) -> Subject:
    """Return all that was read of a source as a subject."""
    return (("database", facts.database), ("source", facts.source))


def of_table(facts: Facts, table: Table) -> Subject:
    """Return a table as a subject."""
    return (
        ("database", facts.database),
        ("schema", table.schema),
        ("source", facts.source),
        ("table", table.name),
    )


def of_index(facts: Facts, index: Index) -> Subject:
    """Return an index as a subject."""
    return (
        ("database", facts.database),
        ("index", index.name),
        ("schema", index.schema),
        ("source", facts.source),
        ("table", index.table),
    )
