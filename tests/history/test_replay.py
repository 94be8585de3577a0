"""Messages that did not arrive are sent again when a person asks for it, and none that would lie."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from headroom.delivery import Settled
from headroom.history import Cycle, DeliveryState, History
from headroom.incidents import Notice, NoticeStatus
from tests.history import build

FIRING, RESOLVED = NoticeStatus.FIRING, NoticeStatus.RESOLVED
AGAIN = build.moment(50)


def lost(history: History, *notices: Notice, over: bool = False, to: str = "") -> None:
    """Queue notices and let none of them arrive."""
    ended = build.moment(9) if over else None
    incidents = {one.incident: replace(build.incident(one.incident), ended=ended) for one in notices}
    history.record(Cycle(build.START, incidents=tuple(incidents.values()), notices=notices))
    numbers = [one.notice.id or 0 for one in history.deliveries(len(notices))]
    history.due_notices(build.moment(8), lease=timedelta(minutes=1))
    history.settle([Settled(one, error="status 404", to=to) for one in numbers], build.moment(9))


def due(history: History) -> list[str]:
    """Return the keys of what is due, one after another."""
    found = []
    while claimed := history.due_notices(AGAIN, lease=timedelta(minutes=1)):
        found += [one.key for one in claimed]
        history.settle([Settled(one.id or 0, sent=True) for one in claimed], AGAIN)
    return found


def test_what_was_given_up_or_told_elsewhere_goes_again(history: History) -> None:
    """In its order, and as if it had never been tried."""
    lost(history, build.notice("a", number=0), build.notice("a", number=1))
    lost(history, build.notice("b", number=2), to="mail")

    assert history.replay("", "", AGAIN) == 3
    assert [one.notice.attempts for one in history.deliveries()] == [0, 0, 0]
    assert due(history) == ["a-firing-0", "b-firing-2", "a-firing-1"]
    assert history.replay("", "", AGAIN) == 0


def test_only_what_was_asked_for_goes_again(history: History) -> None:
    """Of one incident and one channel."""
    lost(history, build.notice("a", number=0), build.notice("a", number=1, channel="mail"))
    lost(history, build.notice("b", number=2))

    assert history.replay("a", "mail", AGAIN) == 1
    assert history.replay("b", "", AGAIN) == 1
    assert history.delivery_counts() == {
        ("webhook", DeliveryState.GAVE_UP): 1,
        ("mail", DeliveryState.WAITING): 1,
        ("webhook", DeliveryState.WAITING): 1,
    }


def test_the_beginning_of_what_is_over_goes_only_with_its_end(history: History) -> None:
    """A receiver that is told that it fires, and never that it ended, would show it for ever."""
    lost(history, build.notice("a", number=0), over=True)

    assert history.replay("a", "", AGAIN) == 0


def test_beginning_and_end_go_together(history: History) -> None:
    """Both did not arrive: both are told, late."""
    lost(history, build.notice("a", number=0))
    lost(history, build.notice("a", RESOLVED, number=1), over=True)

    assert history.replay("a", "webhook", AGAIN) == 2
    assert due(history) == ["a-firing-0", "a-resolved-1"]
