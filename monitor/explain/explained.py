"""`headroom explain`: one budget's verdicts with all that led to them, from what the history recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from headroom.budgets import Budget, Limit, Measure, Outcome, Subject, Verdict
from headroom.config import Config
from headroom.explain import Explanation, explain
from headroom.history import History, Standing, open_history
from headroom.observation import Series
from headroom.second import named
from headroom.standpoint import as_of, standpoints
from headroom.units import format_duration
from monitor.explain.asked import check_subject, chosen
from monitor.explain.query import Query, query_of
from monitor.explain.recorded import Recorded, Told
from monitor.feeds import meaning_of
from monitor.judging import case_of, judging

_PAUSE = 2.2  # polls: a moment this soon after one that was recorded is spoken of by its verdict


@dataclass(frozen=True, slots=True)
class Measured:
    """A limit by one of its measures.

    Attributes:
        judges: whether the verdict is by this measure; True where it is the only one.
        foreign: what is recorded was read under another address or other classes than the file has now.
    """

    measure: Measure
    query: Query
    explanation: Explanation
    judges: bool
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Explained:
    """A limit and subject at one moment.

    Attributes:
        verdict: what the recorded evidence comes to at that moment, judged anew; None where it could not be
            judged for a fault of ours.
        told: what the history keeps of what was said then; None where it keeps nothing.
        now: what `headroom check` says at the moment that is asked about, where that is something else: the
            verdict is too old by then, or nobody ever made one; None where it is the same.
        remarks: what else a reader should know, one sentence each.
        recorded: the verdict of that very moment as the history keeps it; None where it keeps only a change.
    """

    budget: Budget
    limit: Limit
    subject: Subject
    at: datetime
    verdict: Verdict | None
    told: Told | None
    now: Verdict | None
    measured: tuple[Measured, ...]
    remarks: tuple[str, ...]
    recorded: Verdict | None = None

    @property
    def said(self) -> Verdict | None:
        """What `headroom check` says, or said, at the moment that is asked about; it judges nothing anew."""
        told, verdict = self.told, self.now or self.recorded or self.verdict
        if told is None or verdict is None or verdict is not self.verdict or self.same:
            return verdict
        # Of earlier verdicts the history keeps no figures, and those of another verdict would belie it.
        return replace(
            verdict,
            outcome=told.outcome,
            reason=told.reason,
            detail=told.detail,
            value=None,
            slow=None,
            slow_share=None,
            headroom=None,
            n=0,
            firm=False,
        )

    @property
    def same(self) -> bool:
        """Whether what is said here is what the history recorded."""
        told, verdict = self.told, self.verdict
        if told is None or verdict is None:
            return told is None and verdict is None
        if told.exact:
            return (verdict.outcome, verdict.reason, verdict.detail) == (
                told.outcome,
                told.reason,
                told.detail,
            )
        return (verdict.outcome, verdict.reason) == (told.outcome, told.reason)


def explained(
    config: Config, name: str, *, limit: str, subject: Subject, at: datetime | None, now: datetime
) -> list[Explained]:
    """Return each limit of a budget explained.

    Args:
        config: names the budget and the history.
        name: a budget's id, or the id of a row: "api.login:p95".
        limit: a limit's name or statistic; empty for all.
        subject: empty for all of it.
        at: the moment that is asked about, our clock; None for that of the newest verdict.
        now: our clock.

    Raises:
        UnknownError: no such budget, limit or subject.
        HistoryError: there is no history to read.
    """
    budget, limits = chosen(config, name, limit)
    history = open_history(config.history, collecting=False)
    try:
        standings = [one for one in history.standings() if one.verdict.budget == budget.id]
        check_subject(budget, subject, standings)
        return [_one(config, history, budget, each, subject, standings, at, now) for each in limits]
    finally:
        history.close()


def _one(
    config: Config,
    history: History,
    budget: Budget,
    limit: Limit,
    subject: Subject,
    standings: Sequence[Standing],
    at: datetime | None,
    now: datetime,
) -> Explained:
    standing = next(
        (one for one in standings if (one.verdict.limit, one.verdict.subject) == (limit.name, subject)), None
    )
    subjects = {one.verdict.subject for one in standings}
    moment = _moment(history, budget, subject, standing, at, now)
    told = _told(history, budget, limit, subject, standing, moment)
    recorded = Recorded(config, history, budget, subjects, moment)
    known = recorded.known(subject, limit, told)
    verdict = recorded.verdict(subject, limit, known)
    measures, measured = judging(budget, subject, known), []
    for measure in measures:
        case = case_of(measure, budget, limit, subject, known)
        judges = len(measures) == 1 or (
            verdict is not None and verdict.detail.startswith(f"{named(measure)}: ")
        )
        query = query_of(config, budget, case.measure or measure, moment, subject)
        measured.append(
            Measured(measure, query, explain(case), judges, _foreign(config, history, measure.source))
        )
    present = None
    if at is None or standing is None or standing.verdict.at <= at:
        present = _present(config, budget, limit, subject, standing, now if at is None else min(at, now))
    return Explained(
        budget,
        limit,
        subject,
        moment,
        verdict,
        told,
        present,
        tuple(sorted(measured, key=lambda each: not each.judges)),
        (*_otherwise(config, measured), *_remarks(verdict, standing, told, moment, at)),
        standing.verdict if standing is not None and standing.verdict.at == moment else None,
    )


def _foreign(config: Config, history: History, name: str) -> bool:
    """Tell whether a source was last read under another address or other classes, as far as can be told."""
    source = next(one for one in config.sources if one.name == name)
    stored = history.last_snapshot(name)
    return (
        stored is not None
        and source.url is not None
        and not stored[0].endswith(f"|{meaning_of(config, source)}")
    )


def _otherwise(config: Config, measured: Sequence[Measured]) -> list[str]:
    return [
        f"{name}: recorded under another address or other classes than {config.path.name} has now; the "
        "counts are of those, and `headroom run` begins anew with the present ones"
        for name in dict.fromkeys(each.measure.source for each in measured if each.foreign)
    ]


def _moment(
    history: History,
    budget: Budget,
    subject: Subject,
    standing: Standing | None,
    at: datetime | None,
    now: datetime,
) -> datetime:
    """Return the moment that is explained: that of the last verdict up to the one asked about."""
    if standing is not None and (at is None or standing.verdict.at <= at):
        return standing.verdict.at
    if at is None:
        return now
    for measure in budget.measures:
        series = Series.of(measure, subject)
        newest = history.points(series, at - budget.window, at + timedelta(microseconds=1), limit=1)
        if newest:
            length = newest[-1].part.end - newest[-1].part.start
            if at - newest[-1].at <= _PAUSE * length:
                return newest[-1].at
    return at


def _told(
    history: History,
    budget: Budget,
    limit: Limit,
    subject: Subject,
    standing: Standing | None,
    moment: datetime,
) -> Told | None:
    if standing is not None and standing.verdict.at == moment:
        said = standing.verdict
        return Told(said.at, said.outcome, said.reason, said.detail, exact=True)
    changes = history.changes(budget.id, moment, moment + timedelta(microseconds=1), in_force=True)
    mine = [one for one in changes if (one.limit, one.subject) == (limit.name, subject)]
    if not mine:
        return None
    last = mine[-1]
    return Told(last.at, last.outcome, last.reason, last.detail, exact=last.at == moment)


def _present(
    config: Config, budget: Budget, limit: Limit, subject: Subject, standing: Standing | None, now: datetime
) -> Verdict | None:
    """Return what is said now, where that is something else than what was said last."""
    sources = {source.name: source for source in config.sources}
    if subject:
        if standing is None:
            return None
        current = as_of(standing.verdict, now, sources[budget.measure.source].every)
    else:
        points = standpoints(budget, sources, [] if standing is None else [standing], now)
        current = next(one.verdict for one in points if one.verdict.limit == limit.name)
    return None if standing is not None and current == standing.verdict else replace(current, at=now)


def _remarks(
    verdict: Verdict | None,
    standing: Standing | None,
    told: Told | None,
    moment: datetime,
    at: datetime | None,
) -> list[str]:
    remarks = []
    if standing is None:
        remarks.append(
            "nothing was ever judged of it: is `headroom run` running with this file and this history?"
        )
    if at is not None and moment != at:
        before = format_duration(timedelta(seconds=round((at - moment).total_seconds())))
        remarks.append(
            f"asked about {at:%Y-%m-%d %H:%M:%S} UTC; the last verdict up to then is {before} older"
        )
    if verdict is None:
        remarks.append("it could not be judged: a fault of Headroom, see the log on stderr")
    elif at is not None and told is None and verdict.outcome is Outcome.BLIND and standing is not None:
        remarks.append(
            "the history keeps nothing of that time: it is before the first poll, or was deleted by age"
        )
    return remarks
