"""The form of the decision table: what comes in, what is expected, and how a row of it is held to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from alerts.decide import Decision, Policy, decide
from headroom.budgets import Outcome, Severity, Verdict
from headroom.incidents import Incident, NoticeStatus, State, Transition, Why
from tests.alerts.examples import AT, incident

MET, OVER, UNDECIDED, IDLE, BLIND = Outcome
POLL = timedelta(seconds=15)
POLICY = Policy(pending_for=timedelta(seconds=30), recover_for=timedelta(seconds=45))
A_MOMENT = timedelta.resolution
FIRING, RESOLVED = NoticeStatus.FIRING, NoticeStatus.RESOLVED


def judged(
    *verdicts: Verdict, incident: Incident | None, policy: Policy = POLICY, **changes: Any
) -> Decision:
    """Decide with the usual clock and policy."""
    arguments: dict[str, Any] = {
        "at": AT,
        "elapsed": POLL,
        "budget_digest": "digest",
        "new_id": lambda: "new",
    }
    return decide(verdicts, incident, policy=policy, **{**arguments, **changes})


def pending(**changes: Any) -> Incident:
    """Return a pending incident."""
    return incident(State.PENDING, **changes)


def firing(**changes: Any) -> Incident:
    """Return a firing incident."""
    return incident(State.FIRING, **changes)


@dataclass(frozen=True)
class Row:
    """One row of the table: what comes in, and what is expected of each field of the decision.

    `given` are further arguments; `first` is the reason of the move where another is told; `also` those of
    further moves of the same moment; `detail` that of the last move, where it is what the row is about.
    """

    says: str
    incident: Incident | None
    verdicts: tuple[Verdict, ...]
    why: Why
    state: State | None
    moves: bool = False
    notify: NoticeStatus | None = None
    fields: tuple[tuple[str, Any], ...] = ()
    policy: Any = POLICY
    given: tuple[tuple[str, Any], ...] = ()
    first: Why | None = None
    also: tuple[Why, ...] = ()
    detail: str = ""


ZERO = timedelta(0)
NOW = Policy(pending_for=ZERO, recover_for=ZERO)
OPEN_TARGET: dict[str, Any] = {"limit": "target", "severity": Severity.WARNING}
"""What a firing incident of the CPU's target changes of the usual one."""


def hold(row: Row) -> None:
    """Decide as the row says and compare every field that it names."""
    given = dict(row.given)
    compare(judged(*row.verdicts, incident=row.incident, policy=row.policy, **given), row)


def compare(decision: Decision, row: Row) -> None:
    """Compare a decision with every field that the row names."""
    after = decision.incident
    assert (decision.why, after and after.state, decision.notify) == (row.why, row.state, row.notify)
    assert {name: getattr(after, name) for name, _ in row.fields} == dict(row.fields)
    if row.moves:
        assert after is not None
        assert decision.transition is not None
        before = row.incident.state if row.incident else None
        first = row.first or row.why
        assert decision.transition == Transition(
            after.id, AT, before, after.state, first, decision.transition.detail, after.severity
        )
        assert decision.transition.detail
    else:
        assert decision.transition is None
    assert tuple(one.why for one in decision.also) == row.also
    assert all(one.before is one.after is State.FIRING and one.detail for one in decision.also)
    if row.detail:
        assert decision.transitions[-1].detail == row.detail
