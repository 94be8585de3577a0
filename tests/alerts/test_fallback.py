"""What a channel does not take is told through another one, which says so; and the broken one comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts import outbox
from alerts.fallback import moved, taker
from headroom.channels import Alertmanager, Channel, PagerDuty
from headroom.history import ChannelState, DeliveryState, History, open_history
from headroom.incidents import Notice, NoticeStatus
from headroom.sources import Secret
from tests.alerts.delivering import at_once, delivering, notice, queue, settled, until, webhook
from tests.alerts.examples import AT
from tests.alerts.receiver import Receiver, answer

GONE = "the receiver answered 404 and will not take this message; check the channel's url"
MEANT = f'Channel "chat" does not take messages ({GONE}); this was meant for it.'


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """Give a new history."""
    with open_history(str(tmp_path / "history.db"), collecting=True) as history:
        yield history


def texts(receiver: Receiver) -> list[str]:
    """Return what arrived, in order."""
    return [json.loads(arrival.body)["text"] for arrival in receiver.arrivals]


def states(history: History) -> dict[tuple[str, str], DeliveryState]:
    """Return what became of each notice, by key and channel."""
    return {(one.notice.key, one.notice.channel): one.state for one in history.deliveries()}


def chat(key: str, status: str = "firing", number: str = "i1") -> Notice:
    """Return a notice for the channel that breaks."""
    return notice(number, key, status, channel="chat")


def channels(*named: Channel) -> dict[str, Channel]:
    """Return channels by name."""
    return {one.name: one for one in named}


DISABLED = {"b": ChannelState("b", "", disabled=AT, failed_at=AT)}


@pytest.mark.parametrize(
    ("fallback", "asked", "before", "expected"),
    [
        ("", set(), "", "c"),
        ("d", set(), "", "d"),
        ("b", set(), "", "d"),
        ("c", {"c"}, "", "d"),
        ("", {"c", "d"}, "", None),
        ("c", set(), "d", "d"),
        ("a", set(), "", "c"),
        ("gone", set(), "", "c"),
    ],
    ids=[
        "the first other that works",
        "the one that the file names",
        "the fallback of a disabled fallback",
        "none that it was queued for already",
        "nobody is left",
        "the one that heard of the incident before",
        "never itself",
        "a fallback that is gone",
    ],
)
def test_who_is_told_instead(fallback: str, asked: set[str], before: str, expected: str | None) -> None:
    """Channel a does not take it, b is disabled and falls back on d, m takes nothing from the outbox."""
    m = Channel("m", Alertmanager((Secret("http://127.0.0.1:9093"),)))
    known = channels(
        webhook("a", "http://a", fallback=fallback), m, webhook("b", "http://b", fallback="d"),
        webhook("c", "http://c"), webhook("d", "http://d"),
    )  # fmt: skip

    assert taker(notice("i", "k", channel="a"), known, DISABLED, asked=asked, before=before) == expected


def test_a_kind_that_does_not_hear_of_it_is_not_told() -> None:
    """PagerDuty shows no reminders, so a reminder goes elsewhere."""
    pager = Channel("pager", PagerDuty(Secret("k" * 32)))
    known = channels(webhook("a", "http://a"), pager, webhook("c", "http://c"))

    assert taker(notice("i", "k", channel="a"), known, {}, asked=()) == "pager"
    assert taker(notice("i", "k", "still firing", channel="a"), known, {}, asked=()) == "c"


def test_a_changed_entry_in_the_file_counts_as_mended() -> None:
    """A disabled channel whose digest is another one takes messages again."""
    known = channels(webhook("a", "http://a"), webhook("b", "http://b", digest="new"))

    assert taker(notice("i", "k", channel="a"), known, DISABLED, asked=()) == "b"


def test_what_is_told_elsewhere_says_so_first() -> None:
    """In the text and in the lines, with the reason, once."""
    one = replace(notice("i", "k", channel="chat"), payload='{"text":"It is over.","lines":["It is over."]}')

    found = moved(one, "mail", "it answered 404.")

    sentence = 'Channel "chat" does not take messages (it answered 404); this was meant for it.'
    assert (found.channel, found.key, found.next_at) == ("mail", "k", one.created)
    assert json.loads(found.payload) == {
        "text": f"{sentence} It is over.",
        "lines": [sentence, "It is over."],
        "rerouted": sentence,
    }


async def test_a_channel_that_is_gone_for_good_is_disabled_and_another_is_told(
    history: History, caplog: pytest.LogCaptureFixture
) -> None:
    """After one 404 it is left alone; all that is meant for it arrives elsewhere, in order, and why, once."""
    queue(history, chat("1 firing"), chat("2 firing", number="i2"), chat("1 worse"))
    with Receiver(answer(404)) as broken, Receiver() as mail:
        two = [webhook("chat", broken.url), webhook("mail", mail.url)]
        async with delivering(history, two) as deliverer:
            await settled(history)
            queue(history, chat("1 met", "resolved"))
            deliverer.wake()
            await settled(history)

    assert len(broken.arrivals) == 1
    moved = [text for text in texts(mail) if text.startswith("Channel")]
    assert set(moved[:3]) == {f"{MEANT} {key}" for key in ("1 firing", "2 firing", "1 worse")}
    of_one = [text for text in texts(mail) if text.removeprefix(f"{MEANT} ").startswith("1")]
    assert of_one == [f"{MEANT} 1 firing", f"{MEANT} 1 worse", "1 met"]
    (system,) = [json.loads(one.body) for one in mail.arrivals if '"headroom"' in one.body]
    assert system["lines"][0] == f'The channel "chat" does not take messages: {GONE}.'
    assert {key: state for (key, name), state in states(history).items() if name == "chat"} == {
        "1 firing": DeliveryState.REROUTED,
        "2 firing": DeliveryState.REROUTED,
        "1 worse": DeliveryState.REROUTED,
        "1 met": DeliveryState.SUPERSEDED,
    }
    state = history.channel_states()["chat"]
    assert (state.disabled is not None, state.error, state.ok_at) == (True, GONE, None)
    assert f'channel "chat" is disabled: {GONE}' in caplog.messages
    assert history.told("i1") == {"mail"}


async def test_one_message_that_is_refused_disables_nothing(history: History) -> None:
    """A 400 speaks of this message: it goes elsewhere, and the next one to the channel itself."""
    queue(history, chat("a"), chat("b"))
    with Receiver(answer(400), answer(200)) as picky, Receiver() as mail:
        async with delivering(history, [webhook("chat", picky.url), webhook("mail", mail.url)]):
            await settled(history)

    assert texts(picky) == ["a", "b"]
    assert len(texts(mail)) == 1
    assert states(history) == {
        ("a", "chat"): DeliveryState.REROUTED,
        ("a", "mail"): DeliveryState.SENT,
        ("b", "chat"): DeliveryState.SENT,
    }
    assert history.channel_states()["chat"].disabled is None


async def test_three_refused_messages_are_a_broken_channel(history: History) -> None:
    """Some receivers say 400 where they mean that they know us no more."""
    queue(history, *(chat(f"{number}", number=f"i{number}") for number in range(5)))
    with Receiver(answer(400)) as picky, Receiver() as mail:
        async with delivering(history, [webhook("chat", picky.url), webhook("mail", mail.url)]):
            await settled(history)

    assert len(picky.arrivals) == 3
    assert len(mail.arrivals) == 6
    assert history.channel_states()["chat"].disabled is not None


async def test_one_bad_notice_in_a_message_of_many_is_found(history: History) -> None:
    """A message of eight that is refused is told in halves, until the one is alone that nobody takes."""

    def behave(exchange: object) -> None:
        bad = '"i5"' in picky.arrivals[-1].body
        answer(413 if bad else 200)(exchange)  # type: ignore[arg-type]

    eight = [chat(f"i{n}", number=f"i{n}") for n in range(8)]
    queue(history, *(replace(one, source="postgres") for one in eight))
    with Receiver(behave) as picky, Receiver() as mail:
        async with delivering(history, [webhook("chat", picky.url), webhook("mail", mail.url)]):
            await settled(history)

    found = states(history)
    assert [found[f"i{n}", "chat"] for n in range(8)] == [
        DeliveryState.REROUTED if n == 5 else DeliveryState.SENT for n in range(8)
    ]
    assert found["i5", "mail"] is DeliveryState.SENT


async def test_a_chain_of_fallbacks(history: History) -> None:
    """Where the fallback is broken too, the next one is told; each is told of once."""
    queue(history, chat("a"))
    with Receiver(answer(410)) as one, Receiver(answer(403)) as two, Receiver() as three:
        known = [
            webhook("three", three.url),
            webhook("two", two.url, fallback="three"),
            webhook("chat", one.url, fallback="two"),
        ]
        async with delivering(history, known):
            await settled(history)

    heads = [json.loads(arrival.body)["text"].split(" ", 2)[1] for arrival in three.arrivals]
    assert (len(one.arrivals), len(two.arrivals)) == (1, 1)
    assert texts(three)[heads.index('"two"')].endswith("this was meant for it. a")
    assert {name: state.disabled is not None for name, state in history.channel_states().items()} == {
        "chat": True,
        "two": True,
        "three": False,
    }


async def test_where_nobody_else_is_there_it_waits_and_says_so(
    history: History, caplog: pytest.LogCaptureFixture
) -> None:
    """The only channel is broken: tried each minute, and nothing is lost once it takes messages again."""
    now = datetime.now(UTC)
    queue(history, chat("a"), chat("b"), chat("c", number="i2"))
    with Receiver(answer(404), answer(401), answer(200)) as broken:
        async with delivering(history, [webhook("chat", broken.url)], clock=lambda: now) as deliverer:
            await until(lambda: sum(bool(one.error) for one in history.deliveries()) == 2)
            assert set(states(history).values()) == {DeliveryState.WAITING}
            assert history.channel_states()["chat"].error == GONE
            for minutes, tried in [(0.5, 1), (1, 2), (1.5, 2)]:
                now = datetime.now(UTC) + timedelta(minutes=minutes)
                deliverer.wake()
                await asyncio.sleep(0.3)
                assert len(broken.arrivals) == tried
            now = datetime.now(UTC) + timedelta(minutes=4)
            deliverer.wake()
            await settled(history)

    heard = [json.loads(arrival.body)["text"].rpartition(" ")[2] for arrival in broken.arrivals[2:]]
    assert sorted(heard) == ["a", "b", "c"]
    assert heard.index("a") < heard.index("b")
    assert set(states(history).values()) == {DeliveryState.SENT}
    assert caplog.messages == [
        f'channel "chat" is disabled: {GONE}',
        'channel "chat": no other works; 1 waiting until it does',
        'channel "chat" takes messages again; it is enabled',
    ]


async def test_a_disabled_channel_is_tried_every_quarter_of_an_hour(history: History) -> None:
    """By a clock of the test: left alone for 15 minutes, tried once and again, and enabled by success."""
    now = datetime.now(UTC)

    def made(key: str) -> Notice:
        return replace(chat(key, number=key), created=now, next_at=now)

    with Receiver(answer(404), answer(503), answer(200)) as broken, Receiver() as mail:
        two = [webhook("chat", broken.url), webhook("mail", mail.url)]
        async with delivering(history, two, clock=lambda: now) as deliverer:
            for minutes, key, tried, instead in [
                (0, "a", 1, 2),  # with the message that it is disabled
                (14, "b", 1, 3),
                (15, "c", 2, 4),  # one that fails for now is not waited for
                (29, "d", 2, 5),
                (30, "e", 3, 5),
                (31, "f", 4, 5),
            ]:
                start = datetime.now(UTC)
                now = start + timedelta(minutes=minutes)
                queue(history, made(key))
                deliverer.wake()
                await settled(history)
                assert (len(broken.arrivals), len(mail.arrivals)) == (tried, instead), key

    state = history.channel_states()["chat"]
    assert (state.disabled, state.error) == (None, "")


async def test_a_test_goes_to_the_broken_channel_itself_and_mends_it(history: History) -> None:
    """A test is told to nobody else; what came of it is kept, and success enables the channel."""
    at = datetime.now(UTC)
    history.keep_channel(ChannelState("chat", "", disabled=at, error=GONE, failed_at=at))
    queue(history, outbox.test_notice("chat", at, "alice"))
    with Receiver(answer(404), answer(200, "thanks")) as broken, Receiver() as mail:
        two = [webhook("chat", broken.url), webhook("mail", mail.url)]
        async with delivering(history, two) as deliverer:
            await settled(history)
            failed = history.channel_states()["chat"]
            queue(history, outbox.test_notice("chat", at + timedelta(seconds=1), "alice"))
            deliverer.wake()
            await settled(history)
            queue(history, chat("a"))
            deliverer.wake()
            await settled(history)

    assert failed.disabled == at
    assert failed.tested == f"the test message did not arrive: {GONE}"
    assert mail.arrivals == []
    assert texts(broken)[1].startswith("test message from alice. alice sent this to see whether")
    assert texts(broken)[2] == "a"
    state = history.channel_states()["chat"]
    assert (state.disabled, state.tested) == (None, "the test message arrived: 200 thanks")


async def test_what_was_meant_for_a_channel_that_is_gone_from_the_file_is_told(history: History) -> None:
    """By another one, with the reason."""
    queue(history, chat("a"))
    with Receiver() as mail:
        async with delivering(history, [webhook("mail", mail.url)]):
            await settled(history)

    gone = "no channel of this name is configured any more; put it back, or name another in the routes"
    assert texts(mail) == [f'Channel "chat" does not take messages ({gone}); this was meant for it. a']


async def test_a_beginning_is_not_told_where_the_end_was(history: History) -> None:
    """Mail has heard that the incident is over; told after that that it fires, it would show it for ever."""
    queue(history, chat("chat firing"), notice("i1", "mail escalated", "escalated", channel="mail"))
    with Receiver(answer(503), answer(404)) as broken, Receiver() as mail:
        two = [webhook("chat", broken.url), webhook("mail", mail.url)]
        async with delivering(history, two, spread=at_once) as deliverer:
            await until(lambda: mail.arrivals and broken.arrivals)
            queue(history, chat("met", "resolved"), notice("i1", "met", "resolved", channel="mail"))
            deliverer.wake()
            await settled(history)

    assert [text for text in texts(mail) if not text.startswith("channel")] == ["mail escalated", "met"]
    assert states(history)["chat firing", "chat"] is DeliveryState.GAVE_UP


async def test_the_end_goes_where_the_alarm_went_after_its_channel_refused_it(history: History) -> None:
    """It waited behind the alarm at the channel that failed for now and then refused: both hear of it."""
    queue(history, chat("firing"))
    with Receiver(answer(503), answer(400), answer(200)) as picky, Receiver() as mail:
        two = [webhook("chat", picky.url), webhook("mail", mail.url)]
        async with delivering(history, two, spread=lambda _low, _high: 0.5) as deliverer:
            await until(lambda: picky.arrivals)
            queue(history, chat("met", "resolved"))
            deliverer.wake()
            await settled(history)

    assert texts(picky) == ["firing", "firing", "met"]
    assert [text.rpartition(". ")[2] for text in texts(mail)] == ["firing", "met"]


async def test_who_refused_the_alarm_hears_no_end(history: History) -> None:
    """Nobody else is there either: it was told to nobody, and so is its end."""
    queue(history, chat("firing"))
    with Receiver(answer(400), answer(200)) as picky:
        async with delivering(history, [webhook("chat", picky.url)]) as deliverer:
            await settled(history)
            queue(history, chat("met", "resolved"))
            deliverer.wake()
            await settled(history)

    assert texts(picky) == ["firing"]
    assert states(history)["met", "chat"] is DeliveryState.SUPERSEDED


async def test_a_channel_with_a_new_name_hears_the_end_of_what_it_was_told(
    history: History, caplog: pytest.LogCaptureFixture
) -> None:
    """All that the file says of it is the same, so the end goes to it, and not to the first of the file."""
    with Receiver() as first, Receiver(answer(202)) as pager:
        chat_ = webhook("first", first.url, digest="other")
        old = Channel("chat", PagerDuty(Secret("k" * 32), pager.url), digest="same")
        queue(history, chat("firing"))
        async with delivering(history, [chat_, old]):
            await settled(history)
        queue(history, chat("met", "resolved"))
        async with delivering(history, [chat_, replace(old, name="pager")]):
            await settled(history)

    assert first.arrivals == []
    events = [json.loads(arrival.body) for arrival in pager.arrivals]
    assert [event["event_action"] for event in events] == ["trigger", "resolve"]
    assert events[0]["dedup_key"] == events[1]["dedup_key"]
    assert 'channel "chat" is called "pager" now; its messages go there' in caplog.messages
    assert history.told("i1") == {"pager"}


async def test_ordinary_success_is_not_written_with_each_message(history: History) -> None:
    """That a channel works is noted once a minute, not once a message."""
    now = begun = datetime.now(UTC).replace(microsecond=0)
    with Receiver() as receiver:
        async with delivering(history, [webhook("chat", receiver.url)], clock=lambda: now) as deliverer:
            moments = []
            for second in (0, 59, 60):
                now = begun + timedelta(seconds=second)
                queue(history, replace(chat(str(second), number=str(second)), created=now, next_at=now))
                deliverer.wake()
                await settled(history)
                moments.append(history.channel_states()["chat"].ok_at)

    assert moments[0] == moments[1] != moments[2] == now


def test_a_notice_of_headroom_itself_is_no_test_unless_it_is() -> None:
    """Only what a person asked for stays with a broken channel."""
    one = outbox.test_notice("chat", AT, "alice")

    assert (one.status, one.incident, one.channel) == (NoticeStatus.SYSTEM, "", "chat")
    assert one.key.startswith("headroom-test-")
