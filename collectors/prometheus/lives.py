"""Which process stands behind a target, as far as its start times tell: the next one, or another."""

from __future__ import annotations

from collectors.prometheus.change import WOBBLE, began, restarted
from collectors.prometheus.snapshot import Scrape
from collectors.prometheus.words import clock


def began_within(after: Scrape | None, since: float, until: float) -> bool:
    """Tell whether the process is known to have begun in a span, so that all it counted is of it.

    A start after `until` is of a later process, or of a clock that cannot be compared with the server's.
    """
    at = began(after)
    return at is not None and since - WOBBLE <= at <= until + WOBBLE


def stranger(before: Scrape | None, after: Scrape | None, since: float) -> str:
    """Return why the counts are of neither the process before nor one that followed it; "" otherwise.

    A process that follows another begins after the other's last sample, which is of `since`. Where two answer
    in turn under one name, each sample would pass for a restart, with the counts of a whole life.
    """
    at = began(after)
    if at is None or not restarted(before, after) or at >= since - WOBBLE:
        return ""
    return (
        f"another process answers under the same name, which began at {clock(at)}, before the one that was "
        "seen last was gone; two of them behind one address?"
    )
