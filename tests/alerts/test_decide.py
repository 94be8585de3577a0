"""What decisions say and keep, beside the table of what they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.decide import Decision, close, wording_digest
from headroom.budgets import Severity, Statistic
from headroom.incidents import Incident, NoticeStatus, State, Transition, Why
from tests.alerts.examples import AT, LOGIN, incident, resource, verdict
from tests.alerts.table import (
    A_MOMENT,
    MET,
    NOW,
    OPEN_TARGET,
    OVER,
    POLL,
    RESOLVED,
    ZERO,
    firing,
    judged,
    pending,
)


def test_a_move_says_why_in_figures() -> None:
    """The transition carries the time held and the sentence of the verdict."""
    decision = judged(verdict(OVER), incident=pending(over_for=POLL))

    assert decision.transition is not None
    assert decision.transition.detail == (
        "over for 30 s; 35 of 412 took longer than 200 ms (8.5 %), 5 % allowed; "
        "the rate behind it is at least 5.4 % at 99 % confidence"
    )


def test_firing_at_once_says_that_it_was_asked_for() -> None:
    """One move stands for both opening and firing, and says so."""
    decision = judged(verdict(OVER, detail="91 %"), incident=None, policy=NOW)

    assert decision.transition == Transition(
        "new", AT, None, State.FIRING, Why.HELD, "fires at once, as the budget asks; 91 %", Severity.CRITICAL
    )


def test_a_clock_that_runs_backwards_takes_no_time_away() -> None:
    """A negative span from a faulty caller counts as none."""
    decision = judged(verdict(OVER), incident=pending(over_for=POLL), elapsed=timedelta(hours=-1))

    assert decision.why is Why.WAITING
    assert decision.incident is not None
    assert decision.incident.over_for == POLL + A_MOMENT


def test_nor_does_it_bring_a_reminder_nearer() -> None:
    """The clocks of what was told go by the same time."""
    told = firing(told_ago=POLL, unanswered_for=POLL)

    after = judged(verdict(OVER), incident=told, elapsed=timedelta(hours=-1)).incident

    assert after is not None
    assert (after.told_ago, after.unanswered_for) == (POLL + A_MOMENT, POLL + A_MOMENT)


@pytest.mark.parametrize("before", [None, pending(), firing(), firing(source="metrics")])
def test_an_incident_names_its_source(before: Incident | None) -> None:
    """Also one that an older version opened, which did not keep it."""
    after = judged(verdict(OVER), incident=before, source="metrics").incident

    assert after is not None
    assert after.source == "metrics"


def test_where_no_source_is_given_the_known_one_stays() -> None:
    """A caller that does not say takes nothing away."""
    after = judged(verdict(OVER), incident=firing(source="metrics")).incident

    assert after is not None
    assert after.source == "metrics"


def test_moves_say_the_severity_after_them() -> None:
    """Receivers that know an alert by its severity read from the record which one to end."""
    worse = judged(resource("target", OVER), resource("alert", OVER), incident=firing(**OPEN_TARGET))
    dropped = judged(resource("target", MET), incident=pending(**OPEN_TARGET))

    assert worse.transition is not None
    assert worse.transition.severity is Severity.CRITICAL
    assert dropped.transition is not None
    assert dropped.transition.severity is Severity.WARNING


def test_what_has_ended_does_not_end_again() -> None:
    """Closing it once more changes, records and tells nothing."""
    ended = incident(State.RESOLVED, ended=AT)

    assert close(ended, at=AT + POLL) == Decision(ended, None, Why.QUIET)


def test_an_ended_incident_is_not_continued() -> None:
    """Over after a resolved incident opens one with a new identity."""
    ended = incident(State.RESOLVED, ended=AT)

    decision = judged(verdict(OVER), incident=ended)

    assert decision.incident is not None
    assert (decision.incident.id, decision.incident.state, decision.why) == ("new", State.PENDING, Why.OVER)


@pytest.mark.parametrize(
    ("before", "state", "notify"),
    [(firing(blind=True), State.RESOLVED, RESOLVED), (pending(), State.DROPPED, None)],
    ids=["fired", "never fired"],
)
@pytest.mark.parametrize(
    "ending",
    [
        lambda incident: close(incident, at=AT),
        lambda incident: judged(verdict(OVER), incident=incident, budget_digest="x"),
    ],
    ids=["removed", "changed"],
)
def test_another_budget_ends_the_incident(
    ending: Callable[[Incident], Decision], before: Incident, state: State, notify: NoticeStatus | None
) -> None:
    """A changed or removed budget ends its incidents, and those that fired are told so."""
    why = Why.BUDGET_CHANGED
    assert ending(before) == Decision(
        replace(before, state=state, ended=AT),
        Transition(before.id, AT, before.state, state, why, "the budget was changed or removed"),
        why,
        notify,
    )


def test_the_wording_that_matters_is_the_promise() -> None:
    """Another threshold is another promise; another owner, runbook or `for` is not."""
    p95 = Statistic.P95
    before = wording_digest(LOGIN, p95)
    tighter = replace(LOGIN, limits=(replace(LOGIN.limits[0], threshold=0.1),))
    other_row = replace(
        LOGIN, limits=(*LOGIN.limits, replace(LOGIN.limits[0], name="p99", statistic=Statistic.P99))
    )

    assert wording_digest(tighter, p95) != before
    assert wording_digest(replace(LOGIN, window=timedelta(minutes=1)), p95) != before
    assert wording_digest(other_row, p95) == before
    assert wording_digest(replace(LOGIN, owner="else", runbook="else", pending_for=ZERO), p95) == before


def test_the_worst_value_is_kept() -> None:
    """The text of the furthest value stays while others come and go, and gives way to a worse one."""
    first = judged(verdict(OVER), incident=None).incident
    assert first is not None
    milder = judged(verdict(OVER, slow=(30, 35), detail="milder"), incident=first).incident
    assert milder is not None
    worse = judged(verdict(OVER, slow=(103, 110), detail="worse"), incident=milder).incident
    assert worse is not None

    assert first.worst == (
        "1.7 times the slow requests allowed at 14:02:10 UTC: "
        "35 of 412 took longer than 200 ms (8.5 %), 5 % allowed; "
        "the rate behind it is at least 5.4 % at 99 % confidence"
    )
    assert milder.worst == first.worst
    assert worse.worst == "5 times the slow requests allowed at 14:02:10 UTC: worse"
