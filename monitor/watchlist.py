"""The open incidents of this process: what is decided of them in a cycle, and what is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from alerts.decide import Decision, Policy, close, decide, wording_digest
from alerts.message import payload
from alerts.outbox import notices
from headroom.budgets import Budget, Outcome, Statistic, Subject, Verdict
from headroom.config import Config
from headroom.history import History
from headroom.incidents import Incident, Notice, NoticeStatus, Transition, Why
from monitor.clock import Moment
from monitor.writer import Writer

GONE_AFTER = timedelta(minutes=15)  # a machine that is only being restarted comes back before


@dataclass(slots=True)
class Moves:
    """What one cycle does to incidents, to be committed with it."""

    incidents: list[Incident] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


class Watchlist:
    """Decides on incidents; what it holds changes only by `committed`."""

    def __init__(self, config: Config, history: History, writer: Writer) -> None:
        self._config = config
        self._history = history
        self._writer = writer
        self._open: dict[tuple[str, Statistic, Subject], Incident] = {}
        self._digests: dict[tuple[str, Statistic], str] = {}

    async def resume(self) -> None:
        """Take up the incidents that the last process left open."""
        self.committed(await self._writer(self._history.open_incidents))

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
        whole: Sequence[Verdict] = (),
    ) -> None:
        """Decide on each row of a budget and subject; `verdicts` are on all its limits for that subject.

        `gone` tells that its source answers, and gives nothing of the subject any more. `whole` are the
        verdicts on the same limits for subject {}.
        """
        for statistic in budget.statistics:
            incident = self._open.get((budget.id, statistic, subject))
            if incident is None and subject and self._told_by_the_whole(budget, statistic, whole):
                continue
            if gone and incident is not None and incident.unclear_for >= max(budget.window, GONE_AFTER):
                decision = close(incident, at=now.wall, why=Why.SUBJECT_GONE)
                await self._note(decision, (), budget, moves, now)
                continue
            # No verdict on a row (the budget's other limits are in force) is lost sight, never the end.
            row = [verdict for verdict in verdicts if verdict.statistic is statistic]
            decision = decide(
                row,
                incident,
                policy=Policy(budget.pending_for, budget.recover_for),
                at=now.wall,
                elapsed=elapsed,
                budget_digest=self._digest(budget, statistic),
                new_id=lambda: uuid4().hex,
            )
            await self._note(decision, row, budget, moves, now)

    def _digest(self, budget: Budget, statistic: Statistic) -> str:
        """Return the digest of a row's promise, made once: the configuration stays while the process runs."""
        row = (budget.id, statistic)
        if row not in self._digests:
            self._digests[row] = wording_digest(budget, statistic)
        return self._digests[row]

    def _told_by_the_whole(self, budget: Budget, statistic: Statistic, whole: Sequence[Verdict]) -> bool:
        """Tell whether an instance of a latency needs no incident of its own, since the whole has it.

        Slow for all, ten instances would else tell one story in eleven messages; that of the whole names the
        worst instance.
        """
        if not budget.measure.latency:
            return False
        over = any(one.statistic is statistic and one.outcome is Outcome.OVER for one in whole)
        return over or (budget.id, statistic, ()) in self._open

    def subjects(self, budget: Budget) -> set[Subject]:
        """Return the subjects of a budget that have an open incident: they are judged until it ends."""
        return {subject for name, _, subject in self._open if name == budget.id}

    async def close_changed(self, now: Moment) -> Moves:
        """Return the end of every incident that was opened under a promise which is no longer made."""
        moves = Moves()
        budgets = {budget.id: budget for budget in self._config.budgets}
        for incident in self._open.values():
            budget = budgets.get(incident.budget)
            kept = (
                budget is not None
                and incident.statistic in budget.statistics
                and wording_digest(budget, incident.statistic) == incident.budget_digest
            )
            if not kept:
                await self._note(close(incident, at=now.wall), (), budget, moves, now)
        return moves

    def committed(self, incidents: Iterable[Incident]) -> None:
        """Take over the incidents of a cycle that was committed."""
        for incident in incidents:
            row = (incident.budget, incident.statistic, incident.subject)
            if incident.ended is None:
                self._open[row] = incident
            else:
                self._open.pop(row, None)

    async def _note(
        self, decision: Decision, row: Sequence[Verdict], budget: Budget | None, moves: Moves, now: Moment
    ) -> None:
        incident, status = decision.incident, decision.notify
        if incident is None:
            return
        moves.incidents.append(incident)
        if decision.transition is not None:
            moves.transitions.append(decision.transition)
        if status is None:
            return
        told = None
        if status is NoticeStatus.RESOLVED:
            # An end goes to those who heard of the beginning, wherever the routes lead by now.
            told = await self._writer(self._history.told, incident.id)
        message = payload(incident, row, budget, status, why=decision.why, at=now.wall)
        moves.notices += notices(decision, message, self._config.routes, created=now.wall, told=told)
