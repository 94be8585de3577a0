"""Which statements moved between two readings of pg_stat_statements, and what each of them did. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from collectors.postgres.entry import Change, Entry, between, key_of, owners_of, since_birth
from collectors.postgres.snapshot import OWN, Label, PostgresSnapshot, Statements
from collectors.postgres.sums import together
from headroom.observation import Quality

NEW = Label("", "")  # stands for the label of a statement whose text was not read yet


class Move(NamedTuple):
    """What one entry did."""

    label: Label
    database: int
    change: Change


@dataclass(slots=True)
class Moved:
    """What was found in one interval, without this collector's own statements.

    Attributes:
        lost: entries of each class that were thrown away with what they did last.
        wiped: how many entries of each database were reset one by one, by no eviction.
        pending: entries whose text was not read yet.
        broken: entries that could not be understood.
        reset: when all counters began again in the interval; None where they did not.
        own: what this collector's own statements did.
    """

    moves: list[Move] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    wiped: Counter[int] = field(default_factory=Counter)
    pending: int = 0
    broken: int = 0
    reset: datetime | None = None
    own: list[Change] = field(default_factory=list)


def moved(before: PostgresSnapshot, after: PostgresSnapshot, old: Statements, new: Statements) -> Moved:
    """Take apart the entries whose counters moved, and only those.

    An entry that one reading lacks did not exist then, for all entries are read at one moment.
    """
    found = Moved(reset=new.reset if new.reset != old.reset else None)
    if found.reset is not None:
        pairs = ((record, None) for record in new.records)
        _count(found, old, new, pairs, Quality.RESET, disturbed=False)
        return found
    went, came = old.records - new.records, new.records - old.records
    earlier, later = ({key_of(record): record for record in records} for records in (went, came))
    twins = {} if new.nesting else _twins(went, came)
    for key in twins:
        earlier.pop(key, None)
        later.pop(key, None)
    gone = earlier.keys() - later.keys() if new.complete else set()
    evicted = old.evictions is not None and new.evictions is not None and old.evictions[0] != new.evictions[1]
    told = new.evictions is not None and not evicted
    disturbed = evicted or bool(gone) or (after.started != before.started and new.reset is None)
    for key in gone:
        _lose(found, old.labels.by_key, key, told=told)
    # What a capped reading lacked may be old.
    both = ((record, earlier.get(key)) for key, record in later.items() if old.complete or key in earlier)
    _count(found, old, new, both, Quality.FIRST_SEEN, disturbed=disturbed)
    _count_twins(found, old, new, twins.values(), disturbed=disturbed)
    if told:
        again = (move for move in found.moves if move.change.quality is Quality.RESET)
        found.wiped.update(move.database for move in again)
    return found


def _count(
    found: Moved,
    old: Statements,
    new: Statements,
    pairs: Iterable[tuple[bytes, bytes | None]],
    unmet: Quality,
    *,
    disturbed: bool,
) -> None:
    """Add what entries did; `unmet` is the quality of those that were born in the interval."""
    labels, births, known, apart = new.labels.by_key, new.births, old.apart, new.apart
    for record, earlier in pairs:
        try:
            entry = apart[record] = Entry.read(record, births=births)
            if earlier is None:
                change: Change | None = since_birth(entry, unmet)
            else:
                before = known.get(earlier) or Entry.read(earlier, births=births)
                change = between(before, entry, disturbed=disturbed)
        except ValueError:
            found.broken += 1
            continue
        if change is not None:
            _add(found, labels.get(key_of(record)), record, change)


def _twins(went: Iterable[bytes], came: Iterable[bytes]) -> dict[bytes, tuple[list[bytes], list[bytes]]]:
    """Return the records before and after of entries that have a twin.

    With an extension before 1.9 on a newer server, a statement that ran at top level and inside a function
    has two; which is which is not told, so that they can only be read together.
    """
    both: defaultdict[bytes, tuple[list[bytes], list[bytes]]] = defaultdict(lambda: ([], []))
    for side, records in enumerate((went, came)):
        for record in records:
            both[key_of(record)][side].append(record)
    return {key: sides for key, sides in both.items() if max(map(len, sides)) > 1}


def _count_twins(
    found: Moved,
    old: Statements,
    new: Statements,
    twins: Iterable[tuple[list[bytes], list[bytes]]],
    *,
    disturbed: bool,
) -> None:
    for sides in twins:
        try:
            before, after = ([Entry.read(record, births=False) for record in side] for side in sides)
        except ValueError:
            found.broken += 1
            continue
        label = new.labels.by_key.get(key_of((sides[1] or sides[0])[0]))
        if not after:
            found.lost[(label or NEW).group] += len(before)
        elif before:
            change = between(together(before), together(after), disturbed=disturbed)
            # One was thrown away: what the other one did cannot be told from what was lost.
            if change is not None and len(after) < len(before):
                change = change._replace(quality=Quality.SUSPECT)
            if change is not None:
                _add(found, label, sides[1][0], change)
        elif old.complete:
            _add(found, label, sides[1][0], since_birth(together(after), Quality.FIRST_SEEN))


def _add(found: Moved, label: Label | None, record: bytes, change: Change) -> None:
    if label is not None and label.group == OWN:
        found.own.append(change)
        return
    if label is None:
        found.pending += 1
    found.moves.append(Move(label or NEW, owners_of(record)[1], change))


def _lose(found: Moved, labels: Mapping[bytes, Label], key: bytes, *, told: bool) -> None:
    label = labels.get(key)
    if label is not None and label.group == OWN:
        return
    if label is not None:
        found.lost[label.group] += 1
    if told:
        found.wiped[owners_of(key)[1]] += 1
