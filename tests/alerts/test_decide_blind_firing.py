"""The decision table of incidents about sight that fire, and what they share with others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.blind import not_seen
from alerts.decide import Decision, acknowledge, close
from headroom.alerting import Step
from headroom.budgets import Severity
from headroom.incidents import NoticeStatus, State, Transition, Why
from tests.alerts.examples import AT, verdict
from tests.alerts.sightless import (
    AT_ONCE,
    BOTH,
    BREACH,
    NOT_SEEN,
    P95,
    SEEN,
    TEN,
    USUAL,
    about,
    firing,
    hold,
    judged,
    p99,
)
from tests.alerts.table import (
    A_MOMENT,
    BLIND,
    FIRING,
    MET,
    OVER,
    POLL,
    RESOLVED,
    UNDECIDED,
    ZERO,
    Row,
)

TABLE = [
    Row(
        "blind goes on in silence",
        firing(met_for=POLL),
        BOTH,
        Why.UNSEEN,
        State.FIRING,
        fields=(("over_for", timedelta(minutes=1) + POLL), ("met_for", ZERO)),
    ),
    Row(
        "it says what is not seen now",
        firing(),
        (verdict(MET), p99(BLIND)),
        Why.UNSEEN,
        State.FIRING,
        fields=(("worst", "p99: the figures say blind"),),
    ),
    Row(
        "it goes on though a limit fires meanwhile",
        firing(),
        (verdict(OVER), p99(BLIND)),
        Why.UNSEEN,
        State.FIRING,
        given=BREACH,
    ),
    Row(
        "seen for the first time has no time on its clock",
        firing(),
        SEEN,
        Why.RECOVERING,
        State.FIRING,
        fields=(("over_for", ZERO), ("met_for", ZERO)),
    ),
    Row(
        "blind again begins its clock anew",
        firing(over_for=ZERO, met_for=POLL),
        BOTH,
        Why.UNSEEN,
        State.FIRING,
        fields=(("over_for", A_MOMENT), ("met_for", ZERO)),
    ),
    Row(
        "seen for long enough resolves, however it stands",
        firing(over_for=ZERO, met_for=2 * POLL),
        (verdict(OVER), p99(UNDECIDED)),
        Why.SEEN,
        State.RESOLVED,
        moves=True,
        notify=RESOLVED,
        fields=(("ended", AT), ("worst", NOT_SEEN)),
    ),
    Row(
        "with `recover_for: 0s` the first time resolves",
        firing(),
        SEEN,
        Why.SEEN,
        State.RESOLVED,
        moves=True,
        notify=RESOLVED,
        policy=AT_ONCE,
    ),
    Row(
        "another budget ends it",
        firing(),
        BOTH,
        Why.BUDGET_CHANGED,
        State.RESOLVED,
        moves=True,
        notify=RESOLVED,
        given=(("budget_digest", "x"),),
    ),
    Row(
        "its silence is recorded, and keeps everything back",
        firing(told_ago=TEN),
        BOTH,
        Why.SILENCED,
        State.FIRING,
        moves=True,
        fields=(("silenced", "s1"),),
        policy=replace(USUAL, remind=TEN),
        given=(("silenced", "s1"),),
    ),
    Row(
        "the end of its silence tells what is not seen",
        firing(silenced="s1", untold=True),
        BOTH,
        Why.UNSILENCED,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("untold", False),),
        detail=NOT_SEEN,
    ),
    Row(
        "it is reminded of",
        firing(told_ago=TEN),
        BOTH,
        Why.REMINDED,
        State.FIRING,
        moves=True,
        notify=NoticeStatus.REMINDER,
        policy=replace(USUAL, remind=TEN),
        detail=f"told 10 min 15 s ago; {NOT_SEEN}",
    ),
    Row(
        "it escalates",
        firing(unanswered_for=TEN),
        BOTH,
        Why.ESCALATED,
        State.FIRING,
        moves=True,
        notify=NoticeStatus.ESCALATED,
        fields=(("step", 1),),
        policy=replace(USUAL, steps=(Step(TEN, ("pager",)),)),
    ),
    Row(
        "it does not while somebody takes care of it",
        firing(unanswered_for=TEN, told_ago=TEN, acknowledged=AT),
        BOTH,
        Why.UNSEEN,
        State.FIRING,
        policy=replace(USUAL, remind=TEN, steps=(Step(TEN, ("pager",)),)),
    ),
    Row(
        "nobody is told that sight of it is lost: that is what it is about",
        firing(),
        (),
        Why.UNSEEN,
        State.FIRING,
        fields=(("blind", False), ("lost_told", False)),
    ),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.says)
def test_decision_table(row: Row) -> None:
    """Each row of the table gives its state, reason, move and notice."""
    hold(row)


def test_an_ended_one_is_not_continued() -> None:
    """Blind after a resolved incident opens one with a new identity."""
    decision = judged(*BOTH, incident=about(State.RESOLVED, ended=AT))

    assert decision.incident is not None
    assert (decision.incident.id, decision.incident.state) == ("new", State.PENDING)


def test_it_is_acknowledged_and_closed_like_any_other() -> None:
    """People and a removed budget treat both kinds alike."""
    one = firing()

    assert acknowledge(one, person="Ada", at=AT).notify is NoticeStatus.ACKNOWLEDGED
    assert close(one, at=AT) == Decision(
        replace(one, state=State.RESOLVED, ended=AT),
        Transition(
            one.id,
            AT,
            State.FIRING,
            State.RESOLVED,
            Why.BUDGET_CHANGED,
            "the budget was changed or removed",
            Severity.WARNING,
        ),
        Why.BUDGET_CHANGED,
        RESOLVED,
    )


def test_each_cause_is_said_once_with_what_it_hides() -> None:
    """Limits of one cause are named together, in order, and the whole is bounded."""
    other = p99(BLIND, detail="refused")

    assert not_seen([P95, other, replace(P95, limit="p50")]) == (
        "p95, p50: the figures say blind; p99: refused"
    )
    assert not_seen([replace(P95, detail="x" * 9_000)]) == "p95: " + "x" * 495
