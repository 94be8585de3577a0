"""Whatever is judged, restarted or set back: nothing fires or resolves that was not seen for long enough."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import count, pairwise
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from alerts.decide import Decision, Policy, decide
from headroom.budgets import Outcome, Severity, Statistic
from headroom.incidents import Incident, NoticeStatus, State, Transition, Why
from tests.alerts.examples import AT, resource

POLICY = Policy(timedelta(seconds=30), timedelta(seconds=30), doubted_after=timedelta(seconds=60))
POLLS = st.sampled_from([timedelta(seconds=each) for each in (0, 5, 15, 20, 61)])
STEPS = st.sampled_from([timedelta(0)] * 4 + [timedelta(hours=1), timedelta(hours=-1)])
MET, OVER, UNDECIDED, IDLE, BLIND = Outcome
PAIRS = st.sampled_from(
    [(MET, MET)] * 4
    + [(OVER, OVER), (OVER, MET), (OVER, BLIND), (UNDECIDED, MET), (MET, BLIND)]
    + [(IDLE, IDLE), (BLIND, BLIND)]
)


def thawed(incident: Incident) -> Incident:
    """Write an incident as the history would, in text, and read it again."""

    def plain(value: Any) -> Any:
        if isinstance(value, timedelta):
            return {"us": value // timedelta(microseconds=1)}
        return {"at": value.isoformat()}

    def rich(fields: dict[str, Any]) -> Any:
        if fields.keys() == {"us"}:
            return timedelta(microseconds=fields["us"])
        return datetime.fromisoformat(fields["at"]) if fields.keys() == {"at"} else fields

    fields = json.loads(json.dumps(asdict(incident), default=plain), object_hook=rich)
    kinds = {"state": State, "severity": Severity, "statistic": Statistic, "subject": tuple}
    return Incident(**{name: kinds.get(name, lambda same: same)(value) for name, value in fields.items()})


def span(log: Sequence[tuple[str, timedelta]], wanted: str) -> timedelta:
    """Return the time between judgements in a row that both said `wanted`."""
    return sum(
        (elapsed for (before, _), (now, elapsed) in pairwise(log) if before == now == wanted), timedelta(0)
    )


class Life(RuleBasedStateMachine):
    """Judges one row over and over, and keeps its own book of what was seen."""

    ids: ClassVar[count[int]] = count()

    def __init__(self) -> None:
        super().__init__()
        self.incident: Incident | None = None
        self.at = AT
        self.digest = "a"
        self.log: list[tuple[str, timedelta]] = []
        self.told: list[NoticeStatus] = []
        self.moves: list[Transition] = []

    @rule(pair=PAIRS, firm=st.booleans(), elapsed=POLLS, step=STEPS)
    def judge(self, pair: tuple[Outcome, Outcome], firm: bool, elapsed: timedelta, step: timedelta) -> None:
        """Judge both limits, perhaps on a clock that was set by an hour."""
        self.at += elapsed + step
        warning, critical = pair
        verdicts = [resource("target", warning, firm=firm), resource("alert", critical, firm=firm)]
        seen = "over" if OVER in pair else "met" if pair == (MET, MET) else "unclear"
        before = self.incident
        self._book(self._decide(verdicts, elapsed), before, seen, elapsed, firm=firm)

    @rule()
    def restart(self) -> None:
        """Forget everything but what was written."""
        if self.incident is not None:
            self.incident = thawed(self.incident)

    @rule(seldom=st.integers(0, 20))
    def change_the_budget(self, seldom: int) -> None:
        """Change the promise, once in a while, and judge it."""
        if seldom:
            return
        self.digest = "b" if self.digest == "a" else "a"
        before = self.incident
        decision = self._decide([resource("target", OVER)], timedelta(seconds=15))
        if before is None:
            self._book(decision, before, "over", timedelta(0), firm=True)
            return
        assert decision.why is Why.BUDGET_CHANGED
        fired = before.state is State.FIRING
        assert decision.notify == (NoticeStatus.RESOLVED if fired else None)
        self._keep(decision)

    def _decide(self, verdicts: Sequence[Any], elapsed: timedelta) -> Decision:
        return decide(
            verdicts,
            self.incident,
            policy=POLICY,
            at=self.at,
            elapsed=elapsed,
            budget_digest=self.digest,
            new_id=lambda: str(next(self.ids)),
        )

    def _book(
        self, decision: Decision, before: Incident | None, seen: str, elapsed: timedelta, *, firm: bool
    ) -> None:
        self.log.append((seen, max(elapsed, timedelta.resolution)))
        after = decision.incident
        if before is None:
            assert (after is not None) == (seen == "over")
            self.log = self.log[-1:]
        elif before.state is State.PENDING:
            assert after is not None
            held = seen == "over" and span(self.log, "over") >= POLICY.pending_for
            assert (after.state is State.FIRING) == (held and firm)
            if seen == "met":
                assert after.state is State.DROPPED
        else:
            assert after is not None
            last_over = max((i for i, (kind, _) in enumerate(self.log) if kind == "over"), default=-1)
            cleared = seen == "met" and span(self.log[last_over + 1 :], "met") >= POLICY.recover_for
            assert (after.state is State.RESOLVED) == cleared
            assert after.state is not State.PENDING
        self._keep(decision)

    def _keep(self, decision: Decision) -> None:
        if decision.transition is not None:
            assert decision.transition.before == (self.moves[-1].after if self.moves else None)
            self.moves.append(decision.transition)
        if decision.notify is not None:
            self.told.append(decision.notify)
        self.incident = decision.incident
        if self.incident is not None and self.incident.ended is not None:
            fired = State.FIRING in {move.after for move in self.moves}
            assert self.told.count(NoticeStatus.RESOLVED) == (1 if fired else 0)
            assert not fired or self.told[-1] is NoticeStatus.RESOLVED
            self.incident, self.told, self.moves, self.log = None, [], [], []

    @invariant()
    def firing_was_told(self) -> None:
        """An incident fires exactly if somebody was told, and nothing is told of one that does not."""
        firing = self.incident is not None and self.incident.state is State.FIRING
        assert bool(self.told) == firing
        louder = sum(move.why is Why.WORSE for move in self.moves)
        assert self.told.count(NoticeStatus.FIRING) == (1 + louder if firing else 0)


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=250, stateful_step_count=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
