"""Whatever is judged, done by hand, restarted or set back: no alarm is lost, and none is false."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from alerts.decide import Decision, Policy, acknowledge, decide, unacknowledge
from alerts.sight import RANK
from headroom.alerting import Flapping, Step
from headroom.budgets import Outcome, Severity, Verdict
from headroom.incidents import ALARMS, Incident, NoticeStatus, State, Why
from tests.alerts.book import Book, span, thawed
from tests.alerts.examples import AT, resource

POLICY = Policy(
    timedelta(seconds=30),
    timedelta(seconds=30),
    doubted_after=timedelta(seconds=60),
    remind=timedelta(seconds=150),
    steps=(
        Step(timedelta(seconds=60), ("chat",)),
        Step(timedelta(seconds=90), ("pager",), frozenset({Severity.CRITICAL})),
        Step(timedelta(seconds=120), ("everybody",)),
    ),
    flapping=Flapping(times=3, within=timedelta(minutes=5), calm=timedelta(seconds=61)),
    lost_after=timedelta(seconds=40),
)
POLLS = st.sampled_from([timedelta(seconds=each) for each in (0, 5, 15, 20, 61)])
STEPS = st.sampled_from([timedelta(0)] * 4 + [timedelta(hours=1), timedelta(hours=-1)])
MET, OVER, UNDECIDED, IDLE, BLIND = Outcome
PAIRS = st.sampled_from(
    [(MET, MET)] * 3
    + [(OVER, OVER)] * 2
    + [(OVER, MET)] * 2
    + [(OVER, BLIND), (UNDECIDED, MET), (MET, BLIND), (IDLE, IDLE), (BLIND, BLIND)]
)
CALM = POLICY.flapping.calm if POLICY.flapping else timedelta(0)


def seen(pair: tuple[Outcome, Outcome]) -> str:
    """Return what two verdicts say together."""
    if OVER in pair:
        return "over"
    if pair == (MET, MET):
        return "met"
    return "unclear" if {MET, UNDECIDED} & set(pair) else "lost"


class Life(RuleBasedStateMachine):
    """Judges one row over and over, and keeps a book of what was seen."""

    ids: ClassVar[count[int]] = count()

    def __init__(self) -> None:
        super().__init__()
        self.incident: Incident | None = None
        self.at = AT
        self.now = timedelta(0)
        self.digest = "a"
        self.silenced = ""
        self.fires: list[timedelta] = []
        self.rises: list[timedelta] = []
        self.book = Book(POLICY)

    @rule(pair=PAIRS, firm=st.booleans(), elapsed=POLLS, step=STEPS)
    def judge(self, pair: tuple[Outcome, Outcome], firm: bool, elapsed: timedelta, step: timedelta) -> None:
        """Judge both limits, perhaps on a clock that was set by an hour."""
        self.at += step
        self._judge(pair, elapsed, firm=firm)

    @rule(pair=PAIRS, polls=st.integers(2, 9), other=st.none() | PAIRS)
    def go_on(self, pair: tuple[Outcome, Outcome], polls: int, other: tuple[Outcome, Outcome] | None) -> None:
        """Judge the same for a while, or two things in turn: what takes time is seldom reached by chance."""
        for number in range(polls):
            self._judge(other if other and number % 2 else pair, timedelta(seconds=15), firm=True)

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

    @rule(seldom=st.integers(0, 20))
    def change_the_budget(self, seldom: int) -> None:
        """Change the promise, once in a while, and judge it: that ends what is open."""
        if seldom:
            return
        self.digest = "b" if self.digest == "a" else "a"
        if self.incident is not None:
            decision = self._decide([resource("target", OVER)], timedelta(seconds=15))
            assert decision.why is Why.BUDGET_CHANGED
            assert decision.incident is not None
            assert decision.incident.ended == self.at
            self._keep(decision)

    def _judge(self, pair: tuple[Outcome, Outcome], elapsed: timedelta, *, firm: bool) -> None:
        self.at += elapsed
        self.now += elapsed
        verdicts = [resource("target", pair[0], firm=firm), resource("alert", pair[1], firm=firm)]
        before, decision = self.incident, self._decide(verdicts, elapsed)
        after, log = decision.incident, [*self.book.log, (seen(pair), elapsed)]
        if before is None:
            assert (after is not None) == (seen(pair) == "over")
        else:
            assert after is not None
            self._moved(before, after, log, firm=firm)
        self._flapping(before, decision)
        self.book.judged(before, decision, seen(pair), elapsed, self.silenced)
        self._keep(decision, booked=True)

    def _decide(self, verdicts: Sequence[Verdict], elapsed: timedelta) -> Decision:
        within = POLICY.flapping.within if POLICY.flapping else timedelta(0)
        firing = self.incident is not None and self.incident.state is State.FIRING
        earlier = self.fires[:-1] if firing else self.fires
        return decide(
            verdicts,
            self.incident,
            policy=POLICY,
            at=self.at,
            elapsed=elapsed,
            budget_digest=self.digest,
            new_id=lambda: str(next(self.ids)),
            silenced=self.silenced,
            fired_lately=sum(self.now - one < within for one in earlier),
        )

    def _moved(
        self, before: Incident, after: Incident, log: list[tuple[str, timedelta]], *, firm: bool
    ) -> None:
        """Hold beginning and end to the time between like judgements, and to nothing else."""
        now = log[-1][0]
        if before.state is State.PENDING:
            held = now == "over" and span(log, "over") >= POLICY.pending_for
            assert (after.state is State.FIRING) == (held and firm)
            assert now != "met" or after.state is State.DROPPED
            return
        last_over = max((i for i, (kind, _) in enumerate(log) if kind == "over"), default=-1)
        needed = max(POLICY.recover_for, CALM) if before.flapping else POLICY.recover_for
        cleared = now == "met" and span(log[last_over + 1 :], "met") >= needed
        assert after.state is (State.RESOLVED if cleared else State.FIRING)

    def _flapping(self, before: Incident | None, decision: Decision) -> None:
        """Hold what flaps to how often it rose lately, and what is told of it."""
        after = decision.incident
        if after is None or after.state is not State.FIRING:
            return
        fires = before is None or before.state is not State.FIRING
        if fires:
            self.fires.append(self.now)
        elif before is not None and RANK[after.severity] > RANK[before.severity]:
            self.rises.append(self.now)
        assert POLICY.flapping is not None
        flapped = before is not None and before.flapping
        if after.flapping and not flapped:
            lately = [one for one in self.fires + self.rises if self.now - one < 2 * POLICY.flapping.within]
            assert len(lately) >= POLICY.flapping.times
            assert decision.notify is (None if self.silenced else NoticeStatus.FLAPPING)
        assert decision.notify is not NoticeStatus.FLAPPING or not flapped
        if flapped and after.flapping:
            assert before is not None
            louder = RANK[after.severity] - RANK[before.severity]
            assert louder >= 0
            if decision.notify is NoticeStatus.FIRING:
                assert louder or self.book.silent
        if flapped and not after.flapping:
            assert decision.transitions[0].why is Why.CALM
            assert decision.notify is (None if self.silenced else NoticeStatus.FIRING)

    def _keep(self, decision: Decision, *, booked: bool = False) -> None:
        if not booked:
            self.book.keep(decision)
        incident = decision.incident
        self.incident = None if incident is None or incident.ended is not None else incident

    @invariant()
    def firing_is_known_or_silenced(self) -> None:
        """Of what fires somebody was told, unless a silence keeps it back."""
        if self.incident is not None and self.incident.state is State.FIRING:
            assert self.incident.silenced or any(status in ALARMS for status in self.book.told)


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=250, stateful_step_count=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def test_the_rules_reach_every_kind_of_message() -> None:
    """A random life that never flaps, escalates or loses sight would prove nothing about it."""
    import random  # noqa: PLC0415

    chance: Any = random.Random(6)
    pairs = [(MET, MET), (OVER, OVER), (OVER, MET), (BLIND, BLIND), (UNDECIDED, MET)]
    reached: set[NoticeStatus] = set()
    for _ in range(60):
        life = Life()
        for _ in range(60):
            done = chance.randrange(8)
            if done < 5:
                life.go_on(chance.choice(pairs), chance.randrange(2, 9), None)
            elif done < 6:
                life.silence(chance.choice(["s1", "", ""]))
            elif life.incident is not None:
                life.by_hand(chance.random() < 0.7)
            reached |= set(life.book.told)

    assert reached >= set(NoticeStatus) - {NoticeStatus.SYSTEM, NoticeStatus.RESOLVED}
