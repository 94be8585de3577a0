"""The counters of an earlier audit: what a later one needs to tell what happened between them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from headroom.audit.facts import Facts, Index


@dataclass(frozen=True, slots=True)
class Past:
    """What was counted at a moment.

    Attributes:
        at: our clock, UTC.
        counting_since: as in `Facts`.
        scans: of each index, by the server's number of it.
    """

    at: datetime
    counting_since: datetime | None = None
    scans: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Used:
    """How often an index was read in a window, which ends now."""

    scans: int
    window: timedelta


def used(index: Index, now: Facts, past: Past | None) -> Used | None:
    """Return how often an index was read since the earlier audit; None where no difference can be told.

    A reset, a crash or a rebuilt index begins at zero: the difference of two counters that do not belong to
    each other would be called "unused", or be negative.
    """
    if past is None or index.scans is None or past.counting_since != now.counting_since:
        return None
    earlier = past.scans.get(index.number)
    if earlier is None or index.scans < earlier or past.at >= now.at:
        return None
    return Used(index.scans - earlier, now.at - past.at)


def dump(facts: Facts) -> bytes:
    """Return what a later audit needs of these facts, as bytes."""
    since = facts.counting_since
    record = {
        "form": _FORM,
        "database": facts.database,
        "since": None if since is None else since.isoformat(),
        "scans": {str(one.number): one.scans for one in facts.indexes if one.scans is not None},
    }
    return json.dumps(record, separators=(",", ":")).encode()


def load(at: datetime, data: bytes, database: str) -> Past | None:
    """Return what was dumped at a moment; None for another database or another release's form."""
    try:
        record = json.loads(data)
        if record["form"] != _FORM or record["database"] != database:
            return None
        since = record["since"]
        return Past(
            at,
            None if since is None else datetime.fromisoformat(since),
            {int(number): int(scans) for number, scans in record["scans"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


_FORM = 1
