"""When a subject is gone, and not merely out of sight."""

from __future__ import annotations

from collections.abc import Mapping

from headroom.budgets import Budget, Kind, Measure, Subject
from headroom.observation import Series
from monitor.feeds import Feed
from monitor.memory import View

_MACHINES = frozenset({Kind.CPU, Kind.MEMORY, Kind.DISK_IO, Kind.IO_PRESSURE})


def gone(budget: Budget, subject: Subject, memory: View, feeds: Mapping[str, Feed]) -> bool:
    """Tell whether the sources of a budget could read all that they know of, and give nothing of a subject.

    A machine that does not answer its scrapes is as silent as one that was taken away; to end its incident
    would be to call it well.

    Args:
        budget: whose measures give the subject.
        subject: {} is never gone.
        memory: the evidence that the windows may hold.
        feeds: by the source's name.
    """
    if not subject or memory.knows(budget, subject):
        return False
    return all(_read(measure, subject, feeds[measure.source]) for measure in budget.measures)


def unread(budget: Budget, subject: Subject, feeds: Mapping[str, Feed]) -> bool:
    """Tell whether a subject is a machine that its source knows of and cannot read now.

    Only machines: those of a lost one, its containers and instances, would tell the same many times over.
    """
    if not subject or budget.measure.kind not in _MACHINES:
        return False
    known = feeds[budget.measure.source].unread or ()
    return any(one.hides(Series.of(budget.measure, subject)) for one in known)


def _read(measure: Measure, subject: Subject, feed: Feed) -> bool:
    if feed.collector is None:
        return True
    series = Series.of(measure, subject)
    return not feed.failures and feed.unread is not None and not any(one.hides(series) for one in feed.unread)
