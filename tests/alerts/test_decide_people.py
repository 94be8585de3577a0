"""What people do to incidents by hand, and what becomes of that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.decide import Decision, acknowledge, unacknowledge
from headroom.incidents import Incident, NoticeStatus, State, Transition, Why
from tests.alerts.examples import AT, incident, resource, verdict
from tests.alerts.table import BLIND, FIRING, MET, OPEN_TARGET, OVER, POLL, ZERO, firing, judged, pending

HOUR = timedelta(hours=1)
LATER = AT + timedelta(minutes=3)
TAKEN = {"acknowledged": AT, "acknowledged_by": "Ada"}


def test_acknowledging_is_kept_recorded_and_told() -> None:
    """The incident says who and since when, and receivers hear of it."""
    before = firing(unanswered_for=HOUR, step=1, told_ago=HOUR)

    assert acknowledge(before, person="Ada", at=LATER, note="rolling back") == Decision(
        replace(before, acknowledged=LATER, acknowledged_by="Ada"),
        Transition(
            before.id,
            LATER,
            State.FIRING,
            State.FIRING,
            Why.ACKNOWLEDGED,
            "acknowledged by Ada: rolling back",
            before.severity,
        ),
        Why.ACKNOWLEDGED,
        NoticeStatus.ACKNOWLEDGED,
    )


@pytest.mark.parametrize("changes", [{"blind": True}, {"flapping": True}, {"untold": True}])
def test_whatever_fires_can_be_acknowledged(changes: dict[str, bool]) -> None:
    """Blind or flapping, it is somebody's who takes it."""
    assert acknowledge(firing(**changes), person="Ada", at=AT).notify is NoticeStatus.ACKNOWLEDGED


def test_while_it_is_silenced_acknowledging_is_recorded_and_told_to_nobody() -> None:
    """Nothing but its end is told of a silenced incident."""
    decision = acknowledge(firing(silenced="s1"), person="Ada", at=AT)

    assert decision.notify is None
    assert decision.transition is not None
    assert decision.transition.detail == "acknowledged by Ada"
    assert decision.incident is not None
    assert decision.incident.acknowledged_by == "Ada"


@pytest.mark.parametrize("by_hand", [acknowledge, unacknowledge])
@pytest.mark.parametrize(
    ("before", "why"),
    [
        (pending(), Why.WAITING),
        (incident(State.RESOLVED, ended=AT), Why.QUIET),
        (incident(State.DROPPED, ended=AT), Why.QUIET),
        (incident(State.RESOLVED, ended=AT, **TAKEN), Why.QUIET),
    ],
    ids=["pending", "resolved", "dropped", "resolved and taken"],
)
def test_what_does_not_fire_is_left_alone(
    by_hand: Callable[..., Decision], before: Incident, why: Why
) -> None:
    """Nobody can take care in advance of what may fire, nor of what has ended."""
    assert by_hand(before, person="Ada", at=AT) == Decision(before, None, why)


def test_the_first_who_acknowledges_keeps_it() -> None:
    """A second one, also by the same person, changes and tells nothing."""
    taken = firing(**TAKEN)

    assert acknowledge(taken, person="Bob", at=LATER) == Decision(taken, None, Why.ACKNOWLEDGED)
    assert acknowledge(taken, person="Ada", at=LATER) == Decision(taken, None, Why.ACKNOWLEDGED)


def test_letting_go_begins_the_escalation_anew() -> None:
    """Who is called next is called as if nobody had answered yet, and those who leant back are told."""
    taken = firing(unanswered_for=HOUR, step=2, told_ago=HOUR, **TAKEN)

    assert unacknowledge(taken, person="Bob", at=LATER, note="shift is over") == Decision(
        replace(taken, acknowledged=None, acknowledged_by="", unanswered_for=ZERO, step=0, told_ago=ZERO),
        Transition(
            taken.id,
            LATER,
            State.FIRING,
            State.FIRING,
            Why.UNACKNOWLEDGED,
            "let go by Bob: shift is over",
            taken.severity,
        ),
        Why.UNACKNOWLEDGED,
        NoticeStatus.FIRING,
    )


def test_letting_go_of_what_is_silenced_is_told_to_nobody() -> None:
    """A silence keeps all but the end quiet."""
    taken = firing(silenced="s1", told_ago=HOUR, **TAKEN)

    decision = unacknowledge(taken, person="Bob", at=LATER)

    assert (decision.notify, decision.incident and decision.incident.told_ago) == (None, HOUR)


def test_what_nobody_had_cannot_be_let_go() -> None:
    """It stays as it is, with its escalation."""
    before = firing(unanswered_for=HOUR, step=1)

    assert unacknowledge(before, person="Bob", at=AT) == Decision(before, None, Why.UNACKNOWLEDGED)


def test_long_words_of_people_are_cut() -> None:
    """A pasted log does not fill the record."""
    decision = acknowledge(firing(), person="p" * 5_000, at=AT, note="n" * 5_000)

    assert decision.incident is not None
    assert decision.incident.acknowledged_by == "p" * 100
    assert decision.transition is not None
    assert decision.transition.detail == f"acknowledged by {'p' * 100}: {'n' * 500}"


@pytest.mark.parametrize(
    "verdicts",
    [(verdict(OVER),), (verdict(MET),), (verdict(BLIND),), ()],
    ids=["over", "met", "blind", "not judged"],
)
def test_an_acknowledgement_lasts_as_long_as_nothing_gets_worse(verdicts: tuple[Any, ...]) -> None:
    """Neither recovering nor lost sight takes it away."""
    after = judged(*verdicts, incident=firing(**TAKEN)).incident

    assert after is not None
    assert (after.acknowledged, after.acknowledged_by) == (AT, "Ada")


def test_a_fall_of_severity_keeps_the_acknowledgement_and_a_rise_ends_it() -> None:
    """What got worse is another alarm, which nobody has answered yet."""
    target, alert = resource("target", OVER), resource("alert", OVER)
    better = judged(target, resource("alert", MET), incident=firing(limit="alert", **TAKEN))
    worse = judged(target, alert, incident=firing(**TAKEN, **OPEN_TARGET))

    assert (better.why, better.notify) == (Why.BETTER, None)
    assert better.incident is not None
    assert better.incident.acknowledged_by == "Ada"
    assert (worse.why, worse.notify) == (Why.WORSE, FIRING)
    assert worse.incident is not None
    assert (worse.incident.acknowledged, worse.incident.acknowledged_by) == (None, "")
    assert worse.incident.unanswered_for == POLL
