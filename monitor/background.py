"""Reads from the history what an alarm says beyond its own figures."""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import datetime, timedelta
from functools import reduce
from operator import add
from time import monotonic

from alerts.background import BEFORE, NOTHING, Background, Offender
from headroom.budgets import Budget, Kind, Limit, Outcome, Unit
from headroom.config import Config
from headroom.debt import QUERIES, debt
from headroom.evidence import Moments
from headroom.history import History
from headroom.incidents import About, Incident
from headroom.observation import JUDGED, Quality, Series
from headroom.sources import SourceKind
from headroom.statements import MEASURE, REST
from monitor.explain.recorded import Recorded

log = logging.getLogger("headroom.alerts")

_MOST_PARTS = 2_000  # of an hour: polls every 2 s
_LATELY = timedelta(minutes=5)  # in which a statement is looked for: the statements of hours are many
_ANEW = {
    SourceKind.REDIS: "the server of {} was started anew, or another one answers",
    SourceKind.POSTGRES: "the server of {} was started anew, or its statistics were reset",
}


class Allowance:
    """What may be looked up for the alarms of one cycle, for nothing can be committed meanwhile.

    A storm is told in groups, which have no room for it.
    """

    def __init__(self, alarms: int = 20, seconds: float = 0.5) -> None:
        self._alarms = alarms
        self._seconds = seconds

    @property
    def left(self) -> bool:
        """Whether another alarm may be looked up."""
        return self._alarms > 0 and self._seconds > 0

    def spend(self, seconds: float) -> None:
        """Take off one alarm, and the time that it took."""
        self._alarms -= 1
        self._seconds -= seconds


class Backgrounds:
    """Looks things up on the history's thread."""

    def __init__(self, config: Config, history: History) -> None:
        self._config = config
        self._history = history
        self._kinds = {source.name: source.kind for source in config.sources}

    def of(
        self, incident: Incident, budget: Budget | None, at: datetime, allowance: Allowance
    ) -> Background | None:
        """Return what is known about a breach at a moment; None where that was not looked up, or failed.

        An alarm waits for nothing that only makes it better.
        """
        limit = None
        if budget is not None and incident.about is About.BREACH:
            limit = next((one for one in budget.limits if one.name == incident.limit), None)
        if budget is None or limit is None:
            return NOTHING
        if not allowance.left:
            return None
        begun = monotonic()
        try:
            return self._known(incident, budget, limit, at)
        except Exception:
            log.exception(
                "what else is known about incident %s could not be read; it is told without", incident.id
            )
            return None
        finally:
            allowance.spend(monotonic() - begun)

    def _known(self, incident: Incident, budget: Budget, limit: Limit, at: datetime) -> Background:
        moment = incident.opened - BEFORE
        recorded = Recorded(self._config, self._history, budget, (incident.subject,), moment)
        known = recorded.known(incident.subject, limit, None)
        verdict = recorded.verdict(incident.subject, limit, known)
        # Where nothing was recorded an hour before, Headroom may not have run: then there is nothing to tell.
        if verdict is not None and verdict.outcome is Outcome.BLIND:
            verdict = None
        return Background(
            None if verdict is None else moment,
            verdict,
            self._anew(incident, budget, moment, at),
            self._offender(budget, limit, at),
        )

    def _anew(
        self, incident: Incident, budget: Budget, since: datetime, at: datetime
    ) -> tuple[datetime, str] | None:
        """Return when what is measured last began anew: a restart, most often a deployment."""
        for measure in budget.measures:
            series = Series.of(measure, incident.subject)
            for stored in self._history.parts(series, since, limit=_MOST_PARTS):
                part = stored.part
                if part.quality is Quality.RESET and part.detail and stored.at <= at:
                    return stored.at, part.detail
            words = _ANEW.get(self._kinds[measure.source])
            if words and (moment := self._history.began_anew(measure.source, since, at)) is not None:
                return moment, words.format(measure.source)
        return None

    def _offender(self, budget: Budget, limit: Limit, at: datetime) -> Offender | None:
        measure = next((one for one in budget.measures if one.kind is Kind.STATEMENTS), None)
        if measure is None or limit.unit is not Unit.SECONDS:
            return None
        group = measure.group.removeprefix(QUERIES)
        since = at - min(budget.window, _LATELY)
        done: dict[str, list[Moments]] = defaultdict(list)
        for series, parts in self._history.parts_of_measure(measure.source, MEASURE, since).items():
            labels = dict(series.subject)
            name = labels.get("statement", REST)
            if labels.get("class") != group or name == REST:
                continue
            for stored in parts:
                evidence = stored.part.evidence
                if stored.part.quality in JUDGED and isinstance(evidence, Moments) and evidence.n:
                    done[name].append(evidence)
        owed = {
            name: sum(debt(one, limit.threshold).low or 0.0 for one in moments)
            for name, moments in done.items()
        }
        worst = max(owed, key=lambda name: owed[name], default=None)
        if worst is None or not owed[worst]:
            return None
        whole = reduce(add, done[worst])
        texts = (one.text for one in self._history.statement(worst) if one.source == measure.source)
        return Offender(worst, since, at, whole.n, whole.total / whole.n, owed[worst], next(texts, ""))
