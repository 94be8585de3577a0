"""What was known at a moment, put together again from the history: the evidence, and why some was missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations

from headroom import evicting
from headroom.budgets import Budget, Limit, Measure, Outcome, Reason, Subject, Verdict
from headroom.config import Config
from headroom.history import History, StoredPart
from headroom.observation import ASIDE, Absence, Series
from headroom.second import named
from headroom.sources import Source
from monitor.clock import Moment
from monitor.feeds import Feed
from monitor.judging import SILENT_AFTER, Known, judging, said_of
from monitor.memory import View

MOST_PARTS = 20_000  # of one series; as many as a collecting process holds
_FIGURES = frozenset(
    {Reason.WITHIN_LIMIT, Reason.OVER_LIMIT, Reason.BUCKET, Reason.SAMPLES, Reason.MOMENTS, Reason.NO_TRAFFIC}
)
"""What only evidence brings about; behind every other reason may be a poll that said why it gave none."""
_POLICY = "Redis evicts keys by policy"


@dataclass(frozen=True, slots=True)
class Told:
    """What the history keeps of what was said of a limit and subject.

    Attributes:
        at: since when, or at which moment, it was said.
        exact: it was said of the very moment that is asked about, so that its sentence must come out again.
    """

    at: datetime
    outcome: Outcome
    reason: Reason
    detail: str
    exact: bool


class Recorded:
    """One budget's evidence up to a moment."""

    def __init__(
        self, config: Config, history: History, budget: Budget, subjects: Iterable[Subject], at: datetime
    ) -> None:
        """Read what the window held; `subjects` are those of which anything may be known."""
        self._budget = budget
        self._at = at
        self._sources = {source.name: source for source in config.sources}
        self._parts: dict[Series, Sequence[StoredPart]] = {}
        for measure in (*budget.measures, *evicting.beside(budget)):
            for subject in {(), *subjects}:
                series = Series.of(measure, subject)
                for one in (series, Series(series.source, f"{series.measure}{ASIDE}", subject)):
                    parts = history.points(
                        one, at - budget.window, at + timedelta(microseconds=1), limit=MOST_PARTS
                    )
                    if parts:
                        self._parts[one] = parts[::-1]

    def known(self, subject: Subject, limit: Limit, told: Told | None) -> Known:
        """Return what was known of a subject.

        Why a poll gave no evidence is kept only in the verdict that said so, and is taken from there.
        """
        known = self._without_absences(subject, told)
        if told is None or told.reason in _FIGURES:
            return known
        measures = judging(self._budget, subject, known)
        for size in range(len(measures) + 1):
            for silent in combinations(measures, size):
                tried = replace(known, absences={**known.absences, **_absences(silent, subject, told)})
                verdict = self.verdict(subject, limit, tried)
                if verdict is not None and _same(verdict, told):
                    return tried
        return known

    def verdict(self, subject: Subject, limit: Limit, known: Known) -> Verdict | None:
        """Return what is said of a limit; None where it cannot be judged for a fault of ours."""
        there = known.memory.subjects(self._budget, self._at - SILENT_AFTER) | {subject}
        said = said_of(self._budget, there if not subject else (subject,), known)
        return next((one for one in said.verdicts[subject] if one.limit == limit.name), None)

    def _without_absences(self, subject: Subject, told: Told | None) -> Known:
        feeds = {name: Feed(source, (), None) for name, source in self._sources.items()}
        parts = dict(self._parts)
        absences = {
            Series.of(measure, subject): _not_configured(Series.of(measure, subject), source)
            for measure in self._budget.measures
            if (source := self._sources[measure.source]).url is None
        }
        for series in [one for one in parts if one.measure.endswith(ASIDE)]:
            plain = Series(series.source, series.measure.removesuffix(ASIDE), series.subject)
            aside = parts.pop(series)
            if plain in parts and parts[plain][0].seq > aside[0].seq:
                continue  # the policy was changed, and no key is evicted any more
            refused = evicting.refused(parts.pop(plain, ()))
            if refused:
                parts[plain] = refused
            feeds[series.source].policies[plain] = Absence(plain, Reason.POLICY, _POLICY)
        known = Known(View(parts, {}), absences, feeds, Moment(self._at, 0.0))
        if told is not None:
            self._name_policies(subject, known, told)
        return known

    def _name_policies(self, subject: Subject, known: Known, told: Told) -> None:
        """Put the policy's own sentence back, which stands before that of the verdict."""
        feed, plain = known.feeds[self._budget.measure.source], Series.of(self._budget.measure, subject)
        if plain in feed.policies and "; " in told.detail and told.reason is not Reason.POLICY:
            feed.policies[plain] = Absence(plain, Reason.POLICY, told.detail.partition("; ")[0])


def _not_configured(series: Series, source: Source) -> Absence:
    unset = f"{source.name} is not configured: the environment variable {source.unset} is not set"
    return Absence(series, Reason.NOT_CONFIGURED, unset)


def _absences(silent: Iterable[Measure], subject: Subject, told: Told) -> dict[Series, Absence]:
    found = {}
    for measure in silent:
        detail = told.detail.removeprefix(f"{named(measure)}: ")
        found[Series.of(measure, subject)] = Absence(Series.of(measure, subject), told.reason, detail)
    return found


def _same(verdict: Verdict, told: Told) -> bool:
    if (verdict.outcome, verdict.reason) != (told.outcome, told.reason):
        return False
    return not told.exact or verdict.detail == told.detail
