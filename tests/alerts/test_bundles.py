"""What is told together, and what never is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from alerts.bundles import MANY, MOST, bundles, choose
from headroom.delivery import Past
from headroom.incidents import Notice, NoticeStatus
from tests.alerts.examples import AT

FIRING, RESOLVED = NoticeStatus.FIRING, NoticeStatus.RESOLVED


def due(
    number: int,
    *,
    source: str = "",
    budget: str = "",
    status: NoticeStatus = FIRING,
    attempts: int = 0,
    bundle: str = "",
) -> Notice:
    """Return notice `number`, of an incident of its own."""
    return Notice(
        f"i{number}",
        "on-call",
        status,
        f"k{number}",
        "{}",
        AT,
        AT,
        attempts=attempts,
        id=number,
        bundle=bundle,
        source=source,
        budget=budget,
    )


def ids(messages: Sequence[Sequence[Notice]]) -> list[list[int | None]]:
    """Return which notices each message holds."""
    return [[one.id for one in message] for message in messages]


def test_three_of_one_source_are_one_message() -> None:
    """They go with the key of the first; two of another source stay two."""
    found = bundles(
        [due(1, source="a"), due(2, source="b"), due(3, source="a"), due(4, source="a"), due(5, source="b")],
        10,
    )

    assert ids(found) == [[1, 3, 4], [2], [5]]
    assert [one.bundle for one in found[0]] == ["k1"] * 3
    assert found[1][0].bundle == ""


def test_what_is_left_is_told_by_budget() -> None:
    """Three sources whose one budget is broken at each are one message."""
    notices = [due(number, source=f"s{number}", budget="api.login") for number in range(1, 4)]

    assert ids(bundles([*notices, due(4, budget="db.list")], 10)) == [[1, 2, 3], [4]]


def test_statuses_are_not_mixed() -> None:
    """What fires and what has ended are two messages, whatever they have in common."""
    notices = [due(number, source="a", status=FIRING if number % 2 else RESOLVED) for number in range(1, 7)]

    assert ids(bundles(notices, 10)) == [[1, 3, 5], [2, 4, 6]]


def test_more_messages_than_may_go_are_one_of_each_status() -> None:
    """Where grouping by source and budget leaves too many, nothing but the status keeps them apart."""
    notices = [due(number, source=f"s{number}", budget=f"b{number}") for number in range(1, 12)]

    assert len(bundles(notices, 11)) == 11
    assert ids(bundles(notices, 10)) == [list(range(1, 12))]


def test_a_message_is_not_without_end() -> None:
    """500 of one source are three messages."""
    found = bundles([due(number, source="a") for number in range(1, 501)], 10)

    assert [len(message) for message in found] == [MOST, MOST, 100]
    assert [message[0].bundle for message in found] == ["k1", "k201", "k401"]


def test_what_was_tried_goes_again_as_it_went() -> None:
    """With others in it the message would be another one under a key that its receiver may know."""
    tried = [due(number, source="a", attempts=1, bundle="k1") for number in (1, 2, 3)]
    alone = due(4, source="a", attempts=1)
    fresh = [due(number, source="a") for number in (5, 6, 7)]

    assert ids(bundles([*tried, alone, *fresh], 1)) == [[1, 2, 3], [4], [5, 6, 7]]


def test_what_headroom_says_of_itself_goes_alone() -> None:
    """Three broken channels are three stories."""
    notices = [due(number, source="a", status=NoticeStatus.SYSTEM) for number in (1, 2, 3)]

    assert ids(bundles(notices, 0)) == [[1], [2], [3]]


def test_what_failed_last_lets_the_others_go_first() -> None:
    """A message that fails for ever keeps none of the others from its turn."""
    notices = [due(1, attempts=3), due(2)]

    assert ids([choose(notices, Past(), 10, grouped=False).send]) == [[1]]
    failed = {1: AT + timedelta(seconds=1)}
    assert ids([choose(notices, Past(), 10, grouped=False, failed=failed).send]) == [[2]]


GROUP = Past(
    groups={"i1": "g", "i2": "g", "i3": ""},
    open_in={"g": frozenset({"i1", "i2", "i9"})},
    unanswered_in={"g": frozenset({"i1", "i2"})},
)


def test_the_end_of_a_group_waits_for_its_last() -> None:
    """PagerDuty knows a group by one key: resolved for one, it would be resolved for all."""
    found = choose([due(1, status=RESOLVED), due(2, status=RESOLVED)], GROUP, 10, grouped=True)

    assert found.send == ()
    assert [(one.id, why) for one, why in found.held] == [
        (1, "waits for 1 other of its group"),
        (2, "waits for 1 other of its group"),
    ]


def test_the_last_of_a_group_ends_it_by_its_key() -> None:
    """All others have ended before, or do so now."""
    past = replace(GROUP, open_in={"g": frozenset({"i1", "i2"})})

    found = choose([due(1, status=RESOLVED), due(2, status=RESOLVED)], past, 10, grouped=True)

    assert [(one.id, one.bundle) for one in found.send] == [(2, "g")]
    assert [(one.id, why) for one, why in found.held] == [(1, "told with the last of its group")]


def test_a_group_is_acknowledged_when_all_of_it_is() -> None:
    """One that ended needs nobody any more."""
    acknowledged = due(1, status=NoticeStatus.ACKNOWLEDGED)

    assert choose([acknowledged], GROUP, 10, grouped=True).send == ()
    both = choose([acknowledged, due(2, status=RESOLVED)], GROUP, 10, grouped=True)
    assert [(one.id, one.bundle) for one in both.send] == [(1, "g")]


def test_a_known_incident_is_told_by_the_key_that_it_is_known_by() -> None:
    """Worse than before, it is no new incident at PagerDuty, whatever else fires with it."""
    notices = [due(number, source="a") for number in (1, 2, 3, 4, 5, 6)]

    found = bundles(notices, 10, known=GROUP.groups)

    assert [([one.id for one in message], message[0].bundle) for message in found] == [
        ([1, 2], "g"),
        ([3], ""),
        ([4, 5, 6], "k4"),
    ]


def test_the_end_of_one_known_by_itself_goes_by_itself() -> None:
    """However many end together, each is resolved where it was opened."""
    ends = [due(number, source="a", status=RESOLVED) for number in (3, 4, 5, 6)]

    assert ids(bundles(ends, 1, known={})) == [[3], [4], [5], [6]]


names = st.sampled_from(["", "a", "b"])
anything = st.lists(
    st.builds(
        lambda source, budget, status, tried: (source, budget, status, tried),
        names,
        names,
        st.sampled_from(list(NoticeStatus)),
        st.sampled_from(["", "alone", "k1", "k2"]),
    ),
    max_size=60,
)


@given(anything, st.integers(0, 12), st.booleans())
def test_each_notice_is_in_exactly_one_message(
    drawn: list[tuple[str, str, NoticeStatus, str]], at_once: int, grouped: bool
) -> None:
    """Whatever waits: nothing is lost or doubled, no message is mixed, and order is kept within each."""
    notices = [
        due(
            number,
            source=source,
            budget=budget,
            status=status,
            attempts=int(bool(tried)),
            bundle="" if tried == "alone" else tried,
        )
        for number, (source, budget, status, tried) in enumerate(drawn, 1)
    ]
    known = {f"i{number}": "g" if number % 2 else "" for number in range(0, 60, 3)}

    found = bundles(notices, at_once, known=known if grouped else None)

    assert sorted(one.id or 0 for message in found for one in message) == list(range(1, len(drawn) + 1))
    for message in found:
        assert len({one.status for one in message}) == 1
        assert len({one.bundle for one in message}) == 1
        assert message[0].bundle or len(message) == 1
        assert [one.id for one in message] == sorted(one.id or 0 for one in message)
        assert len(message) <= MOST
    assert [message[0].id for message in found] == sorted(message[0].id or 0 for message in found)


@given(anything)
def test_where_much_waits_of_one_source_it_is_not_told_one_by_one(
    drawn: list[tuple[str, str, NoticeStatus, str]],
) -> None:
    """Of no source and status are there many messages of one notice each, unless they were tried so."""
    notices = [
        due(number, source=source, budget=budget, status=status)
        for number, (source, budget, status, _) in enumerate(drawn, 1)
    ]

    for status in set(NoticeStatus) - {NoticeStatus.SYSTEM}:
        for source in ("a", "b"):
            alone = [
                message
                for message in bundles(notices, 1_000)
                if len(message) == 1 and (message[0].status, message[0].source) == (status, source)
            ]
            assert len(alone) < MANY
