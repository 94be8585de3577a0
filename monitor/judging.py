"""The verdicts on one budget in a cycle: which limits hold, on which evidence, and for how long it speaks."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from headroom import evicting
from headroom.budgets import Budget, Kind, Limit, Measure, Outcome, Reason, Subject, Verdict
from headroom.instances import softened, with_worst
from headroom.judge import Case, judge
from headroom.observation import JUDGED, Absence, Series
from headroom.second import joined
from headroom.window import in_window
from monitor.clock import Moment
from monitor.feeds import Feed
from monitor.memory import View

log = logging.getLogger("headroom.cycle")

SILENT_AFTER = timedelta(minutes=5)  # an instance of a latency without an open incident is no longer judged
_NONE_INSTEAD = "; no limits under `evicting:` say what it may throw away"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known when a source's budgets are judged.

    Attributes:
        memory: the evidence of all sources, with what the poll just gave.
        absences: what the latest polls said instead of evidence.
        feeds: by the source's name.
    """

    memory: View
    absences: Mapping[Series, Absence]
    feeds: Mapping[str, Feed]
    now: Moment


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one budget.

    Attributes:
        verdicts: by subject, in the order in which they are to be decided: {} first.
        notes: sentences on measures that contradict each other.
    """

    verdicts: dict[Subject, list[Verdict]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def said_of(budget: Budget, subjects: Iterable[Subject], known: Known) -> Said:
    """Judge every limit of a budget for each subject.

    A limit that cannot be judged for a fault of ours has no verdict, and turns blind by its age; the others
    must not share its fate.
    """
    said = Said()
    for subject in sorted({(), *subjects}):
        row = said.verdicts.setdefault(subject, [])
        for limit in budget.limits:
            try:
                verdict, disagreement = _judged(budget, limit, subject, known)
            except Exception:
                log.exception("%s %s could not be judged: a fault of Headroom", budget.id, limit.name)
                continue
            row.append(verdict)
            if disagreement and not subject:
                said.notes.append(f"{budget.id} {limit.name}: {disagreement}")
    if budget.measure.latency and len(said.verdicts) > 1:
        instances = [one for subject, row in said.verdicts.items() if subject for one in row]
        said.verdicts[()] = [
            with_worst(whole, [one for one in instances if one.limit == whole.limit])
            for whole in said.verdicts[()]
        ]
    return said


def _judged(budget: Budget, limit: Limit, subject: Subject, known: Known) -> tuple[Verdict, str]:
    """Judge one limit by each measure of its budget; return what holds, and how they contradict."""
    measures = judging(budget, subject, known)
    verdicts = [_judged_by(measure, budget, limit, subject, known) for measure in measures]
    if budget.measure.latency:
        verdicts = [softened(verdict) for verdict in verdicts]
    if len(verdicts) == 1:
        return verdicts[0], ""
    joint = joined(budget, *verdicts)
    return joint.verdict, joint.disagreement


def judging(budget: Budget, subject: Subject, known: Known) -> tuple[Measure, ...]:
    """Return the measures that a subject is judged by: an instance is known to one of two only."""
    if not subject:
        return budget.measures
    giving = tuple(one for one in budget.measures if known.memory.parts(Series.of(one, subject)))
    return giving or budget.measures[:1]


def _judged_by(measure: Measure, budget: Budget, limit: Limit, subject: Subject, known: Known) -> Verdict:
    return _decided(measure, budget, limit, subject, known).verdict


@dataclass(frozen=True, slots=True)
class _Decided:
    """A verdict and the case that it was made of, where several could have decided."""

    case: Case
    verdict: Verdict


def case_of(measure: Measure, budget: Budget, limit: Limit, subject: Subject, known: Known) -> Case:
    """Return what a limit is judged by: its measure, or what decides instead while Redis evicts by policy."""
    return _decided(measure, budget, limit, subject, known).case


def _decided(measure: Measure, budget: Budget, limit: Limit, subject: Subject, known: Known) -> _Decided:
    """Judge a limit by a measure, or by what stands in for it.

    Those are the budget's limits for eviction, where Redis evicts by policy. Which of them hold was said by
    the last good poll: one that failed changes nothing about the policy.
    """
    policy = known.feeds[measure.source].policies.get(Series.of(measure, subject))
    if policy is None or measure.kind is not Kind.MEMORY_LIMIT:
        return _judge(measure, budget, limit, subject, known)
    # What the policy frees is free inside Redis only: its container ends it all the same.
    outside = _judge(evicting.container(measure), budget, limit, subject, known)
    if outside.verdict.outcome is Outcome.OVER:
        return _because(f"{policy.detail}; but its container is filling up: ", outside)
    instead = [
        _judge(other, budget, stand_in, subject, known)
        for stand_in, other in evicting.stand_ins(budget, limit)
    ]
    decided = _together(instead) if instead else _judge(measure, budget, limit, subject, known)
    if decided.verdict.outcome is not Outcome.OVER:
        if (writes := _refused(measure, budget, limit, subject, known)) is not None:
            return _because(f"{policy.detail}; and yet writes were refused for want of memory: ", writes)
        if outside.verdict.reason is Reason.BROKEN_INSTRUMENTATION:
            return _because(f"{policy.detail}; ", outside)
    if not instead:
        told = decided.verdict.detail.removesuffix(_NONE_INSTEAD) + _NONE_INSTEAD
        return replace(decided, verdict=replace(decided.verdict, detail=told))
    return _because(f"{policy.detail}; ", decided)


def _together(instead: Sequence[_Decided]) -> _Decided:
    if len(instead) == 1:
        return instead[0]
    verdict = evicting.together(*(one.verdict for one in instead))
    case = instead[verdict.unit is not instead[0].verdict.unit].case
    return _Decided(case, verdict)


def _refused(
    measure: Measure, budget: Budget, limit: Limit, subject: Subject, known: Known
) -> _Decided | None:
    """Judge the refusals of the window, whatever the newest poll says: a client that retries may rest."""
    held = evicting.refused(known.memory.parts(Series.of(measure, subject)))
    if not in_window(held, at=known.now.wall, length=budget.window):
        return None
    case = Case(budget, limit, held, known.now.wall, budget.window, None, subject, measure=measure)
    return _Decided(case, judge(case))


def _because(reason: str, decided: _Decided) -> _Decided:
    return replace(decided, verdict=replace(decided.verdict, detail=reason + decided.verdict.detail))


def _judge(measure: Measure, budget: Budget, limit: Limit, subject: Subject, known: Known) -> _Decided:
    feed, series = known.feeds[measure.source], Series.of(measure, subject)
    held = known.memory.parts(series)
    # What a source gives less often than it is polled (a slow scrape) still speaks until its next is due.
    newest = next((one.part for one in held if one.part.quality in JUDGED), None)
    pace = timedelta(0) if newest is None else newest.end - newest.start
    fresh_for = 2 * max(feed.source.every, min(pace, budget.window / 2)) + feed.deadline
    absence = known.absences.get(series)
    case = Case(budget, limit, held, known.now.wall, fresh_for, absence, subject, measure=measure)
    return _Decided(case, judge(case))
