"""Whether an index does what a required one is for, judged by its structure."""

from __future__ import annotations

from dataclasses import dataclass

from headroom.audit.facts import Index, Key
from headroom.audit.names import shown
from headroom.audit.predicate import FALSE, meaning, without_constants
from headroom.audit.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Fit:
    """How an index compares with a required one.

    Attributes:
        faults: what makes it another index.
        doubts: in what it serves less well; it serves nonetheless.
        remarks: in what it is more than what is required.
        unread: its predicate could not be read; nothing else is against it.
    """

    index: Index
    faults: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    unread: bool = False

    @property
    def usable(self) -> bool:
        """It can be read."""
        return self.index.valid and self.index.ready and self.index.live


def fit(index: Index, wanted: Wanted) -> Fit:
    """Compare an index with a required one; the name counts for nothing."""
    faults, doubts, remarks = [], [], []
    keys = index.keys[: len(wanted.columns)]
    if index.method != "btree":
        faults.append(f"it is a {shown(index.method)} index instead of a b-tree")
    if tuple(key.column for key in keys) != wanted.columns:
        faults.append(f"it is on {printed(index.keys)} instead of {wanted.keys}")
    else:
        faults += _of_types(keys)
        doubts += _of_order(keys, wanted)
        if further := index.keys[len(wanted.columns) :]:
            remarks.append(f"it goes on with {printed(further)}")
    unread = index.predicate is None
    if index.predicate is not None:
        of_predicate(index.predicate, wanted, faults, doubts)
    if index.unique:
        remarks.append("it is unique")
    if index.includes:
        remarks.append(f"it includes ({', '.join(map(shown, index.includes))})")
    return Fit(index, tuple(faults), tuple(doubts), tuple(remarks), unread and not faults)


def of_predicate(predicate: str, wanted: Wanted, faults: list[str], doubts: list[str]) -> None:
    """Add what the predicate has against it."""
    if wanted.only is None:
        if predicate:
            faults.append(f"it holds only the rows WHERE {_told(predicate)}, and all are wanted")
        return
    column, condition = wanted.only
    if not predicate:
        doubts.append(f"it has no WHERE {wanted.predicate}: it serves, but holds and writes all rows")
        return
    found = meaning(predicate)
    if found == wanted.only:
        return
    if condition == FALSE and found == (column, "IS FALSE"):
        doubts.append(
            f"its WHERE {column} IS FALSE means the same, but PostgreSQL uses it only for statements that "
            f"say IS FALSE, and never for {wanted.predicate}"
        )
        return
    faults.append(f"its predicate is WHERE {_told(predicate)} instead of WHERE {wanted.predicate}")


def printed(keys: tuple[Key, ...]) -> str:
    """Return key columns as SQL has them, in parentheses, for a sentence."""
    return f"({', '.join(_printed(key) for key in keys)})"


def _of_types(keys: tuple[Key, ...]) -> list[str]:
    found = []
    for key in keys:
        if key.opclass:
            found.append(f"its {key.column} has the operator class {shown(key.opclass)}, not the default")
        if key.collation:
            found.append(f"its {key.column} has the collation {shown(key.collation)}, not the column's")
    return found


def _of_order(keys: tuple[Key, ...], wanted: Wanted) -> list[str]:
    """Return what is against the order; an index that is read backwards has every direction turned."""
    asked = [(column in wanted.downwards,) * 2 for column in wanted.columns]
    have = [(key.descending, key.nulls_first) for key in keys]
    if have == asked or [(not down, not first) for down, first in have] == asked:
        return []
    said = f"its order is {printed(keys)} instead of {wanted.keys}"
    plain = all(down == first for down, first in have)
    if not plain or len(keys) == 1:
        return [f"{said}: it serves conditions on these columns, but not ORDER BY {wanted.keys[1:-1]}"]
    held, sorted_by = wanted.columns[0], wanted.columns[1]
    way = " DESC" if sorted_by in wanted.downwards else ""
    return [
        f"{said}: it serves WHERE {held} = … ORDER BY {sorted_by}{way}, but not ORDER BY {wanted.keys[1:-1]}"
    ]


def _printed(key: Key) -> str:
    words = [shown(key.column or without_constants(key.expression or "an expression"))]
    if key.descending:
        words.append("DESC")
    if key.nulls_first != key.descending:
        words.append("NULLS FIRST" if key.nulls_first else "NULLS LAST")
    return " ".join(words)


def _told(predicate: str) -> str:
    return shown(without_constants(_bare(predicate)))


def _bare(predicate: str) -> str:
    return predicate[1:-1] if predicate.startswith("(") and predicate.endswith(")") else predicate
