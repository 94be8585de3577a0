"""Whether a statement asks for what belongs to a list's rows: by a foreign key, or by a column's name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from headroom.audit.case import Case
from headroom.audit.catalogued import table_of, unique
from headroom.audit.facts import Table

_HUMP = re.compile("(?<=[a-z0-9])(?=[A-Z])")
_SHORTEST = 3  # letters of a name that say something
_PLURALS = (("", ""), ("s", ""), ("es", ""), ("ies", "y"))

Held = Sequence[tuple[str, str]]
"""Tables and columns that a statement holds equal to something; no table where it is not certain."""


@dataclass(frozen=True, slots=True)
class Relation:
    """What ties a statement to the rows of a list.

    Attributes:
        table, column: of the statement, that is compared with something of each row.
        upwards: it asks for the row that the list's row refers to, and not for those that refer to it.
        named: the column is called like the list's table.
    """

    table: str
    column: str
    upwards: bool = False
    named: bool = False


def relation(held: Held, listed: str, case: Case) -> Relation | None:
    """Return what ties a statement with these equalities to a list of the table `listed`; None for nothing.

    What is called alike comes first, then foreign keys; keys of the list's own table are the weakest.
    """
    for name, column in held:
        if _called_like(column, listed):
            return Relation(name, column, named=True)
    target = table_of(listed, case)
    if target is None:
        return None
    for name, table, columns in _by_table(held, case):
        for key in table.foreign_keys:
            if _same(key.to, target) and {*key.columns} <= {*columns}:
                return Relation(name, key.columns[0])
    for name, table, columns in _by_table(held, case):
        if unique(table, columns, case) and any(_same(key.to, table) for key in target.foreign_keys):
            column = next((one for one in columns if unique(table, [one], case)), columns[0])
            return Relation(name, column, upwards=True)
    return None


def _by_table(held: Held, case: Case) -> Iterator[tuple[str, Table, list[str]]]:
    for name in dict.fromkeys(name for name, _ in held):
        if (table := table_of(name, case)) is not None:
            yield name, table, [column for other, column in held if other == name]


def _same(name: tuple[str, str], table: Table) -> bool:
    return name == (table.schema, table.name)


def _called_like(column: str, listed: str) -> bool:
    """Tell whether a column is called like a table: booking_id, bookingId, main_booking_id like bookings."""
    words = _words(column)
    if words[-1] == "id":
        words.pop()
    elif len(words) == 1:
        words = [words[0].removesuffix("id")]
    tables = {*_ends(_words(listed.rpartition(".")[2]))}
    singular = {
        one.removesuffix(plural) + ending
        for one in tables
        for plural, ending in _PLURALS
        if one.endswith(plural)
    }
    return any(len(end) >= _SHORTEST and end in singular for end in _ends(words))


def _words(name: str) -> list[str]:
    return _HUMP.sub("_", name).lower().strip("_").split("_")


def _ends(words: Sequence[str]) -> Iterator[str]:
    return ("_".join(words[at:]) for at in range(len(words)))
