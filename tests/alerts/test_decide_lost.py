"""The decision table of firing incidents of which sight is lost: nothing ends, and it is told once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from headroom.incidents import NoticeStatus, State, Why
from tests.alerts.examples import AT, verdict
from tests.alerts.table import (
    BLIND,
    IDLE,
    MET,
    OVER,
    POLL,
    UNDECIDED,
    ZERO,
    Row,
    firing,
    hold,
)

LOST_AFTER = timedelta(minutes=5)

TABLE = [
    *(
        Row(
            f"firing and {outcome.value} stays firing and says that sight is lost",
            firing(over_for=ZERO, met_for=2 * POLL),
            (verdict(outcome),),
            Why.LOST_SIGHT,
            State.FIRING,
            moves=True,
            fields=(("blind", True), ("met_for", 2 * POLL)),
        )
        for outcome in (IDLE, BLIND)
    ),
    Row(
        "firing and not judged at all has lost sight too",
        firing(),
        (),
        Why.LOST_SIGHT,
        State.FIRING,
        moves=True,
        fields=(("blind", True),),
    ),
    Row(
        "a doubtful stretch before does not make the loss any longer",
        firing(unclear_for=timedelta(hours=1)),
        (verdict(BLIND),),
        Why.LOST_SIGHT,
        State.FIRING,
        moves=True,
        fields=(("blind", True), ("unclear_for", POLL), ("lost_told", False)),
    ),
    Row(
        "blind for a little longer says nothing more",
        firing(blind=True, unclear_for=LOST_AFTER - 2 * POLL),
        (verdict(BLIND),),
        Why.LOST_SIGHT,
        State.FIRING,
        fields=(("blind", True), ("lost_told", False), ("unclear_for", LOST_AFTER - POLL)),
    ),
    Row(
        "blind for long is told, once",
        firing(blind=True, unclear_for=LOST_AFTER - POLL),
        (verdict(BLIND),),
        Why.LOST_FOR_LONG,
        State.FIRING,
        moves=True,
        notify=NoticeStatus.LOST_SIGHT,
        fields=(("blind", True), ("lost_told", True)),
        detail="for 5 min; the figures say blind",
    ),
    Row(
        "idle for long is told too: nothing is seen of it",
        firing(blind=True, unclear_for=LOST_AFTER),
        (verdict(IDLE),),
        Why.LOST_FOR_LONG,
        State.FIRING,
        moves=True,
        notify=NoticeStatus.LOST_SIGHT,
    ),
    Row(
        "it is told of what is acknowledged as well",
        firing(blind=True, unclear_for=LOST_AFTER, acknowledged=AT, acknowledged_by="Ada"),
        (verdict(BLIND),),
        Why.LOST_FOR_LONG,
        State.FIRING,
        moves=True,
        notify=NoticeStatus.LOST_SIGHT,
    ),
    Row(
        "undecided for however long has lost no sight",
        firing(unclear_for=timedelta(days=1)),
        (verdict(UNDECIDED),),
        Why.LOST_SIGHT,
        State.FIRING,
        fields=(("blind", False), ("lost_told", False)),
    ),
    Row(
        "what was told of the loss is not told again",
        firing(blind=True, lost_told=True, unclear_for=timedelta(days=3)),
        (verdict(BLIND),),
        Why.LOST_SIGHT,
        State.FIRING,
        fields=(("blind", True), ("lost_told", True)),
    ),
    *(
        Row(
            f"sight that is back, {outcome.value}, tells nobody, and the next loss is told anew",
            firing(blind=True, lost_told=True, unclear_for=timedelta(days=3)),
            (verdict(outcome),),
            Why.SAW_AGAIN,
            State.FIRING,
            moves=True,
            fields=(("blind", False), ("lost_told", False), ("unclear_for", ZERO)),
        )
        for outcome in (OVER, MET)
    ),
    Row(
        "evidence that settles nothing does not give sight back",
        firing(blind=True, unclear_for=POLL),
        (verdict(UNDECIDED),),
        Why.LOST_SIGHT,
        State.FIRING,
        fields=(("blind", True),),
    ),
    Row(
        "over after blind has sight again and wakes nobody twice",
        firing(blind=True, unclear_for=POLL),
        (verdict(OVER),),
        Why.SAW_AGAIN,
        State.FIRING,
        moves=True,
        fields=(("blind", False), ("over_for", timedelta(minutes=1))),
    ),
    Row(
        "met after blind has sight again and begins to recover",
        firing(blind=True, unclear_for=timedelta(hours=1)),
        (verdict(MET),),
        Why.SAW_AGAIN,
        State.FIRING,
        moves=True,
        fields=(("blind", False), ("met_for", ZERO)),
    ),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.says)
def test_decision_table(row: Row) -> None:
    """Each row of the table gives its state, reason, move and notice."""
    hold(row)
