"""Tests of what an incident's moves make of it at Alertmanager: a table, without a server."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from alerts.alertmanager.alert import Alert, alerts
from alerts.alertmanager.labels import Labels, of_incident
from alerts.alertmanager.stretches import Stretch, by_routes, heard, stretches
from headroom.budgets import Severity
from headroom.incidents import Incident, State, Transition, Why
from headroom.routing import Hours, Route
from tests.alerts.examples import AT
from tests.alerts_alertmanager.pushing import firing

WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL


def minute(number: float) -> datetime:
    """Return a moment after the beginning."""
    return AT + timedelta(minutes=number)


def move(number: float, why: Why, severity: Severity = CRITICAL, after: State = State.FIRING) -> Transition:
    """Return a move."""
    return Transition("one", minute(number), State.FIRING, after, why, "", severity)


FIRED = move(0, Why.HELD)
ENDED = move(9, Why.RECOVERED, after=State.RESOLVED)
OVER = Stretch(CRITICAL, minute(0))
TABLE: dict[str, tuple[Incident, list[Transition], list[Stretch]]] = {
    "it is pending": (replace(firing(), state=State.PENDING, fired=None), [], []),
    "it fires": (firing(at=AT), [FIRED], [OVER]),
    "sight is lost and comes back": (
        firing(at=AT),
        [FIRED, move(1, Why.LOST_SIGHT), move(2, Why.SAW_AGAIN)],
        [OVER],
    ),
    "it ends": (
        firing(at=AT, state=State.RESOLVED, ended=minute(9)),
        [FIRED, ENDED],
        [Stretch(CRITICAL, minute(0), minute(9))],
    ),
    "it grows worse": (
        firing(at=AT),
        [move(0, Why.HELD, WARNING), move(3, Why.WORSE)],
        [Stretch(WARNING, minute(0), minute(3)), Stretch(CRITICAL, minute(3))],
    ),
    "it is silenced before anybody heard": (
        firing(at=AT, silenced="night", untold=True),
        [FIRED, move(0, Why.SILENCED)],
        [],
    ),
    "that silence ends": (
        firing(at=AT),
        [FIRED, move(0, Why.SILENCED), move(5, Why.UNSILENCED)],
        [Stretch(CRITICAL, minute(5))],
    ),
    "it fires in a silence, which ends": (
        firing(at=AT),
        [move(0, Why.SILENCED, after=State.PENDING), move(1, Why.HELD), move(5, Why.UNSILENCED)],
        [Stretch(CRITICAL, minute(5))],
    ),
    "it is silenced while it fires": (
        firing(at=AT, silenced="night"),
        [FIRED, move(2, Why.SILENCED)],
        [OVER],
    ),
    "it grows worse in a silence": (
        firing(at=AT, silenced="night"),
        [move(0, Why.HELD, WARNING), move(2, Why.SILENCED, WARNING), move(3, Why.WORSE)],
        [Stretch(WARNING, minute(0))],
    ),
    "it grows worse in the moment in which it is silenced": (
        firing(at=AT, silenced="night"),
        [move(0, Why.HELD, WARNING), move(3, Why.WORSE), move(3, Why.SILENCED)],
        [Stretch(WARNING, minute(0))],
    ),
    "it grew worse in a silence that is over": (
        firing(at=AT),
        [
            move(0, Why.HELD, WARNING),
            move(2, Why.SILENCED, WARNING),
            move(3, Why.WORSE),
            move(4, Why.UNSILENCED),
        ],
        [Stretch(WARNING, minute(0), minute(4)), Stretch(CRITICAL, minute(4))],
    ),
    "it ends in a silence": (
        firing(at=AT, silenced="night", state=State.RESOLVED, ended=minute(9)),
        [FIRED, move(2, Why.SILENCED), ENDED],
        [Stretch(CRITICAL, minute(0), minute(9))],
    ),
    "the clock was set back before it ended": (
        firing(at=AT, state=State.RESOLVED, ended=minute(-60)),
        [FIRED, move(-60, Why.RECOVERED, after=State.RESOLVED)],
        [Stretch(CRITICAL, minute(0), minute(0))],
    ),
    "its old moves do not tell their severity": (
        firing(at=AT, severity=WARNING),
        [FIRED],
        [Stretch(WARNING, minute(0))],
    ),
    "its moves are not there": (firing(at=AT), [], [OVER]),
}


@pytest.mark.parametrize("case", TABLE)
def test_stretches(case: str) -> None:
    """From when to when which severity fires is what the moves say."""
    incident, moves, expected = TABLE[case]
    assert list(stretches(incident, moves)) == expected


def test_route_that_opens_later() -> None:
    """A channel hears from when its route is open, and then to the end, whatever the severity becomes."""
    nine = Hours(frozenset(range(7)), minute(60).time(), minute(120).time())
    opens = by_routes([Route(("cluster",), frozenset({CRITICAL}), hours=nine)], lambda _: "")
    one = firing(at=AT)

    def hears(found: list[Stretch], at: datetime) -> tuple[Stretch, ...]:
        return heard(found, lambda severity, begins: opens("cluster", one, severity, begins), at)

    ended = replace(OVER, ends=minute(70))
    after = Stretch(WARNING, minute(70))
    assert hears([OVER], minute(59)) == ()
    assert hears([OVER], minute(60)) == (OVER,)
    assert hears([OVER], minute(600)) == (OVER,)
    always = [Stretch(CRITICAL, minute(65))]
    assert hears(always, minute(0)) == tuple(always)  # our clock was set back
    assert heard([OVER], lambda *_: minute(60), minute(30), already=True) == (OVER,)
    assert hears([ended, after], minute(71)) == (ended, after)
    assert hears([replace(OVER, ends=minute(59)), replace(after, begins=minute(59))], minute(71)) == ()
    assert opens("pager", one, CRITICAL, AT) is None


def test_firing_beats_ended() -> None:
    """Of the same labels, what fires stands, in whatever order they come."""
    old, new = firing("old", at=AT, state=State.RESOLVED, ended=minute(5)), firing("new", at=minute(6))
    pairs = [(old, (Stretch(CRITICAL, AT, minute(5)),)), (new, (Stretch(CRITICAL, minute(6)),))]

    def told(order: int) -> dict[Labels, Alert]:
        return alerts(pairs[::order], lambda _: {}, installation="", now=minute(7))

    assert [one.incident for one in told(1).values()] == ["new"]
    assert [one.incident for one in told(-1).values()] == ["new"]


def test_labels_cannot_collide() -> None:
    """A subject cannot pass for a label of ours, and no two subjects become one."""
    subjects = [
        (("severity", "none"),),
        (("subject_severity", "none"),),
        (("a.b", "x"),),
        (("a_b", "x"),),
        (("a_b", "x" * 300),),
        (("a_b", "x" * 301),),
        (("a_b", "x\u202e"),),
        (("a_b", "x\ud800"),),
        tuple((f"label_{number}", "x") for number in range(21)),
        tuple((f"label_{number}", "x") for number in range(22)),
    ]
    labels = [of_incident(firing(subject=subject), CRITICAL, "") for subject in subjects]
    assert len(set(labels)) == len(subjects)
    assert {dict(each)["severity"] for each in labels} == {"critical"}
    assert max(len(each) for each in labels) == 26
    assert all(name.isidentifier() and value.isprintable() for each in labels for name, value in each)


def test_times_by_the_members_clock() -> None:
    """An alert never ends before it starts, and its end never lies in the member's future."""
    fires = Alert((("alertname", "x"),), starts=minute(10), link="http://h/%zz")
    ttl = timedelta(minutes=5)
    assert fires.as_json(minute(0), ttl) == (
        '{"labels":{"alertname":"x"},"annotations":{},'
        '"startsAt":"2026-08-03T14:02:10.000Z","endsAt":"2026-08-03T14:07:10.000Z"}'
    )
    ended = replace(fires, starts=minute(1), ends=minute(8))
    assert '"startsAt":"2026-08-03T14:02:10.000Z","endsAt":"2026-08-03T14:02:10.000Z"' in ended.as_json(
        AT, ttl
    )
    assert '"endsAt":"2026-08-03T14:10:10.000Z"' in ended.as_json(minute(9), ttl)


@pytest.mark.parametrize(
    ("first", "then", "moved"),
    [(WARNING, CRITICAL, "rose to critical"), (CRITICAL, WARNING, "fell to warning")],
)
def test_what_goes_on_at_another_severity_says_so(first: Severity, then: Severity, moved: str) -> None:
    """The end of the old severity is no recovery, and has no word of the new one's figures."""
    told = [Stretch(first, minute(0), minute(3)), Stretch(then, minute(3))]
    words = {"summary": "[OVER] now", "description": "now", "value": "9", "runbook": "r"}

    found = alerts([(firing(severity=then), told)], lambda _: words, installation="", now=minute(4))

    said = {dict(alert.labels)["severity"]: dict(alert.annotations) for alert in found.values()}
    assert said[then.value] == words
    assert said[first.value] == {
        "summary": f"api.login p95: its severity {moved}; it goes on there",
        "description": f"api.login p95 did not recover: its severity {moved} at 2026-08-03 14:05:10 UTC, "
        "and its alert of that severity tells of it.",
        "runbook": "r",
    }
