"""Who is told of an alarm in another's place, or beside it, is told of its end, whatever comes between."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from headroom.delivery import Settled
from headroom.history import Cycle, DeliveryState, History
from headroom.incidents import Notice, NoticeStatus
from tests.history import build

FIRING, RESOLVED, ACKNOWLEDGED = NoticeStatus.FIRING, NoticeStatus.RESOLVED, NoticeStatus.ACKNOWLEDGED


def queue(history: History, *notices: Notice) -> None:
    """Record notices and their incident."""
    history.record(Cycle(build.START, incidents=(build.incident("a"),), notices=notices))


def claim(history: History, number: int = 1) -> Notice:
    """Begin an attempt at the only one that is due."""
    (one,) = history.due_notices(build.moment(number), lease=timedelta(minutes=1))
    return one


def alarm(history: History) -> Notice:
    """Queue an alarm and begin an attempt at it."""
    queue(history, build.notice("a"))
    return claim(history)


def end(number: int = 1, channel: str = "webhook") -> Notice:
    """Return the end of the incident."""
    return build.notice("a", RESOLVED, number=number, channel=channel)


def instead(one: Notice, channel: str = "mail") -> Notice:
    """Return what another channel is told."""
    return replace(one, id=None, channel=channel, attempts=0)


def reroute(history: History, one: Notice) -> None:
    """Let mail be told in the place of the webhook, which refuses."""
    history.settle([Settled(one.id or 0, copy=instead(one), error="status 400")], build.moment(2))


def waiting(history: History, channel: str) -> list[NoticeStatus]:
    """Return what waits for a channel."""
    return [one.status for one in history.undelivered("a", channel)]


def test_what_waits_behind_an_alarm_goes_where_the_alarm_goes(history: History) -> None:
    """The webhook never had the alarm: neither who takes care of it nor the end says anything to it."""
    one = alarm(history)
    queue(history, build.notice("a", ACKNOWLEDGED, number=1), end(2))
    reroute(history, one)

    assert waiting(history, "mail") == [FIRING, ACKNOWLEDGED, RESOLVED]
    assert history.delivery_counts()["webhook", DeliveryState.REROUTED] == 3
    assert history.told("a") == {"mail"}


def test_the_end_goes_to_both_where_both_may_have_the_alarm(history: History) -> None:
    """The first attempt failed for now, and may have arrived."""
    one = alarm(history)
    queue(history, end())
    history.settle([Settled(one.id or 0, again=build.moment(1), error="status 503")], build.moment(1))
    reroute(history, claim(history, 2))

    assert waiting(history, "webhook") == [RESOLVED]
    assert waiting(history, "mail") == [FIRING, RESOLVED]


def test_what_was_over_before_it_could_be_handed_on_is_told_to_nobody(history: History) -> None:
    """The end is committed while it is looked for who could be told of the alarm instead."""
    queue(history, build.notice("a"))
    (one,) = history.undelivered("a", "webhook")
    queue(history, end())
    reroute(history, one)

    assert history.outbox_depth() == 0
    assert history.delivery_counts() == {("webhook", DeliveryState.SUPERSEDED): 2}


def test_an_end_that_was_made_before_another_was_told_goes_to_that_one_too(history: History) -> None:
    """Whom it was for was read while the alarm was still the webhook's."""
    reroute(history, alarm(history))
    queue(history, end())

    assert waiting(history, "webhook") == []
    assert waiting(history, "mail") == []  # it was not sent there either: neither is its end
    assert history.delivery_counts() == {
        ("webhook", DeliveryState.REROUTED): 1,
        ("webhook", DeliveryState.SUPERSEDED): 1,
        ("mail", DeliveryState.SUPERSEDED): 2,
    }


def test_an_end_reaches_who_was_told_instead_once(history: History) -> None:
    """Whether it was made for both or for the first one only."""
    reroute(history, alarm(history))
    assert claim(history, 3).channel == "mail"
    queue(history, end())
    queue(history, end(2, "mail"))

    assert [one.key for one in history.undelivered("a", "mail")][:2] == ["a-firing-0", "a-resolved-1"]


def test_a_beginning_is_not_handed_on_to_who_was_told_of_the_end(history: History) -> None:
    """Mail was told by its own route, and that it is over, while the webhook's answer was awaited."""
    queue(history, build.notice("a"), build.notice("a", channel="mail", number=1))
    one, other = history.due_notices(build.moment(1), lease=timedelta(minutes=1))
    history.settle([Settled(other.id or 0, sent=True)], build.moment(1))
    queue(history, end(2, "mail"))
    reroute(history, one)

    assert waiting(history, "mail") == [RESOLVED]
    assert history.delivery_counts()["webhook", DeliveryState.GAVE_UP] == 1


def test_a_copy_beside_an_alarm_is_queued_once_and_never_after_the_end(history: History) -> None:
    """The webhook keeps its own; mail is told at the first failure, not at the second; both hear the end."""
    one = alarm(history)
    beside = Settled(one.id or 0, again=build.moment(2), copy=instead(one), error="status 503")
    history.settle([beside], build.moment(1))
    history.settle([beside], build.moment(2))
    assert waiting(history, "webhook") == waiting(history, "mail") == [FIRING]
    for number in (3, 4):
        history.due_notices(build.moment(number), lease=timedelta(seconds=1))
    queue(history, end(), end(channel="mail"))
    assert waiting(history, "webhook") == waiting(history, "mail") == [FIRING, RESOLVED]


def test_what_has_ended_is_told_to_nobody_beside_it(history: History) -> None:
    """The end waits behind the alarm already."""
    one = alarm(history)
    queue(history, end())
    beside = Settled(one.id or 0, again=build.moment(2), copy=instead(one), error="status 503")
    history.settle([beside], build.moment(1))

    assert waiting(history, "mail") == []


def test_a_channel_with_a_new_name_is_the_same(history: History) -> None:
    """What it was told under its old name counts, and its end goes there."""
    one = alarm(history)
    history.settle([Settled(one.id or 0, sent=True)], build.moment(1))
    queue(history, end())
    history.rename("webhook", "hook")

    assert history.told("a") == {"hook"}
    assert waiting(history, "hook") == [RESOLVED]
    assert waiting(history, "webhook") == []
