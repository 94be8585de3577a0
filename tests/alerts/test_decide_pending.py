"""The decision table while nothing fires: what opens an incident, and what becomes of a pending one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.decide import Policy
from headroom.budgets import Severity
from headroom.incidents import State, Why
from tests.alerts.examples import AT, resource, verdict
from tests.alerts.table import (
    A_MOMENT,
    BLIND,
    FIRING,
    IDLE,
    MET,
    NOW,
    OPEN_TARGET,
    OVER,
    POLL,
    UNDECIDED,
    ZERO,
    Row,
    hold,
    pending,
)

TABLE = [
    Row("met and nothing open is quiet", None, (verdict(MET),), Why.QUIET, None),
    Row("undecided opens nothing", None, (verdict(UNDECIDED),), Why.QUIET, None),
    Row("idle opens nothing", None, (verdict(IDLE),), Why.QUIET, None),
    Row("blind opens nothing", None, (verdict(BLIND),), Why.QUIET, None),
    Row("no verdict at all opens nothing", None, (), Why.QUIET, None),
    Row(
        "over opens a pending incident with no time on its clock",
        None,
        (verdict(OVER),),
        Why.OVER,
        State.PENDING,
        moves=True,
        fields=(
            ("id", "new"),
            ("over_for", ZERO),
            ("opened", AT),
            ("fired", None),
            ("budget_digest", "digest"),
        ),
    ),
    Row(
        "over with `for: 0s` fires at once",
        None,
        (verdict(OVER),),
        Why.HELD,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("opened", AT), ("fired", AT), ("over_for", A_MOMENT)),
        policy=NOW,
    ),
    Row(
        "over with `for: 0s` but not surely enough is pending",
        None,
        (verdict(OVER, firm=False),),
        Why.OVER,
        State.PENDING,
        moves=True,
        policy=NOW,
    ),
    Row(
        "one limit over opens, however the other stands",
        None,
        (resource("target", OVER), resource("alert", BLIND)),
        Why.OVER,
        State.PENDING,
        moves=True,
        fields=(("limit", "target"), ("severity", Severity.WARNING)),
    ),
    Row(
        "the loudest limit that is over names the incident",
        None,
        (resource("target", OVER), resource("alert", OVER)),
        Why.OVER,
        State.PENDING,
        moves=True,
        fields=(("limit", "alert"), ("severity", Severity.CRITICAL)),
    ),
    Row(
        "pending and over goes on waiting, and its clock runs",
        pending(),
        (verdict(OVER),),
        Why.WAITING,
        State.PENDING,
        fields=(("over_for", POLL),),
    ),
    Row(
        "pending and over for long enough fires",
        pending(over_for=POLL),
        (verdict(OVER),),
        Why.HELD,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("over_for", 2 * POLL), ("fired", AT)),
    ),
    Row(
        "pending and over for long enough, but not surely enough, wakes nobody",
        pending(over_for=POLL),
        (verdict(OVER, firm=False),),
        Why.NOT_FIRM,
        State.PENDING,
        fields=(("over_for", 2 * POLL),),
    ),
    Row(
        "it fires as loud as what is over surely enough",
        pending(over_for=POLL, **OPEN_TARGET),
        (resource("target", OVER), resource("alert", OVER, firm=False)),
        Why.HELD,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("limit", "target"), ("severity", Severity.WARNING)),
    ),
    Row(
        "pending and met is dropped in silence",
        pending(over_for=POLL),
        (verdict(MET),),
        Why.MET_EARLY,
        State.DROPPED,
        moves=True,
        fields=(("ended", AT), ("fired", None)),
    ),
    *(
        Row(
            f"pending and {outcome.value} stands still",
            pending(over_for=POLL),
            (verdict(outcome),),
            Why.FROZEN,
            State.PENDING,
            fields=(("over_for", POLL), ("unclear_for", POLL)),
        )
        for outcome in (UNDECIDED, IDLE, BLIND)
    ),
    Row(
        "pending and not judged at all stands still",
        pending(over_for=POLL),
        (),
        Why.FROZEN,
        State.PENDING,
        fields=(("over_for", POLL), ("unclear_for", POLL)),
    ),
    Row(
        "the time behind a doubtful stretch does not count",
        pending(over_for=POLL, unclear_for=POLL),
        (verdict(OVER),),
        Why.WAITING,
        State.PENDING,
        fields=(("over_for", POLL), ("unclear_for", ZERO)),
    ),
    Row(
        "pending and doubted for too long is dropped in silence",
        pending(over_for=POLL, unclear_for=timedelta(minutes=5) - POLL),
        (verdict(BLIND),),
        Why.DOUBTED,
        State.DROPPED,
        moves=True,
        fields=(("ended", AT),),
    ),
    Row(
        "a long `for` holds a doubted incident as long",
        pending(unclear_for=timedelta(minutes=5)),
        (verdict(BLIND),),
        Why.FROZEN,
        State.PENDING,
        policy=Policy(timedelta(minutes=10), timedelta(minutes=10)),
    ),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.says)
def test_decision_table(row: Row) -> None:
    """Each row of the table gives its state, reason, move and notice."""
    hold(row)
