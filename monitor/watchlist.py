"""The open incidents of this process: what is decided of them in a cycle, and what is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from hashlib import sha256
from uuid import uuid4

from alerts.background import NOTHING
from alerts.blind import decide_blind
from alerts.decide import Decision, close, decide, wording_digest
from alerts.notices import notices
from alerts.words import risen
from headroom.budgets import Budget, Outcome, Reason, Severity, Statistic, Subject, Verdict
from headroom.config import Config
from headroom.history import History
from headroom.incidents import ALARMS, About, Incident, Notice, NoticeStatus, State, Transition, Why
from headroom.routing import Told
from headroom.silences import Silence, silenced_by
from monitor.background import Allowance, Backgrounds
from monitor.clock import Moment
from monitor.firings import Firings, Row, row_of
from monitor.instance import told_by_the_whole, unheard
from monitor.policies import policy_of, sight_policy_of
from monitor.saying import said
from monitor.writer import Writer

GONE_AFTER = timedelta(minutes=15)  # a machine that is only being restarted comes back before

_MOST_WORDS = 2_000  # silences of which the words are kept for the message at their end


@dataclass(slots=True)
class Moves:
    """What one cycle does to incidents, to be committed with it.

    Attributes:
        allowance: for asking the history what else is known.
    """

    incidents: list[Incident] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    allowance: Allowance = field(default_factory=Allowance)


class Watchlist:
    """Decides on incidents; what it holds changes only by `committed`."""

    def __init__(self, config: Config, history: History, writer: Writer) -> None:
        self._config = config
        self._alerting = config.alerting
        self._history = history
        self._writer = writer
        self._open: dict[str, dict[Row, Incident]] = {}  # by budget
        self._backgrounds = Backgrounds(config, history)
        self._firings = Firings(config.alerting.flapping.within)
        self._digests: dict[tuple[str, Statistic | None], str] = {}
        self._silences: Sequence[Silence] = ()
        self._seen: set[str] = set()
        self._words: dict[str, str] = {}

    async def resume(self, now: Moment) -> None:
        """Take up the incidents that the last process left open, and how often those before them fired."""
        since = now.wall - self._alerting.flapping.within
        for incident in reversed(await self._writer(partial(self._history.incidents, since, limit=1_000))):
            self._firings.remember(incident)
        self._seen = set(await self._writer(self._history.last_ok))
        self.committed(await self._writer(self._history.open_incidents))

    def keep_quiet(self, silences: Sequence[Silence]) -> None:
        """Take the silences that may hold while the next decisions are made."""
        self._silences = silences
        for one in silences:
            self._words[one.id] = f'"{one.comment}" by {one.author}' if one.comment else f"of {one.author}"
        while len(self._words) > _MOST_WORDS:
            self._words.pop(next(iter(self._words)))

    @property
    def open(self) -> tuple[Incident, ...]:
        """The incidents that have not ended."""
        return tuple(one for rows in self._open.values() for one in rows.values())

    async def decide(
        self,
        budget: Budget,
        subject: Subject,
        verdicts: Sequence[Verdict],
        moves: Moves,
        *,
        now: Moment,
        elapsed: timedelta,
        gone: bool = False,
        unread: bool = False,
        whole: Sequence[Verdict] = (),
    ) -> None:
        """Decide on each row of a budget and subject; `verdicts` are on all its limits for that subject.

        `gone` tells that its source answers, and gives nothing of the subject any more; `unread` that it is a
        machine that cannot be read. `whole` are the verdicts on the same limits for subject {}.
        """
        firing = self._fires(budget, subject)
        for statistic in budget.statistics:
            row = (budget.id, statistic, subject, About.BREACH)
            incident = self._of(budget).get(row)
            # No verdict on a row (the budget's other limits are in force) is lost sight, never the end.
            of_row = [verdict for verdict in verdicts if verdict.statistic is statistic]
            if subject and budget.measure.latency and (incident is None or incident.state is State.PENDING):
                of_all = self._of(budget).get((budget.id, statistic, (), About.BREACH))
                if told_by_the_whole(of_row, [one for one in whole if one.statistic is statistic], of_all):
                    if incident is None:
                        continue
                    of_row = unheard(of_row)
            if gone and incident is not None and incident.unclear_for >= max(budget.window, GONE_AFTER):
                decision = close(incident, at=now.wall, why=Why.SUBJECT_GONE)
                await self._note(decision, (), budget, moves, now)
                continue
            decision = decide(
                of_row,
                incident,
                policy=policy_of(budget, self._alerting),
                at=now.wall,
                elapsed=elapsed,
                budget_digest=self._digest(budget, statistic),
                new_id=_new_id,
                source=budget.measure.source,
                silenced=partial(self._silenced, budget, incident, subject, now),
                fired_lately=self._firings.lately(row, now.wall),
            )
            after = decision.incident
            firing |= after is not None and after.state is State.FIRING and not after.silenced
            await self._note(decision, of_row, budget, moves, now)
        sight = self._sight(budget, subject)
        if subject and gone and sight is not None:
            await self._note(close(sight, at=now.wall, why=Why.SUBJECT_GONE), (), budget, moves, now)
        elif not subject or unread or sight is not None:
            # Of a source that cannot be read at all, one incident tells: that of the whole.
            firing |= bool(subject) and all(one.outcome is Outcome.BLIND for one in whole)
            given = (budget, subject, verdicts, moves)
            await self._decide_sight(*given, now=now, elapsed=elapsed, firing=firing)

    async def _decide_sight(
        self,
        budget: Budget,
        subject: Subject,
        verdicts: Sequence[Verdict],
        moves: Moves,
        *,
        now: Moment,
        elapsed: timedelta,
        firing: bool,
    ) -> None:
        """Decide whether somebody must know that nothing can be told of a budget, or of a machine in it."""
        incident = self._sight(budget, subject)
        decision = decide_blind(
            [one for one in verdicts if not self._never_configured(budget, one)],
            incident,
            policy=sight_policy_of(budget, self._alerting),
            at=now.wall,
            elapsed=elapsed,
            budget_digest=self._digest(budget, None),
            new_id=_new_id,
            source=budget.measure.source,
            silenced=partial(self._silenced, budget, incident, subject, now),
            breach_firing=firing,
            fired_lately=self._firings.of_sight(budget, subject, now.wall),
        )
        await self._note(decision, verdicts, budget, moves, now)

    async def note(self, decision: Decision, moves: Moves, now: Moment) -> None:
        """Take in what a person did to an incident."""
        incident = decision.incident
        budget = next((one for one in self._config.budgets if incident and one.id == incident.budget), None)
        await self._note(decision, (), budget, moves, now)

    def subjects(self, budget: Budget) -> set[Subject]:
        """Return the subjects of a budget that have an open incident: they are judged until it ends."""
        return {subject for _, _, subject, _ in self._of(budget)}

    async def close_changed(self, now: Moment) -> Moves:
        """Return the end of every incident that was opened under a promise which is no longer made."""
        moves = Moves()
        budgets = {budget.id: budget for budget in self._config.budgets}
        for incident in self.open:
            budget = budgets.get(incident.budget)
            statistic = None if incident.about is About.BLIND else incident.statistic
            kept = (
                budget is not None
                and incident.statistic in budget.statistics
                and self._digest(budget, statistic) == incident.budget_digest
            )
            if not kept:
                await self._note(close(incident, at=now.wall), (), budget, moves, now)
        return moves

    def committed(self, incidents: Iterable[Incident]) -> None:
        """Take over the incidents of a cycle that was committed."""
        for incident in incidents:
            if incident.ended is None:
                self._open.setdefault(incident.budget, {})[row_of(incident)] = incident
            else:
                self._open.get(incident.budget, {}).pop(row_of(incident), None)
                self._firings.remember(incident)

    def _never_configured(self, budget: Budget, verdict: Verdict) -> bool:
        """Tell whether a row is blind for want of an address that there never was: nobody waits for it.

        An address that got lost is told: that is how monitoring ends without anybody noticing.
        """
        return verdict.reason is Reason.NOT_CONFIGURED and budget.measure.source not in self._seen

    def _digest(self, budget: Budget, statistic: Statistic | None) -> str:
        """Return the digest of a row's promise, or of the whole budget's (None).

        Made once: the configuration stays while the process runs.
        """
        row = (budget.id, statistic)
        if row not in self._digests:
            each = [wording_digest(budget, one) for one in budget.statistics]
            whole = sha256("".join(each).encode()).hexdigest()[:16]
            self._digests[row] = whole if statistic is None else wording_digest(budget, statistic)
        return self._digests[row]

    def _silenced(
        self, budget: Budget, incident: Incident | None, subject: Subject, now: Moment, severity: Severity
    ) -> str:
        """Return the id of the silence that keeps a row of a severity quiet; empty where none does."""
        if not self._silences:
            return ""
        told = Told(budget.id, severity, budget.owner, budget.measure.source)
        ident = "" if incident is None else incident.id
        found = silenced_by(self._silences, ident, told, subject, now.wall)
        return "" if found is None else found.id

    def _of(self, budget: Budget) -> dict[Row, Incident]:
        return self._open.get(budget.id, {})

    def _fires(self, budget: Budget, subject: Subject) -> bool:
        """Tell whether an incident of just this fires, and may say so: then it tells of lost sight."""
        rows = (one for one in self._of(budget).values() if one.subject == subject)
        return any(
            one.about is About.BREACH and one.state is State.FIRING and not one.silenced for one in rows
        )

    def _sight(self, budget: Budget, subject: Subject) -> Incident | None:
        """Return the open incident about sight of a budget, or of a machine in it."""
        rows = self._of(budget).values()
        return next((one for one in rows if one.about is About.BLIND and one.subject == subject), None)

    def _ended_silence(self, decision: Decision) -> str:
        """Return the silence that ended, in words; empty where another thing is told."""
        if decision.why is not Why.UNSILENCED or decision.incident is None:
            return ""
        before = self._open.get(decision.incident.budget, {}).get(row_of(decision.incident))
        return "" if before is None else self._words.get(before.silenced, "")

    async def _note(
        self,
        decision: Decision,
        row: Sequence[Verdict],
        budget: Budget | None,
        moves: Moves,
        now: Moment,
        *,
        note: str = "",
    ) -> None:
        incident, status = decision.incident, decision.notify
        if incident is None:
            return
        moves.incidents.append(incident)
        moves.transitions += decision.transitions
        if status is None:
            return
        told = None
        if status not in (NoticeStatus.FIRING, NoticeStatus.ESCALATED):
            # What comes after goes to those who heard of the beginning, wherever the routes lead by now.
            told = await self._writer(self._history.told, incident.id)
        rose = None
        if status in ALARMS and decision.why not in (Why.HELD, Why.WORSE):
            rose = risen(await self._writer(self._history.transitions, incident.id))
        background = None
        if status in ALARMS:
            look = partial(self._backgrounds.of, incident, budget, now.wall, moves.allowance)
            background = await self._writer(look)
        message = said(
            incident,
            row,
            budget,
            status,
            why=decision.why,
            at=now.wall,
            installation=self._alerting.installation,
            link=self._alerting.link,
            note=note,
            silence=self._ended_silence(decision),
            risen=rose,
            background=background or NOTHING,
        )
        moves.notices += notices(decision, message, self._alerting, created=now.wall, told=told)


def _new_id() -> str:
    return uuid4().hex
