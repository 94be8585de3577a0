"""Messages that did not arrive are sent again when a person asks for it, and none that would lie."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from headroom.delivery import Settled
from headroom.history import Action, ChannelState, Cycle, DeliveryState, History
from headroom.history.actions import REPLAY
from headroom.incidents import Notice, NoticeStatus
from tests.history import build

FIRING, RESOLVED = NoticeStatus.FIRING, NoticeStatus.RESOLVED
AGAIN = build.moment(50)


def lost(history: History, *notices: Notice, over: bool = False, to: str = "") -> None:
    """Queue notices and let none of them arrive."""
    ended = build.moment(9) if over else None
    incidents = {one.incident: replace(build.incident(one.incident), ended=ended) for one in notices}
    history.record(Cycle(build.START, incidents=tuple(incidents.values()), notices=notices))
    made = [one.notice for one in history.deliveries(len(notices))]
    history.due_notices(build.moment(8), lease=timedelta(minutes=1))
    copies = [replace(one, id=None, channel=to) if to else None for one in made]
    refused = [Settled(one.id or 0, error="404", copy=copy) for one, copy in zip(made, copies, strict=True)]
    history.settle(refused, build.moment(9))


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
    assert [one.notice.attempts for one in history.deliveries()] == [0, 0, 0, 0]
    assert due(history) == ["a-firing-0", "b-firing-2", "b-firing-2", "a-firing-1"]
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


def test_a_cycle_that_applies_it_sends_again_in_the_same_transaction(history: History) -> None:
    """What is noted as applied is done: a process that dies right after the commit loses nothing."""
    lost(history, build.notice("a", number=0))
    history.act(Action(build.START, "Ada", REPLAY, {"incident": "", "channel": ""}))
    (waiting,) = history.waiting_actions()

    history.record(Cycle(AGAIN, applied=(waiting.number,), replays=(("", ""),)))

    assert due(history) == ["a-firing-0"]
    assert history.waiting_actions() == []


def test_what_waits_after_a_failure_goes_now(history: History) -> None:
    """The only channel takes nothing: what waits for it is tried at once, what waits for a digest is not."""
    later = build.moment(500)
    digest = replace(build.notice("b", number=1), next_at=later)
    history.record(
        Cycle(
            build.START,
            incidents=(build.incident("a"), build.incident("b")),
            notices=(build.notice("a", number=0), digest),
        )
    )
    (claimed,) = history.due_notices(build.moment(8), lease=timedelta(minutes=1))
    history.settle([Settled(claimed.id or 0, again=later, error="401")], build.moment(9))
    history.keep_channel(ChannelState("webhook", "d", disabled=build.START, error="401"))

    assert history.replay("", "", AGAIN) == 1
    assert due(history) == ["a-firing-0"]
    assert history.channel_states()["webhook"].disabled is None


def test_a_channel_that_was_disabled_is_tried_again(history: History) -> None:
    """Whoever mended the receiver asks for it: what was refused before must not refuse it unseen."""
    lost(history, build.notice("a", number=0), build.notice("b", number=1, channel="mail"))
    for name in ("webhook", "mail"):
        history.keep_channel(ChannelState(name, "d", disabled=build.START, error="status 404"))

    assert history.replay("", "webhook", AGAIN) == 1

    states = history.channel_states()
    assert (states["webhook"].disabled, states["webhook"].error) == (None, "status 404")
    assert states["mail"].disabled == build.START
