"""What several statements did together: their moments, and what is certain of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from operator import add

from collectors.postgres.entry import Change, Entry
from headroom.bounds import Bounds
from headroom.evidence import Moments


def summed(changes: Sequence[Change]) -> Moments:
    """Return the moments of several statements together, as a chain of additions would.

    The squares are those within the statements and those of each one's mean about the mean of all: that loses
    fewer digits than a long chain and is several times as fast.
    """
    if len(changes) == 1:
        return changes[0].moments
    n = sum([change.n for change in changes])
    if not n:
        return Moments(0, 0.0, 0.0)
    total = math.fsum([change.total for change in changes])
    mean = total / n
    squares = math.fsum(
        [change.squares + change.n * (change.total / change.n - mean) ** 2 for change in changes if change.n]
    )
    caps = [change.cap for change in changes if change.n]
    known = [cap for cap in caps if cap is not None]
    return Moments(n, total, squares, max(known) if len(known) == len(caps) else None)


def certain(changes: Sequence[Change], thresholds: Sequence[float]) -> tuple[Bounds, ...]:
    """Return what is certain of several statements together at each threshold.

    Added over the statements, since their sum proves more than what merging their moments leaves.
    """
    n, found = sum([change.n for change in changes]), []
    for threshold in thresholds:
        ends = [one.over(threshold) for one in changes if one.cap is None or one.cap > threshold]
        found.append(
            Bounds(threshold, n, sum([end.k_low for end in ends]), sum([end.k_high for end in ends]))
        )
    return tuple(found)


def together(entries: Sequence[Entry]) -> Entry:
    """Return entries as one that counts what all of them do; none of them may tell its birth."""
    ran = [entry for entry in entries if entry.calls]
    if not ran:
        return entries[0]
    moments = reduce(add, (Moments(entry.calls, entry.total, entry.squares) for entry in ran))
    low, high = min(entry.low for entry in ran), max(entry.high for entry in ran)
    planning = sum(entry.planning for entry in entries)
    return Entry(moments.n, moments.total, low, high, moments.squares, planning)
