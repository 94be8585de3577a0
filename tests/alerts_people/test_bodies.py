"""Silences in bodies of actions: written, read back, and refused where they are absurd."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, text

from headroom.acting import takes_everything
from headroom.history.actions import SILENCE, UNSILENCE, Action
from headroom.history.silence_body import AbsurdError, body_of, matcher_of, matcher_text, silence_of
from headroom.history.tables import actions
from headroom.people import MOST, Quiet
from headroom.silences import Matcher, Silence
from tests.alerts_people.stage import Stage

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ONE = Silence("s1", Matcher(budgets=("api.*",)), AT, AT + timedelta(hours=2), "Ada", "migration")
WORDS = st.text(max_size=40)
LISTS = st.lists(WORDS, max_size=4).map(tuple)


def setting(one: Silence = ONE, number: int = 1, **body: str) -> Action:
    """Return the action that sets a silence, with changes to its body."""
    return Action(AT, one.author, SILENCE, {**body_of(one), **body}, number)


@given(
    matcher=st.builds(
        Matcher,
        incident=WORDS,
        budgets=LISTS,
        sources=LISTS,
        owners=LISTS,
        severities=st.sampled_from([(), ("warning",), ("critical", "warning")]),
        labels=st.lists(st.tuples(WORDS, WORDS), max_size=4).map(tuple),
    )
)
def test_a_matcher_comes_back_as_it_was(matcher: Matcher) -> None:
    """Whatever its words are."""
    assert matcher_of(matcher_text(matcher)) == matcher


def test_a_silence_comes_back_as_it_was() -> None:
    """With its author, who is the action's person."""
    assert silence_of(setting()) == ONE


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"id": ""}, "its id is none"),
        ({"id": "x" * 101}, "its id is none"),
        ({"id": "maintenance:backup:2026"}, "its id is none"),
        ({"begins": "2026-11-23T08:00:00"}, "its begin is no moment with a time zone"),
        ({"ends": "soon"}, "its end is no moment with a time zone"),
        ({"ends": "0001-01-01T00:00:00+14:00"}, "its end is no moment with a time zone"),
        ({"ends": AT.isoformat()}, "its end is not after its begin, or more than 90 days after it"),
        (
            {"ends": "9999-12-31T00:00:00+00:00"},
            "its end is not after its begin, or more than 90 days after it",
        ),
        (
            {"begins": "2030-01-01T00:00:00+00:00", "ends": "2030-01-02T00:00:00+00:00"},
            "it begins more than 90 days after it was set",
        ),
        ({"matcher": ""}, "its matcher cannot be read"),
        ({"matcher": "[" * 5000}, "its matcher cannot be read"),
        ({"matcher": "[]"}, "its matcher cannot be read"),
        ({"matcher": '{"team":["a"]}'}, "its matcher cannot be read"),
        ({"matcher": '{"budgets":"api.*"}'}, "its matcher cannot be read"),
        ({"matcher": '{"budgets":[1]}'}, "its matcher cannot be read"),
        ({"matcher": '{"labels":[["a"]]}'}, "its matcher cannot be read"),
        ({"matcher": json.dumps({"budgets": ["x" * 301]})}, "its matcher cannot be read"),
        ({"matcher": json.dumps({"budgets": ["x"] * 51})}, "its matcher cannot be read"),
        ({"matcher": '{"severities":["fatal"]}'}, "it names a severity that there is not"),
    ],
)
def test_an_absurd_body_sets_no_silence(
    body: dict[str, str], wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is left out with a sentence, and the next is taken all the same."""
    with pytest.raises(AbsurdError, match=wrong):
        silence_of(setting(**body))
    with caplog.at_level(logging.WARNING):
        quiet = Quiet().after([setting(number=7, **body), setting(replace(ONE, id="s2"))], AT)

    assert list(quiet.silences) == ["s2"]
    assert caplog.messages == [f"action 7 sets no silence and is left out: {wrong}"]


@given(st.dictionaries(st.sampled_from(["id", "begins", "ends", "matcher", "comment"]), st.text(max_size=60)))
def test_no_body_breaks_the_reading(body: dict[str, str]) -> None:
    """Whatever stands in it."""
    assert len(Quiet().after([setting(**body), Action(AT, "Eve", UNSILENCE, body)], AT).silences) <= 1


def test_the_last_word_on_a_silence_holds() -> None:
    """An end is an end: the same id cannot be set again, and what has ended is forgotten."""
    end = Action(AT, "Bo", UNSILENCE, {"id": "s1"})

    assert Quiet().after([setting()], AT).standing(AT) == (ONE,)
    assert Quiet().after([setting(), end], AT).standing(AT) == ()
    assert Quiet().after([setting(), end, setting()], AT).standing(AT) == ()
    assert Quiet().after([setting()], ONE.ends).silences == {}


def test_one_time_of_planned_work_can_be_ended() -> None:
    """Its id is lifted, and the next time is quiet again."""
    planned = replace(ONE, id="maintenance:backup:2026-11-23T08:00:00Z")
    after = replace(planned, id="maintenance:backup:2026-11-23T09:00:00Z")
    quiet = Quiet().after([Action(AT, "Bo", UNSILENCE, {"id": planned.id})], AT)

    assert quiet.standing(AT, (planned, after)) == (after,)


def test_a_flood_of_silences_is_bounded() -> None:
    """Those that end last are kept."""
    flood = [setting(replace(ONE, id=f"s{n}", ends=ONE.ends + timedelta(seconds=n))) for n in range(MOST + 5)]
    kept = Quiet().after(flood, AT).silences

    assert len(kept) == MOST
    assert "s4" not in kept
    assert f"s{MOST + 4}" in kept


@pytest.mark.parametrize("body", ["", "{", "[]", '{"id": 1}', "[" * 5000, '{"a":"' + "x" * 70_000 + '"}'])
def test_a_damaged_row_keeps_no_other_from_being_read(
    stage: Stage, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It comes out without words, and is said."""
    with stage.history._writing() as connection:
        connection.execute(insert(actions).values(at=AT, person="Eve", kind=SILENCE, body=body))
    stage.history.act(setting())

    first, second = stage.history.waiting_actions()

    assert (first.kind, first.body) == (SILENCE, {})
    assert silence_of(second) == ONE
    assert caplog.messages == ["action 1 (silence) of the history is damaged: its body is no JSON of words"]


def test_a_row_of_no_moment_is_passed_over(stage: Stage) -> None:
    """A time that no clock ever shows, or that is none, ends no cycle."""
    with stage.history._writing() as connection:
        for at in ("9223372036854775807", "-9223372036854775807", "'soon'"):
            values = f"({at}, x'ff', 'silence', '{{}}')"
            connection.execute(text(f"INSERT INTO actions (at, person, kind, body) VALUES {values}"))
    stage.history.act(setting())

    assert [silence_of(each) for each in stage.history.waiting_actions()] == [ONE]


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        (Matcher(), True),
        (Matcher(budgets=("*",)), True),
        (Matcher(budgets=("*",), sources=("**",)), True),
        (Matcher(severities=("warning", "critical")), True),
        (Matcher(labels=(("instance", "*"),)), True),
        (Matcher(labels=(("instance", "x*"),)), False),
        (Matcher(budgets=("api.*",)), False),
        (Matcher(budgets=("*",), severities=("warning",)), False),
        (Matcher(incident="i1"), False),
    ],
)
def test_what_silences_everything(matcher: Matcher, *, expected: bool) -> None:
    """However it is spelled."""
    assert takes_everything(matcher) is expected
