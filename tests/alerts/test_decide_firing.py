"""The decision table of firing incidents: what ends them, and what does not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from headroom.budgets import Reason, Severity
from headroom.incidents import State, Why
from tests.alerts.examples import AT, resource, verdict
from tests.alerts.table import (
    A_MOMENT,
    BLIND,
    FIRING,
    MET,
    NOW,
    OPEN_TARGET,
    OVER,
    POLL,
    RESOLVED,
    UNDECIDED,
    ZERO,
    Row,
    firing,
    hold,
)

TABLE = [
    Row(
        "firing and over goes on in silence",
        firing(met_for=POLL),
        (verdict(OVER),),
        Why.STILL_OVER,
        State.FIRING,
        fields=(("over_for", timedelta(minutes=1) + POLL), ("met_for", ZERO)),
    ),
    Row(
        "firing and over goes on though it is not sure any more",
        firing(),
        (verdict(OVER, firm=False),),
        Why.STILL_OVER,
        State.FIRING,
    ),
    Row(
        "over again after met starts its clock anew",
        firing(over_for=ZERO, met_for=POLL),
        (verdict(OVER),),
        Why.STILL_OVER,
        State.FIRING,
        fields=(("over_for", A_MOMENT), ("met_for", ZERO)),
    ),
    Row(
        "firing and met for the first time has no time on its clock",
        firing(),
        (verdict(MET),),
        Why.RECOVERING,
        State.FIRING,
        fields=(("over_for", ZERO), ("met_for", ZERO)),
    ),
    Row(
        "firing and still met, the clock runs",
        firing(over_for=ZERO, met_for=POLL),
        (verdict(MET),),
        Why.RECOVERING,
        State.FIRING,
        fields=(("met_for", 2 * POLL),),
    ),
    Row(
        "firing and met for long enough resolves",
        firing(over_for=ZERO, met_for=2 * POLL),
        (verdict(MET),),
        Why.RECOVERED,
        State.RESOLVED,
        moves=True,
        notify=RESOLVED,
        fields=(("ended", AT),),
    ),
    Row(
        "with `recover_for: 0s` the first met resolves",
        firing(),
        (verdict(MET),),
        Why.RECOVERED,
        State.RESOLVED,
        moves=True,
        notify=RESOLVED,
        policy=NOW,
    ),
    Row(
        "undecided neither resolves nor sets back what was recovered",
        firing(over_for=ZERO, met_for=2 * POLL),
        (verdict(UNDECIDED),),
        Why.LOST_SIGHT,
        State.FIRING,
        fields=(("met_for", 2 * POLL), ("blind", False), ("unclear_for", POLL)),
    ),
    Row(
        "met behind a doubtful stretch goes on where it stood",
        firing(over_for=ZERO, met_for=POLL, unclear_for=POLL),
        (verdict(MET),),
        Why.RECOVERING,
        State.FIRING,
        fields=(("met_for", POLL), ("unclear_for", ZERO)),
    ),
    Row(
        "over the alert threshold too is told anew, louder",
        firing(**OPEN_TARGET),
        (resource("target", OVER), resource("alert", OVER)),
        Why.WORSE,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("limit", "alert"), ("severity", Severity.CRITICAL)),
    ),
    Row(
        "over the alert threshold, but not surely enough, stays as loud as it was",
        firing(**OPEN_TARGET),
        (resource("target", OVER), resource("alert", OVER, firm=False)),
        Why.STILL_OVER,
        State.FIRING,
        fields=(("limit", "target"), ("severity", Severity.WARNING)),
    ),
    Row(
        "below the alert threshold and over the target gets better in silence",
        firing(limit="alert"),
        (resource("target", OVER), resource("alert", MET)),
        Why.BETTER,
        State.FIRING,
        moves=True,
        fields=(("limit", "target"), ("severity", Severity.WARNING)),
    ),
    Row(
        "an alert threshold that cannot be told is not getting better",
        firing(limit="alert"),
        (resource("target", OVER), resource("alert", UNDECIDED)),
        Why.STILL_OVER,
        State.FIRING,
        fields=(("limit", "alert"), ("severity", Severity.CRITICAL)),
    ),
    Row(
        "below the alert threshold, with the target undecided, is not clear",
        firing(limit="alert", over_for=ZERO, met_for=timedelta(hours=1)),
        (resource("target", UNDECIDED), resource("alert", MET)),
        Why.LOST_SIGHT,
        State.FIRING,
        fields=(("met_for", timedelta(hours=1)),),
    ),
    Row(
        "it clears at the target",
        firing(limit="alert", over_for=ZERO, met_for=timedelta(hours=1)),
        (resource("target", MET), resource("alert", MET)),
        Why.RECOVERED,
        State.RESOLVED,
        moves=True,
        notify=RESOLVED,
    ),
    Row(
        "a threshold that nothing can reach keeps nothing from clearing",
        firing(over_for=ZERO, met_for=timedelta(hours=1)),
        (resource("target", MET), resource("alert", BLIND, reason=Reason.NO_LIMIT)),
        Why.RECOVERED,
        State.RESOLVED,
        moves=True,
        notify=RESOLVED,
    ),
    Row(
        "a limit that is blind keeps its incident from clearing",
        firing(over_for=ZERO, met_for=timedelta(hours=1)),
        (resource("target", MET), resource("alert", BLIND)),
        Why.LOST_SIGHT,
        State.FIRING,
    ),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.says)
def test_decision_table(row: Row) -> None:
    """Each row of the table gives its state, reason, move and notice."""
    hold(row)
