"""The decision table of incidents that begin to flap, and of those that are calm again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from headroom.alerting import Flapping
from headroom.budgets import Severity, Verdict
from headroom.incidents import NoticeStatus, State, Why
from tests.alerts.examples import AT, resource, verdict
from tests.alerts.table import (
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

CALM = timedelta(minutes=15)
HOUR = timedelta(hours=1)
FLAPPING = replace(POLICY, flapping=Flapping())
NOTICE = NoticeStatus.FLAPPING
BOTH = (resource("target", OVER), resource("alert", OVER))
TARGET = (resource("target", OVER), resource("alert", MET))
LOW = {"flapping": True, "rises": 3, **OPEN_TARGET}
HIGH = {"flapping": True, "rises": 3, "limit": "alert"}

BEGINS = [
    Row(
        "the first firing counts as one",
        pending(over_for=POLL),
        (verdict(OVER),),
        Why.HELD,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("rises", 1), ("flapping", False)),
        policy=FLAPPING,
    ),
    Row(
        "with those before it, it is still told as usual",
        pending(over_for=POLL),
        (verdict(OVER),),
        Why.HELD,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("rises", 2), ("flapping", False)),
        policy=FLAPPING,
        given=(("fired_lately", 1),),
    ),
    Row(
        "the third within the hour is told as flapping",
        pending(over_for=POLL),
        (verdict(OVER, detail="91 %"),),
        Why.FLAPPING,
        State.FIRING,
        moves=True,
        notify=NOTICE,
        fields=(("rises", 3), ("flapping", True), ("steady_for", ZERO), ("fired", AT), ("told_ago", ZERO)),
        policy=FLAPPING,
        given=(("fired_lately", 2),),
        detail="fired or grew more severe 3 times within 1 h; over for 30 s; 91 %",
    ),
    Row(
        "so is one that fires at once",
        None,
        (verdict(OVER, detail="91 %"),),
        Why.FLAPPING,
        State.FIRING,
        moves=True,
        notify=NOTICE,
        policy=replace(NOW, flapping=Flapping(times=5)),
        given=(("fired_lately", 7),),
        detail="fired or grew more severe 8 times within 1 h; fires at once, as the budget asks; 91 %",
    ),
    Row(
        "where flapping is not watched for, it is told as usual",
        pending(over_for=POLL),
        (verdict(OVER),),
        Why.HELD,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("flapping", False),),
        given=(("fired_lately", 9),),
    ),
    Row(
        "a rise of severity counts too",
        firing(rises=1, steady_for=POLL, **OPEN_TARGET),
        BOTH,
        Why.WORSE,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("rises", 2), ("flapping", False), ("steady_for", 2 * POLL)),
        policy=FLAPPING,
    ),
    Row(
        "and makes it flap when it is the third",
        firing(rises=2, steady_for=POLL, acknowledged=AT, acknowledged_by="Ada", **OPEN_TARGET),
        BOTH,
        Why.FLAPPING,
        State.FIRING,
        moves=True,
        notify=NOTICE,
        fields=(
            ("rises", 3),
            ("flapping", True),
            ("severity", Severity.CRITICAL),
            ("steady_for", ZERO),
            ("acknowledged", None),
        ),
        policy=FLAPPING,
        detail="fired or grew more severe 3 times within 1 h; alert over",
    ),
    Row(
        "what rose longer ago than an hour is forgotten",
        firing(rises=2, steady_for=HOUR - POLL, **OPEN_TARGET),
        BOTH,
        Why.WORSE,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("rises", 1), ("flapping", False), ("steady_for", ZERO)),
        policy=FLAPPING,
    ),
]

ENDS = [
    Row(
        "over for long enough is calm: what still fires is told",
        firing(flapping=True, rises=7, steady_for=CALM - POLL),
        (verdict(OVER, detail="91 %"),),
        Why.CALM,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("flapping", False), ("rises", 0), ("steady_for", ZERO)),
        policy=FLAPPING,
        detail="over for 15 min without a break; 91 %",
    ),
    Row(
        "it is told as severe as it is by then",
        firing(flapping=True, rises=7, limit="target", steady_for=CALM - POLL),
        TARGET,
        Why.CALM,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("severity", Severity.WARNING), ("limit", "target"), ("flapping", False)),
        policy=FLAPPING,
    ),
    Row(
        "met for long enough resolves",
        firing(flapping=True, rises=3, over_for=ZERO, met_for=CALM - POLL),
        (verdict(MET, detail="40 %"),),
        Why.RECOVERED,
        State.RESOLVED,
        moves=True,
        notify=RESOLVED,
        policy=FLAPPING,
        detail="met for 15 min; 40 %",
    ),
    Row(
        "a longer `recover_for` holds as long",
        firing(flapping=True, rises=3, over_for=ZERO, met_for=CALM),
        (verdict(MET),),
        Why.RECOVERING,
        State.FIRING,
        policy=replace(FLAPPING, recover_for=HOUR),
    ),
    Row(
        "where flapping is not watched for any more, it is let go at once",
        firing(flapping=True, rises=3),
        (verdict(OVER),),
        Why.CALM,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("flapping", False), ("rises", 0)),
    ),
    Row(
        "and is told as severe as it has just become",
        firing(**HIGH),
        TARGET,
        Why.CALM,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("severity", Severity.WARNING), ("limit", "target"), ("flapping", False)),
    ),
    Row(
        "and ends as any other",
        firing(flapping=True, rises=3, over_for=ZERO, met_for=2 * POLL),
        (verdict(MET),),
        Why.RECOVERED,
        State.RESOLVED,
        moves=True,
        notify=RESOLVED,
    ),
]


@pytest.mark.parametrize("row", [*BEGINS, *ENDS], ids=lambda row: row.says)
def test_decision_table(row: Row) -> None:
    """Each row of the table gives its state, reason, move and notice."""
    hold(row)


def test_an_hour_of_swings_makes_three_messages() -> None:
    """It got worse, it flaps, and, when it is calm, how it is now."""
    incident, said = firing(rises=1, **OPEN_TARGET), []
    swings: list[tuple[Verdict, ...]] = [BOTH, TARGET] * 60 + [TARGET] * 61

    for verdicts in swings:
        decision = judged(*verdicts, incident=incident, policy=FLAPPING)
        assert decision.incident is not None
        incident = decision.incident
        if decision.notify is not None:
            said.append((decision.notify, decision.why, incident.severity))

    assert said == [
        (FIRING, Why.WORSE, Severity.CRITICAL),
        (NOTICE, Why.FLAPPING, Severity.CRITICAL),
        (FIRING, Why.CALM, Severity.WARNING),
    ]


def test_rises_an_hour_apart_never_add_up() -> None:
    """Swinging once in 40 minutes for a day is told each time: it is slow enough to follow."""
    incident, said = firing(rises=1, **OPEN_TARGET), []
    for verdicts in [TARGET, BOTH] * 36:
        decision = judged(*verdicts, incident=incident, policy=FLAPPING, elapsed=timedelta(minutes=20))
        assert decision.incident is not None
        incident = decision.incident
        said += [decision.notify] if decision.notify else []

    assert said == [FIRING] * 36
