"""Notices leave in order, at least once, and none that nobody needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from headroom.delivery import Settled
from headroom.history import Cycle, DeliveryState, History, HistoryError, open_history
from headroom.incidents import Notice, NoticeStatus
from tests.history import build

LEASE = timedelta(seconds=30)
SECOND = timedelta(seconds=1)
RESOLVED = NoticeStatus.RESOLVED


def queue(history: History, *notices: Notice) -> None:
    """Record a cycle that makes these notices, and their incidents."""
    incidents = {one.incident: build.incident(one.incident) for one in notices}
    history.record(Cycle(build.START, incidents=tuple(incidents.values()), notices=notices))


def due(history: History, seconds: int = 0, limit: int = 50) -> list[str]:
    """Return the keys of what is due so long after the start."""
    return [one.key for one in history.due_notices(build.START + seconds * SECOND, lease=LEASE, limit=limit)]


def claimed(history: History) -> Notice:
    """Return the one notice that is due at the start."""
    (one,) = history.due_notices(build.START, lease=LEASE)
    return one


def number(notice: Notice) -> int:
    """Return the id of a notice that the outbox has."""
    assert notice.id is not None
    return notice.id


def delivered(history: History, one: int, seconds: int = 0, response: str = "accepted") -> None:
    """Note that a notice arrived so long after the start."""
    history.settle([Settled(one, sent=True, response=response)], build.START + seconds * SECOND)


def put_back(history: History, one: int, seconds: int) -> None:
    """Let a notice wait until so long after the start."""
    again = build.START + seconds * SECOND
    history.settle([Settled(one, again=again, error="status 503")], build.START)


def test_a_notice_comes_back_as_it_was(history: History) -> None:
    """With its id, and counting the attempt that begins."""
    made = build.notice()
    queue(history, made)

    found = claimed(history)

    assert found == replace(made, id=found.id, attempts=1)


def test_only_the_oldest_of_an_incident_and_channel_is_due(history: History) -> None:
    """A late firing after its resolved would open a closed incident; others do not wait for it."""
    queue(
        history,
        build.notice("a", number=0),
        build.notice("a", number=1),
        build.notice("a", channel="mail", number=2),
        build.notice("b", number=3),
    )

    assert due(history, seconds=60) == ["a-firing-0", "a-firing-2", "b-firing-3"]
    assert due(history, seconds=60) == []


def test_the_next_waits_for_the_one_before(history: History) -> None:
    """Not while it is under way, nor between its attempts, but when it was delivered or given up."""
    queue(history, build.notice("a", number=0), build.notice("a", number=1))
    first = claimed(history)
    assert due(history, seconds=1) == []

    put_back(history, number(first), 10)
    assert due(history, seconds=9) == []
    assert due(history, seconds=10) == ["a-firing-0"]

    delivered(history, number(first), 11)
    assert due(history, seconds=11) == ["a-firing-1"]


def test_a_given_up_notice_lets_the_next_go(history: History) -> None:
    """A receiver that refuses one message for ever still gets the others."""
    queue(history, build.notice("a", number=0), build.notice("a", number=1))
    history.settle([Settled(number(claimed(history)), error="status 410")], build.START)

    assert due(history, seconds=60) == ["a-firing-1"]
    given_up = history.deliveries()[1]
    assert (given_up.state, given_up.sent, given_up.error) == (DeliveryState.GAVE_UP, None, "status 410")


def test_a_lease_that_ran_out_is_due_again(history: History) -> None:
    """An attempt that never said how it ended is repeated, and counted."""
    queue(history, build.notice())
    assert due(history) == ["i1-firing-0"]
    assert due(history, seconds=29) == []

    (again,) = history.due_notices(build.START + LEASE, lease=LEASE)

    assert again.attempts == 2


def test_a_restart_ends_the_leases(history: History, path: Path) -> None:
    """Who collects now knows that whoever held them is gone, and does not wait."""
    queue(history, build.notice())
    assert due(history) == ["i1-firing-0"]
    history.close()

    with open_history(str(path), collecting=True) as restarted:
        assert due(restarted, seconds=1) == ["i1-firing-0"]


def test_a_clock_that_was_set_back_delays_nothing(history: History) -> None:
    """What was made or tried at a moment that is still to come is due now."""
    queue(history, build.notice())
    assert due(history, seconds=-3600) == ["i1-firing-0"]
    assert due(history, seconds=-3599) == []

    put_back(history, 1, 300)
    assert due(history, seconds=-3500) == []
    assert due(history, seconds=-7200) == ["i1-firing-0"]


def test_a_clock_that_steps_back_wakes_nobody_before_the_hour(history: History) -> None:
    """What was made for a later hour is not due because it seems to be made in the future."""
    queue(history, replace(build.notice(), next_at=build.START + 3600 * SECOND))

    assert due(history, seconds=-2) == []
    assert history.awaited(build.START - 2 * SECOND) == {"webhook": build.START + 3600 * SECOND}
    assert due(history, seconds=3600) == ["i1-firing-0"]


def test_what_became_urgent_is_due_whatever_the_clock_does(history: History) -> None:
    """A warning for the morning goes with the page behind it, also after the clock was set back."""
    queue(history, replace(build.notice(number=0), next_at=build.START + 3600 * SECOND))
    queue(history, build.notice(number=40))

    assert due(history, seconds=-60) == ["i1-firing-0"]


def test_notices_are_not_due_before_their_time(history: History) -> None:
    """A notice may be made for later."""
    queue(history, replace(build.notice(), next_at=build.START + 60 * SECOND))

    assert due(history, seconds=59) == []
    assert due(history, seconds=60) == ["i1-firing-0"]


def test_a_limit_takes_the_oldest(history: History) -> None:
    """The rest is due in the next round."""
    queue(history, *(build.notice(name) for name in "abc"))

    assert due(history, limit=2) == ["a-firing-0", "b-firing-0"]
    assert due(history, limit=2) == ["c-firing-0"]


def test_an_end_that_nobody_heard_the_beginning_of_is_not_sent(history: History) -> None:
    """Firing notices that were never tried are superseded by their resolved one, which is too."""
    queue(history, build.notice(number=0), build.notice(number=1))
    queue(history, build.notice(status=RESOLVED, number=2))

    assert due(history, seconds=60) == []
    assert {one.state for one in history.deliveries()} == {DeliveryState.SUPERSEDED}
    assert {one.ended for one in history.deliveries()} == {build.moment(2)}
    assert history.outbox_depth() == 0


def test_an_end_is_sent_where_the_beginning_may_have_arrived(history: History) -> None:
    """After one attempt, even a failed one, the receiver is told of the end, and of nothing between."""
    queue(history, build.notice(number=0))
    tried = claimed(history)
    queue(history, build.notice(number=1), build.notice(status=RESOLVED, number=2))

    assert [one.key for one in history.undelivered("i1", "webhook")] == ["i1-firing-0", "i1-resolved-2"]
    delivered(history, number(tried))
    assert due(history, seconds=60) == ["i1-resolved-2"]


def test_superseding_is_per_incident_and_channel(history: History) -> None:
    """Neither another channel nor another incident is touched."""
    queue(history, build.notice("a"), build.notice("a", channel="mail"), build.notice("b"))
    queue(history, build.notice("a", RESOLVED, number=1))

    assert due(history, seconds=60) == ["a-firing-0", "b-firing-0"]
    assert history.undelivered("a", "webhook") == []


def test_an_end_without_any_beginning_is_sent(history: History) -> None:
    """Where the beginning went through a channel that is gone, somebody is told at least of the end."""
    queue(history, build.notice(status=RESOLVED))

    assert due(history) == ["i1-resolved-0"]


def test_what_left_the_queue_stays_as_it_left(history: History) -> None:
    """A second sender whose lease ran out cannot bring a delivered notice back."""
    queue(history, build.notice())
    one = number(claimed(history))

    delivered(history, one, response="x" * 2000)
    put_back(history, one, 0)
    history.settle([Settled(one, error="too late")], build.START)
    history.settle([Settled(one, copy=build.notice(channel="mail"), error="too late")], build.START)
    delivered(history, one, 1, response="twice")

    (delivery,) = history.deliveries()
    assert (delivery.sent, delivery.error, delivery.response) == (build.START, "", "x" * 1000)
    assert (history.outbox_depth(), due(history, seconds=3600)) == (0, [])


def test_a_notice_needs_its_incident(history: History) -> None:
    """A notice that no incident explains is refused with its whole cycle."""
    with pytest.raises(
        HistoryError, match="refused rows that do not fit together: FOREIGN KEY constraint failed"
    ):
        history.record(Cycle(build.START, notices=(build.notice("nobody"),)))
    assert history.outbox_depth() == 0
