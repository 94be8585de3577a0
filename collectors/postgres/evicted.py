"""How many executions may have been thrown away uncounted, when pg_stat_statements was full. Pure.

Where it is full, each eviction throws away the twentieth part of its entries that were used least, at least
ten, and with them what they counted since the last reading: entries that were born and thrown away between
two readings are in neither. How many executions that were is not told; how many it were at most follows from
how the server chooses (entry_dealloc in pg_stat_statements.c; the same from 13 to 18): an entry's usage
begins with 1, rises by 1 with each execution and each planning, and falls by a hundredth with each eviction,
so that an entry that was thrown away ran less often than any that stayed.
"""

from __future__ import annotations

from collectors.postgres.entry import calls_of, key_of
from collectors.postgres.snapshot import Statements
from collectors.postgres.statements import MOST_ENTRIES

_SHARE = 20  # an eviction throws away one in so many
_LEAST = 10
_DECAY = 0.99
_FARTHEST = 1 << 62


def times(old: Statements, new: Statements) -> int | None:
    """Return how often entries were thrown away between two readings; None where that is not told."""
    if old.evictions is None or new.evictions is None:
        return None
    # A reset begins the count anew.
    return new.evictions[1] - (old.evictions[0] if new.reset == old.reset else 0)


def at_most(old: Statements, new: Statements) -> int:
    """Return how many executions between two readings may be in neither of them; 0 without evictions."""
    if not old.complete or not new.complete:
        return _FARTHEST  # what is not read may be anything
    evictions = times(old, new)
    if evictions is None:
        return _untold(old, new)
    if evictions <= 0:
        return 0
    # An entry that moved may have been thrown away and born again; one that did not was there all the time.
    stayed = min(map(calls_of, old.records & new.records), default=None)
    if stayed is None:
        return _FARTHEST
    # Planning is counted beside execution where it is tracked: once for each, at most.
    usage = 2 * stayed + 1
    each = usage / _DECAY ** min(evictions, 10_000)
    lost = evictions * max(_LEAST, -(-(new.most or MOST_ENTRIES) // _SHARE)) * each
    return int(min(lost, _FARTHEST))


def _untold(old: Statements, new: Statements) -> int:
    """Return the same before extension 1.9, which tells of no evictions: anything, where there may be some.

    One leaves nineteen of twenty entries, so that where there are fewer, none has been of late.
    """
    most = new.most or MOST_ENTRIES
    full = len(new.records) + new.unreadable >= most - -(-most // _SHARE) - _LEAST
    return (
        _FARTHEST
        if full or {key_of(one) for one in old.records} - {key_of(one) for one in new.records}
        else 0
    )
