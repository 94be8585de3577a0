"""What nobody needs any more is not sent, and what is urgent waits for nothing before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from headroom.delivery import Settled
from headroom.history import Cycle, DeliveryState, History
from headroom.incidents import NoticeStatus
from tests.history import build

LATER = timedelta(hours=9)
FIRING, RESOLVED, REMINDER, LOST, ACKNOWLEDGED, ESCALATED = (
    NoticeStatus.FIRING,
    NoticeStatus.RESOLVED,
    NoticeStatus.REMINDER,
    NoticeStatus.LOST_SIGHT,
    NoticeStatus.ACKNOWLEDGED,
    NoticeStatus.ESCALATED,
)


def queue(history: History, *statuses: NoticeStatus, begin: int = 0, later: bool = False) -> None:
    """Record a notice of each status of one incident, numbered from `begin`."""
    made = [build.notice("a", status, number=number) for number, status in enumerate(statuses, begin)]
    if later:
        made = [replace(one, next_at=one.next_at + LATER) for one in made]
    history.record(Cycle(build.START, incidents=(build.incident("a"),), notices=tuple(made)))


def sent(history: History) -> None:
    """Deliver the first one."""
    (first,) = history.due_notices(build.moment(9), lease=timedelta(minutes=1))
    assert first.id is not None
    history.settle([Settled(first.id, sent=True)], build.moment(9))


def waiting(history: History) -> list[NoticeStatus]:
    """Return what still waits."""
    return [one.status for one in history.undelivered("a", "webhook")]


@pytest.mark.parametrize("alarm", [FIRING, ESCALATED, REMINDER, NoticeStatus.FLAPPING])
def test_of_an_alarm_that_never_went_the_end_is_not_told(history: History, alarm: NoticeStatus) -> None:
    """Whatever kind of alarm it was, and whatever waits behind it."""
    queue(history, alarm, LOST, ACKNOWLEDGED, RESOLVED)

    assert waiting(history) == []
    assert history.delivery_counts() == {("webhook", DeliveryState.SUPERSEDED): 4}


def test_what_waits_for_its_hours_and_ends_before_is_not_told(history: History) -> None:
    """Nobody is told in the morning of what was over in the night."""
    queue(history, FIRING, later=True)
    queue(history, RESOLVED, begin=1)

    assert waiting(history) == []


def test_the_end_replaces_what_only_fills_the_time(history: History) -> None:
    """A reminder and a lost sight that still wait say nothing that the end does not say."""
    queue(history, FIRING)
    sent(history)
    queue(history, LOST, REMINDER, RESOLVED, begin=1)

    assert waiting(history) == [RESOLVED]


def test_what_is_being_sent_stays_as_it_is(history: History) -> None:
    """A reminder under way arrives; the end comes after it."""
    queue(history, FIRING)
    sent(history)
    queue(history, REMINDER, begin=1)
    assert len(history.due_notices(build.moment(10), lease=timedelta(minutes=1))) == 1
    queue(history, RESOLVED, begin=2)

    assert waiting(history) == [REMINDER, RESOLVED]


def test_what_is_still_to_be_told_needs_no_reminder(history: History) -> None:
    """While an alarm waits, another one says nothing new; after it was sent it does."""
    queue(history, FIRING, REMINDER)
    assert waiting(history) == [FIRING]
    sent(history)
    queue(history, REMINDER, begin=2)

    assert waiting(history) == [REMINDER]


@pytest.mark.parametrize(("alarms", "expected"), [((), []), ((FIRING,), [FIRING, ACKNOWLEDGED])])
def test_an_acknowledgement_goes_where_the_alarm_went(
    history: History, alarms: tuple[NoticeStatus, ...], expected: list[NoticeStatus]
) -> None:
    """A receiver that knows of no incident need not know who takes care of it."""
    queue(history, *alarms, ACKNOWLEDGED)

    assert waiting(history) == expected


def test_an_acknowledgement_of_what_was_given_up_untried_is_dropped(history: History) -> None:
    """The alarm never went, and never will."""
    queue(history, FIRING)
    history.settle([Settled(1, error="no such channel")], build.START)
    queue(history, ACKNOWLEDGED, begin=1)

    assert waiting(history) == []


@pytest.mark.parametrize("alarm", [FIRING, ESCALATED, NoticeStatus.FLAPPING])
def test_what_is_urgent_takes_along_what_waits_before_it(history: History, alarm: NoticeStatus) -> None:
    """A warning waits for the morning; as it grows critical, or flaps, both go now, in order."""
    queue(history, FIRING, later=True)
    queue(history, alarm, begin=1)
    due = build.moment(2)

    assert [one.key for one in history.due_notices(due, lease=timedelta(minutes=1))] == ["a-firing-0"]


@pytest.mark.parametrize(("status", "number"), [(REMINDER, 2), (RESOLVED, 2)])
def test_a_word_for_the_digest_holds_up_neither_alarm_nor_end(
    history: History, status: NoticeStatus, number: int
) -> None:
    """Who takes care of it was to be told later: it goes along with what cannot wait."""
    queue(history, FIRING)
    sent(history)
    queue(history, ACKNOWLEDGED, begin=1, later=True)
    queue(history, status, begin=number)

    due = history.due_notices(build.moment(10), lease=timedelta(minutes=1))
    assert [one.key for one in due] == ["a-acknowledged-1"]


@pytest.mark.parametrize(("collected", "expected"), [(False, ["a-resolved-1"]), (True, [])])
def test_an_end_goes_as_promptly_as_its_alarm_went(
    history: History, *, collected: bool, expected: list[str]
) -> None:
    """It was a page and is a warning now: its end does not wait for the digest, as that of a warning does."""
    made = build.notice("a", FIRING)
    if collected:
        made = replace(made, next_at=build.moment(9))
    history.record(Cycle(build.START, incidents=(build.incident("a"),), notices=(made,)))
    sent(history)
    queue(history, RESOLVED, begin=1, later=True)

    due = history.due_notices(build.moment(10), lease=timedelta(minutes=1))
    assert [one.key for one in due] == expected


def tried(history: History, number: int) -> None:
    """Begin an attempt at the first of the line, so often in all, each but the last one failing for now."""
    for attempt in range(1, number + 1):
        (first,) = history.due_notices(build.moment(8 + attempt), lease=timedelta(minutes=1))
        if attempt < number:
            later = Settled(first.id or 0, again=build.moment(9 + attempt), error="503")
            history.settle([later], build.moment(9))


@pytest.mark.parametrize(("attempts", "expected"), [(1, []), (2, [RESOLVED])])
def test_who_refused_the_alarm_for_good_is_not_told_of_its_end(
    history: History, attempts: int, expected: list[NoticeStatus]
) -> None:
    """An attempt before that one failed for now, and may have arrived all the same."""
    queue(history, FIRING)
    tried(history, attempts)
    history.settle([Settled(1, error="status 400")], build.moment(9))
    queue(history, RESOLVED, begin=1)

    assert waiting(history) == expected


@pytest.mark.parametrize("behind", [ACKNOWLEDGED, RESOLVED])
def test_nothing_is_told_alone_to_who_refused_the_alarm_before_it(
    history: History, behind: NoticeStatus
) -> None:
    """It waited behind the alarm, which nobody else could be told of."""
    queue(history, FIRING)
    tried(history, 1)
    queue(history, behind, begin=1)
    history.settle([Settled(1, error="status 400")], build.moment(9))

    assert history.delivery_counts() == {
        ("webhook", DeliveryState.GAVE_UP): 1,
        ("webhook", DeliveryState.SUPERSEDED): 1,
    }


def test_what_is_not_urgent_leaves_it_waiting(history: History) -> None:
    """That somebody takes care of it is no reason to wake those who sleep."""
    queue(history, FIRING, later=True)
    queue(history, ACKNOWLEDGED, begin=1)

    assert history.due_notices(build.moment(2), lease=timedelta(minutes=1)) == []
    assert history.awaited(build.moment(2)) == {"webhook": build.START + LATER}
    assert history.outbox_oldest(build.moment(2)) is None
    assert history.outbox_oldest(build.START + LATER) == build.START
