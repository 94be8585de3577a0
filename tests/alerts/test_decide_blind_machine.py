"""Whatever is seen or not, done by hand, restarted or set back: incidents about sight keep the same laws."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from alerts.blind import SightPolicy, decide_blind
from alerts.decide import Policy, acknowledge, unacknowledge
from headroom.alerting import Step
from headroom.budgets import Outcome, Severity
from headroom.incidents import Incident, State
from tests.alerts.book import Book, span, thawed
from tests.alerts.examples import AT, resource

AFTER, BACK = timedelta(seconds=45), timedelta(seconds=30)
AGAIN = timedelta(seconds=150)
STEPS = (
    Step(timedelta(seconds=30), ("pager",), frozenset({Severity.CRITICAL})),
    Step(timedelta(seconds=60), ("chat",)),
    Step(timedelta(seconds=120), ("everybody",)),
)
POLICY = SightPolicy(AFTER, Severity.WARNING, BACK, AGAIN, STEPS)
MET, OVER, UNDECIDED, IDLE, BLIND = Outcome
SEEN = [(MET, MET), (OVER, MET), (UNDECIDED, IDLE)]
UNSEEN = [(BLIND, BLIND), (OVER, BLIND), (BLIND, MET)]


class Sight(RuleBasedStateMachine):
    """Judges one budget over and over, and keeps a book of what was seen."""

    ids: ClassVar[count[int]] = count()

    def __init__(self) -> None:
        super().__init__()
        self.incident: Incident | None = None
        self.at = AT
        self.silenced = ""
        self.book = Book(Policy(AFTER, BACK, remind=AGAIN, steps=STEPS))

    @rule(
        pair=st.sampled_from(SEEN + UNSEEN * 2),
        polls=st.integers(1, 9),
        every=st.sampled_from([0, 5, 15, 61]),
        step=st.sampled_from([0, 0, 1, -1]),
        breach=st.sampled_from([False, False, False, True]),
    )
    def judge(self, pair: tuple[Outcome, Outcome], polls: int, every: int, step: int, breach: bool) -> None:
        """Judge for a while, perhaps on a clock that was set, perhaps while a limit fires."""
        self.at += timedelta(hours=step)
        for _ in range(polls):
            self._judge(pair, timedelta(seconds=every), breach=breach)

    @rule(by=st.sampled_from(["s1", "s2", "", ""]))
    def silence(self, by: str) -> None:
        """Set a silence, put another in its place, or end it."""
        self.silenced = by

    @precondition(lambda self: self.incident is not None)
    @rule(taking=st.booleans())
    def by_hand(self, taking: bool) -> None:
        """Take care of the incident, or let go of it."""
        assert self.incident is not None
        act = acknowledge if taking else unacknowledge
        decision = act(self.incident, person="Ada", at=self.at)
        self.book.by_hand(self.incident, decision, taking=taking)
        self.incident = decision.incident

    @rule()
    def restart(self) -> None:
        """Forget everything but what was written."""
        if self.incident is not None:
            self.incident = thawed(self.incident)

    def _judge(self, pair: tuple[Outcome, Outcome], elapsed: timedelta, *, breach: bool) -> None:
        self.at += elapsed
        before, blind = self.incident, BLIND in pair
        decision = decide_blind(
            [resource("target", pair[0]), resource("alert", pair[1])],
            before,
            policy=POLICY,
            at=self.at,
            elapsed=elapsed,
            budget_digest="a",
            new_id=lambda: str(next(self.ids)),
            silenced=self.silenced,
            breach_firing=breach,
        )
        after, said = decision.incident, "over" if blind else "met"
        log = [*self.book.log, (said, elapsed)]
        if before is None:
            assert (after is not None) == (blind and not breach)
        else:
            assert after is not None
            since = max((i for i, (kind, _) in enumerate(log) if kind == "over"), default=-1)
            wanted = {
                State.PENDING: State.DROPPED
                if not blind or breach
                else State.FIRING
                if span(log, "over") >= AFTER
                else State.PENDING,
                State.FIRING: State.RESOLVED
                if not blind and span(log[since + 1 :], "met") >= BACK
                else State.FIRING,
            }
            assert after.state is wanted[before.state]
        self.book.judged(before, decision, said, elapsed, self.silenced)
        self.incident = None if after is None or after.ended is not None else after


TestSight = Sight.TestCase
TestSight.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
