"""Whether a statement reads at most one row of each table, by the keys of the catalogue. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from collectors.postgres.keys import Catalogue
from collectors.postgres.parsing import Condition, Relation, Shape

_LISTS = frozenset({"single", "list", "array"})


class Key(NamedTuple):
    """Columns that tell the rows of a table apart, and what that is called."""

    columns: tuple[str, ...]
    called: str


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of the tables where a statement runs.

    Attributes:
        catalogue: of that database; None where it cannot be read.
        unseen: why it cannot.
    """

    catalogue: Catalogue | None
    unseen: str = ""

    def keys(self, relation: Relation) -> tuple[tuple[Key, ...], str]:
        """Return the keys that a table surely has, and what there is to say of them.

        A name may mean a table of any schema: only what all of them have in common is sure.
        """
        if self.catalogue is None:
            return _by_name(relation.name), self.unseen
        tables = self.catalogue.find(relation.schema, relation.name)
        if not tables:
            return _by_name(relation.name), f"{relation.name} is not in the catalogue"
        if any(table.view for table in tables):
            return (), f"{relation.name} is a view, whose keys cannot be known"
        found = tuple(
            Key(key, "primary key" if key == tables[0].primary else "unique key")
            for key in tables[0].keys
            if all(any(set(other) <= set(key) for other in table.keys) for table in tables)
        )
        return found, f"{len(tables)} tables are named {relation.name}" if len(tables) > 1 else ""


class Fixed(NamedTuple):
    """Of which tables conditions leave one row at most.

    Attributes:
        by: the key of each such table, by its alias, in the order in which they follow from each other.
        rest: the tables that may give many rows.
        said: what there is to say of the keys.
    """

    by: Mapping[str, Key]
    rest: tuple[Relation, ...]
    said: tuple[str, ...]


def fixed(shape: Shape, sight: Sight, *, lists: bool = False) -> Fixed:
    """Return the tables that equality with constants, and from there with each other, leaves one row of.

    With `lists`, a list of constants counts as one.
    """
    tables = [source for source in shape.sources if source.kind == "table"]
    known = {table.alias: sight.keys(table) for table in tables}
    by: dict[str, Key] = {}
    while True:
        found = {
            table.alias: key
            for table in tables
            if table.alias not in by
            and (key := _met(table, shape, known[table.alias][0], by, lists=lists)) is not None
        }
        if not found:
            break
        by |= found
    said = dict.fromkeys(words for _, words in known.values() if words)
    return Fixed(by, tuple(one for one in shape.sources if one.alias not in by), tuple(said))


def _met(
    table: Relation, shape: Shape, keys: Iterable[Key], by: Mapping[str, Key], *, lists: bool
) -> Key | None:
    """Return the key of which all columns are held to one value."""
    alone = len(shape.sources) == 1
    columns = {
        column
        for condition in shape.conditions
        if condition.operator == "=" and table.alias in condition.binds
        for column in _held(condition, table.alias, by, alone=alone, lists=lists)
    }
    return next((key for key in keys if columns.issuperset(key.columns)), None)


def _held(
    condition: Condition, alias: str, by: Mapping[str, Key], *, alone: bool, lists: bool
) -> Iterable[str]:
    mine = condition.alias == alias or (alone and not condition.alias)
    if condition.operand == "constant" or (lists and condition.operand in _LISTS):
        return (condition.column,) if mine else ()
    if condition.operand == "column":
        if mine and condition.other_alias in by:
            return (condition.column,)
        if condition.other_alias == alias and condition.alias in by:
            return (condition.other_column,)
    return ()


def held(shape: Shape) -> Sequence[str]:
    """Return the columns that are compared with constants or lists, each once."""
    return tuple(
        dict.fromkeys(
            condition.column for condition in shape.conditions if condition.operand in {"constant", *_LISTS}
        )
    )


def _by_name(table: str) -> tuple[Key, ...]:
    """Return what is the key of nearly every table that has such a column: `id`, or `user_id` of `users`."""
    name = table.lower()
    stems = [name]
    for ending, stem in (("ies", "y"), ("es", ""), ("s", "")):
        if name.endswith(ending):
            stems.append(name[: -len(ending)] + stem)
    return tuple(Key((column,), "presumed key") for column in ("id", *(f"{stem}_id" for stem in stems)))
