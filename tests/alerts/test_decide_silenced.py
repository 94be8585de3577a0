"""The decision table of silences: the incident moves on, nobody hears of it, and the end says what fires."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.decide import close
from headroom.alerting import Flapping, Step
from headroom.budgets import Severity
from headroom.incidents import NoticeStatus, State, Why
from tests.alerts.examples import AT, resource, verdict
from tests.alerts.table import (
    BLIND,
    FIRING,
    MET,
    NOW,
    OPEN_TARGET,
    OVER,
    POLICY,
    POLL,
    RESOLVED,
    ZERO,
    Row,
    firing,
    hold,
    judged,
    pending,
)

HOUR = timedelta(hours=1)
QUIET = (("silenced", "s1"),)
OF_WARNINGS = (("silenced", {Severity.WARNING: "s1", Severity.CRITICAL: ""}.__getitem__),)
LOUD = replace(POLICY, remind=HOUR, steps=(Step(HOUR, ("pager",)),), flapping=Flapping())

TABLE = [
    Row(
        "what fires while it is silenced tells nobody, and remembers that",
        pending(over_for=POLL),
        (verdict(OVER),),
        Why.HELD,
        State.FIRING,
        moves=True,
        fields=(("untold", True), ("silenced", "s1"), ("fired", AT)),
        given=QUIET,
        also=(Why.SILENCED,),
        detail="silence s1",
    ),
    Row(
        "so does what fires at once",
        None,
        (verdict(OVER),),
        Why.HELD,
        State.FIRING,
        moves=True,
        fields=(("untold", True), ("silenced", "s1")),
        policy=NOW,
        given=QUIET,
        also=(Why.SILENCED,),
    ),
    Row(
        "a pending incident is silenced without a word",
        pending(),
        (verdict(OVER),),
        Why.WAITING,
        State.PENDING,
        fields=(("silenced", "s1"), ("untold", False)),
        given=QUIET,
    ),
    Row(
        "and its silence ends without one",
        pending(silenced="s1"),
        (verdict(OVER),),
        Why.WAITING,
        State.PENDING,
        fields=(("silenced", ""),),
    ),
    Row(
        "a silence over what fires is recorded",
        firing(),
        (verdict(OVER),),
        Why.SILENCED,
        State.FIRING,
        moves=True,
        fields=(("silenced", "s1"), ("untold", False), ("over_for", timedelta(minutes=1) + POLL)),
        given=QUIET,
        detail="silence s1",
    ),
    Row(
        "another silence in its place is kept and says nothing",
        firing(silenced="s0"),
        (verdict(OVER),),
        Why.STILL_OVER,
        State.FIRING,
        fields=(("silenced", "s1"),),
        given=QUIET,
    ),
    Row(
        "a rise of severity is recorded and told to nobody",
        firing(silenced="s1", **OPEN_TARGET),
        (resource("target", OVER), resource("alert", OVER)),
        Why.WORSE,
        State.FIRING,
        moves=True,
        fields=(("severity", Severity.CRITICAL), ("untold", False)),
        given=QUIET,
    ),
    Row(
        "it begins to flap and nobody is told",
        firing(silenced="s1", rises=2, **OPEN_TARGET),
        (resource("target", OVER), resource("alert", OVER)),
        Why.FLAPPING,
        State.FIRING,
        moves=True,
        fields=(("flapping", True), ("rises", 3)),
        policy=LOUD,
        given=QUIET,
    ),
    Row(
        "nobody is reminded or called, and the clock of who answers stands still",
        firing(silenced="s1", told_ago=HOUR, unanswered_for=HOUR),
        (verdict(OVER),),
        Why.STILL_OVER,
        State.FIRING,
        fields=(("told_ago", HOUR + POLL), ("unanswered_for", HOUR), ("step", 0)),
        policy=LOUD,
        given=QUIET,
    ),
    Row(
        "that sight is lost for long is not told",
        firing(silenced="s1", blind=True, unclear_for=HOUR),
        (verdict(BLIND),),
        Why.LOST_SIGHT,
        State.FIRING,
        fields=(("lost_told", False),),
        given=QUIET,
    ),
    Row(
        "the end is told: it closes what receivers hold open",
        firing(silenced="s1", over_for=ZERO, met_for=HOUR),
        (verdict(MET),),
        Why.RECOVERED,
        State.RESOLVED,
        moves=True,
        notify=RESOLVED,
        given=QUIET,
    ),
    Row(
        "the end of what nobody heard of is not",
        firing(silenced="s1", untold=True, over_for=ZERO, met_for=HOUR),
        (verdict(MET),),
        Why.RECOVERED,
        State.RESOLVED,
        moves=True,
        given=QUIET,
    ),
    Row(
        "nor is it when the silence ends in the same moment",
        firing(silenced="s1", untold=True, over_for=ZERO, met_for=HOUR),
        (verdict(MET),),
        Why.RECOVERED,
        State.RESOLVED,
        moves=True,
    ),
    Row(
        "the end of a silence tells what it kept back",
        firing(silenced="s1", untold=True, told_ago=HOUR),
        (verdict(OVER, detail="91 %"),),
        Why.UNSILENCED,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("silenced", ""), ("untold", False), ("told_ago", ZERO)),
        detail="91 %",
    ),
    Row(
        "and what was told before and still fires",
        firing(silenced="s1"),
        (verdict(OVER),),
        Why.UNSILENCED,
        State.FIRING,
        moves=True,
        notify=FIRING,
    ),
    Row(
        "and what cannot be told any more",
        firing(silenced="s1", blind=True, unclear_for=HOUR),
        (verdict(BLIND),),
        Why.UNSILENCED,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("blind", True), ("lost_told", False)),
    ),
    Row(
        "what is met as its silence ends is held back, and nobody called for what is about to end",
        firing(silenced="s1", told_ago=HOUR, unanswered_for=HOUR),
        (verdict(MET),),
        Why.RECOVERING,
        State.FIRING,
        fields=(("silenced", "s1"), ("over_for", ZERO)),
        policy=LOUD,
    ),
    Row(
        "and told when it is over again",
        firing(silenced="s1", untold=True, over_for=ZERO, met_for=POLL),
        (verdict(OVER),),
        Why.UNSILENCED,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("silenced", ""), ("untold", False)),
    ),
    Row(
        "or cannot be told any more",
        firing(silenced="s1", over_for=ZERO, met_for=POLL),
        (verdict(BLIND),),
        Why.UNSILENCED,
        State.FIRING,
        moves=True,
        notify=FIRING,
        first=Why.LOST_SIGHT,
        also=(Why.UNSILENCED,),
    ),
    Row(
        "the end of what was met as its silence ended is told to who knew",
        firing(silenced="s1", over_for=ZERO, met_for=POLICY.recover_for),
        (verdict(MET),),
        Why.RECOVERED,
        State.RESOLVED,
        moves=True,
        notify=RESOLVED,
    ),
    Row(
        "a silence of warnings does not hold what grows critical",
        firing(silenced="s1", **OPEN_TARGET),
        (resource("target", OVER), resource("alert", OVER)),
        Why.WORSE,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("silenced", ""), ("severity", Severity.CRITICAL)),
        given=OF_WARNINGS,
        also=(Why.UNSILENCED,),
    ),
    Row(
        "and holds what falls back",
        firing(limit="alert"),
        (resource("target", OVER), resource("alert", MET)),
        Why.BETTER,
        State.FIRING,
        moves=True,
        fields=(("silenced", "s1"), ("severity", Severity.WARNING)),
        given=OF_WARNINGS,
        also=(Why.SILENCED,),
    ),
    Row(
        "the end of a silence tells what is flapping or acknowledged",
        firing(silenced="s1", flapping=True, acknowledged=AT),
        (verdict(OVER),),
        Why.UNSILENCED,
        State.FIRING,
        moves=True,
        notify=FIRING,
        policy=LOUD,
    ),
    Row(
        "a rise at the end of a silence is told once, as the rise",
        firing(silenced="s1", untold=True, **OPEN_TARGET),
        (resource("target", OVER), resource("alert", OVER)),
        Why.WORSE,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("untold", False), ("silenced", "")),
        also=(Why.UNSILENCED,),
    ),
    Row(
        "a fall at the end of a silence is recorded, and what fires is told",
        firing(silenced="s1", limit="alert"),
        (resource("target", OVER), resource("alert", MET)),
        Why.UNSILENCED,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("severity", Severity.WARNING),),
        first=Why.BETTER,
        also=(Why.UNSILENCED,),
    ),
    Row(
        "what fires as its silence ends is told as usual",
        pending(over_for=POLL, silenced="s1"),
        (verdict(OVER),),
        Why.HELD,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("untold", False), ("silenced", "")),
    ),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.says)
def test_decision_table(row: Row) -> None:
    """Each row of the table gives its state, reason, move and notice."""
    hold(row)


@pytest.mark.parametrize(("untold", "notify"), [(True, None), (False, RESOLVED)])
def test_a_budget_changed_under_a_silence_is_told_to_who_knows(
    *, untold: bool, notify: NoticeStatus | None
) -> None:
    """The end by another budget is told exactly where the beginning was."""
    silent = firing(silenced="s1", untold=untold)

    assert close(silent, at=AT).notify is notify
    assert judged(verdict(OVER), incident=silent, budget_digest="x", silenced="s1").notify is notify
