"""The decision table of incidents that flap: kept open as one, and no swing of them is told."""

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
    UNDECIDED,
    ZERO,
    Row,
    firing,
    hold,
)

CALM = timedelta(minutes=15)
HOUR = timedelta(hours=1)
FLAPPING = replace(POLICY, flapping=Flapping())
NOTICE = NoticeStatus.FLAPPING
BOTH = (resource("target", OVER), resource("alert", OVER))
TARGET = (resource("target", OVER), resource("alert", MET))
LOW = {"flapping": True, "rises": 3, **OPEN_TARGET}
HIGH = {"flapping": True, "rises": 3, "limit": "alert"}

TABLE = [
    Row(
        "over goes on without a word, and it grows calm",
        firing(flapping=True, rises=3, steady_for=POLL),
        (verdict(OVER),),
        Why.FLAPPING,
        State.FIRING,
        fields=(("steady_for", 2 * POLL), ("flapping", True)),
        policy=FLAPPING,
    ),
    Row(
        "met for long enough to resolve does not resolve it",
        firing(flapping=True, rises=3, over_for=ZERO, met_for=CALM - 2 * POLL),
        (verdict(MET),),
        Why.RECOVERING,
        State.FIRING,
        fields=(("met_for", CALM - POLL), ("steady_for", CALM - POLL)),
        policy=FLAPPING,
    ),
    Row(
        "over again after met is not the same, and no news",
        firing(flapping=True, rises=3, over_for=ZERO, met_for=CALM - POLL, steady_for=CALM - POLL),
        (verdict(OVER),),
        Why.FLAPPING,
        State.FIRING,
        fields=(("steady_for", ZERO), ("met_for", ZERO), ("rises", 3)),
        policy=FLAPPING,
    ),
    Row(
        "met after over is not the same",
        firing(flapping=True, rises=3, steady_for=CALM - POLL),
        (verdict(MET),),
        Why.RECOVERING,
        State.FIRING,
        fields=(("steady_for", ZERO),),
        policy=FLAPPING,
    ),
    Row(
        "what cannot be told neither calms it nor begins anew",
        firing(flapping=True, rises=3, steady_for=CALM - POLL),
        (verdict(UNDECIDED),),
        Why.LOST_SIGHT,
        State.FIRING,
        fields=(("steady_for", CALM - POLL), ("flapping", True)),
        policy=FLAPPING,
    ),
    Row(
        "nor does the time behind it count",
        firing(flapping=True, rises=3, steady_for=CALM - POLL, unclear_for=POLL, blind=True),
        (verdict(OVER),),
        Why.SAW_AGAIN,
        State.FIRING,
        moves=True,
        fields=(("steady_for", CALM - POLL), ("flapping", True)),
        policy=FLAPPING,
    ),
    Row(
        "sight lost for long is told of it too",
        firing(flapping=True, rises=3, blind=True, unclear_for=HOUR),
        (verdict(BLIND),),
        Why.LOST_FOR_LONG,
        State.FIRING,
        moves=True,
        notify=NoticeStatus.LOST_SIGHT,
        policy=FLAPPING,
    ),
    Row(
        "a first rise to critical is no swing: it is told",
        firing(**LOW, steady_for=CALM - POLL, acknowledged=AT, acknowledged_by="Ada"),
        BOTH,
        Why.WORSE,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(
            ("severity", Severity.CRITICAL),
            ("limit", "alert"),
            ("rises", 4),
            ("steady_for", ZERO),
            ("flapping", True),
            ("acknowledged", None),
        ),
        policy=FLAPPING,
    ),
    Row(
        "a rise that is not sure enough is none",
        firing(**LOW),
        (resource("target", OVER), resource("alert", OVER, firm=False)),
        Why.FLAPPING,
        State.FIRING,
        fields=(("severity", Severity.WARNING), ("limit", "target"), ("steady_for", POLL)),
        policy=FLAPPING,
    ),
    Row(
        "a fall keeps the severity, and is not the same",
        firing(**HIGH, steady_for=CALM - POLL),
        TARGET,
        Why.FLAPPING,
        State.FIRING,
        fields=(
            ("severity", Severity.CRITICAL),
            ("limit", "target"),
            ("rises", 3),
            ("steady_for", ZERO),
        ),
        policy=FLAPPING,
    ),
    Row(
        "the next rise is a swing: counted, and told to nobody",
        firing(flapping=True, rises=3, limit="target", steady_for=CALM - POLL, acknowledged=AT),
        BOTH,
        Why.FLAPPING,
        State.FIRING,
        fields=(
            ("severity", Severity.CRITICAL),
            ("limit", "alert"),
            ("rises", 4),
            ("steady_for", ZERO),
            ("acknowledged", AT),
        ),
        policy=FLAPPING,
    ),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.says)
def test_decision_table(row: Row) -> None:
    """Each row of the table gives its state, reason, move and notice."""
    hold(row)
