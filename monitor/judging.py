"""The verdicts on one budget in a cycle: which limits hold, on which evidence, and for how long it speaks."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from headroom.budgets import Budget, Limit, Subject, Verdict
from headroom.judge import Case, judge
from headroom.observation import JUDGED, Absence, Series
from monitor.clock import Moment
from monitor.feeds import Feed, evictions_of
from monitor.memory import View

log = logging.getLogger("headroom.cycle")


def said_of(
    budget: Budget,
    subject: Subject,
    memory: View,
    absences: Mapping[Series, Absence],
    feed: Feed,
    now: Moment,
) -> list[Verdict]:
    """Judge every limit of a budget for one subject.

    A limit that cannot be judged for a fault of ours has no verdict, and turns blind by its age; the others
    must not share its fate.
    """
    said = []
    for limit in budget.limits:
        try:
            said.append(_judged(budget, limit, subject, memory, absences, feed, now))
        except Exception:
            log.exception("%s %s could not be judged: a fault of Headroom", budget.id, limit.name)
    return said


def _judged(
    budget: Budget,
    limit: Limit,
    subject: Subject,
    memory: View,
    absences: Mapping[Series, Absence],
    feed: Feed,
    now: Moment,
) -> Verdict:
    """Judge one limit, by the budget's limits for eviction where Redis evicts by policy.

    Which of them hold was said by the last good poll: one that failed changes nothing about the policy.
    """
    series, because = Series.of(budget.measure, subject), ""
    policy = feed.policies.get(series)
    if policy is not None:
        stand_in = next((other for other in budget.evicting if other.name == limit.name), None)
        if stand_in is not None:
            limit, because = stand_in, f"{policy.detail}; "
            series = Series.of(evictions_of(budget.measure), subject)
    held = memory.parts(series)
    # What a source gives less often than it is polled (a slow scrape) still speaks until its next is due.
    newest = next((one.part for one in held if one.part.quality in JUDGED), None)
    pace = timedelta(0) if newest is None else newest.end - newest.start
    fresh_for = 2 * max(feed.source.every, min(pace, budget.window / 2)) + feed.deadline
    verdict = judge(Case(budget, limit, held, now.wall, fresh_for, absences.get(series), subject))
    return replace(verdict, detail=because + verdict.detail) if because else verdict
