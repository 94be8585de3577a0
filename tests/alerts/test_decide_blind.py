"""The decision table of incidents about sight while none fires: nothing can be told of a budget."""

from __future__ import annotations

import pytest

from headroom.budgets import Reason, Severity, Statistic
from headroom.incidents import About, State, Why
from tests.alerts.examples import AT, verdict
from tests.alerts.sightless import (
    AT_ONCE,
    BOTH,
    BREACH,
    NOT_SEEN,
    SEEN,
    TEN,
    hold,
    p99,
    pending,
)
from tests.alerts.table import (
    A_MOMENT,
    BLIND,
    FIRING,
    IDLE,
    MET,
    OVER,
    POLL,
    UNDECIDED,
    ZERO,
    Row,
)

QUIET = [
    *(
        Row(f"{one.value} is seen: nothing opens", None, (verdict(one),), Why.QUIET, None)
        for one in (MET, OVER, UNDECIDED, IDLE)
    ),
    Row("nothing judged opens nothing: it would be of no budget", None, (), Why.QUIET, None),
    Row(
        "a threshold that nothing can reach is not blind",
        None,
        (verdict(MET), p99(BLIND, reason=Reason.NO_LIMIT)),
        Why.QUIET,
        None,
    ),
    Row("beside a firing limit none opens", None, BOTH, Why.LOST_SIGHT, None, given=BREACH),
    Row("nor where all is seen", None, SEEN, Why.QUIET, None, given=BREACH),
]

WAITS = [
    Row(
        "blind opens a pending incident of its own kind",
        None,
        BOTH,
        Why.CANNOT_SEE,
        State.PENDING,
        moves=True,
        fields=(
            ("id", "new"),
            ("about", About.BLIND),
            ("budget", "api.login"),
            ("statistic", Statistic.P95),
            ("limit", "p95"),
            ("severity", Severity.WARNING),
            ("opened", AT),
            ("source", "metrics"),
            ("over_for", ZERO),
            ("worst", NOT_SEEN),
            ("budget_digest", "digest"),
        ),
        detail=NOT_SEEN,
    ),
    Row(
        "one blind row of two is enough, and names it",
        None,
        (verdict(MET), p99(BLIND)),
        Why.CANNOT_SEE,
        State.PENDING,
        moves=True,
        fields=(("statistic", Statistic.P99), ("worst", "p99: the figures say blind")),
    ),
    Row(
        "with `after: 0s` it fires at once",
        None,
        BOTH,
        Why.UNSEEN,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("severity", Severity.CRITICAL), ("fired", AT), ("over_for", A_MOMENT)),
        policy=AT_ONCE,
        detail=f"fires at once, as the alerts ask; {NOT_SEEN}",
    ),
    Row(
        "blind for a while waits",
        pending(over_for=TEN - 2 * POLL),
        BOTH,
        Why.CANNOT_SEE,
        State.PENDING,
        fields=(("over_for", TEN - POLL),),
    ),
    Row(
        "blind for long enough fires",
        pending(over_for=TEN - POLL),
        (verdict(MET), p99(BLIND)),
        Why.UNSEEN,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("fired", AT), ("over_for", TEN), ("worst", "p99: the figures say blind")),
        detail="for 10 min; p99: the figures say blind",
    ),
    Row(
        "not judged at all is not seen either",
        pending(over_for=TEN - POLL),
        (),
        Why.UNSEEN,
        State.FIRING,
        moves=True,
        notify=FIRING,
        fields=(("worst", NOT_SEEN),),
    ),
    *(
        Row(
            f"{one.value} is sight: it is dropped in silence",
            pending(over_for=TEN - POLL),
            (verdict(one), p99(MET)),
            Why.SEEN,
            State.DROPPED,
            moves=True,
            fields=(("ended", AT),),
            detail=f"p95: {verdict(one).detail}",
        )
        for one in (MET, OVER, UNDECIDED, IDLE)
    ),
    Row(
        "a limit that fires tells of lost sight itself: it is dropped",
        pending(over_for=TEN),
        BOTH,
        Why.LOST_SIGHT,
        State.DROPPED,
        moves=True,
        fields=(("ended", AT),),
        given=BREACH,
        detail="another incident of its budget tells of lost sight",
    ),
]


@pytest.mark.parametrize("row", [*QUIET, *WAITS], ids=lambda row: row.says)
def test_decision_table(row: Row) -> None:
    """Each row of the table gives its state, reason, move and notice."""
    hold(row)
