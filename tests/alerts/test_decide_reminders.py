"""The decision table of reminders: what still fires is told again until somebody answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from headroom.alerting import Flapping
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
    RESOLVED,
    UNDECIDED,
    ZERO,
    Row,
    firing,
    hold,
)

HOURS = timedelta(hours=4)
REMINDING = replace(POLICY, remind=HOURS)
REMINDER = NoticeStatus.REMINDER
TAKEN = {"acknowledged": AT, "acknowledged_by": "Ada"}

TABLE = [
    Row(
        "what is told so long ago is told again, and its clock begins anew",
        firing(told_ago=HOURS - POLL),
        (verdict(OVER, detail="91 %"),),
        Why.REMINDED,
        State.FIRING,
        moves=True,
        notify=REMINDER,
        fields=(("told_ago", ZERO), ("over_for", timedelta(minutes=1) + POLL)),
        policy=REMINDING,
        detail="told 4 h ago; 91 %",
    ),
    Row(
        "before that nobody is reminded, and the clock runs",
        firing(told_ago=HOURS - 2 * POLL),
        (verdict(OVER),),
        Why.STILL_OVER,
        State.FIRING,
        fields=(("told_ago", HOURS - POLL),),
        policy=REMINDING,
    ),
    Row(
        "with `remind: never` nobody is reminded",
        firing(told_ago=timedelta(days=9)),
        (verdict(OVER),),
        Why.STILL_OVER,
        State.FIRING,
    ),
    Row(
        "who takes care of it is not reminded",
        firing(told_ago=HOURS, **TAKEN),
        (verdict(OVER),),
        Why.STILL_OVER,
        State.FIRING,
        policy=REMINDING,
    ),
    Row(
        "of a flapping incident nobody is reminded",
        firing(told_ago=HOURS, flapping=True),
        (verdict(OVER),),
        Why.FLAPPING,
        State.FIRING,
        policy=replace(REMINDING, flapping=Flapping()),
        fields=(("flapping", True),),
    ),
    Row(
        "data loss does not quiet on-call: blind is reminded of",
        firing(told_ago=HOURS, blind=True, lost_told=True, unclear_for=HOURS),
        (verdict(BLIND),),
        Why.REMINDED,
        State.FIRING,
        moves=True,
        notify=REMINDER,
        policy=REMINDING,
    ),
    Row(
        "undecided is reminded of",
        firing(told_ago=HOURS, over_for=ZERO, met_for=POLL),
        (verdict(UNDECIDED),),
        Why.REMINDED,
        State.FIRING,
        moves=True,
        notify=REMINDER,
        policy=REMINDING,
    ),
    Row(
        "what is met just now is about to end: the reminder waits",
        firing(told_ago=HOURS, over_for=ZERO, met_for=ZERO),
        (verdict(MET),),
        Why.RECOVERING,
        State.FIRING,
        fields=(("told_ago", HOURS + POLL),),
        policy=REMINDING,
    ),
    Row(
        "what ends now is told as ended, not as still firing",
        firing(told_ago=HOURS, over_for=ZERO, met_for=HOURS),
        (verdict(MET),),
        Why.RECOVERED,
        State.RESOLVED,
        moves=True,
        notify=RESOLVED,
        policy=REMINDING,
    ),
    Row(
        "a rise of severity is an alarm: the clock of reminders begins anew",
        firing(told_ago=HOURS, **OPEN_TARGET),
        (resource("target", OVER), resource("alert", OVER)),
        Why.WORSE,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("told_ago", ZERO),),
        policy=REMINDING,
    ),
    Row(
        "lost sight is told before the reminder, which then still goes out",
        firing(told_ago=HOURS, blind=True, unclear_for=HOURS),
        (verdict(BLIND),),
        Why.LOST_FOR_LONG,
        State.FIRING,
        moves=True,
        notify=NoticeStatus.LOST_SIGHT,
        fields=(("told_ago", HOURS + POLL),),
        policy=REMINDING,
    ),
    Row(
        "a fall of severity and a reminder fall together, and both are recorded",
        firing(told_ago=HOURS, limit="alert"),
        (resource("target", OVER), resource("alert", MET)),
        Why.REMINDED,
        State.FIRING,
        moves=True,
        notify=REMINDER,
        fields=(("severity", Severity.WARNING), ("told_ago", ZERO)),
        policy=REMINDING,
        first=Why.BETTER,
        also=(Why.REMINDED,),
    ),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.says)
def test_decision_table(row: Row) -> None:
    """Each row of the table gives its state, reason, move and notice."""
    hold(row)
