"""What a cycle makes of what people did."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from headroom.acting import acknowledging, ending, kept_test, letting_go, resending, silencing
from headroom.history import Action, Cycle
from headroom.history.actions import ACKNOWLEDGE, REPLAY, TEST, TESTED
from headroom.incidents import Incident, NoticeStatus, State, Why
from headroom.silences import Maintenance, Matcher, Silence
from monitor.people.standing import Asked, People, Replay
from tests.alerts_people.stage import Stage, firing, now

FIRING = firing()


def asked(stage: Stage, people: People, *incidents: Incident, at: datetime | None = None) -> Asked:
    """Apply what waits as a cycle does."""
    at = at or now()
    found = people.asked(stage.history.waiting_actions(), incidents, at)
    kept = tuple(one.incident for one in found.decisions if one.incident is not None)
    stage.history.record(Cycle(at=at, incidents=kept, applied=found.applied))
    people.committed(found)
    return found


def silence(stage: Stage, hours: int = 2) -> Silence:
    """Silence the budgets of the API."""
    matcher = Matcher(budgets=("api.*",))
    action, one = silencing(
        matcher, now(), now() + timedelta(hours=hours), person="Ada", comment="migration", now=now()
    )
    stage.history.act(action)
    return one


def test_an_acknowledgement_is_decided_and_applied_once(stage: Stage) -> None:
    """The incident carries the name, receivers are told, and nothing waits any more."""
    stage.record(FIRING)
    stage.history.act(acknowledging(FIRING, "Ada", "on it", now()))
    people = People(())

    found = asked(stage, people, FIRING)

    (decision,) = found.decisions
    assert decision.incident is not None
    assert (decision.incident.acknowledged, decision.incident.acknowledged_by) == (now(), "Ada")
    assert (decision.why, decision.notify) == (Why.ACKNOWLEDGED, NoticeStatus.ACKNOWLEDGED)
    assert decision.transition is not None
    assert decision.transition.detail == "acknowledged by Ada: on it"
    assert asked(stage, people, decision.incident).applied == ()


def test_what_two_people_do_at_once_is_done_in_order(stage: Stage) -> None:
    """Each decision begins where the one before it ended."""
    taken = replace(FIRING, acknowledged=now(), acknowledged_by="Ada")
    stage.record(taken)
    stage.history.act(letting_go(taken, "Ada", "", now()))
    stage.history.act(acknowledging(FIRING, "Bo", "", now()))

    found = asked(stage, People(()), taken)

    assert [one.why for one in found.decisions] == [Why.UNACKNOWLEDGED, Why.ACKNOWLEDGED]
    assert stage.history.open_incidents()[0].acknowledged_by == "Bo"


def test_what_comes_too_late_is_said_and_done_with(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """An incident that ended while the action waited is none to be acknowledged."""
    stage.history.act(acknowledging(FIRING, "Ada\x1b[2J".replace("\x1b", ""), "", now()))

    found = asked(stage, People(()))

    assert (found.applied, found.decisions) == ((1,), ())
    assert caplog.messages == [
        "Ada[2J acknowledged it, which is about incident aaaaaaaa11111111: it is not open (any more)"
    ]


def test_silences_hold_from_the_cycle_on_and_over_a_restart(stage: Stage) -> None:
    """Of the cycle that takes them up, too; a process that starts anew knows them."""
    one, people = silence(stage), People(())

    assert people.silences(now()) == ()
    assert asked(stage, people).silences == (one,)
    again = People(())
    again.load(stage.history, now())
    assert again.silences(now()) == (one,)
    assert again.silences(one.ends) == ()


def test_a_cycle_that_is_not_committed_changes_nothing(stage: Stage) -> None:
    """The actions wait on, and are taken up by the next."""
    one, people = silence(stage), People(())
    people.asked(stage.history.waiting_actions(), (), now())

    assert people.silences(now()) == ()
    assert asked(stage, people).silences == (one,)


def test_what_waited_when_the_process_died_is_applied_once_more(stage: Stage) -> None:
    """Taken up at the start and given again by the first cycle, a silence is still one."""
    one, people = silence(stage), People(())
    people.load(stage.history, now())

    assert asked(stage, people).silences == (one,)


def test_planned_work_is_quiet_until_somebody_ends_it(stage: Stage) -> None:
    """Of one time only: the next comes as planned."""
    begins = (now() - timedelta(minutes=30)).replace(tzinfo=None)
    planned = Maintenance("backup", Matcher(budgets=("db.*",)), begins, timedelta(hours=1), "FREQ=DAILY")
    people = People([planned])
    (one,) = people.silences(now())
    stage.history.act(ending(one, "Ada", now()))

    assert asked(stage, people).silences == ()
    assert len(people.silences(now() + timedelta(days=1))) == 1


def test_tests_and_replays_are_handed_on(stage: Stage) -> None:
    """Each once, the last test of a channel counts, and who asked is told."""
    stage.history.act(Action(now(), "Ada", TEST, {"channel": "chat"}))
    stage.history.act(kept_test("mail", "Ada", "it refused", now(), arrived=False))
    stage.history.act(kept_test("mail", "Bo", "250 OK", now(), arrived=True))
    stage.history.act(resending(None, "chat", "Bo", now()))
    stage.history.act(resending(None, "chat", "Bo", now()))

    found = asked(stage, People(()))

    assert found.tests == (("chat", "Ada"),)
    assert [(name, one.person, one.arrived) for name, one in found.tested] == [("mail", "Bo", True)]
    assert found.replays == (Replay("", "chat", "Bo"),)
    assert found.applied == (1, 2, 3, 4, 5)


def test_bodies_of_strangers_end_no_cycle(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever says not what it is for is left out with a sentence, and waits no longer."""
    for kind in (TEST, TESTED, REPLAY, ACKNOWLEDGE):
        stage.history.act(Action(now(), "Eve\x1b[2J", kind, {"what": "ever"}))
    caplog.set_level(logging.WARNING)

    found = asked(stage, People(()), FIRING)

    assert found == Asked(applied=(1, 2, 3, 4))
    assert caplog.messages == [
        "action 1 (test) says not what it is for, and is left out",
        "action 2 (tested) says not what it is for, and is left out",
        "action 3 (replay) says not what it is for, and is left out",
        (
            "Eve\N{REPLACEMENT CHARACTER}[2J acknowledged it, which is about incident none: "
            "it is not open (any more)"
        ),
    ]


def test_a_pending_incident_is_not_acknowledged(stage: Stage) -> None:
    """Nobody was told of it, so that nobody need be called off."""
    pending = replace(FIRING, state=State.PENDING, fired=None)
    stage.record(pending)
    stage.history.act(Action(now(), "Ada", ACKNOWLEDGE, {"incident": pending.id}))

    (decision,) = asked(stage, People(()), pending).decisions

    assert (decision.transition, decision.notify) == (None, None)
