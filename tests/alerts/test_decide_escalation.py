"""The decision table of escalation: who is called when nobody answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from headroom.alerting import Step
from headroom.budgets import Severity
from headroom.incidents import NoticeStatus, State, Why
from tests.alerts.examples import AT, resource, verdict
from tests.alerts.table import (
    BLIND,
    FIRING,
    MET,
    OPEN_TARGET,
    OVER,
    POLICY,
    POLL,
    UNDECIDED,
    ZERO,
    Row,
    firing,
    hold,
    judged,
)

HOURS = timedelta(hours=4)
TEN, TWENTY, HALF = (timedelta(minutes=each) for each in (10, 20, 30))
STEPS = (
    Step(TEN, ("chat",)),
    Step(TWENTY, ("pager",), frozenset({Severity.CRITICAL})),
    Step(HALF, ("everybody",)),
)
CALLING = replace(POLICY, steps=STEPS)
ESCALATED = NoticeStatus.ESCALATED
TAKEN = {"acknowledged": AT, "acknowledged_by": "Ada"}

TABLE = [
    Row(
        "unanswered for long enough takes the first step",
        firing(unanswered_for=TEN - POLL, told_ago=TEN),
        (verdict(OVER, detail="91 %"),),
        Why.ESCALATED,
        State.FIRING,
        moves=True,
        notify=ESCALATED,
        fields=(("step", 1), ("unanswered_for", TEN), ("told_ago", ZERO)),
        policy=CALLING,
        detail="step 1: unanswered for 10 min; 91 %",
    ),
    Row(
        "a moment before it does not",
        firing(unanswered_for=TEN - 2 * POLL),
        (verdict(OVER),),
        Why.STILL_OVER,
        State.FIRING,
        fields=(("step", 0), ("unanswered_for", TEN - POLL)),
        policy=CALLING,
    ),
    Row(
        "a step is taken once",
        firing(unanswered_for=TEN, step=1),
        (verdict(OVER),),
        Why.STILL_OVER,
        State.FIRING,
        fields=(("step", 1),),
        policy=CALLING,
    ),
    Row(
        "however late it is, one step is taken at a time",
        firing(unanswered_for=HALF),
        (verdict(OVER),),
        Why.ESCALATED,
        State.FIRING,
        moves=True,
        notify=ESCALATED,
        fields=(("step", 1),),
        policy=CALLING,
    ),
    Row(
        "the second step follows by its own time",
        firing(unanswered_for=TWENTY - POLL, step=1),
        (verdict(OVER, detail="91 %"),),
        Why.ESCALATED,
        State.FIRING,
        moves=True,
        notify=ESCALATED,
        fields=(("step", 2),),
        policy=CALLING,
        detail="step 2: unanswered for 20 min; 91 %",
    ),
    Row(
        "a step of other severities waits for none of them",
        firing(unanswered_for=TWENTY, step=1, **OPEN_TARGET),
        (resource("target", OVER), resource("alert", MET)),
        Why.STILL_OVER,
        State.FIRING,
        fields=(("step", 1),),
        policy=CALLING,
    ),
    Row(
        "and is passed over when the next one's time has come",
        firing(unanswered_for=HALF, step=1, **OPEN_TARGET),
        (resource("target", OVER), resource("alert", MET)),
        Why.ESCALATED,
        State.FIRING,
        moves=True,
        notify=ESCALATED,
        fields=(("step", 3),),
        policy=CALLING,
    ),
    Row(
        "behind the last step there is none",
        firing(unanswered_for=timedelta(days=1), step=3),
        (verdict(OVER),),
        Why.STILL_OVER,
        State.FIRING,
        fields=(("step", 3),),
        policy=CALLING,
    ),
    Row(
        "what is acknowledged takes no step, and its clock stands still",
        firing(unanswered_for=HALF, **TAKEN),
        (verdict(OVER),),
        Why.STILL_OVER,
        State.FIRING,
        fields=(("step", 0), ("unanswered_for", HALF)),
        policy=CALLING,
    ),
    Row(
        "blind escalates: it still fires, and nobody answers",
        firing(unanswered_for=TEN, blind=True, lost_told=True, unclear_for=HALF),
        (verdict(BLIND),),
        Why.ESCALATED,
        State.FIRING,
        moves=True,
        notify=ESCALATED,
        fields=(("step", 1),),
        policy=CALLING,
    ),
    Row(
        "a step that falls together with lost sight is told, and both are recorded",
        firing(unanswered_for=TEN),
        (verdict(BLIND),),
        Why.ESCALATED,
        State.FIRING,
        moves=True,
        notify=ESCALATED,
        fields=(("step", 1), ("blind", True)),
        policy=CALLING,
        first=Why.LOST_SIGHT,
        also=(Why.ESCALATED,),
    ),
    Row(
        "nobody else is called for what is met just now",
        firing(unanswered_for=TEN, over_for=ZERO),
        (verdict(MET),),
        Why.RECOVERING,
        State.FIRING,
        fields=(("step", 0), ("unanswered_for", TEN + POLL)),
        policy=CALLING,
    ),
    Row(
        "a step goes before a reminder",
        firing(unanswered_for=TEN, told_ago=HOURS),
        (verdict(OVER),),
        Why.ESCALATED,
        State.FIRING,
        moves=True,
        notify=ESCALATED,
        policy=replace(CALLING, remind=HOURS),
    ),
    Row(
        "a flapping incident escalates",
        firing(unanswered_for=TEN, flapping=True),
        (verdict(UNDECIDED),),
        Why.ESCALATED,
        State.FIRING,
        moves=True,
        notify=ESCALATED,
        policy=CALLING,
    ),
    Row(
        "the escalation of what somebody had taken care of begins anew when it gets worse",
        firing(unanswered_for=HALF, step=3, **TAKEN, **OPEN_TARGET),
        (resource("target", OVER), resource("alert", OVER)),
        Why.WORSE,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("step", 0), ("unanswered_for", POLL), ("acknowledged", None), ("acknowledged_by", "")),
        policy=CALLING,
    ),
    Row(
        "so does that of what nobody answered",
        firing(unanswered_for=HALF, step=1, **OPEN_TARGET),
        (resource("target", OVER), resource("alert", OVER)),
        Why.WORSE,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("step", 0), ("unanswered_for", POLL)),
        policy=CALLING,
    ),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.says)
def test_decision_table(row: Row) -> None:
    """Each row of the table gives its state, reason, move and notice."""
    hold(row)


def test_a_step_passed_over_for_its_severity_is_taken_once_it_is_for_it() -> None:
    """A warning passed over the pager and called everybody; critical, it calls each of them by their time."""
    warned = firing(unanswered_for=HALF, step=3, **OPEN_TARGET)
    worse = (resource("target", OVER), resource("alert", OVER))

    incident, called = judged(*worse, incident=warned, policy=CALLING).incident, []
    for _ in range(HALF // POLL):
        decision = judged(*worse, incident=incident, policy=CALLING)
        incident = decision.incident
        assert incident is not None
        if decision.notify is ESCALATED:
            called.append((incident.step, incident.unanswered_for))

    assert called == [(1, TEN), (2, TWENTY), (3, HALF)]
